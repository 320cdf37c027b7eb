"""Every question as a frozen dataclass: what is asked, never how it looks.

A question holds data for the glass (already masked where personal); its words come from ``wording.py``. The answer's
type stands in each docstring. Screens reply with ``Answer(value)`` or one of the other replies in ``stage.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class Question:
    """One screenful. ``progress`` = (steps done, steps in all), (0, 0) hides the bars; ``service`` = its id."""

    service: str = field(default="", kw_only=True)  # service id, for the strip's title
    progress: tuple[int, int] = field(default=(0, 0), kw_only=True)
    has_back: ClassVar[bool] = True
    has_leave: ClassVar[bool] = True
    is_timed: ClassVar[bool] = True
    is_alarm: ClassVar[bool] = False  # said louder than the resident chose

    @property
    def name(self) -> str:
        return type(self).__name__


@dataclass(frozen=True)
class Option:
    """One choice on a screen. ``text`` and ``note`` are already in the visit's words (msgids of the catalogue)."""

    id: str
    text: str
    note: str = ""
    icon: str = (
        ""  # one Chinese character, or a name of screens/widgets icons ("camera", "phone", "clerk", "pen", "ok")
    )
    is_available: bool = True
    reason: str = ""  # why not
    elsewhere: str = ""  # the nearest alternative, "" = none is known


@dataclass(frozen=True)
class Welcome(Question):
    """Idle. Answer: None (any touch, any key)."""

    community: str = ""
    has_back: ClassVar[bool] = False
    has_leave: ClassVar[bool] = False
    is_timed: ClassVar[bool] = False


@dataclass(frozen=True)
class WayOut(Question):
    """A fire: everybody leaves. Two languages at once, nothing to choose; stays until the watch was reset."""

    direction: str = ""  # left | right | ahead | behind, seen by whoever reads the screen; "" = not configured
    place: tuple[tuple[str, str], ...] = ()  # (language, where to meet), as configured
    has_card: bool = False  # one lies on the reader, within reach
    has_back: ClassVar[bool] = False
    has_leave: ClassVar[bool] = False
    is_timed: ClassVar[bool] = False
    is_alarm: ClassVar[bool] = True


@dataclass(frozen=True)
class Closed(Question):
    """Nothing can be done here now: why, where else, whom to call. Ends when that is over."""

    why: str = "battery"  # words key: battery, tamper, or of what keeps every service from working
    elsewhere: str = ""  # one sentence: another booth, or that none is known
    telephone: str = ""
    has_back: ClassVar[bool] = False
    has_leave: ClassVar[bool] = False
    is_timed: ClassVar[bool] = False


@dataclass(frozen=True)
class ChooseService(Question):
    """Answer: the service's id."""

    options: tuple[Option, ...] = ()
    notice: str = ""  # e.g. "Face check is not available today"
    has_back: ClassVar[bool] = False


@dataclass(frozen=True)
class Consent(Question):
    """Plain sentences about what is read and for what. Answer: True (agreed); refusing is Leave or Back."""

    points: tuple[str, ...] = ()


@dataclass(frozen=True)
class PresentCard(Question):
    """A document answers (the stage races ``reader.wait_for_document``). The resident may answer ``"no_card"``.

    While it is read ``phase`` and ``share`` say how far, and ``seen_*`` whose it seems to be; nothing is decided by it.
    """

    kinds: tuple[str, ...] = ()  # DocumentKind values that the reader can read and the service takes
    trouble: str = ""  # words key of the last failure: card_removed, card_mute, card_unknown, ...
    can_go_without: bool = True
    is_helper: bool = False  # the document of somebody who helps, not the resident's
    has_key: bool = False  # what opens the chip was typed: the document goes back on the reader
    phase: str = ""  # hardware.card_reader.Phase value while it is read, "" before
    share: float = 0.0  # 0..1, in steps of a twentieth
    seen_kind: str = ""  # DocumentKind value
    seen_name: str = ""  # masked

    @property
    def is_reading(self) -> bool:
        return bool(self.phase)


