"""Which document leads to which key of the registry, in one table; its words, and what of it may be believed.

A passport carries no citizen's number: whoever has only one is found by its number and country. Knows what documents
say, no reader and no screen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hardware.card_reader import Document, DocumentKind, Result
from kiosk.text import Text, later
from kiosk.uplink.bodies import RegistryKey
from kiosk.visit.forms import mask_number


@dataclass(frozen=True)
class Row:
    """One kind of document. ``key`` is the registry's kind of key, ``field`` of the document holds its value."""

    key: str
    field: str  # "number" | "card_number"
    words: str  # what residents call the document
    label: str  # what residents call its number
    shape: str = "card"  # "card" | "booklet": how it is laid down
    has_country: bool = False  # its numbers are one country's own
    is_proven_by_reader: bool = False  # the reader's SAM proves the card, so that its portrait may be compared


TABLE = {
    DocumentKind.RESIDENT_ID_CARD: Row(
        "citizen", "number", later("ID card"), later("ID number"), is_proven_by_reader=True
    ),
    DocumentKind.SOCIAL_SECURITY_CARD: Row("citizen", "number", later("social security card"), later("ID number")),
    DocumentKind.RESIDENCE_PERMIT: Row(
        "residence_permit", "number", later("residence permit"), later("Permit number"), is_proven_by_reader=True
    ),
    DocumentKind.PERMANENT_RESIDENCE_CARD: Row(
        "permanent_residence", "number", later("permanent residence card"), later("Card number"),
        is_proven_by_reader=True,
    ),
    DocumentKind.PASSPORT: Row(
        "passport", "card_number", later("passport"), later("Passport number"), shape="booklet", has_country=True
    ),
    DocumentKind.TRAVEL_PERMIT: Row("travel_permit", "card_number", later("travel permit"), later("Permit number")),
    DocumentKind.IDENTITY_CARD: Row(
        "identity_card", "card_number", later("foreign identity card"), later("Card number"), has_country=True
    ),
    DocumentKind.THAI_ID_CARD: Row("thai_id", "number", later("Thai ID card"), later("Card number")),
    DocumentKind.NHI_CARD: Row("taiwan_id", "number", later("Taiwan health card"), later("ID number")),
}  # fmt: skip

PROOF = ("dg_hashes", "sod_signature", "csca_trust")  # together: the issuing country vouches for what the chip says

SHORTEST_OF_CITIZENS = 15  # characters from which a number is masked as a citizen's


def registry_key(document: Document) -> RegistryKey | None:
    """What the registry finds this document's holder by; None when the document does not say it."""
    row = TABLE[document.kind]
    value = "".join(c for c in getattr(document, row.field).upper() if c.isascii() and c.isalnum())
    if not value or (row.has_country and not document.nationality):
        return None
    return RegistryKey(kind=row.key, value=value, nationality=document.nationality if row.has_country else "")


def typed_key(number: str) -> RegistryKey:
    """The key of a number of 18 characters that was typed; its first digits say what it is (GB 11643)."""
    if number[:2] in ("81", "82", "83"):
        return RegistryKey(kind="residence_permit", value=number)
    return RegistryKey(kind="permanent_residence" if number[:1] == "9" else "citizen", value=number)


def label_of(key: RegistryKey) -> str:
    """What residents call this number (message id)."""
    return next(row.label for row in TABLE.values() if row.key == key.kind)


def mask_key(key: RegistryKey) -> str:
    """As on screen and paper: a citizen's number as ever, of a short number (``L******C3``) the ends only."""
    value = key.value
    if len(value) >= SHORTEST_OF_CITIZENS:
        return mask_number(value)
    return value[:1] + "*" * (len(value) - 3) + value[-2:] if len(value) > 5 else "*" * len(value)


def spoken_key(masked: str, text: Text) -> str:
    """A masked number for the ear: of a short one its ends; the voices read masked citizens' numbers by themselves."""
    start, _, end = masked.partition("*")
    end = end.lstrip("*")
    if len(masked) >= SHORTEST_OF_CITIZENS or not end:
        return masked
    return text("starts with {start}, ends with {end}", start=start, end=" ".join(end))


def objection(document: Document, accepted: Iterable[DocumentKind]) -> str:
    """The words key of why this document cannot be used here; "" when it can."""
    if document.kind not in accepted:
        return "document_not_taken"
    failed = {check.name for check in document.checks if check.result is Result.FAIL}
    if "expired" in failed:
        return "document_expired"
    if "number_checksum" in failed or registry_key(document) is None:
        return "card_unreadable"
    return "document_doubtful" if failed else ""  # altered, copied, or signed by nobody


def has_proven_portrait(document: Document) -> bool:
    """Tell whether a face may be compared with the document's own portrait.

    Anybody can write a chip with a portrait of their own and a number of somebody else's; only what a SAM module or the
    issuing country's signature vouches for is a reference. Otherwise the registry's portrait is.
    """
    passed = {check.name for check in document.checks if check.result is Result.PASS}
    return TABLE[document.kind].is_proven_by_reader or passed.issuperset(PROOF)


def shapes(kinds: Iterable[str]) -> tuple[str, ...]:
    """How the documents of these kinds are laid down: "card", "booklet", or both."""
    found = {TABLE[DocumentKind(kind)].shape for kind in kinds}
    return tuple(shape for shape in ("card", "booklet") if shape in found)


def messages() -> list[str]:
    """Every English sentence of the table."""
    return list(dict.fromkeys(word for row in TABLE.values() for word in (row.words, row.label)))
