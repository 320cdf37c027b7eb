"""What the card reader's worker and its parent say to each other: msgspec structs on the worker's pipe.

Knows the front door's data and nothing of PC/SC, so that the parent does not load the native library.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import date

import msgspec

from hardware.card_reader import (
    AccessKey,
    CanKey,
    Check,
    Document,
    DocumentKind,
    DocumentSeen,
    Media,
    MrzKey,
    Phase,
    Progress,
    Sex,
)
from hardware.device import Health


class Options(msgspec.Struct, frozen=True):
    """Settings of the driver.

    ``reader``: part of the reader's name, "" takes every reader of this computer (a dual one shows as two).
    ``extended``: parts of the names of readers that pass APDUs of extended length. ``trust_folder``: of the country
    signing certificates, "" for none.
    """

    reader: str = ""
    extended: tuple[str, ...] = ()
    trust_folder: str = ""


class Lying(msgspec.Struct, frozen=True):
    """One presence of one card: reader and PC/SC event counter.

    ``insertion`` survives a restart of the worker, not of the daemon.
    """

    reader: str
    insertion: str


class Seen(msgspec.Struct, frozen=True):
    """Event ``status``: how the readers are and which cards lie in them."""

    health: Health
    media: Media
    reason: str = ""
    cards: tuple[Lying, ...] = ()


class Key(msgspec.Struct, frozen=True):
    """An ``AccessKey``: ``can``, or the other three."""

    can: str = ""
    number: str = ""
    birth: date | None = None
    expiry: date | None = None

    @classmethod
    def of(cls, key: AccessKey | None) -> Key | None:
        """Flatten a key for the pipe."""
        if isinstance(key, MrzKey):
            return cls(number=key.number, birth=key.birth, expiry=key.expiry)
        return cls(can=key.can) if key else None

    def key(self) -> AccessKey:
        """Give the key back as the front door knows it."""
        if self.birth is not None and self.expiry is not None:
            return MrzKey(self.number, self.birth, self.expiry)
        return CanKey(self.can)


class Read(msgspec.Struct, frozen=True):
    """Verb ``read``: read the card of that presence. ``today`` decides whether it is expired.

    ``number`` is repeated in every event about this reading. ``is_again``: the card was called removed before.
    """

    number: int
    reader: str
    insertion: str
    today: date
    key: Key | None = None
    is_again: bool = False


class Step(msgspec.Struct, frozen=True):
    """How long one step took. ``name`` is ``connect``, ``disconnect`` or a command's first four bytes in hex."""

    name: str
    took_ms: float


class Pulse(msgspec.Struct, frozen=True):
    """Event ``pulse``: the reading goes on. A new ``family`` starts its budget; ``is_held``: another program's turn."""

    number: int
    family: str = ""
    budget_s: float = 0.0
    answer_within_s: float = 0.0
    is_held: bool = False


class Told(msgspec.Struct, frozen=True):
    """Event ``progress``: a ``Progress`` of reading ``number``."""

    number: int
    phase: Phase
    share: float
    kind: DocumentKind | None = None
    name_masked: str = ""

    @classmethod
    def of(cls, number: int, progress: Progress) -> Told:
        """Flatten for the pipe."""
        seen = progress.seen
        if seen is None:
            return cls(number, progress.phase, progress.share)
        return cls(number, progress.phase, progress.share, seen.kind, seen.name_masked)

    def progress(self) -> Progress:
        """Give it back as the front door knows it."""
        return Progress(self.phase, self.share, DocumentSeen(self.kind, self.name_masked) if self.kind else None)


class Reading(msgspec.Struct, frozen=True):
    """A whole document, flat, because dates and words cannot share one field on the pipe."""

    kind: DocumentKind
    number: str
    name: str
    sex: Sex
    birth: date | None
    latin_name: str
    nationality: str
    card_number: str
    ethnicity: str
    address: str
    issuer: str
    valid_from: date | None
    portrait: bytes | None
    portrait_raw: bytes | None
    checks: tuple[Check, ...]
    source: str
    valid_to: date | None
    is_long_term: bool

    @classmethod
    def of(cls, document: Document) -> Reading:
        """Flatten a document for the pipe."""
        valid_to = document.valid_to
        return cls(
            **{name: getattr(document, name) for name in _ALIKE},
            valid_to=valid_to if isinstance(valid_to, date) else None,
            is_long_term=valid_to == "long_term",
        )

    def document(self) -> Document:
        """Give the document back as the front door knows it."""
        return Document(
            **{name: getattr(self, name) for name in _ALIKE},
            valid_to="long_term" if self.is_long_term else self.valid_to,
        )


_ALIKE = tuple(field.name for field in fields(Document) if field.name != "valid_to")


class Answer(msgspec.Struct, frozen=True):
    """Reply to ``read``: a document, or which keys open it (``accepts``; an exception would lose them on the pipe)."""

    reading: Reading | None = None
    accepts: tuple[str, ...] = ()
    message: str = ""
    where: str = ""
    steps: tuple[Step, ...] = ()
