"""The other end of the door bus as frames in and frames out: a reader with contact, button, lock and thermometer.

It has a secure channel of its own (``virtual_session``), refuses what comes in the clear, and misbehaves on request.
The clock is passed in; knows no wire: see ``simulator``.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field

from hardware.access.frames import SEQUENCE, Frame, closed, head
from hardware.access.virtual_session import MAC_BYTES, Session

VENDOR = 0x0C5502  # sent least significant byte first; its first octet says: locally administered
TEMPERATURE, FACE = 0x10, 0x11  # first byte of a manufacturer-specific reply of ours
_POLL, _ID, _CAP, _LSTAT, _ISTAT, _OSTAT = 0x60, 0x61, 0x62, 0x64, 0x65, 0x66
_OUT, _LED, _BUZ, _CHLNG, _SCRYPT = 0x68, 0x69, 0x6A, 0x76, 0x77
_ACK, _NAK, _PDID, _PDCAP, _LSTATR, _ISTATR, _OSTATR = 0x40, 0x41, 0x45, 0x46, 0x48, 0x49, 0x4A
_RAW, _CCRYPT, _RMAC_I, _MFGREP = 0x50, 0x76, 0x78, 0x90
_LENGTH, _UNKNOWN, _SEQUENCE_WRONG, _NO_SUCH_SECURITY, _SECURITY = 2, 3, 4, 5, 6  # reasons of a NAK (annex A)
_IN_CLEAR = frozenset({_ID, _CAP})
_BOOT_S = 2.0


@dataclass
class Faults:
    """How a reader misbehaves now. Shares are 0..1 of its answers; ``late`` counts answers that come ``late_ms`` late.

    ``flap_s``: present and gone by turns of so long; ``clock_skew``: its timers run so much too slow (0.5: half as long
    again).
    """

    delay_ms: float = 0.0
    drop: float = 0.0
    garbage: float = 0.0
    truncate: float = 0.0
    late: int = 0
    late_ms: float = 260.0
    flap_s: float = 0.0
    clock_skew: float = 0.0
    is_silent: bool = False


@dataclass
class _Output:
    is_on: bool = False
    timed: bool = False
    until_s: float = 0.0

    def state(self, now_s: float) -> bool:
        return self.timed if now_s < self.until_s else self.is_on


@dataclass
class VirtualReader:
    """One peripheral device. Inputs 0 and 1 are the door's contact and the exit button, output 0 is the lock.

    ``key``: its SCBK. ``capable``: it has a secure channel at all.
    """

    address: int
    key: bytes = field(repr=False)
    outputs_count: int = 2
    inputs_count: int = 4
    capable: bool = True
    faults: Faults = field(default_factory=Faults)
    chance: random.Random = field(default_factory=random.Random, repr=False)
    shown: list[tuple[str, bytes]] = field(default_factory=list, repr=False)  # what its LED and buzzer were told
    answers: int = 0
    challenges: int = 0  # how often a panel tried to open a secure channel

    def __post_init__(self) -> None:
        self._inputs = [False] * self.inputs_count
        self._outputs = [_Output() for _ in range(self.outputs_count)]
        self._is_tampered = self._is_weak = False
        self._events: deque[tuple[int, bytes]] = deque(maxlen=32)
        self._session: Session | None = None
        self._last: tuple[int, int, bytes] | None = None  # sequence, code and the answer to it
        self._down_until_s = 0.0

    def open_contact(self, is_open: bool = True) -> None:
        """Open or close the door."""
        self._input(0, is_open)

    def press_exit(self, is_pressed: bool = True) -> None:
        """Press or let go of the exit button."""
        self._input(1, is_pressed)

    def tamper(self, is_tampered: bool = True) -> None:
        """Take the reader off the wall, or put it back."""
        self._is_tampered = is_tampered
        self._events.append((_LSTATR, self._local()))

    def fail_power(self, is_weak: bool = True) -> None:
        """Its supply is bad."""
        self._is_weak = is_weak
        self._events.append((_LSTATR, self._local()))

    def present_card(self, bits: int, data: bytes, *, is_wiegand: bool = True) -> None:
        """Hold a card before it: ``bits`` bits, the first one the highest of ``data``."""
        self._events.append((_RAW, bytes((0, int(is_wiegand))) + bits.to_bytes(2, "little") + data))

    def report_temperature(self, hundredths: float) -> None:
        """It has measured a person: hundredths of a degree, as it says it."""
        self._tell(bytes((TEMPERATURE,)) + round(hundredths).to_bytes(2, "little", signed=True))

    def recognise_face(self) -> None:
        """A terminal with a camera has recognised somebody."""
        self._tell(bytes((FACE,)))

    def reboot(self, now_s: float) -> None:
        """Lose power for a moment: silent for 2 s, then everything is new."""
        self._down_until_s = now_s + _BOOT_S
        self._session = self._last = None
        self._events.clear()
        self._outputs = [_Output() for _ in range(self.outputs_count)]

    def output(self, number: int, now_s: float) -> bool:
        """Is the relay energised?"""
        return self._outputs[number].state(now_s)

    @property
    def is_secure(self) -> bool:
        """A secure channel is open."""
        return self._session is not None and self._session.is_open

    def receive(self, frame: Frame, now_s: float) -> tuple[float, bytes] | None:
        """What it sends back and after how many seconds; None for nothing."""
        if frame.address != self.address or frame.is_reply or not self._is_there(now_s):
            return None
        answer = self._repeated(frame) or self._answer(frame, now_s)
        self._last = (frame.sequence, frame.code, answer)
        self.answers += 1
        faults = self.faults
        if self.chance.random() < faults.drop:
            return None
        if self.chance.random() < faults.garbage:
            answer = bytes(byte ^ 0x5A for byte in answer)
        if self.chance.random() < faults.truncate:
            answer = answer[: len(answer) // 2]
        after_s = faults.delay_ms / 1000
        if faults.late > 0:
            faults.late -= 1
            after_s = faults.late_ms / 1000
        return after_s, answer

    def _is_there(self, now_s: float) -> bool:
        faults = self.faults
        is_away = faults.flap_s > 0 and int(now_s / faults.flap_s) % 2 == 1
        return not faults.is_silent and not is_away and now_s >= self._down_until_s

    def _input(self, number: int, is_on: bool) -> None:
        self._inputs[number] = is_on
        self._events.append((_ISTATR, bytes(self._inputs)))

    def _tell(self, data: bytes) -> None:
        self._events.append((_MFGREP, VENDOR.to_bytes(3, "little") + data))

    def _local(self) -> bytes:
        return bytes((self._is_tampered, self._is_weak))

    def _repeated(self, frame: Frame) -> bytes | None:
        """5.9.5: a command with the sequence number of the one before is a repetition, and so is its answer."""
        if self._last is None or frame.sequence == 0 or self._last[:2] != (frame.sequence, frame.code):
            return None
        return self._last[2]

    def _answer(self, frame: Frame, now_s: float) -> bytes:
        if frame.sequence == 0:
            self._session = None
        elif self._last is not None and frame.sequence != self._last[0] % SEQUENCE + 1:
            return self._plain(frame, _NAK, bytes((_SEQUENCE_WRONG,)))
        if frame.code == _CHLNG:
            return self._challenged(frame)
        if frame.code == _SCRYPT:
            return self._joined(frame)
        session = self._session
        if session is None or not session.is_open:
            if frame.code in _IN_CLEAR and not frame.block:
                return self._plain(frame, *self._done(frame.code, b"", now_s))
            return self._plain(frame, _NAK, bytes((_SECURITY,)))
        data = None
        if frame.security in (0x15, 0x17):
            body = frame.raw[: -2 - MAC_BYTES]
            data = session.opened(body, frame.data, is_encrypted=frame.security == 0x17)
        if data is None:
            self._session = None
            return self._plain(frame, _NAK, bytes((_SECURITY,)))
        code, told = self._done(frame.code, data, now_s)
        sealed = session.sealed(told)
        block = b"\x18" if sealed else b"\x16"
        begun = head(self.address, frame.sequence, block, 1 + len(sealed) + MAC_BYTES, is_reply=True)
        return closed(session.signed(begun + bytes((code,)) + sealed))

    def _plain(self, frame: Frame, code: int, data: bytes, block: bytes = b"") -> bytes:
        begun = head(self.address, frame.sequence, block, 1 + len(data), is_reply=True)
        return closed(begun + bytes((code,)) + data)

    def _challenged(self, frame: Frame) -> bytes:
        self.challenges += 1
        is_own_key = frame.block[:2] == b"\x11\x01"
        if not self.capable or not is_own_key or len(frame.data) != 8:
            return self._plain(frame, _NAK, bytes((_NO_SUCH_SECURITY,)))
        self._session = Session(self.key, frame.data)
        told = VENDOR.to_bytes(3, "little") + bytes((1, 1, 0, 0, self.address))
        told += self._session.nonce + self._session.client_cryptogram
        return self._plain(frame, _CCRYPT, told, b"\x12\x01")

    def _joined(self, frame: Frame) -> bytes:
        found = self._session.join(frame.data) if self._session is not None and len(frame.data) == 16 else None
        if found is None:
            self._session = None
            return self._plain(frame, _NAK, bytes((_SECURITY,)))
        return self._plain(frame, _RMAC_I, found, b"\x14\x01")

    def _done(self, code: int, data: bytes, now_s: float) -> tuple[int, bytes]:
        if code == _POLL:
            return self._events.popleft() if self._events else (_ACK, b"")
        if code == _ID:
            return _PDID, VENDOR.to_bytes(3, "little") + bytes((1, 1, 0, 0, 0, self.address, 1, 0, 0))
        if code == _CAP:
            return _PDCAP, self._capabilities()
        if code == _LSTAT:
            return _LSTATR, self._local()
        if code == _ISTAT:
            return _ISTATR, bytes(self._inputs)
        if code == _OUT:
            return self._switched(data, now_s)
        if code == _OSTAT:
            return _OSTATR, self._relays(now_s)
        if code in (_LED, _BUZ):
            self.shown.append(("led" if code == _LED else "buzzer", data))
            return _ACK, b""
        return _NAK, bytes((_UNKNOWN,))

    def _capabilities(self) -> bytes:
        """Function, compliance, number: inputs, outputs, LEDs, sounder, CRC, AES-128, buffer, readers (annex B)."""
        found = [
            (1, 1, self.inputs_count), (2, 1, self.outputs_count), (4, 1, 1), (5, 1, 1), (8, 1, 0),
            (9, int(self.capable), 0), (10, 0, 1), (13, 1, 1),
        ]  # fmt: skip
        return b"".join(bytes(one) for one in found)

    def _relays(self, now_s: float) -> bytes:
        return bytes(one.state(now_s) for one in self._outputs)

    def _switched(self, data: bytes, now_s: float) -> tuple[int, bytes]:
        """6.10: number, code, timer in 100 ms; a temporary state goes back to the permanent one."""
        if not data or len(data) % 4:
            return _NAK, bytes((_LENGTH,))
        for at in range(0, len(data), 4):
            number, control, timer = data[at], data[at + 1], int.from_bytes(data[at + 2 : at + 4], "little")
            if number >= self.outputs_count or control > 6:
                return _NAK, bytes((_UNKNOWN,))
            relay = self._outputs[number]
            if control in (1, 2, 3, 4):
                relay.is_on = control in (2, 4)
                relay.until_s = now_s if control in (1, 2) else relay.until_s
            elif control in (5, 6):
                relay.timed = control == 5
                relay.until_s = now_s + timer / 10 * (1 + self.faults.clock_skew)
        return _OSTATR, self._relays(now_s)
