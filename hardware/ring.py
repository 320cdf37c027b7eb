"""Camera frames between processes: a ring in shared memory that never shows a torn frame.

A full frame is 2.8 MB, fifteen times a second: too much for a pipe, and a queue would keep what nobody asked for. So
the camera's worker writes into a few slots and readers copy the newest. The composition root creates the rings (full
frames for the face worker, a small preview for the screen), gives their names to both sides, zeroes and unlinks them
at the visit's end. Besides ``device`` and ``worker`` this is the only module that two kinds of device share; it knows
neither cameras nor faces.

Not ``multiprocessing.shared_memory``: in Python 3.11 everyone who attaches also registers with a resource tracker,
which unlinks the segment when the *reader* ends, and costs a process each. Here the owner holds a lock (``flock``) on
the segment; the kernel releases it however the owner dies, and ``sweep`` removes what has no living owner.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import secrets
import struct
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeAlias

FULL_FRAME_BYTES = 1280 * 720 * 3
PREVIEW_LONG_SIDE_PX = 480
PREVIEW_BYTES = PREVIEW_LONG_SIDE_PX * PREVIEW_LONG_SIDE_PX * 3

_FOLDER = Path("/dev/shm")  # noqa: S108 - POSIX shared memory lives here; names are random, mode 0600
_PREFIX = "booth-ring-"
_MAGIC = 0x42524731  # "BRG1"
_HEADER = struct.Struct("=IIQ")  # magic, slots, bytes a slot
_NEWEST = struct.Struct("=Q")  # sequence number of the newest whole frame, at _NEWEST_AT
_NEWEST_AT = 16
_SLOT = struct.Struct("=QQdIIIi")  # begun, done (sequence numbers), at_s, width, height, channels, spare
_BEGUN = struct.Struct("=Q")
_LINE = 64  # bytes of the header and of each slot's header: one cache line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Frame: TypeAlias = NDArray[np.uint8]


class RingError(Exception):
    """A ring cannot be made, found or used; the text names the ring and the cure."""


class FrameRing:
    """One ring. Exactly one process writes; any number read; all of them on one computer.

    A slot's header holds the sequence number twice, written before and after its pixels (a seqlock): a reader whose
    copy has both numbers equal before and after saw a whole frame. This leans on the total store order of x86-64.
    """

    def __init__(self, name: str, descriptor: int, *, is_owner: bool) -> None:
        """Map an open segment; use ``create`` or ``attach``."""
        self.name = name
        self.is_owner = is_owner
        self._descriptor = descriptor
        self._map = mmap.mmap(descriptor, 0)
        magic, self.slots, self.max_bytes = (int(word) for word in _HEADER.unpack_from(self._map, 0))
        self._stride = _LINE + self.max_bytes
        if magic != _MAGIC or len(self._map) < _LINE + self.slots * self._stride:
            self.close()
            raise RingError(f"{name}: not a frame ring of this version; restart the visit")

    @classmethod
    def create(cls, *, slots: int = 4, max_bytes: int = FULL_FRAME_BYTES, name: str | None = None) -> FrameRing:
        """Make a ring and own it. ``max_bytes`` is the largest frame (width x height x channels)."""
        if slots < 2 or max_bytes < 1:
            raise RingError(f"a ring needs at least 2 slots of at least 1 byte, not {slots} of {max_bytes}")
        sweep()
        name = name or _PREFIX + secrets.token_hex(8)
        max_bytes = -(-max_bytes // _LINE) * _LINE
        try:
            descriptor = os.open(_path(name), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise RingError(f"{name}: cannot be created in {_FOLDER} ({error.strerror}); is it mounted?") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # a sweep holds it for an instant at most
            os.posix_fallocate(descriptor, 0, _LINE + slots * (_LINE + max_bytes))  # a full /dev/shm fails here
            os.pwrite(descriptor, _HEADER.pack(_MAGIC, slots, max_bytes), 0)
            return cls(name, descriptor, is_owner=True)
        except OSError as error:
            os.close(descriptor)
            _path(name).unlink(missing_ok=True)
            raise RingError(f"{name}: no room in {_FOLDER} ({error.strerror}); enlarge it or use less slots") from None

    @classmethod
    def attach(cls, name: str) -> FrameRing:
        """Open a ring that another process owns. Raises ``RingError`` when there is none of that name."""
        try:
            descriptor = os.open(_path(name), os.O_RDWR)
        except OSError:
            raise RingError(f"{name}: no such frame ring; its owner ended or never made it") from None
        try:
            return cls(name, descriptor, is_owner=False)
        except ValueError:  # an empty file cannot be mapped
            os.close(descriptor)
            raise RingError(f"{name}: not a frame ring yet; ask again") from None

    def write(self, frame: Frame, at_s: float) -> int:
        """Publish ``frame`` (uint8, height x width x channels) taken at ``at_s`` (CLOCK_MONOTONIC); gives its number.

        Raises ``RingError`` for another type or a frame larger than the ring was made for.
        """
        import numpy as np  # noqa: PLC0415 - who only makes rings, the screen's process, starts 0.1 s sooner without

        if frame.dtype != np.uint8 or frame.ndim != 3 or not 0 < frame.nbytes <= self.max_bytes:
            raise RingError(f"{self.name}: frame {frame.shape} {frame.dtype} is not uint8 HxWxC <= {self.max_bytes} B")
        sequence = self._newest_number() + 1
        place = self._place(sequence)
        height, width, channels = frame.shape
        _BEGUN.pack_into(self._map, place, sequence)
        pixels = np.frombuffer(self._map, np.uint8, frame.nbytes, place + _LINE)
        np.copyto(pixels.reshape(frame.shape), frame)
        _SLOT.pack_into(self._map, place, sequence, sequence, at_s, width, height, channels, 0)
        _NEWEST.pack_into(self._map, _NEWEST_AT, sequence)
        return sequence

    def newest(self, after_seq: int = 0) -> tuple[int, float, Frame] | None:
        """Copy the newest frame as (number, at_s, pixels), or None when there is none newer than ``after_seq``."""
        import numpy as np  # noqa: PLC0415 - see write

        for _ in range(self.slots):
            sequence = self._newest_number()
            if sequence <= after_seq:
                return None
            place = self._place(sequence)
            begun, done, at_s, width, height, channels, _spare = _SLOT.unpack_from(self._map, place)
            size = width * height * channels
            if begun != done or done < sequence:
                if begun == 0:
                    return None  # zeroed since
                continue  # being overwritten: a newer one is there in a moment
            pixels = np.frombuffer(self._map, np.uint8, min(size, self.max_bytes), place + _LINE).copy()
            if _BEGUN.unpack_from(self._map, place)[0] == done and size == pixels.size:
                return done, at_s, pixels.reshape(height, width, channels)
        return None

    def zero(self) -> None:
        """Overwrite all frames with zeros; sequence numbers go on from where they were."""
        for index in range(self.slots):
            place = _LINE + index * self._stride
            self._map[place : place + self._stride] = bytes(self._stride)

    def close(self) -> None:
        """Let go of the memory; idempotent. The segment stays until ``unlink``."""
        if self._descriptor >= 0:
            self._map.close()
            os.close(self._descriptor)
            self._descriptor = -1

    def unlink(self) -> None:
        """Remove the name; the kernel frees the memory when the last process lets go. Idempotent."""
        _path(self.name).unlink(missing_ok=True)

    def __enter__(self) -> FrameRing:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.is_owner and self._descriptor >= 0:
            self.zero()
            self.unlink()
        self.close()

    def _newest_number(self) -> int:
        number: int = _NEWEST.unpack_from(self._map, _NEWEST_AT)[0]
        return number

    def _place(self, sequence: int) -> int:
        return _LINE + sequence % self.slots * self._stride


def _path(name: str) -> Path:
    if "/" in name or not name.startswith(_PREFIX):
        raise RingError(f"{name!r} is not the name of a frame ring (they begin with {_PREFIX})")
    return _FOLDER / name


def sweep() -> int:
    """Zero and remove the rings whose owner died without doing so; gives their number.

    Called at every ``create``; whoever outlives a visit's process calls it when that one was killed.
    """
    swept = 0
    for path in _FOLDER.glob(_PREFIX + "*"):
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDWR)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # BlockingIOError: its owner lives
                size = os.fstat(descriptor).st_size
                if size:
                    with mmap.mmap(descriptor, size) as left_over:
                        left_over[:] = bytes(size)
                    path.unlink()
                    swept += 1
            finally:
                os.close(descriptor)
    return swept
