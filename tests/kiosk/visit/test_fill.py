"""Filling a form: prefill, skip logic, Back at every place, and what a change drags along."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.camera import CameraUnplugged
from kiosk.visit import questions as q
from kiosk.visit.fill import Form, fill
from kiosk.visit.leaving import Back
from kiosk.visit.person import ANONYMOUS, Identity
from kiosk.visit.review import answers_of, review_rows
from kiosk.visit.screen import Answer, GoBack, Reply, Tool
from kiosk.visit.services import Service, is_asked
from tests.kiosk.visit.hall import JPEG, NUMBER, Hall, key_of

PERSON = Identity(
    by="clerk", key=key_of(NUMBER), name="张秀英", address="幸福里3号楼2单元501号信箱第三格最左边",
    address_source="registry", phone="13800138000", facts={},
)  # fmt: skip


def yes_no(name: str, **changes: Any) -> dict[str, Any]:
    return {"id": name, "kind": "yes_no", "title": "T", "label": "L"} | changes


def text(name: str, **changes: Any) -> dict[str, Any]:
    return yes_no(name, kind="text") | changes


CHAIN = [
    yes_no("a"),
    yes_no("b", when={"a": True}),
    yes_no("c", when={"b": True}),
    yes_no("d", when={"c": True}),
    text("e"),
]


def service(*fields: dict[str, Any], way: str = "clerk") -> Service:
    return Service.model_validate(
        {
            "id": "s", "order": 1, "schema_version": 1, "mode": "queueable", "icon": "事", "title": "T", "note": "N",
            "needs": ["submit"] if way == "none" else ["identity", "lookup", "submit"], "identification": [way],
            "consent": [] if way == "none" else ["x"], "field": fields,
            "receipt": {"next_steps": ["x"], "call": "12345"},
        }
    )  # fmt: skip


class Filling:
    """A form being filled; ``says`` answers what is shown and gives the next question."""

    def __init__(self, *fields: dict[str, Any], way: str = "clerk", only: str = "") -> None:
        self.hall = Hall("en")
        self.form = Form(service(*fields, way=way), ANONYMOUS if way == "none" else PERSON)
        self.task: asyncio.Future[Any]
        self.only = only

    async def begin(self, *, is_checked: bool = False) -> q.Question:
        hall, form = self.hall, self.form
        work = (
            answers_of(hall.stage, hall.booth, form.service, form.identity)
            if is_checked
            else fill(hall.stage, hall.booth, form, only=self.only)
        )
        self.task = asyncio.ensure_future(work)
        await hall.clock.settle()
        return hall.glass.every[-1]

    async def says(self, answer: Any) -> Any:
        self.hall.glass.reply(answer if isinstance(answer, Reply) else Answer(answer))
        await self.hall.clock.settle()
        if self.task.done():
            return self.task.result()
        return self.hall.glass.every[-1]

    async def walk(self, *answers: Any) -> list[str]:
        """The fields asked, one for each answer."""
        asked = []
        for answer in answers:
            shown = self.hall.glass.every[-1]
            asked.append(shown.field_id if isinstance(shown, q.AskField) else shown.name)
            await self.says(answer)
        return asked


# -- skip logic -------------------------------------------------------------------------------------------------------


async def test_a_chain_of_conditions_falls_as_a_whole() -> None:
    filling = Filling(*CHAIN)
    await filling.begin()
    assert await filling.walk(True, True, True, True, "x") == ["a", "b", "c", "d", "e"]
    again = Filling(*CHAIN, only="a")
    again.form.answers |= filling.form.answers
    again.form.sources |= filling.form.sources
    await again.begin()
    await again.says(False)
    assert again.task.done()
    assert again.form.answers == {"a": False, "e": "x"}
    assert again.form.sources.keys() == again.form.answers.keys()


@given(st.lists(st.sampled_from([True, False, None]), min_size=4, max_size=4))
def test_dropping_reaches_its_end_at_once(values: list[bool | None]) -> None:
    form = Form(service(*CHAIN), PERSON)
    for name, value in zip("abcd", values, strict=True):
        if value is not None:
            form.answers[name], form.sources[name] = value, "entered"
    form.drop_unasked()
    once = dict(form.answers)
    form.drop_unasked()
    assert form.answers == once
    assert all(is_asked(one, form.answers) for one in form.service.fields if one.id in form.answers)


async def test_children_that_appear_by_a_change_are_asked() -> None:
    filling = Filling(*CHAIN)
    await filling.begin(is_checked=True)
    assert await filling.walk(False, "x", "a", True, True, False) == ["a", "e", "Review", "a", "b", "c"]
    assert isinstance(filling.hall.glass.every[-1], q.Review)
    form = await filling.says(None)
    assert form.answers == {"a": True, "b": True, "c": False, "e": "x"}


# -- Back -------------------------------------------------------------------------------------------------------------


async def test_back_out_of_a_change_changes_nothing() -> None:
    filling = Filling(*CHAIN)
    await filling.begin(is_checked=True)
    await filling.walk(False, "x", "a", True)  # now b is asked, which was not there before
    assert filling.hall.glass.every[-1].field_id == "b"  # type: ignore[attr-defined]
    assert await filling.walk(GoBack(), GoBack()) == ["b", "a"]
    review = filling.hall.glass.every[-1]
    assert isinstance(review, q.Review)
    assert {row.field_id: row.value for row in review.rows if row.field_id} == {"a": "No", "e": "x"}
    assert (await filling.says(None)).answers == {"a": False, "e": "x"}


async def test_back_from_the_review_walks_back_through_all_questions() -> None:
    filling = Filling(text("one"), text("two"), text("three"))
    await filling.begin(is_checked=True)
    steps = ("1", "2", "3", GoBack(), GoBack(), GoBack(), "1b", "2b", "3b")
    assert await filling.walk(*steps) == ["one", "two", "three", "Review", "three", "two", "one", "two", "three"]
    assert isinstance(filling.hall.glass.every[-1], q.Review)
    assert (await filling.says(None)).answers == {"one": "1b", "two": "2b", "three": "3b"}
    drafts = {x.field_id: x.draft for x in filling.hall.glass.every if isinstance(x, q.AskField)}
    assert drafts == {"one": "1", "two": "2", "three": "3"}


async def test_back_keeps_the_first_question_of_somebody_known() -> None:
    filling = Filling(text("one"))
    first = await filling.begin()
    assert not first.has_back
    await filling.says(GoBack())
    assert not filling.task.done()
    filling.task.cancel()


async def test_back_from_the_first_question_of_nobody_leads_to_the_services() -> None:
    filling = Filling(text("one"), way="none")
    first = await filling.begin()
    assert first.has_back
    with pytest.raises(Back):
        await filling.says(GoBack())


async def test_a_review_of_nothing_offers_no_back() -> None:
    filling = Filling()
    review = await filling.begin(is_checked=True)
    assert isinstance(review, q.Review)
    assert not review.has_back
    assert (await filling.says(None)).answers == {}


# -- prefill ----------------------------------------------------------------------------------------------------------


async def test_what_the_registry_knows_is_taken_as_it_is() -> None:
    filling = Filling(text("home", prefill="registry.address"))
    asked = await filling.begin()
    assert isinstance(asked, q.AskField)
    assert asked.prefill is not None
    assert (asked.prefill.value, asked.prefill.source, asked.is_private) == (PERSON.address, "registry", True)
    assert len(PERSON.address) > asked.max_length  # longer than anybody may type
    await filling.says(PERSON.address)
    assert filling.form.answers == {"home": PERSON.address}
    assert filling.form.sources == {"home": "registry"}


async def test_what_is_typed_instead_is_entered() -> None:
    filling = Filling(text("home", prefill="registry.address"))
    await filling.begin()
    await filling.says("别处")
    assert filling.form.sources == {"home": "entered"}
    (row,) = [r for r in review_rows(filling.hall.stage, filling.form) if r.field_id]
    assert (row.value, row.source, row.can_change, row.is_private) == ("别处", "entered", True, True)


async def test_a_prefill_may_answer_by_itself_and_can_be_changed() -> None:
    home = text("home", prefill="registry.address", prefill_is_answer=True)
    filling = Filling(home, text("other"))
    await filling.begin(is_checked=True)
    steps = ("x", GoBack(), "y", "home", "新家", GoBack(), GoBack())
    assert await filling.walk(*steps) == ["other", "Review", "other", "Review", "home", "Review", "other"]
    assert filling.hall.glass.every[-1].field_id == "home"  # type: ignore[attr-defined]  # entered by now
    assert await filling.walk("新家", "z") == ["home", "other"]
    assert (await filling.says(None)).answers == {"home": "新家", "other": "z"}


async def test_a_prefill_that_is_not_there_is_asked() -> None:
    filling = Filling({"id": "p", "kind": "phone", "title": "T", "label": "L", "prefill": "registry.phone",
                       "prefill_is_answer": True})  # fmt: skip
    filling.form.identity = Identity(by="clerk", key=key_of("1"))
    asked = await filling.begin()
    assert asked.field_id == "p"  # type: ignore[attr-defined]
    assert asked.prefill is None  # type: ignore[attr-defined]
    filling.task.cancel()


def test_rows_of_the_document_are_locked_and_masked() -> None:
    hall = Hall("en")
    rows = review_rows(hall.stage, Form(service(), PERSON))
    assert not any(row.can_change for row in rows)
    assert all(row.is_private for row in rows)
    assert {row.label: row.value for row in rows} == {
        "Name": "张*英", "ID number": "110***********002X", "Address": PERSON.address,
    }  # fmt: skip
    assert {row.source for row in rows} == {"card", "registry"}
    assert "Address" not in {
        r.label for r in review_rows(hall.stage, Form(service(text("h", prefill="card.address")), PERSON))
    }


# -- answers that cannot be taken -------------------------------------------------------------------------------------


async def test_what_is_wrong_follows_the_language() -> None:
    filling = Filling({"id": "p", "kind": "phone", "title": "T", "label": "Phone"})
    await filling.begin()
    shown = await filling.says("1380013")
    assert (shown.trouble, shown.draft) == ("The phone number lacks 4 digits. Please add them.", "1380013")
    shown = await filling.says(Tool("language"))
    assert shown.trouble == "电话还差 4 位，请补全。"
    assert "电话还差 4 位，请补全。" in {u.text for u in filling.hall.speaker.said if u.language == "zh"}
    filling.task.cancel()


# -- photographs ------------------------------------------------------------------------------------------------------

PHOTO = {"id": "photo", "kind": "photo", "title": "T", "label": "Photo", "required": False}


async def test_take_again_keep() -> None:
    filling = Filling(PHOTO)
    hall = filling.hall
    asked = await filling.begin()
    assert asked.picture is None  # type: ignore[attr-defined]
    await filling.says("keep")  # nothing to keep yet
    assert not filling.task.done()
    shown = await filling.says("take")
    assert shown.picture == JPEG
    await filling.says("take")
    assert hall.camera.opened == 2
    assert not hall.camera.is_open
    await filling.says("keep")
    assert filling.form.answers == {"photo": JPEG}


async def test_a_photo_can_be_left_out_even_when_taken() -> None:
    filling = Filling(PHOTO)
    await filling.begin()
    await filling.says("take")
    await filling.says(None)
    assert filling.form.answers == {"photo": None}


async def test_a_photo_that_is_wanted_cannot_be_skipped() -> None:
    filling = Filling(PHOTO | {"required": True})
    await filling.begin()
    await filling.says(None)
    assert not filling.task.done()
    filling.task.cancel()


async def test_a_camera_that_fails_is_said_in_the_present_language() -> None:
    filling = Filling(PHOTO)
    filling.hall.camera.broken = CameraUnplugged("gone")
    await filling.begin()
    shown = await filling.says("take")
    assert shown.trouble == "The photo did not work. Please try again."
    assert (await filling.says(Tool("language"))).trouble == "没拍好，请再拍一次。"
    filling.hall.camera.broken = None
    assert (await filling.says("take")).trouble == ""
    assert not filling.hall.camera.is_open
    filling.task.cancel()


async def test_the_camera_is_closed_when_the_visit_ends_amid_the_photo() -> None:
    filling = Filling(PHOTO)
    hall = filling.hall
    never = asyncio.Event()
    opened = hall.camera.open

    async def open_slowly() -> None:
        await opened()
        await never.wait()

    hall.camera.open = open_slowly  # type: ignore[method-assign]
    await filling.begin()
    await filling.says("take")
    assert hall.camera.is_open
    filling.task.cancel()
    await asyncio.gather(filling.task, return_exceptions=True)
    assert not hall.camera.is_open


# -- any way through --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answers", list(itertools.product([True, False], repeat=4)))
async def test_every_way_through_a_chain_ends_with_what_was_asked(answers: tuple[bool, ...]) -> None:
    filling = Filling(*CHAIN)
    await filling.begin()
    given = dict(zip("abcd", answers, strict=True))
    while not filling.task.done():
        asked = filling.hall.glass.every[-1].field_id  # type: ignore[attr-defined]
        await filling.says(given.get(asked, "x"))
    form = filling.form
    assert [one.id for one in form.service.fields if is_asked(one, form.answers)] == [*form.answers]
