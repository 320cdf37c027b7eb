"""Synthetic residents and the service catalogue, from residents.toml and catalogue.toml into the database."""

from __future__ import annotations

import datetime as dt
import hashlib
import tomllib
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend import tables
from backend.bodies import RegistryKey
from backend.numbers import is_id_number

HERE = Path(__file__).parent
Insurance = Literal["pension", "medical", "unemployment", "injury", "maternity"]
_T = TypeVar("_T", bound=BaseModel)
_MONTH = r"^20[0-9]{2}-(0[1-9]|1[0-2])$"


class SeedError(ValueError):
    """A seed file that cannot be used: names file, key and what is wrong."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DocumentEntry(_Entry):
    """What a simulated document of this resident carries; ``id`` tells two of one kind apart."""

    id: str = Field(default="", pattern=r"^[a-z0-9-]{0,30}$")  # the kind when left out
    kind: Literal[
        "resident_id_card", "residence_permit", "permanent_residence_card", "social_security_card", "passport",
        "travel_permit", "identity_card", "thai_id_card", "nhi_card",
    ]  # fmt: skip
    number: str = ""  # the document's own
    issued: dt.date
    expires: dt.date
    version: str = ""  # of its layout
    can: str = Field(default="", pattern=r"^([0-9]{6})?$")

    @model_validator(mode="after")
    def _has_an_id(self) -> DocumentEntry:
        self.id = self.id or self.kind.replace("_", "-")
        return self


class Contributions(_Entry):
    employer: str
    since: str = Field(pattern=_MONTH)
    until: str | None = Field(default=None, pattern=_MONTH)
    base: str = Field(pattern=r"^[0-9]+\.[0-9]{2}$")
    insurances: list[Insurance]


class HelperEntry(_Entry):
    """``resident``: the word of somebody in the same file."""

    resident: str
    relation: Literal["spouse", "child", "grandchild", "guardian", "carer"]


class ResidentEntry(_Entry):
    """``number``: the citizen's; whoever has none has ``keys``, of which the first gives the registry's own number."""

    id: str = Field(pattern=r"^[a-z]{1,20}$")
    name: str
    latin_name: str = ""  # family name << given names, as in a machine readable zone
    number: str = ""
    keys: list[RegistryKey] = []
    nationality: str = Field(default="CHN", pattern=r"^[A-Z]{1,3}$")
    birth: dt.date
    sex: Literal["M", "F"]
    address: str
    phone: str | None = Field(default=None, pattern=r"^1[0-9]{10}$")
    portrait: str | None = None
    has_pension: bool = False
    confirmed_until: dt.date | None = None
    guardian_name: str | None = None
    documents: list[DocumentEntry] = Field(min_length=1)
    note: str
    helpers: list[HelperEntry] = []
    contributions: list[Contributions] = []

    @model_validator(mode="after")
    def _number_fits(self) -> ResidentEntry:
        if self.number:
            self.keys = [RegistryKey(kind="citizen", value=self.number), *self.keys]
        if not self.keys:
            raise ValueError("number: give the citizen's number, or keys")
        self.number = self.number or self.keys[0].nationality + self.keys[0].value
        if len({document.id for document in self.documents}) < len(self.documents):
            raise ValueError("documents: two have the same id")
        if self.keys[0].kind in ("citizen", "residence_permit"):
            self._check_number()
        return self

    def _check_number(self) -> None:
        if not is_id_number(self.number):
            raise ValueError("number: wrong check character (GB 11643)")
        if self.number[6:14] != self.birth.strftime("%Y%m%d"):
            raise ValueError("number: does not hold the date of birth")
        if (int(self.number[16]) % 2 == 1) != (self.sex == "M"):
            raise ValueError("number: the 17th digit is odd for men, even for women")


class _Residents(_Entry):
    resident: list[ResidentEntry]


class ServiceEntry(_Entry):
    id: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    version: int
    is_open: bool
    schemas: list[int]
    identified_by: list[Literal["face", "code", "clerk", "helper", "none"]]


class _Services(_Entry):
    service: list[ServiceEntry]


def _read(file: Path, shape: type[_T]) -> _T:
    try:
        return shape.model_validate(tomllib.loads(file.read_text("utf-8")))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SeedError(f"{file}: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise SeedError(f"{file}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def read_residents(file: Path = HERE / "residents.toml") -> list[ResidentEntry]:
    """Read and check the residents. Raises SeedError."""
    entries = _read(file, _Residents).resident
    known = {entry.id for entry in entries}
    for entry in entries:
        for helper in entry.helpers:
            if helper.resident not in known - {entry.id}:
                raise SeedError(f"{file}: {entry.id}.helpers: {helper.resident!r} is nobody else in this file")
    return entries


def seed_new(session: Session) -> None:
    """Seed a database that has other residents than the file, e.g. none; else leave what services changed."""
    residents = read_residents()
    known = set(session.scalars(select(tables.Resident.number)))
    if known != {entry.number for entry in residents}:
        seed(session, residents)


def seed(session: Session, residents: list[ResidentEntry] | None = None) -> None:
    """Put catalogue and residents into the database as the files have them; what services changed is undone."""
    session.execute(delete(tables.ContributionSpan))
    session.execute(delete(tables.Helper))
    session.execute(delete(tables.ResidentKey))
    session.execute(delete(tables.Resident))
    session.execute(delete(tables.Service))
    for service in _read(HERE / "catalogue.toml", _Services).service:
        session.add(tables.Service(**service.model_dump()))
    entries = read_residents() if residents is None else residents
    for entry in entries:
        session.add(tables.Resident(**_resident(entry)))
        session.flush()  # before the keys and the spans, which refer to it
        for key in entry.keys:
            session.add(tables.ResidentKey(resident=entry.id, **key.model_dump()))
        for span in entry.contributions:
            session.add(tables.ContributionSpan(number=entry.number, **span.model_dump()))
    for entry in entries:
        for helper in entry.helpers:
            session.add(tables.Helper(resident=entry.id, helper=helper.resident, relation=helper.relation))


def _resident(entry: ResidentEntry) -> dict[str, Any]:
    portrait = None
    if entry.portrait:
        file = HERE / "portraits" / entry.portrait
        if not file.is_file():
            raise SeedError(f"{HERE / 'residents.toml'}: {entry.id}.portrait: no such file {file}")
        portrait = file.read_bytes()
    token = "p-" + hashlib.sha256(f"phone of {entry.number}".encode()).hexdigest()[:16] if entry.phone else None
    return {
        **entry.model_dump(exclude={"contributions", "portrait", "documents", "keys", "helpers"}),
        "portrait": portrait,
        "phone_token": token,
        "documents": [document.model_dump(mode="json") for document in entry.documents],
    }
