"""One simulated device as the bench operates it: the values it tells, and the knobs that make it misbehave.

Values are raw, as the wire tells them. What several wires have in common is here: values that drift, flap or stay
frozen, a restart. How a value gets onto a wire is the subclass's.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from hardware.field import Value
from kiosk.site.schema import Profile

_MOST = {"delay": 60_000.0, "late": 1000.0, "drift": 1000.0, "flap": 20.0, "clock_skew": 86_400.0}
MOMENTARY = "reboot"


class NoSuchKnob(Exception):
    """This peer has no such knob, or not so far; the text says what there is."""


@dataclass(frozen=True)
class Knob:
    """A knob for a page: ``choices`` are values with the word of each; the first is off."""

    name: str
    unit: str
    most: float
    choices: tuple[tuple[float, str], ...]


def knob(name: str, worst_ms: float) -> Knob:
    """How far this knob goes for a device whose worst answer takes ``worst_ms``."""
    share = ((0.0, "off"), (0.3, "some"), (1.0, "all"))
    table = {
        "delay": ("ms", ((0.0, "off"), (round(0.6 * worst_ms, 1), "slow"), (round(1.5 * worst_ms, 1), "too slow"))),
        "late": ("answers", ((0.0, "off"), (1.0, "one"), (20.0, "twenty"))),
        "freeze": ("", ((0.0, "off"), (1.0, "frozen"))),
        "drift": ("/s", ((0.0, "off"), (2.0, "slow"), (20.0, "fast"))),
        "flap": ("Hz", ((0.0, "off"), (0.2, "slow"), (0.86, "fast"))),  # in step with no usual poll
        "clock_skew": ("s", ((0.0, "off"), (5.0, "5 s"), (90.0, "90 s"))),
        MOMENTARY: ("", ((1.0, "now"),)),
    }
    unit, choices = table.get(name, ("", share))
    return Knob(name, unit, _MOST.get(name, 1.0), choices)


class Peer:
    """One device. Call ``move`` several times a second; from one event loop."""

    def __init__(self, name: str, profile: Profile, worst_ms: float) -> None:
        self.name = name
        self.profile = profile
        self.worst_ms = worst_ms
        self.reboots = 0
        self._start: dict[str, Value] = {point: _raw(value) for point, value in profile.peer.start.items()}
        self._values = dict(self._start)
        self._knobs = {one: 0.0 for one in profile.peer.knobs if one != MOMENTARY}
        self._moved_s: float | None = None
        self._drifted = 0.0
        self._phase = 0.0
        self._told: dict[str, Value] = {}
        self._raging: dict[str, Value] = {}
        self.trembles: dict[str, float] = {}  # raw, added to what is set: measured values are never twice the same

    # -- for the bench ----------------------------------------------------------------------------------------------

    def set(self, point: str, raw: Value) -> None:
        """From now on it tells this. An event is told once. Raises KeyError for a point it does not have."""
        spec = self.profile.points[point]
        if spec.kind == "event":
            self.happen(point, raw)
            return
        self._values[point] = raw
        self._tell()

    def values(self) -> dict[str, Value]:
        """What is set, by point."""
        return dict(self._values)

    def knobs(self) -> dict[str, float]:
        """How far each knob is turned; 0 is off."""
        return dict(self._knobs)

    def turn(self, name: str, value: float) -> None:
        """Turn a knob. Raises ``NoSuchKnob``."""
        if name not in self.profile.peer.knobs:
            raise NoSuchKnob(f"{self.name} has no knob {name!r}; there are: {', '.join(self.profile.peer.knobs)}")
        most = knob(name, self.worst_ms).most
        if not 0 <= value <= most:
            raise NoSuchKnob(f"{name} goes from 0 to {most:g}, not to {value:g}")
        if name == MOMENTARY:
            self.reboots += 1
            self._values |= {
                point: raw for point, raw in self._start.items() if self.profile.points[point].kind == "output"
            }
            self.reboot()
            return
        self._knobs[name] = value
        if name in ("drift", "flap"):
            self._drifted = self._phase = 0.0
        self.turned(name, value)
        self._tell()

    def can_set(self, _point: str) -> bool:
        """Whether a person may say what it tells; not where it measures for real."""
        return True

    def rage(self, chance: random.Random) -> None:
        """Tell something else at one point, as it does in a storm."""
        points = [point for point in self._values if self.profile.points[point].kind == "state"]
        if points:
            point = chance.choice(points)
            self._raging[point] = chance.choice([_raw(key) for key in self.profile.points[point].words])
            self._tell()

    def calm(self) -> None:
        """The storm is over."""
        self._raging.clear()
        self._tell()

    def move(self, now_s: float) -> None:
        """Let time go by."""
        before_s, self._moved_s = self._moved_s, now_s
        if before_s is None:
            return
        self._drifted += self._knobs.get("drift", 0.0) * (now_s - before_s)
        self._phase += self._knobs.get("flap", 0.0) * 2 * (now_s - before_s)
        self.moved(now_s)
        self._tell()

    def morning(self) -> None:
        """All knobs off, all values as they were at the start."""
        for name, value in self._knobs.items():
            if value:
                self.turn(name, 0.0)
        self._values = dict(self._start)
        self._raging.clear()
        self._tell()

    # -- for subclasses ---------------------------------------------------------------------------------------------

    @property
    def is_frozen(self) -> bool:
        return bool(self._knobs.get("freeze"))

    @property
    def is_flapped(self) -> bool:
        """In the other half of a flap."""
        return int(self._phase) % 2 == 1

    @property
    def drifted(self) -> float:
        """How far it has drifted by now."""
        return self._drifted

    @property
    def has_numbers(self) -> bool:
        """It has something that drifts; else its answers do."""
        return any(self.profile.points[point].kind in ("number", "loop") for point in self._values)

    @property
    def has_states(self) -> bool:
        """It has something that flaps; else the whole device comes and goes."""
        return self.has_numbers or any(self.profile.points[point].kind == "state" for point in self._values)

    def told(self) -> dict[str, Value]:
        """What it tells now: set values, drifted and flapped."""
        return {point: self._distorted(point, raw) for point, raw in (self._values | self._raging).items()}

    def _distorted(self, point: str, raw: Value) -> Value:
        spec = self.profile.points[point]
        if spec.kind in ("number", "loop") and not isinstance(raw, str):
            ten_percent = abs(float(raw)) / 10 + 10
            moved = self._drifted * (10 if spec.kind == "loop" else 1) + ten_percent * self.is_flapped
            return float(raw) + moved + self.trembles.get(point, 0.0)
        if self.is_flapped and spec.kind == "state":
            others = [key for key in map(_raw, spec.words) if key != raw]
            return others[0] if others else raw
        return raw

    def _tell(self) -> None:
        if self.is_frozen:
            return
        now = self.told()
        if now != self._told:
            changed = {point: raw for point, raw in now.items() if self._told.get(point) != raw}
            self._told = now
            self.tell(changed)

    def tell(self, values: dict[str, Value]) -> None:
        """Put changed values where the wire finds them."""
        raise NotImplementedError

    def happen(self, point: str, raw: Value) -> None:
        """An event happens."""
        raise NotImplementedError

    def turned(self, name: str, value: float) -> None:
        """A knob was turned that the wire must know of."""

    def moved(self, now_s: float) -> None:
        """Time went by."""

    def reboot(self) -> None:
        """Off and on again."""
        raise NotImplementedError


def _raw(value: float | str) -> Value:
    """A start value, or a key of ``words``, as the wire tells it."""
    if value in ("true", "false"):
        return value == "true"
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return value
    return int(value) if float(value).is_integer() else value
