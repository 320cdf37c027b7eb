"""The shapes of a device profile and of site.toml, each part valid by itself; what parts owe each other is ``checks``.

Figures carry their unit in their name. Driver addresses are kept as they are written: the driver knows their meaning.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from kiosk.site.alarm_states import Severity
from kiosk.site.points import Cause, Loop

LONGEST_HOLD_S = 2.0  # an output keeps its last state when its master dies, so the device must let go by itself
FIRE_POLL_MS = 100
MISSED_POLLS = 5  # lost is silence for the promised time and at least so many missed polls
PROMISED_S = {"loop": 2.0, "reader": 10.0, "camera": 10.0, "unit": 15.0, "link": 5.0}

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
PointName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
Reference = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}\.[a-z][a-z0-9_]{0,30}$")]
Unit = Literal["", "ohm", "mA", "degC", "%", "dB(A)", "ms", "s", "d", "V", "l/min", "l", "kg", "m"]
SeverityWord = Literal["fire", "panic", "intrusion", "fault", "supervisory", "info"]
DriverWord = Literal["modbus", "osdp", "mqtt", "http_push", "nut", "icmp", "rtsp", "tls", "host"]
Knob = Literal[
    "delay", "drop", "garbage", "truncate", "late", "wrong_unit", "freeze", "drift", "flap", "reboot", "clock_skew"
]
ActWord = Literal[
    "release", "hold_open", "evacuate", "siren", "open", "close", "water", "stop", "call", "notice", "report",
    "end_visit", "close_booth",
]  # fmt: skip
POLLED = frozenset({"modbus"})  # drivers whose points are asked for within a deadline, again and again
LinkWord = Literal["modbus_rtu", "modbus_tcp", "osdp", "mqtt", "http_push", "ip", "nut", "host"]

DRIVERS_OF: dict[str, frozenset[str]] = {
    "modbus_rtu": frozenset({"modbus"}),
    "modbus_tcp": frozenset({"modbus"}),
    "osdp": frozenset({"osdp"}),
    "mqtt": frozenset({"mqtt"}),
    "http_push": frozenset({"http_push"}),
    "ip": frozenset({"icmp", "rtsp", "tls"}),
    "nut": frozenset({"nut"}),
    "host": frozenset({"host"}),
}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PointSpec(_Part):
    """One point of a profile. ``at`` is the driver's address of it; ``words`` maps raw values to states."""

    kind: Literal["number", "state", "loop", "event", "output"]
    at: dict[str, int | float | str] = {}
    unit: Unit = ""
    words: dict[str, str] = {}  # raw value (as text) -> word
    scale: float = 1.0
    offset: float = 0.0
    is_current_loop: bool = False
    r_ohm: Annotated[float, Field(gt=0)] | None = None
    short_below_ohm: float = 400.0
    open_above_ohm: float = 9000.0
    range: tuple[float, float] | None = None
    suspect: tuple[float, float] | None = None
    rate_suspect: Annotated[float, Field(gt=0)] | None = None  # unit per second
    rate_fail: Annotated[float, Field(gt=0)] | None = None
    has_flatline: bool = False
    flatline_s: Annotated[float, Field(gt=0)] | None = None
    flatline_within: float = 0.0
    debounce_ms: Annotated[float, Field(ge=0, le=10_000)] = 0.0
    deadband: Annotated[float, Field(ge=0)] = 0.0
    average_s: Annotated[float, Field(ge=0, le=3600)] = 0.0
    exercise_days: Annotated[int, Field(ge=1, le=3650)] | None = None  # unchanged for so long: try it by hand
    hold_s: Annotated[float, Field(gt=0)] | None = None  # output: back to rest after so long without refresh
    energised_when: Literal["", "healthy", "active"] = ""  # output: what the relay does while all is well
    longest_s: Annotated[float, Field(gt=0, le=3600)] | None = None  # output: never active for longer
    acts: tuple[ActWord, ...] = ()  # output: what it may be told
    is_private: bool = False  # never journaled with a person (temperature), or only as a keyed hash (plate)

    @field_validator("range", "suspect")
    @classmethod
    def _ordered(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and value[0] >= value[1]:
            raise ValueError("write the lower figure first")
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> PointSpec:
        if self.kind == "number" and self.words:
            raise ValueError("a number has no words; make it a state, or remove them")
        if self.kind == "number" and not self.unit:
            raise ValueError("a number needs its unit")
        if self.kind in ("state", "event") and not self.words and not self.is_mark:
            raise ValueError(f"a {self.kind} needs words, for example {{ 0 = 'closed', 1 = 'open' }}")
        if self.kind == "loop":
            self._five_states()
        if (self.kind == "output") != bool(self.acts):
            raise ValueError("an output names the acts it may be told, and only an output does")
        if self.kind == "output" and not self.words:
            raise ValueError("an output needs words for its two states, for example { 0 = 'rest', 1 = 'active' }")
        return self

    def _five_states(self) -> None:
        five = {state.value for state in Loop}
        if (self.r_ohm is None) == (not self.words):
            raise ValueError("a loop needs r_ohm (we classify) or words (the device does), not both")
        if self.words and set(self.words.values()) != five:
            raise ValueError(f"a loop keeps five states; give words for {', '.join(sorted(five))}")
        if self.r_ohm is not None and not (
            self.short_below_ohm < self.r_ohm * 0.85 and self.open_above_ohm > self.r_ohm * 2.3
        ):
            raise ValueError("short_below_ohm and open_above_ohm must lie outside the bands of R and 2R (+-15 %)")

    @property
    def is_mark(self) -> bool:
        """An event that is told by the keyed hash of what was seen, and so has no words (``at.mark``)."""
        return self.kind == "event" and "mark" in self.at

    @property
    def vocabulary(self) -> frozenset[str]:
        """The words this point can have; empty for numbers."""
        return frozenset(state.value for state in Loop) if self.kind == "loop" else frozenset(self.words.values())


class Peer(_Part):
    """The simulated other end: what it starts with, how slow it is, which faults it can be told to have."""

    start: dict[PointName, float | str]
    answer_ms: Annotated[float, Field(ge=0, le=10_000)] = 5.0
    knobs: tuple[Knob, ...]


class Profile(_Part):
    """One kind of equipment. ``promise`` says within what time its loss is found."""

    id: Name
    title: Annotated[str, Field(min_length=1)]
    driver: DriverWord
    safety: Literal["", "fire_input", "release_output"] = ""
    promise: Literal["loop", "reader", "camera", "unit", "link", "heartbeat"]
    every_ms: Annotated[int, Field(ge=10, le=86_400_000)]  # polls, or the heartbeat that the device sends
    answer_ms: Annotated[float, Field(gt=0, le=10_000)] = 50.0  # worst answer; the time-out
    points: Annotated[dict[PointName, PointSpec], Field(min_length=1)]
    faults: dict[str, SeverityWord]  # fault class -> severity of its alarm
    peer: Peer

    @property
    def lost_after_s(self) -> float:
        """Promised detection of loss, in seconds; for battery radio two heartbeats and 10 %."""
        return PROMISED_S.get(self.promise, 2.2 * self.every_ms / 1000)

    @field_validator("faults")
    @classmethod
    def _known_faults(cls, value: dict[str, str]) -> dict[str, str]:
        known = {cause.value for cause in Cause} - {""} | {"lost", "degraded"}
        for one in value:
            if one not in known:
                raise ValueError(f"{one}: no such fault class; use one of {', '.join(sorted(known))}")
        if "lost" not in value:
            raise ValueError("lost: say how serious it is when the device is lost")
        return value

    @model_validator(mode="after")
    def _is_safe(self) -> Profile:
        problems = [problem for name, point in self.points.items() for problem in self._unsafe(name, point)]
        outputs = [point for point in self.points.values() if point.kind == "output"]
        if self.safety == "release_output" and not outputs:
            problems.append("safety: a release output has no point of kind 'output'; add it")
        if self.safety and self.driver not in POLLED:
            problems.append(
                f"safety: fire inputs and release outputs are polled contacts, {self.driver} is not; remove safety"
                " (radio and push sensors are supervisory)"
            )
        problems += [
            f"peer.start.{name}: the profile has no such point; remove it or correct its spelling"
            for name in sorted(set(self.peer.start) - set(self.points))
        ]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _unsafe(self, name: str, point: PointSpec) -> list[str]:
        at = f"points.{name}"
        if point.kind != "output":
            is_slow = self.safety == "fire_input" and bool(point.debounce_ms or point.average_s)
            return [f"{at}: fire is never delayed; remove debounce_ms and average_s"] if is_slow else []
        releases, waters = {"release", "hold_open"} & set(point.acts), "water" in point.acts
        problems = []
        if releases and self.safety != "release_output":
            problems.append(
                f"{at}.acts: an output that releases is one of life safety; write safety = 'release_output'"
            )
        if (releases or waters) and (point.hold_s is None or point.hold_s > LONGEST_HOLD_S):
            given = "is missing" if point.hold_s is None else f"is {point.hold_s:g}"
            problems.append(
                f"{at}.hold_s: {given}, so its last state would outlive the booth; use a device that lets go by itself"
                f" within {LONGEST_HOLD_S:g} s without refresh"
            )
        if waters and point.longest_s is None:
            problems.append(f"{at}.longest_s: is missing; say how long the valve may stay open")
        if releases and point.energised_when != "healthy":
            problems.append(f"{at}.energised_when: a cut wire must release; write energised_when = 'healthy'")
        return problems


class SiteSection(_Part):
    id: Name
    grid: Annotated[str, Field(pattern=r"^[0-9-]{6,30}$")]
    timezone: str = "Asia/Shanghai"


class Link(_Part):
    """A bus or a connection. ``where``: serial port by id, host:port, broker, or listening address."""

    kind: LinkWord
    where: str = ""
    parent: str = ""  # the device it goes through
    baud: Literal[9600, 19200, 38400, 57600, 115200] = 115200
    parity: Literal["none", "even", "odd"] = "none"
    answer_ms: Annotated[float, Field(gt=0, le=10_000)] | None = None  # worst answer here; default: the profiles'
    secret: str = ""  # name of a secret, never the secret


class Device(_Part):
    link: str
    profile: str
    address: int | str
    parent: str = ""
    every_ms: Annotated[int, Field(ge=10, le=86_400_000)] | None = None
    place: str = ""
    settings: dict[str, int | float | str | tuple[str, ...]] = {}  # the driver's


class Condition(_Part):
    """True when the point is one of ``is``, or above / below a setpoint until it is back past ``clear_at``."""

    point: Reference
    is_in: tuple[str, ...] | None = Field(default=None, alias="is", min_length=1)
    above: float | None = None
    below: float | None = None
    clear_at: float | None = None
    unit: Unit = ""
    quality: Literal["uncertain", "bad"] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Condition:
        given = [n for n in ("is_in", "above", "below", "quality") if getattr(self, n) is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of is, above, below, quality")
        if self.clear_at is not None and self.above is None and self.below is None:
            raise ValueError("clear_at belongs to above or below; remove it")
        if self.clear_at is not None and (
            (self.above is not None and self.clear_at > self.above)
            or (self.below is not None and self.clear_at < self.below)
        ):
            raise ValueError("clear_at lies on the wrong side of the setpoint: the alarm would never rest")
        return self


class Deed(_Part):
    """One act of a rule: ``on`` names an output for those that move something."""

    act: ActWord
    on: str = ""
    for_s: Annotated[float, Field(gt=0, le=3600)] | None = None
    words: str = ""  # what is told or reported; a message id


class RuleSpec(_Part):
    """All conditions together; the first one's point is the alarm's. ``hours`` as ``22:00-06:00``, local time."""

    when: Annotated[tuple[Condition, ...], Field(min_length=1, max_length=8)]
    severity: SeverityWord
    latch: bool = False
    on_delay_s: Annotated[float, Field(ge=0, le=604_800)] = 0.0
    off_delay_s: Annotated[float, Field(ge=0, le=86_400)] = 0.0
    hours: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")] | None = None
    do: tuple[Deed, ...] = ()

    @property
    def level(self) -> Severity:
        return Severity[self.severity.upper()]

    @model_validator(mode="after")
    def _fire_is_at_once(self) -> RuleSpec:
        if self.severity != "fire":
            return self
        if self.on_delay_s or self.hours:
            raise ValueError("fire is never delayed and has no hours; remove on_delay_s and hours")
        if not self.latch:
            raise ValueError("fire stays until it is reset; write latch = true")
        return self
