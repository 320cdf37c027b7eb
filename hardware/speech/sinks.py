"""Where sound goes: a sound device, a pipe of raw samples, or nowhere.

Every sink takes blocks of 20 ms (441 samples, mono, 22 050 Hz, s16le) at the pace of our own clock: ALSA's null device
has none, and a sink with a deep buffer would go on talking after a touch. Knows no sentences.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from hardware.speech import SpeechError

RATE_HZ = 22_050
BLOCK_SAMPLES = 441
BLOCK_S = BLOCK_SAMPLES / RATE_HZ
BLOCK_BYTES = BLOCK_SAMPLES * 2
_PIPE_BYTES = 4096  # the smallest a pipe can be: ~90 ms, so that a slow reader does not hear the past


class Clock:
    """Lets blocks through one every 20 ms, after ``lead`` blocks at once; starts anew after a gap."""

    def __init__(self, lead: int = 0) -> None:
        self._lead_s = lead * BLOCK_S
        self._due_s = 0.0

    def wait(self) -> None:
        """Sleep until the next block is due."""
        now_s = time.monotonic()
        if now_s > self._due_s + 5 * BLOCK_S:
            self._due_s = now_s
        if (early_s := self._due_s - self._lead_s - now_s) > 0:
            time.sleep(early_s)
        self._due_s += BLOCK_S


class Sink(Protocol):
    """``is_heard``: whether somebody could hear the last block. ``write`` raises ``SpeechError`` when it is lost."""

    name: str
    is_heard: bool

    def wait(self) -> None:
        """Sleep until the next block is due: it is mixed after that, so that a touch in between still counts."""

    def write(self, block: bytes) -> None: ...

    def flush(self) -> None:
        """Forget what was written and has not sounded yet."""

    def rest(self) -> None:
        """Nothing to say for a while."""

    def close(self) -> None: ...


class NullSink:
    """Nobody hears it, but time passes as if: captions, stories and time-outs behave as with sound."""

    def __init__(self) -> None:
        self.name = "null"
        self.is_heard = False
        self._clock = Clock()

    def wait(self) -> None:
        self._clock.wait()

    def write(self, block: bytes) -> None:
        pass

    def flush(self) -> None:
        pass

    def rest(self) -> None:
        pass

    def close(self) -> None:
        pass


class PipeSink:
    """Raw samples into a FIFO. Without a reader, or with one that does not keep up, blocks are discarded."""

    def __init__(self, path: Path) -> None:
        self.name = f"pipe {path}"
        self.is_heard = False
        self._path = path
        self._file: int | None = None
        self._clock = Clock()
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISFIFO(path.stat().st_mode):
                raise SpeechError(
                    "not a pipe (FIFO)", where=f"speech {self.name}", cure="mkfifo it, or remove the file"
                )

    def wait(self) -> None:
        self._clock.wait()

    def write(self, block: bytes) -> None:
        self.is_heard = self._open() and self._send(block)

    def _open(self) -> bool:
        if self._file is None:
            try:
                self._file = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError as error:
                if error.errno not in (errno.ENXIO, errno.ENOENT):  # no reader yet, no pipe yet
                    raise SpeechError(os.strerror(error.errno or 0), where=f"speech {self.name}") from None
                return False
            with contextlib.suppress(OSError):
                fcntl.fcntl(self._file, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        return True

    def _send(self, block: bytes) -> bool:
        assert self._file is not None
        try:
            os.write(self._file, block)  # below PIPE_BUF: whole or not at all
        except BlockingIOError:
            return False
        except BrokenPipeError:
            self.close()
            return False
        return True

    def flush(self) -> None:
        pass

    def rest(self) -> None:
        pass

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


class DeviceSink:
    """A sound device through PortAudio. ``name`` empty: the system's default."""

    def __init__(self, name: str = "") -> None:
        with _quiet_stderr():  # ALSA writes its search for cards onto it
            try:
                import sounddevice  # noqa: PLC0415 - without libportaudio2 the booth runs, dumb

                sounddevice._terminate()  # PortAudio lists devices once; look again for one plugged in since
                sounddevice._initialize()
                found = sounddevice.query_devices(name or None, kind="output")
                self._stream: Any = sounddevice.RawOutputStream(
                    samplerate=RATE_HZ,
                    blocksize=BLOCK_SAMPLES,
                    device=found["index"],
                    channels=1,
                    dtype="int16",
                    latency="low",
                )
            except Exception as error:  # PortAudioError, ValueError (no such device), OSError (no library)
                wanted = f"device {name}" if name else "device"
                raise SpeechError(f"no sound device: {error}".splitlines()[0], where=f"speech {wanted}") from error
        self.name = f"device {found['name']}"
        self.is_heard = True
        self._clock = Clock(lead=1)

    def wait(self) -> None:
        self._clock.wait()

    def write(self, block: bytes) -> None:
        try:
            if self._stream.stopped:
                self._stream.start()
            self._stream.write(block)
        except Exception as error:
            raise SpeechError("the sound device was lost", where=f"speech {self.name}") from error

    def flush(self) -> None:
        if not self._stream.stopped:
            self._stream.abort()

    def rest(self) -> None:
        if not self._stream.stopped:
            self._stream.stop()

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._stream.close(ignore_errors=True)


def open_sink(wanted: str) -> Sink:
    """Open ``device``, ``device:NAME``, ``pipe:PATH`` or ``null``. Raises ``SpeechError``."""
    kind, _, rest = wanted.partition(":")
    if kind == "device":
        return DeviceSink(rest)
    if kind == "pipe" and rest:
        return PipeSink(Path(rest))
    if wanted == "null":
        return NullSink()
    raise SpeechError(f"unknown sink {wanted!r}", where="speech", cure="device, device:NAME, pipe:PATH or null")


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
