"""Service files: what is wrong is said with file, key and cure; a new service is a file, no code."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hardware.card_reader import DocumentKind
from kiosk.visit.questions import (
    AskField,
    ChooseService,
    ChooseWay,
    Consent,
    Goodbye,
    MatchFace,
    PresentCard,
    Review,
    ShowReceipt,
    Welcome,
)
from kiosk.visit.services import (
    FieldDefinition,
    FieldKind,
    Service,
    ServiceError,
    is_asked,
    load_service,
    load_services,
    messages,
)
from tests.kiosk.visit.hall import JPEG, NUMBER, Hall, card
from tests.kiosk.visit.samples import SERVICES

HEAD = """
id = "new-one"
order = 5
schema_version = 1
mode = "queueable"
icon = "新"
title = "Something new"
note = "One minute"
needs = ["document", "identity", "lookup", "submit"]
identification = ["face", "clerk"]
consent = ["We read your card."]
"""
RECEIPT = '\n[receipt]\nnext_steps = ["We call you."]\ncall = "12345"\n'
NAME = '\n[[field]]\nid = "name"\nkind = "text"\ntitle = "Name?"\nlabel = "Name"\n'
ANSWER_PAGES = 8  # a service after the card filled in, R25
TYPED_CHARACTERS = 20  # R25


def write(folder: Path, text: str, name: str = "new-one") -> Path:
    file = folder / f"{name}.toml"
    file.write_text(text, encoding="utf-8")
    return file


def one_field(kind: str, *lines: str) -> str:
    return f'\n[[field]]\nid = "thing"\nkind = "{kind}"\ntitle = "T?"\nlabel = "L"\n' + "\n".join(lines) + "\n"


CHOICE = one_field("choice", 'options = [{ id = "a", text = "A" }, { id = "b", text = "B" }]')
AFTER = '\n[[field]]\nid = "after"\nkind = "text"\ntitle = "T?"\nlabel = "L"\n'

MANY = ",".join(f'{{ id = "o{n}", text = "x" }}' for n in range(41))

BROKEN: dict[str, tuple[str, str]] = {
    "unknown key": (HEAD + 'colour = "red"\n' + RECEIPT, "colour: unknown key: remove it or correct its spelling"),
    "missing key": (HEAD.replace('title = "Something new"\n', "") + RECEIPT, "title: missing: add it"),
    "missing receipt": (HEAD, "receipt: missing: add it"),
    "wrong type": (HEAD.replace("order = 5", 'order = "first"') + RECEIPT, "order: Input should be a valid integer"),
    "no such document": (
        HEAD + 'documents = ["library_card"]\n' + RECEIPT,
        "documents[0]: Input should be 'resident_id_card', 'residence_permit'",
    ),
    "no document at all": (HEAD + "documents = []\n" + RECEIPT, "documents: name each kind once, or leave them out"),
    "a document twice": (HEAD + 'documents = ["passport", "passport"]\n' + RECEIPT, "documents: name each kind once"),
    "a part of the platform left out": (
        HEAD.replace('"lookup", "submit"', '"submit"') + RECEIPT,
        "needs: add 'lookup', the platform does that part",
    ),
    "a part of the platform too many": (
        HEAD.replace('"submit"', '"submit", "enquire"') + RECEIPT,
        "needs: remove 'enquire', no part of this service",
    ),
    "documents of nobody": (
        HEAD.replace('["document", "identity", "lookup", "submit"]', '["submit"]').replace(
            '["face", "clerk"]', '["none"]'
        )
        + 'documents = ["passport"]\n'
        + RECEIPT,
        "documents: remove them, nobody is identified here",
    ),
    "an enquiry about nobody": (
        HEAD.replace('["document", "identity", "lookup", "submit"]', '["paper"]')
        .replace('["face", "clerk"]', '["none"]')
        .replace("queueable", "online_only")
        + RECEIPT,
        "mode: an enquiry is about somebody",
    ),
    "no such mode": (HEAD.replace("queueable", "sometimes") + RECEIPT, "mode: Input should be 'online_only' or"),
    "bad id": (HEAD.replace("new-one", "New One") + RECEIPT, "id: String should match pattern"),
    "another name": (
        HEAD.replace("new-one", "other-one") + RECEIPT,
        "id: is 'other-one'; give it the file's name, 'new-one'",
    ),
    "two signs": (HEAD.replace("新", "新新") + RECEIPT, "icon: String should have at most 1 character"),
    "empty title": (HEAD.replace("Something new", "") + RECEIPT, "title: String should have at least 1 character"),
    "nobody identifies": (HEAD.replace('["face", "clerk"]', "[]") + RECEIPT, "identification: name at least one way"),
    "face only": (
        HEAD.replace('["face", "clerk"]', '["face"]') + RECEIPT,
        "identification: a face must never be the only way; add code, clerk or helper",
    ),
    "none and more": (
        HEAD.replace('["face", "clerk"]', '["none", "clerk"]') + RECEIPT,
        "identification: 'none' stands alone",
    ),
    "no such way": (HEAD.replace('"clerk"', '"palm"') + RECEIPT, "identification[1]: Input should be 'face', 'code',"),
    "needs no identity": (
        HEAD.replace('["document", "identity", "lookup", "submit"]', "[]") + RECEIPT,
        "needs: add 'identity'",
    ),
    "needs a card of nobody": (
        HEAD.replace('["face", "clerk"]', '["none"]') + RECEIPT,
        "needs: remove 'document' and 'identity', nobody is identified here",
    ),
    "enquiry without paper": (
        HEAD.replace("queueable", "online_only") + RECEIPT,
        "needs: add 'paper', the answer of an enquiry is printed",
    ),
    "no consent": (
        HEAD.replace('["We read your card."]', "[]") + RECEIPT,
        "consent: say in 1 to 3 sentences what is read",
    ),
    "much consent": (
        HEAD.replace('["We read your card."]', '["a", "b", "c", "d"]') + RECEIPT,
        "consent: say in 1 to 3 sentences",
    ),
    "no next step": (
        HEAD + '[receipt]\nnext_steps = []\ncall = "12345"\n',
        "receipt.next_steps: Tuple should have at least 1",
    ),
    "no number to call": (
        HEAD + '[receipt]\nnext_steps = ["x"]\ncall = "the office"\n',
        "receipt.call: String should match",
    ),
    "place in a sentence": (
        HEAD + '[already]\nfact = "until"\nsentence = "Done until {day}."\n' + RECEIPT,
        "already: sentence: only {date} can be filled in, not day",
    ),
    "broken brace": (
        HEAD + '[already]\nfact = "until"\nsentence = "Done until {date."\n' + RECEIPT,
        "already: sentence: only {date} can be filled in, not a broken brace",
    ),
    "same field twice": (HEAD + NAME + NAME + RECEIPT, "field name: two fields have this id"),
    "no such kind": (HEAD + one_field("colour") + RECEIPT, "field[thing].kind: Input should be 'choice',"),
    "choice of nothing": (HEAD + one_field("choice") + RECEIPT, "field[thing]: a choice needs options"),
    "options of a text": (
        HEAD + CHOICE.replace('"choice"', '"text"') + RECEIPT,
        "field[thing]: a choice needs options, and only a choice has them",
    ),
    "same option twice": (HEAD + CHOICE.replace('"b"', '"a"') + RECEIPT, "field[thing]: two options have the same id"),
    "many options": (
        HEAD + one_field("choice", "options = [" + MANY + "]") + RECEIPT,
        "field[thing]: at most 40 options; split the question",
    ),
    "bounds crossed": (
        HEAD + one_field("number", "minimum = 5", "maximum = 4") + RECEIPT,
        "field[thing]: minimum is above maximum",
    ),
    "bounds of a text": (
        HEAD + one_field("text", "maximum = 4") + RECEIPT,
        "field[thing]: minimum and maximum are for numbers and dates only",
    ),
    "far days": (
        HEAD + one_field("date", "maximum = 99999999") + RECEIPT,
        "field[thing]: minimum and maximum of a date are days",
    ),
    "long text": (
        HEAD + one_field("text", "max_length = 999") + RECEIPT,
        "field[thing].max_length: Input should be less than",
    ),
    "prefill of nothing": (
        HEAD + one_field("text", 'prefill = "card.shoe"') + RECEIPT,
        "field[thing].prefill: Input should be",
    ),
    "prefill of another kind": (
        HEAD + one_field("text", 'prefill = "registry.phone"') + RECEIPT,
        "field[thing]: prefill registry.phone gives a phone; make the kind 'phone'",
    ),
    "answer by nothing": (
        HEAD + one_field("text", "prefill_is_answer = true") + RECEIPT,
        "field[thing]: prefill_is_answer needs a prefill",
    ),
    "when of nothing": (
        HEAD + AFTER + 'when = { gone = "a" }\n' + RECEIPT,
        "field after: when names 'gone', which is no earlier field",
    ),
    "when of a later one": (
        HEAD + AFTER + 'when = { thing = "a" }\n' + CHOICE + RECEIPT,
        "field after: when names 'thing', which is no earlier field",
    ),
    "when of no option": (
        HEAD + CHOICE + AFTER + 'when = { thing = ["a", "z"] }\n' + RECEIPT,
        "field after: when thing = z: no such option there",
    ),
    "when of no boolean": (
        HEAD + one_field("yes_no") + AFTER + 'when = { thing = "yes" }\n' + RECEIPT,
        "field after: when thing must be true or false",
    ),
    "when of no number": (
        HEAD + one_field("number") + AFTER + "when = { thing = true }\n" + RECEIPT,
        "field after: when thing must be whole numbers",
    ),
    "when of a text": (
        HEAD + one_field("text") + AFTER + 'when = { thing = "a" }\n' + RECEIPT,
        "field after: when names 'thing', a text; it can name choice, yes_no, number",
    ),
    "no toml": (HEAD + "[receipt\n", "(at line 12, column 9); correct the TOML there"),
}


def test_the_pattern_itself_is_whole(tmp_path: Path) -> None:
    service = load_service(write(tmp_path, HEAD + CHOICE + AFTER + RECEIPT))
    assert [one.id for one in service.fields] == ["thing", "after"]


def test_every_document_is_taken_unless_the_file_names_some(tmp_path: Path) -> None:
    assert load_service(write(tmp_path, HEAD + RECEIPT)).documents == tuple(DocumentKind)
    named = load_service(write(tmp_path, HEAD + 'documents = ["passport"]\n' + RECEIPT))
    assert named.documents == (DocumentKind.PASSPORT,)
    hall = Hall()
    assert hall.booth.why_not(named) == "no_reader_for_it"
    hall.reader.kinds = (DocumentKind.PASSPORT,)  # type: ignore[assignment]
    assert hall.booth.why_not(named) == ""


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_named_with_key_and_cure(case: str, tmp_path: Path) -> None:
    text, problem = BROKEN[case]
    file = write(tmp_path, text)
    with pytest.raises(ServiceError) as caught:
        load_service(file)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{file}: ") for line in lines), lines
    assert problem in "\n".join(lines)


def test_not_utf_8(tmp_path: Path) -> None:
    file = tmp_path / "new-one.toml"
    file.write_bytes((HEAD + RECEIPT).encode("gb18030"))
    with pytest.raises(ServiceError, match=r"not UTF-8 at byte .*; save it as UTF-8"):
        load_service(file)


def test_several_broken_files_are_told_together(tmp_path: Path) -> None:
    write(tmp_path, HEAD + RECEIPT)
    one = write(tmp_path, HEAD.replace("new-one", "b-b"), "b-b")
    two = write(tmp_path, BROKEN["face only"][0].replace("new-one", "c-c"), "c-c")
    with pytest.raises(ServiceError) as caught:
        load_services(tmp_path)
    assert [line.split(": ")[0] for line in str(caught.value).splitlines()] == [str(one), str(two)]


def test_no_service_at_all(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"no service file .* there; add one"):
        load_services(tmp_path)


def test_services_come_in_their_order(tmp_path: Path) -> None:
    write(tmp_path, HEAD + RECEIPT)
    write(tmp_path, HEAD.replace("new-one", "b-b").replace("order = 5", "order = 4") + RECEIPT, "b-b")
    assert [*load_services(tmp_path)] == ["b-b", "new-one"]


def test_all_sentences_are_listed_once() -> None:
    service = SERVICES["pension-alive"]
    found = messages(service)
    assert len(found) == len(set(found))
    assert {service.title, "On which phone can we reach you?", "In a care home", service.receipt.next_steps[0]} <= {
        *found
    }
    assert "" not in found


# -- the services that ship -------------------------------------------------------------------------------------------


def answers_that_matter(service: Service) -> Iterator[dict[str, Any]]:
    """Every combination of answers that a condition asks about."""
    named = sorted({other for one in service.fields for other in one.when})
    by_id = {one.id: one for one in service.fields}
    values = [[o.id for o in by_id[n].options] or [True, False] for n in named]
    yield from (dict(zip(named, combination, strict=True)) for combination in itertools.product(*values))


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_few_pages_and_little_to_type(service: Service) -> None:
    for answers in answers_that_matter(service):
        asked = [one for one in service.fields if is_asked(one, answers)]
        assert len(asked) <= ANSWER_PAGES, [one.id for one in asked]
        typed = [one.max_length for one in asked if one.kind is FieldKind.TEXT]
        assert all(length <= TYPED_CHARACTERS for length in typed)


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_there_is_always_a_way_without_a_face(service: Service) -> None:
    assert {way.value for way in service.identification} & {"code", "clerk", "none"}


def test_what_a_phone_code_proves() -> None:
    assert [way.value for way in SERVICES["pension-alive"].identification] == ["face", "clerk"]


@pytest.mark.parametrize(
    ("answers", "is_there"),
    [({}, False), ({"a": True}, True), ({"a": 1}, True), ({"a": None}, False), ({"a": "other"}, False)],
)
def test_conditions_need_an_answer(answers: dict[str, Any], is_there: bool) -> None:
    one = FieldDefinition(id="b", kind=FieldKind.TEXT, title="T", label="L", when={"a": (True, "x")})
    assert is_asked(one, answers) is is_there


# -- a file alone -----------------------------------------------------------------------------------------------------

EVERY_KIND = (
    HEAD + CHOICE.replace('"thing"', '"colour"')
    + "".join(one_field(kind, "required = false" if kind == "photo" else "").replace('"thing"', f'"a_{kind}"')
              for kind in ("yes_no", "number", "date", "phone", "text", "photo", "id_number"))
    + RECEIPT
)  # fmt: skip


async def test_a_new_service_needs_a_file_and_no_code(tmp_path: Path) -> None:
    write(tmp_path, EVERY_KIND)
    hall = Hall("en")
    hall.services = load_services(tmp_path)
    assert {one.kind for one in hall.services["new-one"].fields} == set(FieldKind)
    from hardware.face import Decision

    outcome = await hall.play(
        [
            (Welcome, None),
            (ChooseService, "new-one"),
            (Consent, True),
            (PresentCard, card()),
            (ChooseWay, "face"),
            (MatchFace, Decision.MATCH),
            (AskField, "b"),
            (AskField, False),
            (AskField, "12"),
            (AskField, "20261101"),
            (AskField, "13800138000"),
            (AskField, "by the gate"),
            (AskField, "take"),
            (AskField, "keep"),
            (AskField, NUMBER),
            (Review, None),
            (ShowReceipt, "done"),
            (Goodbye, None),
        ]
    )
    assert outcome.name == "served"
    assert hall.ledger.commits[0]["service"] == "new-one"
    (offer,) = next(x for x in hall.glass.every if isinstance(x, ChooseService)).options
    assert (offer.text, offer.icon, offer.is_available) == ("Something new", "新", True)
    asked = {x.field_id: x for x in hall.glass.every if isinstance(x, AskField)}
    assert [x.kind for x in asked.values()] == [one.kind.value for one in hall.services["new-one"].fields]
    assert asked["a_photo"].picture == JPEG
    review = next(x for x in hall.glass.every if isinstance(x, Review))
    values = {row.field_id: row.value for row in review.rows if row.field_id}
    assert values == {
        "colour": "B", "a_yes_no": "No", "a_number": "12", "a_date": "1 November 2026", "a_phone": "138****8000",
        "a_text": "by the gate", "a_photo": "1 photo", "a_id_number": "110***********002X",
    }  # fmt: skip
    said = {line.text for x in hall.glass.every if isinstance(x, ShowReceipt) for line in x.lines}
    assert {"Something new", "We call you."} <= said
