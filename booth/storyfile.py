"""Story files: a visit written down as a list of questions, and what a resident or a device does at each.

    title = "..."
    [setup]                      # the world before the first touch; verbs as in ``do``
    face = "astronaut"
    [[step]]
    question = "ChooseService"   # wait until this stands on the glass (overlay = "StillThere": until that lies over it)
    press = "pension-alive"      # then press the control with this id; or type = "123456", key = "select",
    do = { card = "zhang" }      # or do something around the booth, skip_s = 200 seconds of waiting
    expect = { title_has = "…" } # what must be true there
    [end]
    outcome = "served"

Errors name file, step and cure. Knows no wire; ``story`` plays it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hardware.keypad import Key
from kiosk.config import ConfigError, read_toml
from kiosk.visit import questions as q

QUESTIONS = frozenset(kind.__name__ for kind in q.Question.__subclasses__())
OVERLAYS = frozenset(kind.__name__ for kind in q.Overlay.__args__)
KEYS = frozenset(key.value for key in Key)
POINT = r"^[a-z][a-z0-9-]{0,30}\.[a-z][a-z0-9_]{0,30}$"  # device.point, or device.knob
ALARM = r"^[a-z][a-z0-9-]{0,30}(\.[a-z][a-z0-9_]{0,30})?/[a-z][a-z0-9_-]{0,30}$"  # point/rule, as the watch calls it
PointOrKnob = Annotated[str, Field(pattern=POINT)]
AlarmKey = Annotated[str, Field(pattern=ALARM)]
DEVICES = Literal["printer", "camera", "reader", "sam", "keypad"]
FACE_MODES = Literal["look", "still", "away", "second", "freeze", "black", "mask", "print", "upside_down"]

AlarmWord = Literal["normal", "unack", "acked", "rtn_unack", "latched_unack", "latched"]


class StoryError(ConfigError):
    """A story file cannot be used; the text names file, step, what is wrong and the cure."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Deed(_Part):
    """What happens around the booth. Every key is one control of the bench; several happen in this order."""

    site: dict[PointOrKnob, float | str] = {}  # what devices around the booth tell: { "hall-smoke.loop" = "alarm" }
    knob: dict[PointOrKnob, Annotated[float, Field(ge=0)]] = {}  # how they fail: { "hall-smoke.drop" = 1.0 }
    acknowledge: AlarmKey | None = None  # staff: { acknowledge = "hall-smoke.loop/fire" }
    reset: AlarmKey | None = None
    backend: Literal["up", "down", "slow", "nonsense"] | None = None
    face: str | None = None  # a face's name, or "nobody"
    face_mode: FACE_MODES | None = None
    paper: Literal["full", "low", "out"] | None = None
    out_after_mm: Annotated[float, Field(gt=0, le=1000)] | None = None  # the paper ends while it prints
    cover_open: bool | None = None
    paper_taken: Literal[True] | None = None
    plug: DEVICES | None = None
    unplug: DEVICES | None = None
    headset: bool | None = None
    approach: Literal[True] | None = None
    clerk: Literal["approve", "refuse"] | None = None
    clerk_asks: Annotated[str, Field(max_length=60)] = ""
    code: Literal["right", "wrong"] | None = None  # type the code from the telephone
    card: str | None = None  # a resident's id, or "none"
    document: str = ""  # which of their documents; "" = the first
    card_fault: Literal[
        "", "slow", "mute", "unreadable", "bank_card", "pulled_early", "truncated", "wrong_mac", "late_reply", "hung"
    ] = ""
    card_at: Annotated[int, Field(ge=0)] | None = None  # the command at which it goes wrong

    @model_validator(mode="after")
    def _does_something(self) -> Deed:
        if self.document and not self.card:
            raise ValueError("document needs card = a resident's id")
        if self.card_fault and not self.card:
            raise ValueError("card_fault needs card = a resident's id")
        if all(value in (None, "", {}) for value in self.model_dump().values()):
            raise ValueError("nothing to do: name at least one control")
        return self


