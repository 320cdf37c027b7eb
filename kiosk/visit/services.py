"""Service definitions: assets/services/*.toml -> Service, its fields, and what it needs of the booth.

A new service is a file and translations, no code. Texts in the files are English message ids; the words come from the
catalogues. Knows no screen, no device.
"""

from __future__ import annotations

import enum
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hardware.card_reader import DocumentKind
from kiosk.config import ConfigError, explain, read_toml


class ServiceError(ConfigError):
    """A service file cannot be used; the text names file, key and cure."""


class Mode(enum.Enum):
    ONLINE_ONLY = "online_only"  # an enquiry: the answer is needed now, nothing is queued
    QUEUEABLE = "queueable"  # an application: recorded here, delivered when the line is up


class Need(enum.Enum):
    """What a service may need of the booth and of the platform (the readiness gate)."""

    DOCUMENT = "document"
    IDENTITY = "identity"  # a face, or one of the ways of equal rank that the service names
    PAPER = "paper"  # without it the receipt stays on the screen, and nothing of that service can be printed
    LOOKUP = "lookup"  # the platform's registry, now
    ENQUIRE = "enquire"  # the platform's answer, now
    SUBMIT = "submit"  # the platform takes it; recorded here meanwhile


class Way(enum.Enum):
    """Ways of identification. ``NONE``: nobody needs to be known."""

    FACE = "face"
    CODE = "code"
    CLERK = "clerk"
    HELPER = "helper"
    NONE = "none"


class FieldKind(enum.Enum):
    CHOICE = "choice"
    YES_NO = "yes_no"
    NUMBER = "number"
    DATE = "date"
    PHONE = "phone"
    TEXT = "text"
    PHOTO = "photo"
    ID_NUMBER = "id_number"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


FieldId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
Sentence = Annotated[str, Field(min_length=1)]
Scalar = bool | int | str
CONDITIONAL = (FieldKind.CHOICE, FieldKind.YES_NO, FieldKind.NUMBER)  # kinds whose answers ``when`` can name
LONGEST_DAYS = 73_000  # 200 years: no resident's date lies further away
CONSENT_POINTS = 3  # one screen


class Choice(_Part):
    id: FieldId
    text: Sentence


class FieldDefinition(_Part):
    """One question of a service. ``when``: every named earlier answer must be one of the listed values."""

    id: FieldId
    kind: FieldKind
    title: Sentence
    label: Sentence  # in the review and on the receipt
    help: str = ""
    options: tuple[Choice, ...] = ()
    required: bool = True
    when: dict[str, Scalar | tuple[Scalar, ...]] = {}
    prefill: Literal["", "card.address", "registry.address", "registry.phone"] = ""
    about: Literal["", "registry.address"] = ""  # what the question is about, shown as its help; personal
    prefill_is_answer: bool = False  # not asked when a prefill exists; can be changed in the review
    minimum: int | None = None  # number: least value; date: days from today (negative = past)
    maximum: int | None = None
    max_length: Annotated[int, Field(ge=1, le=200)] = 20
    unit: str = ""
    private: bool = False
    on_receipt: bool = False

    @property
    def is_private(self) -> bool:
        """Said to a headset only, and masked on paper: also what the card or the registry knows."""
        return self.private or bool(self.prefill) or self.kind in (FieldKind.PHONE, FieldKind.ID_NUMBER)

    @model_validator(mode="after")
    def _is_whole(self) -> FieldDefinition:
        if (self.kind is FieldKind.CHOICE) != bool(self.options):
            raise ValueError("a choice needs options, and only a choice has them")
        if len(self.options) > 40:
            raise ValueError("at most 40 options; split the question")
        if len({o.id for o in self.options}) != len(self.options):
            raise ValueError("two options have the same id")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError("minimum is above maximum")
        bounds = [b for b in (self.minimum, self.maximum) if b is not None]
        if bounds and self.kind not in (FieldKind.NUMBER, FieldKind.DATE):
            raise ValueError("minimum and maximum are for numbers and dates only; remove them")
        if self.kind is FieldKind.DATE and any(abs(b) > LONGEST_DAYS for b in bounds):
            raise ValueError(f"minimum and maximum of a date are days from today, at most {LONGEST_DAYS}")
        wanted = {"": self.kind, "registry.phone": FieldKind.PHONE}.get(self.prefill, FieldKind.TEXT)
        if self.kind is not wanted:
            raise ValueError(f"prefill {self.prefill} gives a {wanted.value}; make the kind {wanted.value!r}")
        if self.prefill_is_answer and not self.prefill:
            raise ValueError("prefill_is_answer needs a prefill; add one or remove it")
        return self


