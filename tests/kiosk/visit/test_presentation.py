"""A document on the reader: its key, its progress, what is withdrawn, what is never kept."""

from __future__ import annotations

import contextlib
import datetime as dt
import gc
from dataclasses import replace
from typing import Any

import pytest

from hardware.card_reader import (
    CanKey,
    CardRemoved,
    CardUnreadable,
    Check,
    Document,
    DocumentKind,
    DocumentSeen,
    KeyNeeded,
    KeyRefused,
    Media,
    MrzKey,
    Phase,
    Progress,
    Result,
    Sex,
)
from hardware.speech import Priority
from kiosk.uplink.bodies import RegistryKey
from kiosk.visit.chip_key import KEY_ATTEMPTS, Typed
from kiosk.visit.questions import AskField, ChooseKey, ChooseWay, Consent, EnterKey, PresentCard
from kiosk.visit.screen import Answer, GoBack, Leave
from tests.kiosk.visit.hall import Hall, Step, card, registered
from tests.kiosk.visit.steps import CERTIFICATE, reply, said, shown, start, then

UTO = RegistryKey(kind="passport", value="L898902C3", nationality="UTO")
TYPED = ("L898902C3", "19740812", "20320415")
PROOF = tuple(Check(name, Result.PASS) for name in ("dg_hashes", "sod_signature", "csca_trust"))


def passport(**changes: Any) -> Document:
    values: dict[str, Any] = {
        "latin_name": "ERIKSSON ANNA MARIA", "nationality": "UTO", "card_number": "L898902C3", "checks": PROOF,
        "source": "emrtd TD3 bac",
    }  # fmt: skip
    return Document(
        DocumentKind.PASSPORT, "", "ERIKSSON ANNA MARIA", Sex.FEMALE, dt.date(1974, 8, 12), **(values | changes)
    )


def hall() -> Hall:
    made = Hall()
    made.reader.kinds = tuple(DocumentKind)  # type: ignore[assignment]
    made.backend.residents[UTO] = registered(UTO, name="ERIKSSON ANNA MARIA")
    return made


BEGIN: list[Step] = [*start("contribution-certificate"), (Consent, True)]
NEEDED = KeyNeeded("locked", accepts=("mrz",))
PARTS: list[Step] = [(EnterKey, part) for part in TYPED]
REST = CERTIFICATE[4:]


def lies_there(here: Hall) -> None:
    """A chip that wants a key lies on the reader, and stays there."""
    here.reader.status = replace(here.reader.status, media=Media.PRESENT)
    here.reader.present(NEEDED)


def lift_it(here: Hall) -> None:
    here.reader.status = replace(here.reader.status, media=Media.NOT_PRESENT)
    here.reader.lifted.set()


def tell(*progress: Progress) -> Any:
    return then(*(lambda h, p=one: h.reader.progress(p) for one in progress))


# -- the key ----------------------------------------------------------------------------------------------------------


async def test_three_parts_open_a_passport() -> None:
    here = hall()
    steps = [*BEGIN, (PresentCard, NEEDED), *PARTS, (PresentCard, passport()), *REST]
    assert (await here.play(steps)).name == "served"
    assert [x.part for x in shown(here, EnterKey)] == ["number", "birth", "expiry"]
    assert [x.has_key for x in shown(here, PresentCard)] == [False, True]
    first, second = here.reader.keys
    assert first is None
    assert second == MrzKey("L898902C3", dt.date(1974, 8, 12), dt.date(2032, 4, 15))


async def test_six_digits_open_an_identity_card() -> None:
    here = hall()
    key = RegistryKey(kind="identity_card", value="D23145890", nationality="UTO")
    here.backend.residents[key] = registered(key)
    found = Document(
        DocumentKind.IDENTITY_CARD, "", "X", Sex.MALE, None, nationality="UTO", card_number="D23145890", checks=PROOF
    )
    steps = [*BEGIN, (PresentCard, KeyNeeded("locked", accepts=("can", "mrz"))), (ChooseKey, "can"),
             (EnterKey, "12345"), (EnterKey, "123456"), (PresentCard, found), *REST]  # fmt: skip
    assert (await here.play(steps)).name == "served"
    assert here.reader.keys[1] == CanKey("123456")
    assert [x.trouble for x in shown(here, EnterKey)] == ["", "key_digits"]
    assert [option.id for option in shown(here, ChooseKey)[0].options] == ["can", "mrz"]


async def test_a_refused_key_is_asked_again_with_what_was_typed() -> None:
    here = hall()
    steps = [*BEGIN, (PresentCard, NEEDED), (EnterKey, "L898902C8"), *PARTS[1:], (PresentCard, KeyRefused("no")),
             *PARTS, (PresentCard, passport()), *REST]  # fmt: skip
    assert (await here.play(steps)).name == "served"
    again = shown(here, EnterKey)[3:]
    assert [x.draft for x in again] == ["L898902C8", "19740812", "20320415"]
    assert [x.trouble for x in again] == ["key_wrong", "", ""]


