"""Front door of the card reader: wait for a document, give it back whole or not at all.

Knows documents and media, no residents and no services. Drivers: ``pcsc`` (PC/SC, in a worker). The other end of the
wire is ``simulator``: a virtual card on the vpcd socket of the real PC/SC daemon.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from hardware.device import Device, DeviceError, DeviceStatus


class Media(enum.Enum):
    """Card transport (XFS4IoT CardReader: media)."""

    PRESENT = "present"
    NOT_PRESENT = "not_present"
    JAMMED = "jammed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class CardReaderStatus(DeviceStatus):
    media: Media = Media.UNKNOWN


class DocumentKind(enum.Enum):
    """Families a reader may offer; residents' words for them are translations, not here."""

    SOCIAL_SECURITY_CARD = "social_security_card"
    RESIDENT_ID_CARD = "resident_id_card"


class Sex(enum.Enum):
    """GB/T 2261.1."""

    UNKNOWN = "0"
    MALE = "1"
    FEMALE = "2"
    UNSPECIFIED = "9"


class Result(enum.Enum):
    PASS = "pass"  # noqa: S105 - a check that passed, no secret
    WARN = "warn"
    FAIL = "fail"
    NOT_DONE = "not_done"


@dataclass(frozen=True)
class Check:
    """One check of a document: ``name`` is e.g. ``number_checksum``, ``birth_matches``, ``expired``."""

    name: str
    result: Result
    reason: str = ""


LongTerm = Literal["long_term"]


@dataclass(frozen=True, repr=False)
class Document:
    """What a document says about its holder. Personal data: lives in the visit's locals only, has no ``repr``."""

    kind: DocumentKind
    number: str  # the citizen's number (GB 11643) or "" when the document has none
    name: str
    sex: Sex
    birth: date | None
    card_number: str = ""
    ethnicity: str = ""
    address: str = ""
    issuer: str = ""
    valid_from: date | None = None
    valid_to: date | LongTerm | None = None
    portrait: bytes | None = None  # an encoded picture, where the document carries one that can be read
    checks: tuple[Check, ...] = ()
    source: str = ""  # which protocol and layout version gave it, e.g. "ssse 3.00"

    def __repr__(self) -> str:
        return f"<Document {self.kind.value} ...>"


class CardError(DeviceError):
    """A card could not be read; subclasses say why."""


class CardRemoved(CardError):
    """The card was taken away while it was read."""


class CardMute(CardError):
    """A card is there but does not answer (wrong side, dirty contacts, broken chip)."""


class CardUnreadable(CardError):
    """The card answers, but its content breaks the rules of its layout."""


class CardUnknown(CardError):
    """The card is of no kind this reader knows (a bank card, a transport card)."""


class CardProtected(CardError):
    """The card does not open the fields without a secret this booth does not have."""


class ReaderLost(CardError):
    """The reader or its daemon is gone; the driver goes on looking for it."""


# -- the citizen's number: what it says about itself (GB 11643-1999). Here and not in a module of its own, because the
# residents' rooms know this package by its front door only, and a typed number obeys the same rules as a read one.

_NUMBER = re.compile(r"[0-9]{17}[0-9X]", re.ASCII)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"


def number_is_valid(number: str) -> bool:
    """Tell whether ``number`` is a well-formed citizen's number with a right check character.

    18 characters, a small x counts as X, ISO 7064 MOD 11-2 over the first 17 digits, and a birth date that exists.
    Numbers of foreign permanent residents (first digit 9) have another structure: only their check character counts.
    """
    number = number.upper()
    if not _NUMBER.fullmatch(number):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _WEIGHTS, strict=True))
    if number[17] != _CHECK_CHARACTERS[total % 11]:
        return False
    return number[0] == "9" or _birth_in(number) is not None


def number_birth(number: str) -> date:
    """Give the birth date inside a citizen's number; ``ValueError`` (without the number) where it holds none."""
    birth = None if number[:1] == "9" else _birth_in(number)
    if birth is None:
        raise ValueError("the number holds no birth date")
    return birth


def number_sex(number: str) -> Sex:
    """Give the sex inside a citizen's number (digit 17 odd: male); ``ValueError`` where it holds none."""
    if not _NUMBER.fullmatch(number.upper()) or number[0] == "9":
        raise ValueError("the number holds no sex")
    return Sex.MALE if int(number[16]) % 2 else Sex.FEMALE


def _birth_in(number: str) -> date | None:
    if not _NUMBER.fullmatch(number.upper()):
        return None
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


class CardReader(Device, Protocol):
    """One reader. ``status`` is a ``CardReaderStatus``."""

    @property
    def status(self) -> CardReaderStatus: ...

    @property
    def kinds(self) -> tuple[DocumentKind, ...]:
        """The documents this reader can read; the screens' words are made from it."""
        ...

    async def wait_for_document(self) -> Document:
        """Wait until a card is presented and read. A card already present counts. Raises ``CardError``.

        One read per insertion: after a document or an error the same card is not read again until it was lifted; call
        again to wait for the next. A cancelled call spends no insertion. ``ReaderLost`` is raised at once while the
        reader is away. An expired document is given back all the same; its check ``expired`` is ``FAIL``.
        """
        ...

    async def wait_for_removal(self) -> None:
        """Return when no card is present (at once when none is). Raises ``ReaderLost`` when nobody can tell."""
        ...