@dataclass(frozen=True)
class ChooseKey(Question):
    """A passport's chip opens with something printed on it: which? Answer: ``"can"`` | ``"mrz"``."""

    options: tuple[Option, ...] = ()


@dataclass(frozen=True)
class EnterKey(Question):
    """One part of what opens a chip, as printed. Answer: what was typed (a date as YYYYMMDD). Never spoken aloud."""

    part: str = "number"  # can | number | birth | expiry
    trouble: str = ""  # words key: key_wrong, or of what cannot be taken
    draft: str = field(default="", repr=False)  # what was typed before
    is_private: ClassVar[bool] = True


@dataclass(frozen=True)
class ChooseWay(Question):
    """How to confirm who you are, all ways of equal rank. Answer: ``face`` | ``code`` | ``clerk`` | ``helper``."""

    ways: tuple[Option, ...] = ()
    trouble: str = ""  # why we are here again: could_not_confirm, code_dead, nobody_answered, ...
    has_back: ClassVar[bool] = False  # the card was read; attempts are counted from here on


@dataclass(frozen=True)
class GuardianConsent(Question):
    """Under 14: does a guardian agree to the face check? Answer: True | False (another way)."""


@dataclass(frozen=True)
class MatchFace(Question):
    """Camera open, preview and calm oval. The matcher answers.

    The resident may answer ``"other_way"`` (closes the camera), ``"still"`` or ``"movement"`` (how they show that they
    are there in person), and with ``has_company`` ``"helper"``: whoever looks over the shoulder belongs here.
    """

    preview_ring: str = ""  # name of the preview ring (hardware.ring), "" = no preview
    ways: tuple[Option, ...] = ()
    is_still: bool = False  # the alternative without movement was chosen
    has_company: bool = False  # a second person is in view: everything personal is covered


@dataclass(frozen=True)
class EnterCode(Question):
    """Answer: six digits, or ``"resend"`` / ``"other_way"``."""

    phone_masked: str = ""
    trouble: str = ""
    attempts_left: int = 3


@dataclass(frozen=True)
class SharePictures(Question):
    """May a clerk see the camera's picture beside the document's? Answer: True | False (then the clerk asks)."""


@dataclass(frozen=True)
class WaitForClerk(Question):
    """The clerk answers. The resident may answer ``"other_way"``."""

    position: int = 0
    is_timed: ClassVar[bool] = False  # whoever waits is not idle; the clerk's time is limited instead


@dataclass(frozen=True)
class Prefill:
    """A value that is already known: ``shown`` is masked where personal."""

    value: object
    shown: str
    source: str  # card | registry | entered


@dataclass(frozen=True)
class FieldOption:
    id: str
    text: str


@dataclass(frozen=True)
class AskField(Question):
    """One field of a service. Answer by kind: choice -> option id; yes_no -> bool; number, date, phone, text,
    id_number -> the typed str (a date as YYYYMMDD); photo -> ``"take"``, then ``"keep"`` (or ``"take"`` again);
    an optional field -> None by Skip; a prefill taken -> its value.
    """

    field_id: str = ""
    kind: str = "text"  # choice | yes_no | number | date | phone | text | photo | id_number
    title: str = ""
    help: str = ""
    options: tuple[FieldOption, ...] = ()
    is_required: bool = True
    prefill: Prefill | None = None
    draft: str = field(default="", repr=False)  # what was typed before (Back keeps it)
    trouble: str = ""  # a sentence: item, cause, remedy
    max_length: int = 20
    minimum: str = ""
    maximum: str = ""
    is_private: bool = False
    is_help_private: bool = False  # the help is a value of the resident: shown, said to a headset only
    picture: bytes | None = None  # photo: the JPEG just taken, shown for "keep / again"
    unit: str = ""
    is_first: bool = False  # nothing before it to go back to

    @property
    def has_back(self) -> bool:  # type: ignore[override]
        return not self.is_first