class ReceiptText(_Part):
    """Plain words of the receipt: what is next, when, and whom to call."""

    next_steps: Annotated[tuple[Sentence, ...], Field(min_length=1)]
    call: Annotated[str, Field(pattern=r"^[0-9]{3,12}$")]


class Already(_Part):
    """``fact`` of the registry is a date; while it lies ahead there is nothing to do."""

    fact: Sentence
    sentence: Sentence  # with {date}
    detail: str = ""

    @model_validator(mode="after")
    def _has_its_place(self) -> Already:
        _check_places(self.sentence, {"date"})
        return self


class Eligibility(_Part):
    """``fact`` of the registry must be true; else ``sentence`` says why not and what to do."""

    fact: Sentence
    sentence: Sentence


class Service(_Part):
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,40}$")]
    order: int
    schema_version: Annotated[int, Field(ge=1)]
    mode: Mode
    icon: Annotated[str, Field(min_length=1, max_length=1)]
    title: Sentence
    note: Sentence
    needs: frozenset[Need]
    identification: tuple[Way, ...]
    documents: tuple[DocumentKind, ...] = tuple(DocumentKind)  # which are taken; every kind when left out
    consent: tuple[Sentence, ...]
    field: tuple[FieldDefinition, ...] = ()
    receipt: ReceiptText
    already: Already | None = None
    eligibility: Eligibility | None = None

    @property
    def fields(self) -> tuple[FieldDefinition, ...]:
        return self.field

    @property
    def is_anonymous(self) -> bool:
        return self.identification == (Way.NONE,)

    @model_validator(mode="after")
    def _is_fair(self) -> Service:
        if not self.identification:
            raise ValueError("identification: name at least one way")
        if set(self.identification) == {Way.FACE}:
            raise ValueError("identification: a face must never be the only way; add code, clerk or helper")
        if Way.NONE in self.identification and len(self.identification) > 1:
            raise ValueError("identification: 'none' stands alone")
        self._check_needs()
        seen: dict[str, FieldDefinition] = {}
        for one in self.field:
            if one.id in seen:
                raise ValueError(f"field {one.id}: two fields have this id")
            for other, values in one.when.items():
                _check_condition(one.id, other, values, seen)
            seen[one.id] = one
        return self

    def _check_needs(self) -> None:
        if not self.is_anonymous and Need.IDENTITY not in self.needs:
            raise ValueError("needs: add 'identity', residents are identified here")
        if self.is_anonymous and self.needs & {Need.DOCUMENT, Need.IDENTITY}:
            raise ValueError("needs: remove 'document' and 'identity', nobody is identified here")
        if self.is_anonymous and self.mode is Mode.ONLINE_ONLY:
            raise ValueError("mode: an enquiry is about somebody; make it 'queueable', or identify them")
        if self.mode is Mode.ONLINE_ONLY and Need.PAPER not in self.needs:
            raise ValueError("needs: add 'paper', the answer of an enquiry is printed")
        part = Need.ENQUIRE if self.mode is Mode.ONLINE_ONLY else Need.SUBMIT
        wanted = {part} if self.is_anonymous else {part, Need.LOOKUP}
        if lacking := sorted(need.value for need in wanted - self.needs):
            raise ValueError(f"needs: add {' and '.join(map(repr, lacking))}, the platform does that part")
        if spare := sorted(n.value for n in self.needs & {Need.LOOKUP, Need.ENQUIRE, Need.SUBMIT} - wanted):
            raise ValueError(f"needs: remove {' and '.join(map(repr, spare))}, no part of this service")
        if self.is_anonymous and "documents" in self.model_fields_set:
            raise ValueError("documents: remove them, nobody is identified here")
        if not self.documents or len(set(self.documents)) < len(self.documents):
            raise ValueError("documents: name each kind once, or leave them out to take every kind")
        if not self.is_anonymous and not 1 <= len(self.consent) <= CONSENT_POINTS:
            raise ValueError(f"consent: say in 1 to {CONSENT_POINTS} sentences what is read and for what")


