"""The master of one serial Modbus line: one question in flight, and no answer taken for another's.

Three rules keep answers apart. The time-out is the worst answer of any unit on the line, and nothing is sent before it
(and the settle, where one is set) is over. Whatever comes between questions is dropped. What comes later still is
recognised by ``unanswered``. The PDU must echo unit, function, byte count, address and value (``rtu``, ``pdu``).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from hardware.field import Config, FieldError, Garbage, Gone
from hardware.modbus import rtu
from hardware.modbus.line import Line
from hardware.modbus.pdu import Request, decode_reply
from hardware.modbus.unanswered import Shape, Unanswered

_FAST_GAP_S = 0.00175  # over 19 200 baud the gap of 3.5 characters is fixed (V1.02, 2.5.1.1)
_ADAPTER_S = 0.02  # between the bytes of one answer: USB adapters hand over every 16 ms


@dataclass(frozen=True)
class Timing:
    """Of a line. ``worst_answer_s``: until the first byte of the slowest unit's answer; it is the time-out.

    ``settle_s`` is added after a time-out where units are known to answer later than their data sheet says.
    ``latest_s``: no answer comes later than that.
    """

    baud: int = 115200
    bits: int = 11  # start, eight, parity or a second stop, stop (V1.02, 2.5.1)
    worst_answer_s: float = 0.05
    settle_s: float = 0.0
    latest_s: float = 3.0

    def __post_init__(self) -> None:
        if not (0 < self.worst_answer_s <= self.latest_s and 0 <= self.settle_s <= self.latest_s and self.baud > 0):
            raise Config("worst_answer_s, settle_s and latest_s do not fit each other", cure="0 < worst <= latest")

    def on_line_s(self, size: int) -> float:
        """How long so many bytes take."""
        return size * self.bits / self.baud

    @property
    def gap_s(self) -> float:
        """Silence between frames."""
        return max(_FAST_GAP_S, 3.5 * self.bits / self.baud)

    def cost_s(self, request: Request, answer_s: float) -> float:
        """Time that one question takes of the line; with ``worst_answer_s`` what a dead unit costs."""
        return self.on_line_s(len(request.encode()) + 3 + request.reply_bytes + 3) + answer_s + 2 * self.gap_s


class RtuMaster:
    """Use from one event loop."""

    parallel = 1

    def __init__(self, line: Line, timing: Timing | None = None) -> None:
        self._line = line
        self.timing = timing or Timing()
        self.late: Counter[int] = Counter()  # whole frames that came when nothing was asked, by unit
        self.stray_bytes = 0
        self._unanswered = Unanswered(self.timing.latest_s)
        self._turn = asyncio.Lock()
        self._reader: rtu.ReplyReader | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._stray = b""
        self._heard_s = 0.0
        self._free_s = 0.0
        self.is_open = False

    @property
    def where(self) -> str:
        """The line."""
        return self._line.where

    @property
    def worst_s(self) -> float:
        """What a silent unit costs."""
        return self.timing.worst_answer_s + self.timing.settle_s + 2 * self.timing.gap_s

    async def open(self) -> None:
        """Open the line; raises ``Gone``."""
        await self._line.open(self._take, self._lose)
        self.is_open = True
        # What an earlier master asked may still be answered.
        self._free_s = asyncio.get_running_loop().time() + self.timing.worst_answer_s

    def close(self) -> None:
        """Let go of the line."""
        self.is_open = False
        self._line.close()

    def avoid(self, unit: int) -> frozenset[Shape]:
        """Shapes that the next question to ``unit`` should not have, or its answer may not count."""
        return self._unanswered.shapes(unit, asyncio.get_running_loop().time())

    async def exchange(self, unit: int, request: Request) -> tuple[int, ...]:
        """Ask and give what was read, or what is confirmed as written. Raises ``FieldError``."""
        if not 1 <= unit <= rtu.MAX_UNIT:
            raise Config(f"unit {unit} does not exist", where=self.where, cure="1..247; nobody answers a broadcast")
        async with self._turn:
            with self._placed(unit):
                return await self._ask(unit, request)

    @contextlib.contextmanager
    def _placed(self, unit: int) -> Iterator[None]:
        try:
            yield
        except FieldError as error:
            error.where = error.where or f"{self.where} unit {unit}"
            raise

    async def _ask(self, unit: int, request: Request) -> tuple[int, ...]:
        await self._silence()
        loop = asyncio.get_running_loop()
        data = rtu.frame(unit, request.encode())
        sent_s = loop.time()
        starts_by_s = sent_s + self.timing.on_line_s(len(data)) + self.timing.worst_answer_s
        ends_by_s = starts_by_s + self.timing.on_line_s(request.reply_bytes + 3) + _ADAPTER_S
        self._free_s = starts_by_s + self.timing.settle_s  # also for who is cancelled meanwhile
        self._line.write(data)
        reader = self._reader = rtu.ReplyReader(unit, request)
        answer = self._answer = loop.create_future()
        is_answered = False
        try:
            await self._until(starts_by_s)
            if not answer.done() and reader.has_bytes:
                await self._until(ends_by_s)
            if not answer.done():
                self._free_s = loop.time() + self.timing.settle_s
                raise reader.failure()
            pdu = answer.result()
            self._free_s = 0.0
            doubts = self._unanswered.shapes(unit, loop.time())
            if len(pdu) == 2:  # an exception: it says its function only
                is_answered = all(function != request.function for function, *_ in doubts)
            elif request.shape in doubts:
                raise Garbage(
                    "the answer may be to an earlier question", cure="is the unit slower than worst_answer_s?",
                    wait_s=self.timing.latest_s,
                )  # fmt: skip
            values = decode_reply(request, pdu)
            is_answered = True
            self._unanswered.settle(unit)
            return values
        finally:
            self._reader = self._answer = None
            if not is_answered:
                self._unanswered.give_up(unit, request, sent_s)

    async def _silence(self) -> None:
        """Return when the settle is over and nothing came for a gap; drop what came. Raises ``Garbage``."""
        if not self.is_open:
            raise Gone("the line is not open")
        loop = asyncio.get_running_loop()
        patient_s = max(loop.time(), self._free_s) + self.timing.on_line_s(2 * rtu.MAX_FRAME) + _ADAPTER_S
        while (left_s := max(self._free_s, self._heard_s + self.timing.gap_s) - loop.time()) > 0:
            if loop.time() > patient_s:
                raise Garbage("the line is never silent", cure="check termination, bias and other masters")
            await asyncio.sleep(left_s)
        came, self._stray = rtu.sender(self._stray), b""
        if came is not None:
            self.late[came] += 1

    async def _until(self, at_s: float) -> None:
        answer = self._answer
        left_s = at_s - asyncio.get_running_loop().time()
        if answer is not None and not answer.done() and left_s > 0:
            await asyncio.wait((answer,), timeout=left_s)

    def _take(self, data: bytes) -> None:
        self._heard_s = asyncio.get_running_loop().time()
        if self._reader is None or self._answer is None or self._answer.done():
            self.stray_bytes += len(data)
            self._stray = (self._stray + data)[-2 * rtu.MAX_FRAME :]
            return
        pdu = self._reader.feed(data)
        if pdu is not None:
            self._answer.set_result(pdu)

    def _lose(self, error: FieldError) -> None:
        self.is_open = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