async def test_three_refusals_and_the_other_ways_remain() -> None:
    here = hall()
    steps: list[Step] = [*BEGIN, (PresentCard, lies_there)]
    for _ in range(KEY_ATTEMPTS):
        steps += [*PARTS, (PresentCard, KeyRefused("no"))]
    asked: list[int] = []
    look = then(lambda h: asked.append(len(h.reader.keys)), lift_it, reply(Answer("no_card")))
    steps += [(PresentCard, look), (AskField, "11010519491231002X"), *REST]
    assert (await here.play(steps)).name == "served"
    assert shown(here, PresentCard)[-1].trouble == "key_spent"
    assert asked == [1 + KEY_ATTEMPTS], "what was refused must be lifted before anything is read"
    assert here.reader.keys[-1] is None


async def test_back_from_the_key_wants_it_lifted_and_takes_another_document() -> None:
    here = hall()
    lift = then(lift_it, lambda h: h.reader.present(card()))
    steps = [*BEGIN, (PresentCard, lies_there), (EnterKey, GoBack()), (PresentCard, lift),
             (PresentCard, lambda h: None), *REST]  # fmt: skip
    assert (await here.play(steps)).name == "served"
    assert [x.trouble for x in shown(here, PresentCard)] == ["", "lift_first", ""]


async def test_back_goes_one_part_up_and_keeps_what_was_typed() -> None:
    here = hall()
    steps = [*BEGIN, (PresentCard, NEEDED), *PARTS[:2], (EnterKey, GoBack()), (EnterKey, GoBack()), *PARTS,
             (PresentCard, passport()), *REST]  # fmt: skip
    assert (await here.play(steps)).name == "served"
    assert [(x.part, x.draft) for x in shown(here, EnterKey)] == [
        ("number", ""), ("birth", ""), ("expiry", ""), ("birth", "19740812"), ("number", "L898902C3"),
        ("birth", "19740812"), ("expiry", ""),
    ]  # fmt: skip


async def test_back_before_it_is_laid_down_again_changes_the_key() -> None:
    here = hall()
    steps = [*BEGIN, (PresentCard, NEEDED), *PARTS, (PresentCard, GoBack()), *PARTS, (PresentCard, passport()), *REST]
    assert (await here.play(steps)).name == "served"
    assert shown(here, EnterKey)[3].draft == "L898902C3"


@pytest.mark.parametrize(
    ("part", "typed", "trouble"),
    [(0, "L89-8902 *", "key_number"), (0, "", "key_number"), (1, "19740230", "key_date"), (2, "2032", "key_date")],
)
async def test_what_cannot_be_a_part_is_asked_again(part: int, typed: str, trouble: str) -> None:
    here = hall()
    steps = [*BEGIN, (PresentCard, NEEDED), *PARTS[:part], (EnterKey, typed), *PARTS[part:],
             (PresentCard, passport()), *REST]  # fmt: skip
    assert (await here.play(steps)).name == "served"
    assert shown(here, EnterKey)[part + 1].trouble == trouble


@pytest.mark.parametrize("at", range(3))
async def test_nobody_there_while_a_key_is_asked_for(at: int) -> None:
    here = hall()
    wait = then(lambda h: h.clock.advance(600))
    assert (await here.play([*BEGIN, (PresentCard, NEEDED), *PARTS[:at], (EnterKey, wait)])).name == "timed_out"


async def test_leaving_while_a_key_is_asked_for() -> None:
    here = hall()
    leave = then(lambda h: h.glass.reply(Leave()), lambda h: h.glass.reply(Leave()))
    assert (await here.play([*BEGIN, (PresentCard, NEEDED), (EnterKey, leave)])).name == "cancelled"


async def test_a_document_lifted_while_it_is_read_needs_no_typing_again() -> None:
    here = hall()
    steps = [
        *BEGIN,
        (PresentCard, NEEDED),
        *PARTS,
        (PresentCard, CardRemoved("gone")),
        (PresentCard, passport()),
        *REST,
    ]
    assert (await here.play(steps)).name == "served"
    assert len(shown(here, EnterKey)) == 3
    assert here.reader.keys[1] == here.reader.keys[2]


async def test_the_key_is_nowhere_after_the_visit() -> None:
    here = hall()
    needed = KeyNeeded("locked", accepts=("mrz",))  # of its own: a raised error holds its frames
    steps = [*BEGIN, (PresentCard, needed), *PARTS, (PresentCard, passport()), *REST]
    before = {id(one) for one in gc.get_objects() if isinstance(one, MrzKey | Typed)}
    await here.play(steps)
    here.reader.keys.clear()  # the reader's own notes in this test
    here.reader.progress = None
    del steps, needed
    gc.collect()
    left = [one for one in gc.get_objects() if isinstance(one, MrzKey | Typed) and id(one) not in before]
    assert left == []
    everything = repr(here.ledger.events) + repr(here.notes) + " ".join(said(here))
    assert not any(part in everything for part in TYPED)


