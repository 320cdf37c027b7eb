"""Linux input events from device paths: the keypad, the headset switch and the presence sensor.

``Decoder`` is sans-IO: 24-byte ``input_event`` records in, the front door's events out; it measures time by the stamps
in the records. ``EvdevKeypad`` reads devices or FIFOs without blocking, so it needs no worker. Neither knows what a
screen does with a key.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import stat
import struct
import time
import weakref
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace

from hardware.device import Health, StatusListener
from hardware.keypad import Approach, HeadsetChanged, Key, KeypadEvent, KeypadStatus, KeyPress

RECORD = struct.Struct("qqHHi")  # struct input_event on 64-bit Linux: seconds, microseconds, type, code, value
EV_SYN, EV_KEY, EV_SW = 0x00, 0x01, 0x05
SYN_REPORT, SYN_DROPPED = 0, 3
SW_HEADPHONE_INSERT = 2
_EVIOCGRAB = 0x40044590
_EVIOCGSW = 0x8008451B  # the state of the switches, 8 bytes
MAX_WAITING_EVENTS = 256


@dataclass(frozen=True)
class KeypadOptions:
    """``devices``: paths of input devices or FIFOs. ``keys``: Linux key code to meaning; other codes are ignored.

    ``presence_code``: code of a key or switch that means somebody approaches, 0 for none. ``double_strike_ms``: the
    same key again within this time is a trembling hand and no second press.
    """

    devices: tuple[str, ...]
    keys: Mapping[int, Key] = field(default_factory=dict)
    presence_code: int = 0
    headset_code: int = SW_HEADPHONE_INSERT
    double_strike_ms: int = 300
    look_every_s: float = 1.0


class Decoder:
    """Bytes of one device to events. Any byte sequence is accepted; what has no meaning is dropped."""

    def __init__(self, options: KeypadOptions) -> None:
        self._options = options
        self._rest = b""
        self._struck_us: dict[int, int] = {}
        self._has_lost_records = False

    def feed(self, data: bytes) -> list[KeypadEvent]:
        """Take what was read (records may come in pieces); give the events it completes."""
        data = self._rest + data
        whole = len(data) // RECORD.size * RECORD.size
        self._rest = data[whole:]
        events = (self._event(*record) for record in RECORD.iter_unpack(data[:whole]))
        return [event for event in events if event is not None]

    def _event(self, seconds: int, microseconds: int, kind: int, code: int, value: int) -> KeypadEvent | None:
        if kind == EV_SYN:
            self._has_lost_records = code == SYN_DROPPED  # until the next report the kernel's records are incomplete
            return None
        if self._has_lost_records:
            return None
        if code == self._options.presence_code and code and kind in (EV_KEY, EV_SW):
            return Approach() if value == 1 else None
        if kind == EV_SW and code == self._options.headset_code:
            return HeadsetChanged(value != 0)
        if kind == EV_KEY and value == 1 and code in self._options.keys:  # 0 is up, 2 is autorepeat
            return self._press(code, seconds * 1_000_000 + microseconds)
        return None

    def _press(self, code: int, at_us: int) -> KeyPress | None:
        before = self._struck_us.get(code)
        if before is not None and 0 <= at_us - before < self._options.double_strike_ms * 1000:
            return None
        self._struck_us[code] = at_us
        return KeyPress(self._options.keys[code])


class _Source:
    """One path: open or away. ``why`` says why it is away."""

    def __init__(self, path: str, options: KeypadOptions) -> None:
        self.path = path
        self.handle: int | None = None
        self.why = ""
        self.has_headset = False
        self._options = options
        self._decoder = Decoder(options)

    def open(self) -> bool:
        """Try to open; True when it is open now."""
        try:
            # Read and write, so that a FIFO does not end when its last writer goes and needs none to be opened.
            handle = os.open(self.path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            self.why = f"{self.path}: {error.strerror}"
            if isinstance(error, PermissionError):
                self.why += " (the udev rule of the booth gives its group access)"
            return False
        try:
            self._prepare(handle)
        except OSError as error:
            os.close(handle)
            self.why = f"{self.path}: {error.strerror}"
            return False
        self._decoder = Decoder(self._options)
        self.handle, self.why = handle, ""
        return True

    def _prepare(self, handle: int) -> None:
        mode = os.fstat(handle).st_mode
        if stat.S_ISFIFO(mode):
            with contextlib.suppress(BlockingIOError):
                while os.read(handle, 65536):  # keys struck while nobody listened belong to nobody
                    pass
            return
        if not stat.S_ISCHR(mode):
            raise OSError(0, "neither an input device nor a FIFO")
        fcntl.ioctl(handle, _EVIOCGRAB, 1)  # or the display server would hand each key to the window a second time
        with contextlib.suppress(OSError):
            switches = int.from_bytes(fcntl.ioctl(handle, _EVIOCGSW, bytes(8)), "little")
            self.has_headset = bool(switches >> self._options.headset_code & 1)

    def read(self) -> list[KeypadEvent]:
        """Read what is there; ``OSError`` when the device went away."""
        if self.handle is None:
            return []
        try:
            data = os.read(self.handle, RECORD.size * 64)
        except BlockingIOError:
            return []
        if not data:
            raise OSError(0, "end of file")
        return self._decoder.feed(data)

    def is_there(self) -> bool:
        """Tell whether the path still leads to what is open (a FIFO that was removed goes on being readable)."""
        if self.handle is None:
            return False
        try:
            now, then = os.stat(self.path), os.fstat(self.handle)
        except OSError:
            return False
        return (now.st_dev, now.st_ino, now.st_rdev) == (then.st_dev, then.st_ino, then.st_rdev)

    def close(self, why: str) -> None:
        """Let go of the device."""
        if self.handle is not None:
            os.close(self.handle)
        self.handle, self.why = None, why


class EvdevKeypad:
    """``Keypad`` on input devices, in-process. Use from one event loop."""

    def __init__(self, options: KeypadOptions) -> None:
        self._options = options
        self._sources = [_Source(path, options) for path in options.devices]
        self._listeners: list[StatusListener] = []
        self._streams: weakref.WeakSet[_Events] = weakref.WeakSet()
        self._status = KeypadStatus(Health.OFFLINE, "not started", _now_s())
        self._looking: asyncio.Task[None] | None = None

    @property
    def status(self) -> KeypadStatus:
        """The last known status; never blocks. Online only when every configured device is there."""
        return self._status

    async def start(self) -> None:
        """Open what is there and go on looking for what is not."""
        if self._looking is None:
            self._look()
            self._looking = asyncio.create_task(self._look_on())

    async def stop(self) -> None:
        """Close the devices; all event iterators end. Idempotent."""
        looking, self._looking = self._looking, None
        if looking is None:
            return
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking
        for source in self._sources:
            self._lose(source, f"{source.path}: stopped")
        for stream in tuple(self._streams):
            stream.end()
        self._set(KeypadStatus(Health.OFFLINE, "stopped", _now_s()))

    def watch(self, listener: StatusListener) -> Callable[[], None]:
        """Call ``listener`` on the loop at every change of status; the result unsubscribes."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def events(self) -> AsyncIterator[KeypadEvent]:
        """All events from this call on; survives unplugging, ends with ``stop``."""
        stream = _Events()
        self._streams.add(stream)
        return stream

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(self._options.look_every_s)
            self._look()

    def _look(self) -> None:
        for source in self._sources:
            if source.handle is not None and not source.is_there():
                self._lose(source, f"{source.path}: unplugged")
            if source.handle is None and source.open() and source.handle is not None:
                had_headset = self._status.has_headset
                asyncio.get_running_loop().add_reader(source.handle, self._read, source)
                if source.has_headset != had_headset and source.has_headset:
                    self._tell(HeadsetChanged(True))
        self._report()

    def _read(self, source: _Source) -> None:
        try:
            events = source.read()
        except OSError as error:
            self._lose(source, f"{source.path}: {error.strerror}")
            self._report()
            return
        for event in events:
            if isinstance(event, HeadsetChanged):
                source.has_headset = event.is_plugged
                self._report()
            self._tell(event)

    def _lose(self, source: _Source, why: str) -> None:
        if source.handle is not None:
            asyncio.get_running_loop().remove_reader(source.handle)
        source.close(why)
        if source.has_headset:  # nobody may go on hearing private words because a cable broke
            source.has_headset = False
            self._tell(HeadsetChanged(False))

    def _tell(self, event: KeypadEvent) -> None:
        for stream in tuple(self._streams):
            stream.put(event)

    def _report(self) -> None:
        away = [source.why for source in self._sources if source.handle is None]
        health = Health.OFFLINE if away else Health.ONLINE
        if not self._sources:
            health, away = Health.NO_DEVICE, ["no input device is configured"]
        headset = any(source.has_headset for source in self._sources)
        status = KeypadStatus(health, "; ".join(away), self._status.since_s, headset)
        if status != self._status:
            self._set(replace(status, since_s=_now_s()))

    def _set(self, status: KeypadStatus) -> None:
        self._status = status
        for listener in tuple(self._listeners):
            listener(status)


class _Events:
    """One listener's events, the newest ``MAX_WAITING_EVENTS`` at most."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[KeypadEvent | None] = asyncio.Queue(MAX_WAITING_EVENTS)

    def put(self, event: KeypadEvent | None) -> None:
        if self._waiting.full():
            self._waiting.get_nowait()
        self._waiting.put_nowait(event)

    def end(self) -> None:
        self.put(None)

    def __aiter__(self) -> _Events:
        return self

    async def __anext__(self) -> KeypadEvent:
        event = await self._waiting.get()
        if event is None:
            self.put(None)  # whoever asks again gets the end again
            raise StopAsyncIteration
        return event


def _now_s() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
