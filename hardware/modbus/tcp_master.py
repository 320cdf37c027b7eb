"""The master of one Modbus TCP connection: a unit of its own, or a gateway with many behind it.

The transaction number tells answers apart, so a late one is simply nobody's. Most gateways ask their own serial line
one by one; asking them more at once only makes answers late, so ``parallel`` is 1 unless the profile says better.
"""

from __future__ import annotations

import asyncio
from collections import Counter

from hardware.field import FieldError, Garbage, Gone, Timeout
from hardware.modbus import tcp
from hardware.modbus.line import UNHEARD, connect
from hardware.modbus.pdu import Request, decode_reply
from hardware.modbus.unanswered import Shape

_CURE = "check the gateway's power, address and port"


class TcpMaster(asyncio.Protocol):
    """Use from one event loop. ``within_s``: the gateway's worst answer, its own time-out for a dead unit included.

    A gateway that answers nothing for 8 questions is connected to anew, see ``line.BridgeLine``.
    """

    def __init__(self, host: str, port: int = 502, *, within_s: float = 1.0, parallel: int = 1) -> None:
        self.where = f"modbus tcp {host}:{port}"
        self.parallel = parallel
        self.worst_s = within_s
        self.late: Counter[int] = Counter()  # answers whose question was given up, by unit
        self._place = (host, port)
        self._transport: asyncio.Transport | None = None
        self._frames = tcp.FrameReader()
        self._waiting: dict[int, tuple[int, asyncio.Future[bytes]]] = {}
        self._number = 0
        self._unheard = 0

    async def open(self) -> None:
        """Connect; raises ``Gone``."""
        self._frames = tcp.FrameReader()
        self._unheard = 0
        self._transport = await connect(self, self._place, self.where)

    @property
    def is_open(self) -> bool:
        """True while connected."""
        return self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        """Let go of the connection."""
        if self._transport is not None:
            self._transport.abort()
        self._fail(Gone("the link was closed", where=self.where))

    def avoid(self, unit: int) -> frozenset[Shape]:
        """None: the transaction number tells answers apart."""
        return frozenset()

    async def exchange(self, unit: int, request: Request) -> tuple[int, ...]:
        """Ask and give what was read, or what is confirmed as written. Raises ``FieldError``."""
        if self._transport is None or not self.is_open:
            raise Gone("the gateway is not connected", where=self.where, cure=_CURE)
        self._unheard += 1
        if self._unheard > UNHEARD:
            self._transport.abort()
            raise Gone("the gateway is silent", where=self.where, cure=_CURE)
        loop = asyncio.get_running_loop()
        number = self._number = self._number + 1 & 0xFFFF
        answer: asyncio.Future[bytes] = loop.create_future()
        self._waiting[number] = (unit, answer)
        self._transport.write(tcp.frame(number, unit, request.encode()))
        timer = loop.call_later(self.worst_s, _expire, answer)
        try:
            return decode_reply(request, await answer)
        except FieldError as error:
            error.where = error.where or f"{self.where} unit {unit}"
            raise
        finally:
            timer.cancel()
            self._waiting.pop(number, None)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self._unheard = 0
        try:
            frames = self._frames.feed(data)
        except Garbage as error:
            self._fail(error)
            if self._transport is not None:
                self._transport.abort()
            return
        for number, unit, pdu in frames:
            asked, answer = self._waiting.get(number, (0, None))
            if answer is None or answer.done():
                self.late[unit] += 1
            elif asked != unit:
                answer.set_exception(Garbage(f"unit {unit} answered instead"))
            else:
                answer.set_result(pdu)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        self._transport = None
        self._fail(Gone("the gateway closed the connection", where=self.where, cure=_CURE))

    def _fail(self, error: FieldError) -> None:
        for _, answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(type(error)(error.message, where=error.where, cure=error.cure))


def _expire(answer: asyncio.Future[bytes]) -> None:
    if not answer.done():
        answer.set_exception(Timeout("no answer"))