def _check_places(sentence: str, wanted: set[str]) -> None:
    try:
        places = {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}
    except ValueError:
        places = {"a broken brace"}
    if places - wanted:
        known = ", ".join(f"{{{name}}}" for name in sorted(wanted))
        raise ValueError(f"sentence: only {known} can be filled in, not {', '.join(sorted(places - wanted))}")


def _check_condition(
    field_id: str, other: str, values: Scalar | tuple[Scalar, ...], seen: Mapping[str, FieldDefinition]
) -> None:
    if other not in seen:
        raise ValueError(f"field {field_id}: when names {other!r}, which is no earlier field")
    wanted = values if isinstance(values, tuple) else (values,)
    if seen[other].kind not in CONDITIONAL:
        kinds = ", ".join(kind.value for kind in CONDITIONAL)
        raise ValueError(f"field {field_id}: when names {other!r}, a {seen[other].kind.value}; it can name {kinds}")
    if seen[other].kind is FieldKind.CHOICE:
        ids = {o.id for o in seen[other].options}
        if unknown := [str(v) for v in wanted if v not in ids]:
            raise ValueError(f"field {field_id}: when {other} = {', '.join(unknown)}: no such option there")
    elif seen[other].kind is FieldKind.YES_NO and not all(isinstance(v, bool) for v in wanted):
        raise ValueError(f"field {field_id}: when {other} must be true or false")
    elif seen[other].kind is FieldKind.NUMBER and not all(type(v) is int for v in wanted):
        raise ValueError(f"field {field_id}: when {other} must be whole numbers")


def load_service(file: Path) -> Service:
    """Read one service file. Raises ``ServiceError``."""
    try:
        data = read_toml(file)
    except ConfigError as error:
        raise ServiceError(str(error)) from None
    try:
        service = Service.model_validate(data)
    except ValidationError as error:
        raise ServiceError(explain(error, file, data)) from None
    if service.id != file.stem:
        raise ServiceError(f"{file}: id: is {service.id!r}; give it the file's name, {file.stem!r}")
    return service


def load_services(folder: Path) -> dict[str, Service]:
    """All services by id, in their order on the screen. Raises ``ServiceError`` with every broken file's findings."""
    services: list[Service] = []
    problems: list[str] = []
    for file in sorted(folder.glob("*.toml")):
        try:
            services.append(load_service(file))
        except ServiceError as error:
            problems.append(str(error))
    if not services and not problems:
        problems.append(f"{folder}: no service file (*.toml) there; add one")
    if problems:
        raise ServiceError("\n".join(problems))
    return {s.id: s for s in sorted(services, key=lambda s: (s.order, s.id))}


def messages(service: Service) -> list[str]:
    """Every English sentence of a service, for the catalogues' completeness check."""
    found = [service.title, service.note, *service.consent, *service.receipt.next_steps]
    if service.already:
        found += [service.already.sentence, service.already.detail]
    if service.eligibility:
        found.append(service.eligibility.sentence)
    for one in service.fields:
        found += [one.title, one.label, one.help, one.unit, *(o.text for o in one.options)]
    return [m for m in dict.fromkeys(found) if m]


Answers = Mapping[str, Any]


def is_asked(field: FieldDefinition, answers: Answers) -> bool:
    """Skip logic: true when every condition of ``field`` holds for ``answers``."""
    for other, values in field.when.items():
        wanted = values if isinstance(values, tuple) else (values,)
        if answers.get(other) not in wanted:
            return False
    return True
