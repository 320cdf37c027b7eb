"""Front door of the card reader: wait for a document, give it back whole or not at all.

Knows documents and media, no residents and no services. Drivers: ``pcsc`` (PC/SC cards, in a worker), ``sdt`` (resident
cards behind a SAM module). The other ends of the wires: virtual cards on the vpcd socket of the real PC/SC daemon, and
a virtual SAM on a pty.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Callable
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

    RESIDENT_ID_CARD = "resident_id_card"
    RESIDENCE_PERMIT = "residence_permit"  # of Hong Kong, Macau and Taiwan residents: type letter J
    PERMANENT_RESIDENCE_CARD = "permanent_residence_card"  # of foreigners: type letters I (2017) and Y (2023)
    SOCIAL_SECURITY_CARD = "social_security_card"
    PASSPORT = "passport"  # eMRTD of size TD3
    TRAVEL_PERMIT = "travel_permit"  # mainland travel permits: eMRTD-like chips with layouts of their own
    IDENTITY_CARD = "identity_card"  # any other eMRTD of size TD1 or TD2
    THAI_ID_CARD = "thai_id_card"
    NHI_CARD = "nhi_card"  # Taiwan's health insurance card


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
    number: str  # the citizen's number (GB 11643), or the personal number other documents have; "" when there is none
    name: str  # in the holder's script where the document has it, else as in ``latin_name``
    sex: Sex
    birth: date | None
    latin_name: str = ""  # in Latin letters as the document writes it: primary identifier, then secondary
    nationality: str = ""  # three letters (ISO 3166-1 alpha-3 or ICAO Doc 9303-3), "" when the document does not say
    card_number: str = ""  # the document's own number: of a passport, a permit, a card
    ethnicity: str = ""
    address: str = ""
    issuer: str = ""
    valid_from: date | None = None
    valid_to: date | LongTerm | None = None
    portrait: bytes | None = None  # an encoded picture (JPEG, JPEG 2000, BMP, PNG), where one can be decoded
    portrait_raw: bytes | None = None  # as the chip gave it, where no decoder is at hand (WLT, 1024 bytes)
    checks: tuple[Check, ...] = ()
    source: str = ""  # which protocol and layout version gave it, e.g. "ssse 3.00"

    def __repr__(self) -> str:
        return f"<Document {self.kind.value} ...>"


@dataclass(frozen=True, repr=False)
class CanKey:
    """The card access number printed on an eMRTD: six digits. ``ValueError`` for anything else."""

    can: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9]{6}", self.can, re.ASCII):
            raise ValueError("a card access number has six digits")


@dataclass(frozen=True, repr=False)
class MrzKey:
    """What of the machine readable zone opens an eMRTD: document number, birth and expiry (Doc 9303-11, 4.3.2).

    ``number`` as printed, letters and digits; blanks, dashes and fillers are dropped, letters made capital.
    ``ValueError`` when nothing is left or something else is in it.
    """

    number: str
    birth: date
    expiry: date

    def __post_init__(self) -> None:
        number = re.sub(r"[\s<-]", "", self.number).upper()
        if not re.fullmatch(r"[0-9A-Z]{1,22}", number, re.ASCII):
            raise ValueError("a document number has letters and digits only")
        object.__setattr__(self, "number", number)


AccessKey = CanKey | MrzKey


class Phase(enum.Enum):
    """Where the reading of a document is; screens and speech have the words ("hold it still")."""

    FOUND = "found"
    OPENING = "opening"  # access control: a passport's chip takes a second
    READING = "reading"
    PORTRAIT = "portrait"  # most of a passport's seconds
    CHECKING = "checking"


@dataclass(frozen=True, repr=False)
class DocumentSeen:
    """A first sight of a document that is still being read. Decides nothing; an error that follows withdraws it."""

    kind: DocumentKind
    name_masked: str


@dataclass(frozen=True)
class Progress:
    """How far a reading is: ``share`` 0..1 of the whole reading, never sinking within one reading."""

    phase: Phase
    share: float
    seen: DocumentSeen | None = None


ProgressListener = Callable[[Progress], None]


class CardError(DeviceError):
    """A card could not be read; subclasses say why."""


class KeyNeeded(CardError):
    """An eMRTD lies there and opens with a key only: ask for it and call again. Spends no insertion.

    ``accepts``: ``"mrz"``, ``"can"`` or both, the likelier first.
    """

    def __init__(self, message: str, *, where: str = "", cure: str = "", accepts: tuple[str, ...] = ("mrz",)) -> None:
        super().__init__(message, where=where, cure=cure)
        self.accepts = accepts


class KeyRefused(CardError):
    """The document does not open with this key: most likely mistyped. Spends no insertion."""


class CardRemoved(CardError):
    """The card was taken away while it was read."""


class CardMute(CardError):
    """A card is there but does not answer (wrong side, dirty contacts, broken chip)."""


class CardUnreadable(CardError):
    """The card answers, but its content breaks the rules of its layout."""


class CardUnknown(CardError):
    """The card is of no kind this reader knows (a bank card, a transport card)."""


class CardMisplaced(CardUnknown):
    """A resident ID card lies on a plain reader: it opens to a SAM module only, in the ID area."""


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


_MOST_STARS = 3


def masked_name(name: str) -> str:
    """Family name and last character: ``张*英``, ``李*``; in other scripts each part keeps its first letter.

    A masked name stays as it is. Of letters three stars stand for any more: a name's length is nobody's business.
    """
    name = unicodedata.normalize("NFC", name)  # a mark of its own is part of its letter
    if len(name) <= 1:
        return "*" * len(name)
    if any("\u3400" <= c <= "\u9fff" or c >= "\U00020000" for c in name) and " " not in name:
        return name[0] + "*" * max(len(name) - 2, 1) + (name[-1] if len(name) > 2 else "")
    return " ".join(part[:1] + "*" * min(max(len(part) - 1, 1), _MOST_STARS) for part in name.split())


class CardReader(Device, Protocol):
    """One reader. ``status`` is a ``CardReaderStatus``."""

    @property
    def status(self) -> CardReaderStatus: ...

    @property
    def kinds(self) -> tuple[DocumentKind, ...]:
        """The documents this reader can read; the screens' words are made from it."""
        ...

    async def wait_for_document(
        self, key: AccessKey | None = None, on_progress: ProgressListener | None = None
    ) -> Document:
        """Wait until a card is presented and read. A card already present counts. Raises ``CardError``.

        One read per insertion: after a document or an error the same card is not read again until it was lifted; call
        again to wait for the next. A cancelled call spends no insertion, nor do ``KeyNeeded`` and ``KeyRefused``: an
        eMRTD opens with ``key`` only, which other cards ignore. ``ReaderLost`` is raised at once while the reader is
        away. An expired document is given back all the same; its check ``expired`` is ``FAIL``. ``on_progress`` is
        called on the event loop and may carry a ``DocumentSeen``, which the call's end (or error) takes back.
        """
        ...

    async def wait_for_removal(self) -> None:
        """Return when no card is present (at once when none is). Raises ``ReaderLost`` when nobody can tell."""
        ...