class Expectation(_Part):
    """What must be true when the question stands on the glass."""

    title_has: str | None = None
    text_has: str | None = None  # anywhere: title, help, status, labels and values of controls
    text_has_not: str | None = None
    has_control: str | None = None
    has_no_control: str | None = None
    is_disabled: str | None = None  # id of a control that is there and cannot be pressed
    spoken_has: str | None = None  # said since the step before
    transaction: Literal["none", "accepted", "rejected", "processing"] | None = None  # at the platform, of this visit
    alarm: dict[AlarmKey, AlarmWord] = {}  # its state at the watch over the site; normal when it has none
    health: dict[str, Literal["unknown", "online", "degraded", "lost"]] = {}  # of a device or link
    point: dict[PointOrKnob, float | str] = {}  # what the watch has of it
    released: dict[PointOrKnob, bool] = {}  # an output waits for a reset, or does not
    told_has: str | None = None  # somebody was told so, since the visit began


class Step(_Part):
    question: str
    overlay: str = ""
    optional: bool = False  # may or may not be seen
    field: str = ""  # only for AskField: which field; for EnterKey: which part
    do: Deed | None = None
    pause_s: Annotated[float, Field(gt=0, le=60)] | None = None  # real time that a hand or a device needs, first
    until_silence: bool = False  # listen to the end before doing anything: idle time counts from there
    before: str | None = None  # a control to press first, e.g. the one that clears what was typed
    press: str | None = None
    type: str | None = None
    key: str | None = None
    skip_s: Annotated[float, Field(gt=0, le=7200)] | None = None
    expect: Expectation | None = None
    within_s: Annotated[float, Field(gt=0, le=120)] = 30.0

    @model_validator(mode="after")
    def _is_known(self) -> Step:
        if self.question not in QUESTIONS:
            raise ValueError(f"question {self.question!r} does not exist; there are: {', '.join(sorted(QUESTIONS))}")
        if self.overlay and self.overlay not in OVERLAYS:
            raise ValueError(f"overlay {self.overlay!r} does not exist; there are: {', '.join(sorted(OVERLAYS))}")
        if self.key is not None and self.key not in KEYS:
            raise ValueError(f"key {self.key!r} does not exist; there are: {', '.join(sorted(KEYS))}")
        if self.type is not None and self.key is not None:
            raise ValueError("type and key in one step: split it into two steps")
        if self.field and self.question not in ("AskField", "EnterKey"):
            raise ValueError("field: only AskField and EnterKey have one; remove it")
        return self

    @property
    def label(self) -> str:
        """How messages and file names call this step."""
        return "-".join(part for part in (self.question, self.field, self.overlay) if part)


class End(_Part):
    """How the visit must have ended."""

    outcome: str
    transaction: Literal["none", "accepted", "rejected"] = "none"
    receipt: bool = False
    then: Deed | None = None  # after the goodbye, before the transaction is looked up
    transaction_within_s: Annotated[float, Field(gt=0, le=120)] = 30.0


class Story(_Part):
    title: str
    needs_face: bool = False
    setup: Deed | None = None
    step: Annotated[tuple[Step, ...], Field(min_length=1)]
    end: End


P = TypeVar("P", bound=BaseModel)


def load(file: Path) -> Story:
    """Read and check a story file. Raises ``StoryError``."""
    try:
        data = read_toml(file)
    except ConfigError as error:
        raise StoryError(str(error)) from None
    steps = data.get("step", [])
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise StoryError(f"{file}: step: write every step as its own [[step]]")
    try:
        return Story.model_validate(data)
    except ValidationError as error:
        raise StoryError("\n".join(_explain(item, file, steps) for item in error.errors())) from None


def _explain(item: Any, file: Path, steps: list[dict[str, Any]]) -> str:
    """One finding: file, step by its number and question, key, cure."""
    where = list(item["loc"])
    place = ""
    if len(where) > 1 and where[0] == "step" and isinstance(where[1], int):
        question = steps[where[1]].get("question", "?") if where[1] < len(steps) else "?"
        place = f"step {where[1] + 1} ({question})"
        where = where[2:]
    key = ".".join(str(part) for part in where)
    kind = item["type"]
    what = {
        "extra_forbidden": "unknown key: remove it or correct its spelling",
        "missing": "missing: add it",
    }.get(kind, item["msg"].removeprefix("Value error, "))
    return ": ".join(part for part in (str(file), place, key, what) if part)
