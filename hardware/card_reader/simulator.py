"""The other end of the card reader's wire: virtual cards in the slot of a real PC/SC daemon (vpcd).

vpcd takes a connection for a card: connected is present, closed is removed. Messages are a big-endian u16 length and a
payload; one byte is a control (power off, power on, reset, give the ATR), anything else a command APDU. A slot can be
told to misbehave like cards and people do. Knows a card as bytes in, bytes out; made for benches and tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_POWER_OFF, _POWER_ON, _RESET, _GIVE_ATR = 0x00, 0x01, 0x02, 0x04
RETRY_S = 0.1
SWAP_S = 0.5  # a hand is not faster, and pcscd looks at a virtual slot every 0.4 s
BLOCK_BYTES = 256
REAL_PACE_MS = 37.0  # a passport's block of 256 bytes, secure messaging included, on a reader of the field
GARBAGE = b"\xff\xfe\xfd\x90\x00"


class VirtualCard(Protocol):
    """Any card of any family: each has one in its folder (``ssse.virtual``, ``emrtd.virtual``, ...)."""

    @property
    def atr(self) -> bytes:
        """What it says when it is powered (ISO/IEC 7816-3, 8)."""
        ...

    def reset(self) -> None:
        """Be powered up anew: selections and sessions are forgotten."""
        ...

    def respond(self, command: bytes) -> bytes:
        """Answer one command APDU; the last two bytes are the status word."""
        ...


@dataclass(frozen=True)
class Misbehaviour:
    """How the card behaves. Counts are of command APDUs since the card was presented, from 0; None: never."""

    delay_ms: float = 0.0  # of every command, whatever its size
    ms_a_block: float = 0.0  # of every 256 bytes of an answer, shares of it for less: REAL_PACE_MS is a real card's
    is_mute: bool = False  # every answer is a single byte
    hang_at: int | None = None  # no answer any more
    hang_s: float | None = None  # only for so long, then it goes on as if nothing had been
    pull_at: int | None = None  # the card is pulled out instead of an answer
    truncate_at: int | None = None  # the last half of the answer is missing, the status word too
    garbage_at: int | None = None  # from there on nonsense with a good status word
    late_at: int | None = None  # from there on every answer is the one of the command before


class CardSlot:
    """One slot of a virtual reader. ``door``: ``PrivatePcscd.card_door``, or "HOST:PORT" of any vpcd."""

    def __init__(self, door: Path | str, slot: int = 0) -> None:
        self._door = door
        self._slot = slot
        self._card: VirtualCard | None = None
        self._how = Misbehaviour()
        self._before = b"\x6f\x00"  # the answer before, for a card that is late
        self._task: asyncio.Task[None] | None = None
        self._line: socket.socket | None = None
        self.commands = 0  # command APDUs answered since the last card was presented

    @property
    def card(self) -> VirtualCard | None:
        """The card that lies there, or None."""
        return self._card

    async def present(self, card: VirtualCard, how: Misbehaviour | None = None, *, swap_s: float = SWAP_S) -> None:
        """Put a card in; one that lies there is taken out first and the slot is empty for ``swap_s`` (a swap).

        Returns when the card lies in the slot; the daemon notices at its next look.
        """
        was_there = self._card is not None
        await self.remove()
        if was_there:
            await asyncio.sleep(swap_s)
        card.reset()
        self._card, self._how, self.commands, self._before = card, how or Misbehaviour(), 0, b"\x6f\x00"
        first = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._lie(card, first))
        await first

    async def remove(self) -> None:
        """Take the card out; nothing when there is none. A hung command ends with it."""
        self._card = None
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _lie(self, card: VirtualCard, first: asyncio.Future[None]) -> None:
        """Be in the slot: a reader that restarts finds the card again."""
        while self._card is card:
            try:
                self._line = await self._connect()
            except OSError:
                await asyncio.sleep(RETRY_S)
                continue
            finally:
                if not first.done():
                    first.set_result(None)
            with self._line as line, contextlib.suppress(OSError):
                await self._answer(line, card)

    async def _connect(self) -> socket.socket:
        loop = asyncio.get_running_loop()
        if isinstance(self._door, str):
            host, _, port = self._door.rpartition(":")
            line = socket.socket()
            line.setblocking(False)
            try:
                await loop.sock_connect(line, (host, int(port)))
            except BaseException:
                line.close()
                raise
        else:
            line = await asyncio.to_thread(_ask_for_line, self._door, self._slot)
            line.setblocking(False)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return line

    async def _answer(self, line: socket.socket, card: VirtualCard) -> None:
        loop = asyncio.get_running_loop()
        while self._card is card:
            head = await _receive(line, 2)
            message = await _receive(line, int.from_bytes(head)) if head else None
            if message is None:
                return  # the reader went away
            if len(message) == 1:
                if message[0] == _GIVE_ATR:
                    await loop.sock_sendall(line, len(card.atr).to_bytes(2) + card.atr)
                elif message[0] in (_POWER_OFF, _POWER_ON, _RESET):
                    card.reset()
                continue
            answer = await self._reply(card, message)
            if answer is None:
                self._card = None  # pulled
                return
            await loop.sock_sendall(line, len(answer).to_bytes(2) + answer)

    async def _reply(self, card: VirtualCard, command: bytes) -> bytes | None:
        how, index = self._how, self.commands
        self.commands += 1
        began_s = asyncio.get_running_loop().time()
        if index == how.pull_at:
            return None
        if how.hang_at is not None and (index >= how.hang_at if how.hang_s is None else index == how.hang_at):
            await asyncio.wait({asyncio.get_running_loop().create_future()}, timeout=how.hang_s)
        answer = card.respond(command)
        if how.late_at is not None and index >= how.late_at:
            answer, self._before = self._before, answer
        else:
            self._before = answer
        took_s = asyncio.get_running_loop().time() - began_s
        lasts_s = (how.delay_ms + how.ms_a_block * len(answer) / BLOCK_BYTES) / 1000
        if lasts_s > took_s:  # a paced card's own reckoning is part of its pace
            await asyncio.sleep(lasts_s - took_s)
        if how.is_mute:
            return answer[:1]
        if index == how.truncate_at:
            return answer[: len(answer) // 2]
        if how.garbage_at is not None and index >= how.garbage_at:
            return GARBAGE
        return answer


def _ask_for_line(door: Path, slot: int) -> socket.socket:
    """Take a connection to vpcd from the keeper of its network namespace."""
    with socket.socket(socket.AF_UNIX) as asker:
        asker.settimeout(2.0)
        asker.connect(str(door))
        asker.sendall(bytes((slot,)))
        _, handles, _, _ = socket.recv_fds(asker, 1, 1)
    if not handles:
        raise ConnectionError("the virtual reader gave no connection")
    return socket.socket(fileno=handles[0])


async def _receive(line: socket.socket, size: int) -> bytes | None:
    """Receive exactly ``size`` bytes, None at the end. vpcd writes length and payload apart: see QUICKACK."""
    data = b""
    while len(data) < size:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)  # else each message waits 40 ms for our ACK
        part = await asyncio.get_running_loop().sock_recv(line, size - len(data))
        if not part:
            return None
        data += part
    return data
