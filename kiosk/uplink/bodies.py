"""What goes over the wire to the community platform, as types (contract: backend/openapi.json).

msgspec, not pydantic: the keeper lives in 60 MB and needs nothing more than shapes. Structs that hold a resident's
data print without it. Bytes travel as base64 text, dates as ISO 8601.
"""

from __future__ import annotations

import datetime as dt
import enum
import json
from typing import Annotated, Any

import msgspec
from msgspec import Meta

Token = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Meta(ge=0)]


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """A wire body. Fields the booth does not know are ignored, so the platform may grow."""


class OpenService(Body, frozen=True):
    id: str
    version: int
    is_open: bool


class Catalogue(Body, frozen=True):
    services: list[OpenService]


class RegistryKey(Body, frozen=True):
    """What the registry finds a resident by: the number of one kind of document. ``repr`` shows no number.

    ``kind``: citizen, residence_permit, permanent_residence, passport, travel_permit, identity_card, thai_id,
    taiwan_id. ``value``: capital letters and digits. ``nationality``: of passports and identity cards, whose
    numbers are one country's own; else "".
    """

    kind: str
    value: str
    nationality: str = ""

    def __repr__(self) -> str:
        return f"RegistryKey(kind={self.kind!r}, ...)"


class Resident(Body, frozen=True):
    """The registry's record. Use in memory, forget at the visit's end. ``repr`` shows nothing of it.

    ``key`` is the one that was asked for.
    ``portrait``: JPEG, 102x126 px (GA 490 proportions), or None. ``facts`` depend on the service asked for:
    ``pension-alive`` {"pension": bool, "confirmed_until": "YYYY-MM-DD" | None}; ``contribution-certificate``
    {"insurances": [..]}.
    """

    key: RegistryKey
    name: str
    birth: dt.date
    sex: Annotated[str, Meta(pattern="^[MF]$")]
    address: str
    has_phone: bool
    phone: str | None = None
    phone_masked: str | None = None
    phone_token: Token | None = None
    guardian_name: str | None = None
    portrait: bytes | None = None
    has_helper: bool = False  # the register names somebody who may act for this resident
    facts: dict[str, Any] = {}

    def __repr__(self) -> str:
        return "Resident(...)"


class Helper(Body, frozen=True):
    """Somebody the register lets act for a resident; who it is, the booth knows from the helper's own document."""

    relation: str  # spouse | child | grandchild | guardian | carer

    def __repr__(self) -> str:
        return "Helper(...)"


class AnswerRow(Body, frozen=True):
    """One row of an enquiry's answer, as words for paper and screen in the language asked for."""

    label: str
    value: str

    def __repr__(self) -> str:
        return "AnswerRow(...)"


class EnquiryAnswer(Body, frozen=True):
    """The answer to an enquiry of any service: a document with ``rows``, valid with its code at ``verify_url``."""

    title: str
    number: str
    verification_code: str
    verify_url: str
    rows: list[AnswerRow]
    issued_at: dt.datetime

    def __repr__(self) -> str:
        return f"EnquiryAnswer(number={self.number!r}, ...)"


class CodeSent(Body, frozen=True):
    code_id: Token
    phone_masked: str
    expires_s: Count
    resend_after_s: Count


class CodeResult(Body, frozen=True):
    """``attempts_left`` 0 with ``is_right`` False: this code is dead, ask for a new one or another way."""

    is_right: bool
    attempts_left: Count


class ApprovalState(enum.Enum):
    WAITING = "waiting"
    TAKEN = "taken"
    APPROVED = "approved"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Pictures(Body, frozen=True):
    """What a clerk may compare, with the resident's consent to just that: the camera's JPEG and the reference.

    ``reference``: the portrait as the document or the registry has it (JPEG, JPEG 2000, PNG, BMP).
    """

    probe: bytes
    reference: bytes

    def __repr__(self) -> str:
        return "Pictures(...)"


class ClerkQuestion(Body, frozen=True):
    """What a clerk asks the resident, who answers at the booth. ``text``: as the clerk typed it."""

    question_id: Token
    text: Annotated[str, Meta(min_length=1, max_length=120)]


class Approval(Body, frozen=True):
    """A clerk's approval. ``position``: how many are before this one plus one while waiting, else 0.

    ``question``: the last one the clerk asked and the resident has not answered yet.
    """

    approval_id: Token
    state: ApprovalState
    position: Count
    clerk: str | None = None
    question: ClerkQuestion | None = None


class Envelope(Body, frozen=True):
    """A committed transaction for delivery; ``sealed`` is opaque here, ``digest`` its SHA-256 in hex."""

    booth: str
    key: str
    number: str
    sequence: int
    service: str
    schema: int
    created_at: str
    sealed: bytes
    digest: Digest


class AckState(enum.Enum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Acknowledgement(Body, frozen=True):
    """The platform's signed answer to an envelope: echo of key, digest and number, and what became of it.

    ``reason`` for a rejection is a word for our message table: unknown-service, unknown-schema, cannot-open, bad-body.
    """

    key: str
    digest: Digest
    number: str
    state: AckState
    accepted_at: str
    signature: bytes
    reason: str | None = None


class Reconciliation(Body, frozen=True):
    """``missing``: sequence numbers within the range that the platform has not."""

    matches: bool
    missing: list[int]


class Problem(Body, frozen=True):
    """RFC 9457. ``detail`` is deliberately not read."""

    type: str
    title: str
    status: int
    retry_after_s: int | None = None


def signed_text(fields: dict[str, Any]) -> bytes:
    """Give the bytes an acknowledgement's signature covers: every field but ``signature``, canonical JSON."""
    rest = {name: value for name, value in fields.items() if name != "signature"}
    return json.dumps(rest, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
