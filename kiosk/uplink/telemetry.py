"""Delivers the journal of the watch to the platform, and the platform's commands to the watch. Keeps nothing itself.

Rows stay in the booth's journal until the platform says that it has committed them: ``Cursor`` decides what goes out,
this module carries it. While there is a backlog, alarms go beside it and first. A lost connection, a broker that lost
what it had, a platform that stood still: each ends with the rows after the last ack being sent again. Every buffer is
bounded: one window of batches at most is under way, and what was sent is read again, not kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, Protocol

import aiomqtt

from kiosk.site.messages import Answer, Do
from kiosk.uplink import telemetry_wire as wire
from kiosk.uplink.telemetry_broker import Broker, Connection
from kiosk.uplink.telemetry_cursor import BATCH_ROWS, Cursor
from kiosk.uplink.telemetry_journal import Journal, JournalGone
from kiosk.uplink.telemetry_orders import do_of

LOOK_S = 0.1  # how often the journal is looked at
LINGER_S = 0.3  # rows without an alarm wait for company for so long
HEARTBEAT_S = 10.0  # the platform calls a booth lost after 25 s of silence
REBIRTH_S = 5.0  # a birth that was not answered is said again
REPORT_S = 1.0  # the watch hears at most so often what was delivered
BACK_OFF_S = (1.0, 30.0)  # before the next connection: first and longest, with jitter
ROW_EXPIRY_S = 600  # a broker need not keep what the journal keeps
STATE_EXPIRY_S = 30
GOODBYE_S = 1.0  # else the will says it
REMEMBERED = 100  # commands
ANSWER_S = 10.0  # the watch answers at once; after this it hangs

Log = Callable[..., None]


class Watch(Protocol):
    """What is needed of the watch's feed. ``boot`` is "" until it was heard; ``is_heard``: its line is open."""

    @property
    def boot(self) -> str: ...
    @property
    def is_heard(self) -> bool: ...
    async def do(self, order: Do) -> Answer:
        """Raise ConnectionError when the watch cannot be asked."""
        ...

    async def delivered(self, seq: int) -> None:
        """Raise ConnectionError when the watch cannot be told."""
        ...


class Reborn(Exception):
    """The watch began anew: the platform must hear of it."""