@dataclass(frozen=True)
class ReviewRow:
    field_id: str
    label: str
    value: str  # masked where personal
    source: str  # card | registry | entered | checked
    can_change: bool
    is_private: bool = False
    spoken: str = ""  # the value for the ear, where it is said otherwise than written


@dataclass(frozen=True)
class Review(Question):
    """Answer: None = correct, submit; or the field id to change."""

    rows: tuple[ReviewRow, ...] = ()
    is_enquiry: bool = False  # "Correct, print" instead of "Correct, submit"
    is_first: bool = False  # no question before it to go back to

    @property
    def has_back(self) -> bool:  # type: ignore[override]
        return not self.is_first


@dataclass(frozen=True)
class Working(Question):
    """A machine works and answers; the sentence says at what. ``what``: looking_up, submitting, printing, ..."""

    what: str = "submitting"
    has_back: ClassVar[bool] = False
    has_leave: ClassVar[bool] = False
    is_timed: ClassVar[bool] = False


@dataclass(frozen=True)
class PaperLine:
    text: str
    is_bold: bool = False
    is_centred: bool = False
    is_rule: bool = False


@dataclass(frozen=True)
class ShowReceipt(Question):
    """Answer: ``"done"`` | ``"read"`` | ``"large"`` (print again in large letters)."""

    state: str = "accepted"  # accepted | recorded | rejected | certificate
    number: str = ""
    lines: tuple[PaperLine, ...] = ()
    qr: str = ""
    is_printed: bool = True
    trouble: str = ""  # e.g. paper_out: "the receipt is owed"
    can_print: bool = True
    has_card: bool = True  # one was presented: remind of it
    has_back: ClassVar[bool] = False
    has_leave: ClassVar[bool] = False


@dataclass(frozen=True)
class AlreadyDone(Question):
    """Nothing to do, e.g. "already confirmed until ...". Answer: None."""

    sentence: str = ""
    detail: str = ""
    has_back: ClassVar[bool] = False


@dataclass(frozen=True)
class Trouble(Question):
    """Something failed: item, cause, remedy. Answer: an option's id."""

    what: str = ""  # words key: backend_down, unknown_resident, document_expired, ...
    options: tuple[Option, ...] = ()
    code: str = ""  # small, for the technician
    has_back: ClassVar[bool] = False  # its options are all the ways on


@dataclass(frozen=True)
class TakeBelongings(Question):
    """A card or paper is still there; a device answers when it was taken."""

    has_card: bool = False
    has_paper: bool = False
    has_back: ClassVar[bool] = False
    has_leave: ClassVar[bool] = False
    is_timed: ClassVar[bool] = False


@dataclass(frozen=True)
class Goodbye(Question):
    """All done, nothing kept. Ends by itself after some seconds."""

    outcome: str = "served"
    has_back: ClassVar[bool] = False
    has_leave: ClassVar[bool] = False
    is_timed: ClassVar[bool] = False


# Overlays: shown above a question, never end it.


@dataclass(frozen=True)
class StillThere:
    """Idle alert: any touch or key goes on. ``seconds`` left at the start."""

    seconds: int


@dataclass(frozen=True)
class HelpCard:
    """Help for the question below: sentences."""

    sentences: tuple[str, ...]


@dataclass(frozen=True)
class ConfirmLeave:
    """Really leave? Replies Leave again or Activity (stay)."""


@dataclass(frozen=True)
class SoundCard:
    """Volume step 0-6 and rate in percent; replies ``Sound``."""

    volume: int
    rate: int


@dataclass(frozen=True)
class FindSomeone:
    """How to reach a human: telephone number shown and spoken."""

    number: str


Overlay = StillThere | HelpCard | ConfirmLeave | SoundCard | FindSomeone
