"""One reader's post on the bus: its panel, what it is asked besides the polls, what its answers mean as points.

The bus gives it turns and frames; it gives back reports and faults. Switches no relay by itself, except back to rest
when it comes online. Knows no port and no other reader.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec
import osdp_sys  # type: ignore[import-not-found]

from hardware.access import Reader, meaning
from hardware.access.frames import Frame
from hardware.access.messages import Done, Fault, Look, Order, Report
from hardware.access.panel import Event, Panel
from hardware.access.watchdog import Watchdog
from hardware.field import Auth, Config, DeviceHealth, FieldError, Garbage, Refused, Timeout

_OWN_WAIT_S = 0.201  # libosdp's time-out for an answer
POLL_S = 0.051  # libosdp polls when more than 50 ms have passed
REMIND_S = 0.45  # a silent one is told so often: the watch looks at it then
INPUT_READS, TOLD = 5, 2  # so often in ``every_s``: inputs are read, an unchanged state is told
STEADY_S = 5.0  # online for so long: well
_PERMANENT_OFF, _PERMANENT_ON = 3, 4  # 6.10: "allow timed operation to complete"
_STATUS_BYTES = 64
_GREEN, _RED = osdp_sys.LED_COLOR_GREEN, osdp_sys.LED_COLOR_RED
_SHOWN = {"granted": (_GREEN, 1), "denied": (_RED, 3), "damaged": (_RED, 3)}  # colour, beeps
_CAPABILITIES = 0x62
_KEYED = frozenset({0x76, 0x77})  # osdp_CHLNG, osdp_SCRYPT: where the keys meet
_POLL, _SWITCH = 0x60, 0x68
_STATUS_CODES = {  # kind -> command on the wire
    meaning.INPUTS: 0x65, meaning.RELAYS: 0x66, meaning.LOCAL: 0x64,
}  # fmt: skip
_LIGHT, _SOUND = 0x69, 0x6A
_CURE_KEY = "give the reader and the site the same key (docs/site.md, Doors)"
_CURE_SILENT = "check the reader's power, its two wires, its address and its speed"

Send = Callable[[str, msgspec.Struct], None]


@dataclass
class _Status:
    """One of the status commands: what it reads, and when next."""

    kind: int
    every_s: float
    is_wanted: bool
    due_s: float = 0.0
    is_asked: bool = False
    looks: list[Look] = field(default_factory=list)


class Post:
    """Not thread-safe. ``send`` takes the messages for the link."""

    def __init__(self, reader: Reader, send: Send) -> None:
        self.reader = reader
        self.health = DeviceHealth()
        self.watchdog = Watchdog(reader.answer_s)
        self.panel: Panel | None = None
        self._send = send
        self._return_s = reader.every_s / TOLD
        self._orders: deque[Order] = deque()  # not yet with libosdp
        self._running: deque[Order | None] = deque()  # with libosdp, in its order; None: nobody waits for it
        self._statuses = {
            one.kind: one
            for one in (
                _Status(meaning.INPUTS, reader.every_s / INPUT_READS, bool(reader.inputs)),
                _Status(meaning.RELAYS, reader.every_s, bool(reader.outputs)),
                _Status(meaning.LOCAL, reader.every_s, bool(reader.tamper or reader.power)),
            )
        }
        self._declined: set[int] = set()  # commands that it does not know; asking again would end the session
        self._told: dict[str, tuple[object, float]] = {}
        self._fault: FieldError | None = None
        self._faulted_s = -1.0
        self._online_s = 0.0
        self._due_s = 0.0
        self._settle_s = 0.0

    @property
    def is_online(self) -> bool:
        return self.panel is not None and self.panel.is_online

    @property
    def is_silent(self) -> bool:
        """It is only probed now and then, on the budget of the silent ones."""
        return not self.is_online and self.watchdog.misses > 0

    @property
    def is_waiting(self) -> bool:
        """It was asked, nothing came, and libosdp has not yet noticed."""
        return self._settle_s > 0 and self.panel is not None

    def due_s(self, now_s: float) -> float:
        """When it wants its next turn."""
        if self.panel is None:
            return self.watchdog.retry_s
        if self._settle_s:
            return self._settle_s
        if self.is_online and (self._orders or (self._running and not self.watchdog.misses)):
            return now_s
        asks = [one.due_s for one in self._statuses.values() if one.is_wanted and not one.is_asked]
        return min([self._due_s, *asks]) if self.is_online else self._due_s

    def turn(self, now_s: float) -> bytes:
        """The frame it wants to send now; b"" for none."""
        reader = self.reader
        if self.panel is None:
            self.panel = Panel(reader.device, reader.address, reader.key)
            self._settle_s = 0.0
        if self._settle_s and now_s >= self._settle_s:
            self._settle_s = 0.0
            self._hear(self.panel, self.panel.settle(), now_s, 0.0)  # libosdp sees that nobody answered
            if self.panel is None:
                return b""
        if self.is_online:
            self._begin_orders(self.panel, now_s)
            self._ask(self.panel, now_s)
        raw = self.panel.advance()
        is_idle = self.is_online and not self.watchdog.misses
        self._due_s = now_s + (POLL_S if raw else 0.002 if is_idle else 0.02)
        return raw

    def take(self, frame: Frame, now_s: float, took_s: float) -> None:
        """Its answer."""
        if self.panel is None:
            return
        self.watchdog.answered(took_s)
        self.health.note(None, now_s, took_s)
        self._settle_s = 0.0
        panel = self.panel
        was_online = panel.is_online
        events = panel.take(frame)
        if panel.is_online and not was_online:
            self._come_online(panel, now_s)
        elif panel.is_online:
            self._fault = None
            if now_s - self._online_s >= STEADY_S:
                self.watchdog.settled()
        self._due_s = now_s + POLL_S if panel.is_online else now_s
        self._hear(panel, events, now_s, took_s)
        if panel.is_online:
            self._attest(now_s, took_s)

    def silent(self, now_s: float, began_s: float, took_s: float, *, was_garbage: bool) -> bool:
        """Nothing of use came in time; True: send the same frame again at once.

        A reader answers a repetition with the same answer (5.9.5); libosdp itself would repeat it after a second.
        ``began_s``: when it was sent first.
        """
        error: FieldError = (
            Garbage("what comes is no frame", cure="check the wires, the terminators and the speed")
            if was_garbage
            else Timeout("no answer", cure=_CURE_SILENT)
        )
        self.health.note(error, now_s, took_s)
        is_given_up = self.watchdog.missed(now_s)
        if self.is_online and not is_given_up:
            self._send("fault", Fault(self.reader.device, ("",), error.word, error.message, error.cure, now_s, took_s))
            self._settle_s = began_s + _OWN_WAIT_S
            return now_s + self.watchdog.wait_s < self._settle_s and not self._overdue(now_s)
        self._settle_s = began_s + _OWN_WAIT_S
        if is_given_up:
            self.give_up(error)
        self._tell_fault(error, now_s, took_s)
        return False

    def lose(self, error: FieldError, now_s: float) -> None:
        """The wire is gone."""
        self.health.note(error, now_s, 0.0)
        self.give_up(error)
        self.watchdog.retry_s = 0.0
        self._tell_fault(error, now_s, 0.0)

    def remind(self, now_s: float) -> None:
        """Say again that it is still silent, or has the wrong key: a round of polls passed, also while none is sent."""
        if self._fault is not None and now_s - self._faulted_s >= REMIND_S:
            self._tell_fault(self._fault, now_s, 0.0)

    def give_up(self, error: FieldError) -> None:
        """Throw the panel away; who waits for a command is told. No command is done later by a new panel."""
        self.panel = None
        self._settle_s = 0.0
        waiting = [one for one in (*self._running, *self._orders) if one is not None]
        self._running.clear()
        self._orders.clear()
        for one in waiting:
            self._send("done", Done(one.number, error.word, error.message))
        for status in self._statuses.values():
            looks, status.looks = status.looks, []
            status.is_asked = False
            for look in looks:
                self._send("done", Done(look.number, error.word, error.message))

    def order(self, order: Order) -> None:
        """Switch a relay, when it is online."""
        if not self.is_online:
            error = self._fault or Timeout("it is not online yet")
            self._send("done", Done(order.number, error.word, f"{self.reader.device}: {error.message}"))
        else:
            self._orders.append(order)

    def look(self, look: Look) -> None:
        """Read all states, when it is online."""
        wanted = [one for one in self._statuses.values() if one.is_wanted]
        if not self.is_online or not wanted:
            error = self._fault or (Timeout("it is not online yet") if wanted else Config("it has no states"))
            self._send("done", Done(look.number, error.word, f"{self.reader.device}: {error.message}"))
            return
        wanted[-1].looks.append(look)  # they are asked in this order
        for one in wanted:
            one.due_s = 0.0
            one.is_asked = False

    def withdraw(self, now_s: float) -> None:
        """End what is past its deadline. What libosdp still repeats would move a lock later: its panel is dropped."""
        if self._overdue(now_s):
            self.give_up(Timeout("not confirmed within the deadline"))
            self.watchdog.retry_s = 0.0

    def _overdue(self, now_s: float) -> bool:
        return any(one is not None and now_s > one.until_s for one in self._running)

    def _come_online(self, panel: Panel, now_s: float) -> None:
        self._online_s = now_s
        self._fault = None
        self._told.clear()
        has_inputs = panel.has(osdp_sys.CAP_CONTACT_STATUS_MONITORING)
        has_outputs = panel.has(osdp_sys.CAP_OUTPUT_CONTROL)
        lacking = [point for point, number in self.reader.inputs.items() if number >= has_inputs]
        lacking += [point for point, one in self.reader.outputs.items() if one.number >= has_outputs]
        if lacking:
            text = f"it says it has {has_inputs} inputs and {has_outputs} outputs"
            self._doubt(lacking, Config(text, cure="correct the points' numbers in the profile"), now_s)
        wanted = {
            meaning.INPUTS: bool(self.reader.inputs) and has_inputs > 0,
            meaning.RELAYS: bool(self.reader.outputs) and has_outputs > 0,
            meaning.LOCAL: bool(self.reader.tamper or self.reader.power),
        }
        for kind, status in self._statuses.items():
            is_declined = _STATUS_CODES[kind] in self._declined
            status.is_wanted = wanted[kind] and not is_declined
            if wanted[kind] and is_declined:
                self._doubt(meaning.places(self.reader, kind), Refused("the reader does not know this question"), now_s)
            status.is_asked, status.due_s = False, 0.0
        for one in self.reader.outputs.values():
            if one.number < has_outputs and _SWITCH not in self._declined:
                self._switch(panel, one.number, _PERMANENT_ON if one.rest else _PERMANENT_OFF, 0, None)

    def _doubt(self, points: Iterable[str], error: FieldError, now_s: float) -> None:
        """Some points cannot be read; the reader itself is there."""
        device = self.reader.device
        self._send(
            "fault", Fault(device, tuple(points), error.word, error.message, error.cure, now_s, 0.0, is_life=False)
        )

    def _attest(self, now_s: float, took_s: float) -> None:
        """It is there, with the right key: what is true of the reader itself, or of no point at all."""
        point = self.reader.keyed
        if (point or not self.reader.states) and now_s - self._told.get(point, (0, 0.0))[1] >= self._return_s:
            self._report({point: "secure" if point else True}, now_s, took_s)

    def _begin_orders(self, panel: Panel, now_s: float) -> None:
        while self._orders:
            order = self._orders.popleft()
            if now_s > order.until_s:
                self._send("done", Done(order.number, Timeout.word, "withdrawn: its deadline is over"))
            elif not self._switch(panel, order.output, order.control, order.tenths, order):
                self._send("done", Done(order.number, Refused.word, "the reader does not take it"))

    def _switch(self, panel: Panel, output: int, control: int, tenths: int, order: Order | None) -> bool:
        command = {
            "command": osdp_sys.CMD_OUTPUT, "output_no": output, "control_code": control, "timer_count": tenths,
        }  # fmt: skip
        return self._submit(panel, command, order)

    def _submit(self, panel: Panel, command: Event, order: Order | None = None) -> bool:
        is_taken = panel.submit(command)
        if is_taken:
            self._running.append(order)
        return is_taken

    def _ask(self, panel: Panel, now_s: float) -> None:
        for status in self._statuses.values():
            if status.is_wanted and not status.is_asked and now_s >= status.due_s:
                command = {"command": osdp_sys.CMD_STATUS, "type": status.kind, "report": bytes(_STATUS_BYTES)}
                status.is_asked = self._submit(panel, command)
                status.due_s = now_s + status.every_s

    def _hear(self, panel: Panel, events: list[Event], now_s: float, took_s: float) -> None:
        for event in events:
            self._event(panel, event, now_s, took_s)
        for is_done in panel.ended():
            order = self._running.popleft() if self._running else None
            if order is not None:
                error = None if is_done else Refused(f"the reader said no (NAK {panel.reason})")
                self._send("done", Done(order.number, error.word if error else "", error.message if error else ""))
        if panel.has_failed:
            self._fail(panel, now_s, took_s)

    def _fail(self, panel: Panel, now_s: float, took_s: float) -> None:
        """libosdp would be offline for 300 s now. Why, and when does a new panel begin?"""
        error: FieldError
        asked = panel.sent.code if panel.sent is not None else 0
        if panel.was_online:
            if panel.is_declined and asked != _POLL:
                self._declined.add(asked)
            error = Refused(f"it left the session (reason {panel.reason})", code=panel.reason)
            self.watchdog.failed(now_s)
        elif asked in _KEYED:
            error = Auth("reader and site have different keys, or the reader has none", cure=_CURE_KEY)
            self.watchdog.refused(now_s)
        elif asked == _CAPABILITIES:
            error = Auth("it offers no secure channel", cure="use a reader with OSDP secure channel (2.1.7 or later)")
            self.watchdog.refused(now_s)
        else:
            error = Refused(f"it does not say who it is (reason {panel.reason})", code=panel.reason)
            self.watchdog.failed(now_s)
        self.give_up(error)
        if not panel.was_online or self.watchdog.retry_s > now_s:  # one that is back at once was never away
            self._tell_fault(error, now_s, took_s)

    def _event(self, panel: Panel, event: Event, now_s: float, took_s: float) -> None:
        kind, reader = event["event"], self.reader
        if kind == osdp_sys.EVENT_STATUS:
            self._status(event["type"], meaning.status(reader, event["type"], event["report"]), now_s, took_s)
        elif kind == osdp_sys.EVENT_CARDREAD and reader.cards:
            said = meaning.card(reader, event)
            self._report({reader.cards: said}, now_s, 0.0)
            self._show(panel, said)
        elif kind == osdp_sys.EVENT_MFGREP:
            self._report(meaning.manufacturer(reader, event["vendor_code"], event["data"]), now_s, 0.0)

    def _status(self, kind: int, values: meaning.Values, now_s: float, took_s: float) -> None:
        status = self._statuses.get(kind)
        looks: list[Look] = []
        if status is not None:
            status.is_asked = False
            looks, status.looks = status.looks, []
        fresh = {
            point: value
            for point, value in values.items()
            if looks or self._told.get(point, (None, 0.0))[0] != value or now_s - self._told[point][1] >= self._return_s
        }
        self._report(fresh, now_s, took_s)
        for look in looks:
            self._send("done", Done(look.number))

    def _report(self, values: meaning.Values, now_s: float, took_s: float) -> None:
        if values:
            self._told |= {point: (value, now_s) for point, value in values.items()}
            self._send("report", Report(self.reader.device, values, now_s, took_s))

    def _show(self, panel: Panel, said: str) -> None:
        """Light and sound for two seconds, where the reader has them."""
        if said not in _SHOWN:
            return
        colour, beeps = _SHOWN[said]
        if panel.has(osdp_sys.CAP_READER_LED_CONTROL) and _LIGHT not in self._declined:
            light = {
                "command": osdp_sys.CMD_LED, "reader": 0, "led_number": 0, "temporary": True, "control_code": 2,
                "on_count": 1, "off_count": 0, "on_color": colour, "off_color": 0, "timer_count": 20,
            }  # fmt: skip
            self._submit(panel, light)
        if panel.has(osdp_sys.CAP_READER_AUDIBLE_OUTPUT) and _SOUND not in self._declined:
            sound = {"command": osdp_sys.CMD_BUZZER, "reader": 0, "control_code": 2, "on_count": 1, "off_count": 1}
            self._submit(panel, {**sound, "rep_count": beeps})

    def _tell_fault(self, error: FieldError, now_s: float, took_s: float) -> None:
        self._fault, self._faulted_s = error, now_s
        self._told.clear()
        points = self.reader.states or ("",)
        fault = Fault(self.reader.device, points, error.word, error.message, error.cure, now_s, took_s)
        self._send("fault", fault)
        if isinstance(error, Auth) and self.reader.keyed:  # after the fault, which made it bad with the others
            self._report({self.reader.keyed: "wrong"}, now_s, 0.0)