# -- progress ---------------------------------------------------------------------------------------------------------

SEEN = DocumentSeen(DocumentKind.PASSPORT, "E*** A*** M***")


async def test_progress_is_shown_and_said_once() -> None:
    here = hall()
    news = tell(
        Progress(Phase.OPENING, 0.02), Progress(Phase.PORTRAIT, 0.2, SEEN), Progress(Phase.PORTRAIT, 0.5),
        Progress(Phase.CHECKING, 0.95),
    )  # fmt: skip
    steps = [*BEGIN, (PresentCard, news), *[(PresentCard, lambda h: None)] * 3, (PresentCard, passport()), *REST]
    assert (await here.play(steps)).name == "served"
    reading = [x for x in shown(here, PresentCard) if x.is_reading]
    assert [(x.phase, x.share) for x in reading] == [
        ("opening", 0.0), ("portrait", 0.2), ("portrait", 0.5), ("checking", 0.95),
    ]  # fmt: skip
    assert [x.seen_name for x in reading] == ["", *["E*** A*** M***"] * 3]
    spoken = said(here)
    assert spoken.count("请放好，先不要动") == 1
    assert spoken.count("几秒钟就好。") == 1
    (name,) = [u for u in here.speaker.said if u.text.startswith("护照，首")]
    assert name.text == "护照，首字母 E、A、M"
    assert (name.private, name.instead) == (True, "护照"), "the name is for a headset only"
    assert name.priority is Priority.PAGE, "it must not cut off what is said before it"


async def test_an_error_takes_back_what_was_seen() -> None:
    here = hall()
    news = tell(Progress(Phase.PORTRAIT, 0.4, SEEN))
    broken = then(lambda h: h.reader.present(CardUnreadable("broken")))
    steps = [*BEGIN, (PresentCard, news), (PresentCard, broken), (PresentCard, card()), *REST]
    assert (await here.play(steps)).name == "served"
    last = shown(here, PresentCard)[-1]
    assert (last.seen_name, last.phase, last.share, last.trouble) == ("", "", 0.0, "card_unreadable")


async def test_a_name_the_typeface_lacks_is_replaced_while_it_is_read() -> None:
    here = hall()
    here.glass.missing = "\U00020000"
    news = tell(Progress(Phase.READING, 0.4, DocumentSeen(DocumentKind.RESIDENT_ID_CARD, "张*\U00020000")))
    await here.play([*BEGIN, (PresentCard, news), (PresentCard, card()), *REST])
    assert "张*〔hē〕（代用字）" in {x.seen_name for x in shown(here, PresentCard)}


# -- whose portrait ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("checks", "reference"), [(PROOF, b"the chip's"), ((), b"the registry's")])
async def test_only_a_proven_portrait_is_the_reference(checks: tuple[Check, ...], reference: bytes) -> None:
    here = hall()
    here.backend.residents[UTO] = registered(UTO, portrait=b"the registry's")
    enrolled: list[bytes] = []

    async def enrol(portrait: bytes) -> None:
        enrolled.append(portrait)

    here.matcher.enrol = enrol  # type: ignore[method-assign]
    found = passport(checks=checks, portrait=b"the chip's")
    leave = then(lambda h: h.glass.reply(Leave()), lambda h: h.glass.reply(Leave()))
    steps = [*start("pension-alive"), (Consent, True), (PresentCard, NEEDED), *PARTS, (PresentCard, found),
             (ChooseWay, "face")]  # fmt: skip
    with contextlib.suppress(AssertionError):  # how the visit goes on from here is told elsewhere
        await here.play([*steps, (object, leave)])  # type: ignore[list-item]
    assert enrolled == [reference]


async def test_a_document_the_service_does_not_take() -> None:
    here = hall()
    service = here.services["contribution-certificate"]
    here.services["contribution-certificate"] = service.model_copy(
        update={"documents": (DocumentKind.SOCIAL_SECURITY_CARD,)}
    )
    steps = [*BEGIN, (PresentCard, passport()), (PresentCard, card()), *REST]
    assert (await here.play(steps)).name == "served"
    first, second = shown(here, PresentCard)
    assert first.kinds == ("social_security_card",)
    assert second.trouble == "document_not_taken"


def test_what_was_typed_is_in_no_repr():
    assert "L898902C3" not in repr(EnterKey(part="number", draft="L898902C3"))
    assert "secret" not in repr(AskField(field_id="number", draft="secret"))
