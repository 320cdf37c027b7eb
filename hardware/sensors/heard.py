"""What was heard of one radio sensor: its messages in order and once, its silence, its button's rest. Pure.

A radio sensor cannot be asked. So its silence is counted by the intervals in which it should have spoken, what a broker
kept is told with its age and counts for nothing else, and what was overtaken by a newer message is told before it.
Knows no broker.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

import msgspec

from hardware.field import DeviceHealth, FieldError, Garbage, RawSample, Timeout, Value
from hardware.sensors import Reading, Sensor, payload

GRACE = 1.1  # of an interval, before it counts as missed: two of them are the promise of a battery radio
REMEMBERED = 64  # uplinks, by their identity
RETRANSMITTED_S = 30.0  # LoRaWAN repeats an unconfirmed uplink within seconds, under the same number
RESTARTED = 32  # a counter so much lower was begun anew, where no times tell


class Heard:
    """One sensor. Times: ``at_s`` CLOCK_MONOTONIC, ``wall_s`` Unix. Samples come back in the order they count."""

    def __init__(self, sensor: Sensor, now_s: float) -> None:
        self.sensor = sensor
        self.health = DeviceHealth()
        self.points = tuple(dict.fromkeys(one.point for one in sensor.readings if not one.is_event))
        self._readings: dict[str, list[Reading]] = {}
        for one in sensor.readings:
            self._readings.setdefault(one.topic, []).append(one)
        self._known: dict[str, RawSample] = {}
        self._identities: OrderedDict[str, None] = OrderedDict()
        self._newest: dict[str, payload.Message] = {}
        self._rests: dict[str, tuple[float, Value]] = {}
        self._due_s = now_s + GRACE * sensor.every_s
        self._is_link_up = False

    @property
    def topics(self) -> tuple[str, ...]:
        """What is to be subscribed to."""
        more = (self.sensor.availability,) if self.sensor.availability else ()
        return tuple(self._readings) + more

    def take(self, topic: str, data: bytes, at_s: float, wall_s: float, *, is_retained: bool = False,
             is_backlog: bool = False) -> list[RawSample]:  # fmt: skip
        """One message. ``is_retained``: a broker kept it for whoever comes; ``is_backlog``: kept it for us."""
        if topic == self.sensor.availability and topic not in self._readings:
            return self._available(data, at_s, wall_s, is_retained=is_retained)
        readings = self._readings.get(topic, [])
        try:
            message = payload.read(data, is_plain=any(not one.path for one in readings))
        except Garbage as error:
            if not is_retained:
                self.health.note(error, at_s, 0.0)
            points = [one.point for one in readings if not one.is_event] or [""]
            return self._failed(points, error, at_s, wall_s, is_life=not is_retained)
        before = self._newest.get(topic, message)
        if message.identity in self._identities or (before is not message and _is_repeat(message, before)):
            return []
        is_late = _is_overtaken(message, before)
        if not is_late:
            self._newest[topic] = message
        if message.identity:
            self._identities[message.identity] = None
            if len(self._identities) > REMEMBERED:
                self._identities.popitem(last=False)
        age_s = self._age_s(message, wall_s, is_retained=is_retained) if is_retained or is_backlog else 0.0
        is_life = not is_retained and age_s <= self.sensor.every_s
        if is_life:
            self.health.note(None, at_s, 0.0)
            self._due_s = max(self._due_s, at_s - age_s + GRACE * self.sensor.every_s)
        self.health.late += is_late
        if is_retained or is_backlog or is_late:  # how long it lay somewhere says nothing of a clock
            readings = [one for one in readings if not one.is_offset]
        if is_retained:
            # A moment that a broker kept was lived by somebody else, or by us before.
            known = (one for one in readings if not one.is_event)
            readings = [one for one in known if not self._knows_better(one.point, at_s - age_s)]
        return self._told(readings, message, (at_s, age_s, wall_s), is_life=is_life, is_late=is_late)

    def tick(self, now_s: float, wall_s: float) -> list[RawSample]:
        """Let time pass: a button is at rest again, an interval went by in silence."""
        found = []
        for point, (until_s, rest) in list(self._rests.items()):
            if now_s >= until_s:
                del self._rests[point]
                found.append(self._keep(RawSample(self.sensor.device, point, rest, None, now_s, wall_s, is_life=False)))
        if self._is_link_up and now_s >= self._due_s:
            passed = int((now_s - self._due_s) // (GRACE * self.sensor.every_s)) + 1
            self._due_s += passed * GRACE * self.sensor.every_s
            error = Timeout(f"silent for longer than {self.sensor.every_s:g} s", cure="look at its battery and gateway")
            self.health.note(error, now_s, 0.0)
            found += self._failed(self.points, error, now_s, wall_s, is_life=False)  # the watch counts silence itself
        return found

    def link_lost(self, error: FieldError, now_s: float, wall_s: float) -> list[RawSample]:
        """The broker is gone, and with it every way to the sensor: the link's miss, not the sensor's."""
        self._is_link_up = False
        for point, (_, rest) in self._rests.items():  # by the time the broker is back nobody holds it any more
            self._keep(RawSample(self.sensor.device, point, rest, None, now_s, wall_s))
        self._rests.clear()
        return [RawSample(self.sensor.device, one, None, error, now_s, wall_s, is_life=False) for one in self.points]

    def link_up(self, now_s: float, wall_s: float) -> list[RawSample]:
        """The broker is back: what was known is told again, with its age. The sensor has a whole interval to speak."""
        self._is_link_up = True
        self._due_s = max(self._due_s, now_s + GRACE * self.sensor.every_s)
        never = Timeout("not heard of yet", cure="wait for its next message, or press its button")
        return [
            msgspec.structs.replace(self._known[point], is_life=False)
            if point in self._known
            else RawSample(self.sensor.device, point, None, never, now_s, wall_s, is_life=False)
            for point in self.points
        ]

    def refused(self, error: FieldError, now_s: float, wall_s: float) -> list[RawSample]:
        """The broker lets nobody hear it."""
        return self._failed(self.points or ("",), error, now_s, wall_s, is_life=False)

    # how

    def _told(
        self, readings: list[Reading], message: payload.Message, when: tuple[float, float, float], *, is_life: bool,
        is_late: bool,
    ) -> list[RawSample]:  # fmt: skip
        arrived_s, age_s, wall_s = when
        at_s, device = arrived_s - age_s, self.sensor.device
        found: list[RawSample] = []
        again: list[RawSample] = []
        for one in readings:
            if is_late and not one.is_word:
                continue
            try:
                value = payload.value_at(message.body, one.path)
            except Garbage as error:
                found += self._failed((one.point,), error, at_s, wall_s - age_s, is_life=False)
                continue
            if one.is_offset:
                sent_s = payload.unix_s(value)
                value = None if sent_s is None else round(sent_s - wall_s, 3)
            if value is None:
                continue
            sample = RawSample(device, one.point, value, None, at_s, wall_s - age_s, is_life=is_life)
            found.append(sample)
            if one.is_event:
                continue
            if is_late and (newer := self._known.get(one.point)) is not None:
                again.append(msgspec.structs.replace(newer, is_life=False))
                continue
            self._keep(sample)
            self._rests.pop(one.point, None)
            if one.rest is not None and value != one.rest:
                self._rests[one.point] = (arrived_s + one.rest_s, one.rest)
        if is_life and not any(one.is_life for one in found):
            found.insert(0, RawSample(device, "", True, None, at_s, wall_s - age_s))
        return found + again

    def _failed(
        self, points: Iterable[str], error: FieldError, at_s: float, wall_s: float, *, is_life: bool
    ) -> list[RawSample]:
        return [
            self._keep(RawSample(self.sensor.device, one, None, error, at_s, wall_s, is_life=is_life)) for one in points
        ]

    def _knows_better(self, point: str, at_s: float) -> bool:
        known = self._known.get(point)
        return known is not None and known.error is None and known.at_s > at_s

    def _keep(self, sample: RawSample) -> RawSample:
        if sample.point:
            self._known[sample.point] = sample
        return sample

    def _available(self, data: bytes, at_s: float, wall_s: float, *, is_retained: bool) -> list[RawSample]:
        """Zigbee2MQTT says ``online`` of what it has not asked for hours; only its ``offline`` is news."""
        try:
            body = payload.read(data, is_plain=True).body
            state = payload.value_at(body, "state" if isinstance(body, dict) else "")
        except Garbage as error:
            self.health.note(error, at_s, 0.0)
            return []
        if state != "offline":
            return []
        offline = Timeout("its gateway says that it is offline", cure="look at its battery and its distance")
        if not is_retained:
            self.health.note(offline, at_s, 0.0)
        return self._failed(self.points or ("",), offline, at_s, wall_s, is_life=not is_retained)

    def _age_s(self, message: payload.Message, wall_s: float, *, is_retained: bool) -> float:
        if message.sent_s is not None:
            return max(0.0, wall_s - message.sent_s)
        return 2 * GRACE * self.sensor.every_s if is_retained else 0.0  # as old as a sensor may be silent


def _is_repeat(message: payload.Message, before: payload.Message) -> bool:
    """The same uplink, heard again by radio. Another content is news, whatever its number."""
    if message.number is None or message.number != before.number or _content(message) != _content(before):
        return False
    if message.sent_s is None or before.sent_s is None:
        return True
    return abs(message.sent_s - before.sent_s) <= RETRANSMITTED_S


def _is_overtaken(message: payload.Message, before: payload.Message) -> bool:
    """A newer message came before it. A lower number that was sent later begins a new count; without a number a broker
    keeps the order, and a clock that was set back overtakes nothing."""
    if message.number is None or before.number is None or not 0 < before.number - message.number < RESTARTED:
        return False
    return message.sent_s is None or before.sent_s is None or message.sent_s <= before.sent_s


def _content(message: payload.Message) -> object:
    body = message.body
    return (body.get("data"), body.get("object")) if isinstance(body, dict) else body