class Telemetry:
    """``birth`` gives what is told of the booth at each connection, JSON-ready: software, site, devices, outputs."""

    def __init__(
        self, grid: str, booth: str, broker: Broker, journal: Journal, watch: Watch,
        birth: Callable[[], dict[str, Any]], log: Log,
    ) -> None:  # fmt: skip
        self._grid, self._booth = grid, booth
        self._broker, self._journal, self._watch, self._birth, self._log = broker, journal, watch, birth, log
        self.cursor = Cursor()
        self._alarms_sent = 0
        self._newest = 0  # as it was last seen
        self._reported = -1
        self._known = ""  # boot of the birth that the platform has
        self._is_behind = False  # the platform has rows that this journal never wrote
        self._orders: OrderedDict[str, Do] = OrderedDict()
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Deliver until cancelled. Raises ConfigError where the broker's settings cannot be used."""
        self._broker.tls()
        delay = BACK_OFF_S[0]
        while True:
            began = time.monotonic()
            try:
                await self._session()
            except* (aiomqtt.MqttError, OSError) as errors:
                self._log("uplink_lost", level="warning", reason=type(errors.exceptions[0]).__name__, delay_s=delay)
            except* Reborn:
                delay = BACK_OFF_S[0]
            if time.monotonic() - began > BACK_OFF_S[1]:
                delay = BACK_OFF_S[0]
            await asyncio.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311 - so that booths do not come back at once
            delay = min(delay * 2, BACK_OFF_S[1])

    async def _session(self) -> None:
        while not self._watch.boot:  # noqa: ASYNC110 - another task hears the watch
            await asyncio.sleep(LOOK_S)
        sender = wire.Sender(self._grid, self._booth, self._watch.boot, secrets.token_hex(8))
        death = sender.message("death", self._stamp(), why="lost")[1]
        async with Connection(self._broker, f"booth-{self._booth}", (sender.topic("death"), death)) as line:
            self._log("uplink_up", booth=self._booth)
            await line.hear(sender.topic("ack"), sender.topic("cmd"))
            self.cursor.reconnected(time.monotonic())
            self._alarms_sent, self._known = 0, ""
            try:
                async with asyncio.TaskGroup() as group:
                    out = _Out(line, sender, group)
                    births = _Births()
                    for work in (
                        self._hear(line, births, group), self._live(out), self._backlog(out), self._beat(out),
                        self._be_born(out, births), self._report(),
                    ):  # fmt: skip
                        group.create_task(work)
            except asyncio.CancelledError:
                with contextlib.suppress(aiomqtt.MqttError, TimeoutError):
                    _, goodbye = sender.message("death", self._stamp(), why="stopped")
                    async with asyncio.timeout(GOODBYE_S):
                        await line.send(sender.topic("death"), goodbye, wire.JSON, ROW_EXPIRY_S)
                raise

    # -- what the platform says ------------------------------------------------------------------------------------

    async def _hear(self, line: Connection, births: _Births, group: asyncio.TaskGroup) -> None:
        async for message in line.messages:
            try:
                kind = str(message.topic).rpartition("/")[2]
                payload = wire.unpacked(_bytes(message.payload), getattr(message.properties, "ContentType", ""))
                if kind == "ack":
                    self._take_ack(wire.ack(payload), births)
                elif message.retain:
                    raise wire.WireError("ordered: a retained command would come again at every connection")
                else:
                    left_s = getattr(message.properties, "MessageExpiryInterval", None)
                    group.create_task(self._obey(self._order(wire.ordered(payload), left_s)))
            except wire.WireError as error:
                self._log("uplink_not_understood", level="warning", reason=str(error))

    def _take_ack(self, said: wire.Ack, births: _Births) -> None:
        is_reply = bool(said.birth) and said.birth in births.ids
        births.is_answered |= is_reply
        self._known = said.known
        try:
            self._is_behind = said.seq > self._journal.newest()
        except JournalGone:
            return
        if self._is_behind:
            self._log("uplink_journal_behind", level="error", sequence=said.seq)
            return  # what this journal holds would be taken for what the platform has: a person decides
        if self.cursor.hear(said.seq, time.monotonic(), is_reply=is_reply):
            self._woken.set()

    def _order(self, ordered: wire.Ordered, left_s: float | None) -> Do:
        """The same words for the same id: said again, they must be known as a repeat."""
        order = self._orders.get(ordered.id) or do_of(ordered, left_s, time.time(), self._trust())
        self._orders[order.id] = order
        while len(self._orders) > REMEMBERED:
            self._orders.popitem(last=False)
        return order

    async def _obey(self, order: Do) -> None:
        try:
            async with asyncio.timeout(ANSWER_S):
                answer = await self._watch.do(order)
            self._log("uplink_command", outcome=answer.result)
        except (ConnectionError, TimeoutError) as error:  # the platform says it again until it expires
            self._log("uplink_command", level="warning", outcome="not_answered", reason=type(error).__name__)

    # -- what the booth says ---------------------------------------------------------------------------------------

    async def _be_born(self, out: _Out, births: _Births) -> None:
        """Say who we are until the platform answers, and again when it forgot."""
        while True:
            if not births.is_answered or self._known != out.sender.boot:
                number, payload = out.sender.message("birth", self._stamp(), **self._birth())
                births.said(number)
                await out.urgent("birth", payload, ROW_EXPIRY_S)
            await asyncio.sleep(REBIRTH_S)

    async def _beat(self, out: _Out) -> None:
        while True:
            if self._watch.boot != out.sender.boot:
                raise Reborn
            stamp = self._stamp()
            watch = "running" if self._watch.is_heard else "silent"
            trouble = "journal_behind" if self._is_behind else ""
            acked = self.cursor.acked or 0
            body = out.sender.message("state", stamp, watch=watch, acked=acked, trouble=trouble)[1]
            await out.urgent("state", body, STATE_EXPIRY_S)
            await asyncio.sleep(HEARTBEAT_S)

    async def _live(self, out: _Out) -> None:
        """Alarms that would have to wait behind a backlog, as soon as they are written."""
        while True:
            await asyncio.sleep(LOOK_S)
            cursor = self.cursor
            if not cursor.is_known or self._is_behind:
                continue
            if cursor.has_room() and self._newest - cursor.sent <= BATCH_ROWS:
                continue  # what is new goes out at once by itself
            with contextlib.suppress(JournalGone):
                newest = self._newest = self._journal.newest()
                begin = max(self._alarms_sent, cursor.sent)
                if newest > begin:
                    rows = self._journal.alarms(begin, BATCH_ROWS)
                    if rows:
                        await out.urgent("alm", out.sender.rows("alm", rows, self._stamp(), None), ROW_EXPIRY_S)
                    self._alarms_sent = rows[-1].seq if rows else newest

    async def _backlog(self, out: _Out) -> None:
        """Everything, in order, a window at a time; together with what is new when nothing is behind."""
        waiting_since: float | None = None
        while True:
            now, cursor = time.monotonic(), self.cursor
            self._woken.clear()
            if cursor.look(now):
                self._alarms_sent = cursor.sent
                self._log("uplink_again", level="warning", sequence=cursor.sent)
            with contextlib.suppress(JournalGone):
                pending = 0
                if cursor.has_room() and not self._is_behind:
                    self._newest = self._journal.newest()
                    pending = self._newest - cursor.sent
                if pending <= 0:
                    waiting_since = None
                else:
                    waiting_since = now if waiting_since is None else waiting_since
                    is_ripe = pending >= BATCH_ROWS or now - waiting_since >= LINGER_S
                    if is_ripe or self._journal.has_alarm(cursor.sent):
                        waiting_since = None
                        if await self._next_batch(out):
                            continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._woken.wait()

    async def _next_batch(self, out: _Out) -> bool:
        await out.room()  # first, because an ack may move the cursor meanwhile
        first = self.cursor.sent + 1
        rows = self._journal.after(self.cursor.sent, BATCH_ROWS)
        last = rows[-1].seq if rows else self._newest  # retention may have taken all of them
        if last < first:
            out.give_back()
            return False
        classes = {row.class_ for row in rows}
        kind: wire.Kind = "alm" if "alm" in classes else "tel" if classes == {"tel"} else "evt"
        self.cursor.went(last, time.monotonic())
        out.paced(kind, out.sender.rows(kind, rows, self._stamp(), (first, last)), ROW_EXPIRY_S)
        return True

    async def _report(self) -> None:
        while True:
            acked = self.cursor.acked
            if acked is not None and acked != self._reported:
                with contextlib.suppress(ConnectionError):
                    await self._watch.delivered(acked)
                    self._reported = acked
            await asyncio.sleep(REPORT_S)

    def _stamp(self) -> wire.Stamp:
        seq = 0
        with contextlib.suppress(JournalGone):
            seq = self._journal.newest()
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return wire.Stamp(seq, time.monotonic_ns() // 1_000_000, now, self._trust())

    def _trust(self) -> str:
        try:
            return self._journal.trust()
        except JournalGone:
            return ""


class _Births:
    """Births said over one connection; the newest few are remembered."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.is_answered = False

    def said(self, number: str) -> None:
        self.ids = [*self.ids[-9:], number]


class _Out:
    """What goes out over one connection within the broker's Receive Maximum, with two places for what is urgent."""

    def __init__(self, line: Connection, sender: wire.Sender, group: asyncio.TaskGroup) -> None:
        self.sender = sender
        self._line, self._group = line, group
        self._places = asyncio.Semaphore(max(1, line.pace - 2))
        self._front = asyncio.Semaphore(min(2, max(1, line.pace - 1)))

    async def room(self) -> None:
        """Wait for a place; then ``paced`` or ``give_back``."""
        await self._places.acquire()

    def give_back(self) -> None:
        self._places.release()

    def paced(self, kind: wire.Kind, payload: bytes, expires_s: int) -> None:
        """Send in the place that ``room`` gave; a failure ends the connection."""
        self._group.create_task(self._publish(kind, payload, expires_s))

    async def urgent(self, kind: wire.Kind, payload: bytes, expires_s: int) -> None:
        async with self._front:
            await self._line.send(self.sender.topic(kind), *wire.packed(payload), expires_s)

    def _publish(self, kind: wire.Kind, payload: bytes, expires_s: int) -> Coroutine[Any, Any, None]:
        async def send() -> None:
            try:
                await self._line.send(self.sender.topic(kind), *wire.packed(payload), expires_s)
            finally:
                self._places.release()

        return send()


def _bytes(payload: object) -> bytes:
    return bytes(payload) if isinstance(payload, bytes | bytearray) else b""
