"""Everything the front door's data hold crosses the worker's pipe."""

from dataclasses import fields
from datetime import date

import msgspec
import pytest

from hardware.card_reader import (
    CanKey,
    Check,
    Document,
    DocumentKind,
    DocumentSeen,
    MrzKey,
    Phase,
    Progress,
    Result,
    Sex,
)
from hardware.card_reader.messages import Answer, Key, Read, Reading, Told


def across(message):
    return msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=type(message))


FULL = Document(
    kind=DocumentKind.PASSPORT, number="1", name="2", sex=Sex.FEMALE, birth=date(1990, 1, 2), latin_name="3",
    nationality="UTO", card_number="4", ethnicity="5", address="6", issuer="7", valid_from=date(2020, 1, 1),
    valid_to=date(2030, 1, 1), portrait=bytes(range(256)) * 256, portrait_raw=b"WL",
    checks=(Check("a", Result.WARN, "b"),), source="8",
)  # fmt: skip


def test_the_example_fills_every_field():
    """Control for the tests below: no field has its default, so none can be forgotten unnoticed."""
    empty = Document(DocumentKind.NHI_CARD, "", "", Sex.UNKNOWN, None)
    assert all(getattr(FULL, field.name) != getattr(empty, field.name) for field in fields(Document))


@pytest.mark.parametrize("valid_to", [date(2030, 1, 1), "long_term", None])
def test_a_document_crosses_whole(valid_to):
    document = Document(**{**{f.name: getattr(FULL, f.name) for f in fields(FULL)}, "valid_to": valid_to})
    answer = across(Answer(Reading.of(document)))
    assert answer.reading.document() == document


@pytest.mark.parametrize("key", [CanKey("123456"), MrzKey("L898902C", date(1969, 8, 6), date(1994, 6, 23))])
def test_keys_cross(key):
    assert across(Read(1, "r", "r#1", date(2026, 1, 1), Key.of(key))).key.key() == key


def test_no_key_is_no_key():
    assert Key.of(None) is None


@pytest.mark.parametrize("seen", [None, DocumentSeen(DocumentKind.PASSPORT, "J***")])
def test_progress_crosses(seen):
    progress = Progress(Phase.PORTRAIT, 0.5, seen)
    assert across(Told.of(7, progress)).progress() == progress


def test_which_keys_open_it_crosses():
    assert across(Answer(accepts=("can", "mrz"), message="m", where="w")).accepts == ("can", "mrz")
