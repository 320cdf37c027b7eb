"""The booth API's bodies, checked on arrival (the contract in openapi.json is made from them)."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

BoothId = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,8}$")]
VisitId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
ServiceId = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Key = Annotated[str, Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")]
Sequence = Annotated[int, Field(ge=1, le=999_999_999)]
MAX_SEALED_CHARACTERS = 6 * 1024 * 1024
MAX_PICTURE_CHARACTERS = 1024 * 1024

KeyKind = Literal[
    "citizen", "residence_permit", "permanent_residence", "passport", "travel_permit", "identity_card", "thai_id",
    "taiwan_id",
]  # fmt: skip
_KEY_VALUES: dict[str, str] = {  # what the value of a key looks like, by its kind
    "citizen": r"[0-9]{17}[0-9X]",  # GB 11643
    "residence_permit": r"8[123]0000[0-9]{11}[0-9X]",  # residents from Hong Kong, Macau, Taiwan
    "permanent_residence": r"9[0-9]{16}[0-9X]|[A-Z]{3}[0-9]{12}",  # foreigners, layouts of 2023 and 2017
    "thai_id": r"[0-9]{13}",
    "taiwan_id": r"[A-Z][0-9A-Z][0-9]{8}",
}
_OF_A_COUNTRY = ("passport", "identity_card")  # their numbers are one country's own


class RegistryKey(BaseModel):
    """What a resident is found by: the number of one kind of document; a passport's needs its holder's country."""

    model_config = ConfigDict(extra="forbid")
    kind: KeyKind
    value: Annotated[str, Field(pattern=r"^[0-9A-Z]{1,22}$")]
    nationality: Annotated[str, Field(pattern=r"^[A-Z]{0,3}$", description="ISO 3166-1 alpha-3 or Doc 9303-3")] = ""

    @model_validator(mode="after")
    def _fits_its_kind(self) -> RegistryKey:
        if (pattern := _KEY_VALUES.get(self.kind)) and not re.fullmatch(pattern, self.value):
            raise ValueError("value: not a number of this kind of document")
        if (self.kind in _OF_A_COUNTRY) != bool(self.nationality):
            raise ValueError("nationality: for passports and identity cards, and for nothing else")
        return self


class Asked(BaseModel):
    """What every request of a booth carries."""

    model_config = ConfigDict(extra="forbid")
    booth: BoothId


class InVisit(Asked):
    visit: VisitId


class Lookup(InVisit):
    key: RegistryKey
    service: ServiceId


class Enquiry(InVisit):
    """``answers``: what the resident chose, by the field's id in the service's definition."""

    key: RegistryKey
    answers: dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=300)] | int | float | bool]
    language: Literal["zh", "en"]


class CodeRequest(InVisit):
    key: RegistryKey


class CodeAttempt(InVisit):
    code: Annotated[str, Field(pattern=r"^[0-9]{6}$")]


class HelperRequest(InVisit):
    """May the holder of ``helper`` act for the resident of ``key``?"""

    key: RegistryKey
    helper: RegistryKey
    service: ServiceId


Picture = Annotated[str, Field(min_length=4, max_length=MAX_PICTURE_CHARACTERS, json_schema_extra={"format": "byte"})]


class Pictures(BaseModel):
    """base64 of the camera's picture and of the document's; kept in memory for five minutes."""

    model_config = ConfigDict(extra="forbid")
    probe: Picture
    reference: Picture


class ClerkAnswer(Asked):
    """What the resident said; "" when they skipped the question."""

    question_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    answer: Annotated[str, Field(max_length=120)]


class ApprovalRequest(InVisit):
    service: ServiceId
    name_masked: Annotated[str, Field(max_length=40)]
    number_masked: Annotated[str, Field(max_length=40, pattern=r"^$|\*")]
    question: Annotated[str, Field(min_length=1, max_length=300)]
    pictures: Pictures | None = None


class Envelope(Asked):
    key: Key
    number: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,8}-[0-9]{6,9}-[0-9]$")]
    sequence: Sequence
    service: ServiceId
    schema_: Annotated[int, Field(alias="schema", ge=1, le=9999)]
    created_at: AwareDatetime
    sealed: Annotated[str, Field(max_length=MAX_SEALED_CHARACTERS, json_schema_extra={"format": "byte"})]
    digest: Digest


class ReconciliationRequest(Asked):
    sequence_from: Sequence
    sequence_to: Sequence
    count: Annotated[int, Field(ge=0)]
    digest: Digest


class CatalogueEntry(BaseModel):
    id: str
    version: int
    is_open: bool


class Catalogue(BaseModel):
    services: list[CatalogueEntry]


class Resident(BaseModel):
    """``key``: the one that was asked for."""

    key: RegistryKey
    name: str
    birth: dt.date
    sex: Literal["M", "F"]
    address: str
    has_phone: bool
    phone: str | None
    phone_masked: str | None
    phone_token: str | None
    guardian_name: str | None
    portrait: Annotated[str | None, Field(description="base64 of a JPEG, 102x126 px")]
    has_helper: bool
    facts: dict[str, Any]


class Helper(BaseModel):
    relation: Literal["spouse", "child", "grandchild", "guardian", "carer"]


class AnswerRow(BaseModel):
    label: str
    value: str


class EnquiryAnswer(BaseModel):
    """A document for paper and screen, in the language asked for, valid with its code at ``verify_url``."""

    title: str
    number: str
    verification_code: str
    verify_url: str
    rows: list[AnswerRow]
    issued_at: AwareDatetime


class CodeSent(BaseModel):
    code_id: str
    phone_masked: str
    expires_s: int
    resend_after_s: int


class CodeResult(BaseModel):
    is_right: bool
    attempts_left: int


class ClerkQuestion(BaseModel):
    """The question that waits for the resident's answer."""

    question_id: str
    text: str


class Approval(BaseModel):
    approval_id: str
    state: Literal["waiting", "taken", "approved", "refused", "cancelled", "expired"]
    clerk: str | None
    position: int
    question: ClerkQuestion | None


class Acknowledgement(BaseModel):
    """Signed with Ed25519 over canonical JSON (keys sorted, separators "," and ":", UTF-8) of all other fields."""

    key: str
    digest: str
    number: str
    state: Literal["accepted", "rejected"]
    reason: str | None
    accepted_at: str
    signature: str


class Reconciliation(BaseModel):
    matches: bool
    missing: list[int]


class ProblemDocument(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    retry_after_s: int | None = None
