"""Plays one sound at a time and ends it within a block: run by ``hardware.worker``, in a process without numpy.

The main thread takes commands, a second one mixes 20 ms blocks of speech and short sounds into a sink. It knows numbers
and samples, no texts; what to play next is the queue's business. A private sound without a headset is refused here
once more.
"""

from __future__ import annotations

import array
import contextlib
import io
import threading
import time
import wave
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hardware.speech import Earcon, SpeechError
from hardware.speech.sinks import BLOCK_SAMPLES, RATE_HZ, NullSink, Sink, open_sink

STEP_DB = 5
LOUDEST = 6
_FADE = RATE_HZ * 5 // 1000  # a cut sound fades for 5 ms: no click
_REST_AFTER = 25  # blocks of silence before the device may rest
_RETRY_S = 15.0  # a lost or missing device is looked for again


class PlayerOptions(msgspec.Struct, frozen=True):
    """``sink`` as in ``open_sink``; ``sounds_folder`` holds one WAV an ``Earcon``; ``volume_step`` 0 .. 6."""

    sink: str = "device"
    sounds_folder: str = ""
    volume_step: int = 4
    has_headset: bool = False


class Play(msgspec.Struct, frozen=True):
    """A WAV file (mono, 22 050 Hz, s16le) as bytes or path. Whatever played before is cut."""

    number: int
    wav: bytes = b""
    path: str = ""
    private: bool = False


class PlayEarcon(msgspec.Struct, frozen=True):
    name: str


class SetVolume(msgspec.Struct, frozen=True):
    step: int


class SetHeadset(msgspec.Struct, frozen=True):
    is_plugged: bool


class Nothing(msgspec.Struct, frozen=True):
    pass


class Began(msgspec.Struct, frozen=True):
    """Event: the first block went out, at CLOCK_MONOTONIC ``at_s``."""

    number: int
    at_s: float
    is_heard: bool


class Ended(msgspec.Struct, frozen=True):
    """Event: it sounded to its end (``is_whole``) or could not be played. Nothing comes for what was cut."""

    number: int
    is_whole: bool


class SinkReport(msgspec.Struct, frozen=True):
    """Reply and event: where sound goes now, and why not where it was wanted."""

    sink: str
    reason: str = ""


def gain_of(step: int) -> float:
    """Volume step 0 (silent) .. 6 (full scale), 5 dB each."""
    return 0.0 if step <= 0 else float(10 ** ((min(step, LOUDEST) - LOUDEST) * STEP_DB / 20))


def read_sound(source: bytes | Path) -> array.array[int]:
    """Read a WAV file's samples. Raises ``SpeechError`` for another format."""
    try:
        stream = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
        with stream, wave.open(stream) as sound:
            if (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, RATE_HZ):
                return array.array("h", sound.readframes(sound.getnframes()))
    except (OSError, EOFError, wave.Error) as error:
        raise SpeechError(f"unreadable sound ({type(error).__name__})", where="speech player") from None
    raise SpeechError(f"a sound must be mono, 16 bit, {RATE_HZ} Hz", where="speech player")


class Mixer:
    """Speech and short sounds, mixed a block at a time. Not thread-safe: the player locks around it."""

    def __init__(self, volume_step: int) -> None:
        self.volume_step = volume_step
        self.number: int | None = None
        self._voice = array.array("h")
        self._place = 0
        self._tail = array.array("h")
        self._earcons: list[tuple[array.array[int], int]] = []

    @property
    def is_idle(self) -> bool:
        return self.number is None and not self._earcons and not self._tail

    def play(self, number: int, samples: array.array[int]) -> None:
        self.cut()
        self.number, self._voice, self._place = number, samples, 0

    def add(self, samples: array.array[int]) -> None:
        """Mix in a short sound from the next block on; the last few at most."""
        self._earcons = [*self._earcons[-3:], (samples, 0)]

    def cut(self, *, at_once: bool = False) -> None:
        """End the speech: with a fade of 5 ms, or ``at_once``."""
        if self.number is not None and self._place and not at_once:
            rest = self._voice[self._place : self._place + _FADE]
            self._tail = array.array("h", (value * (_FADE - i) // _FADE for i, value in enumerate(rest)))
        elif at_once:
            self._tail = array.array("h")
        self.number, self._voice, self._place = None, array.array("h"), 0

    def next_block(self) -> tuple[bytes, int | None, int | None]:
        """Give back (20 ms of samples, the number whose first block it is, the number whose last block it is)."""
        gain = gain_of(self.volume_step)
        begins = self.number if self._place == 0 else None
        part = self._voice[self._place : self._place + BLOCK_SAMPLES]
        self._place += len(part)
        block = [value * gain for value in part] + [0.0] * (BLOCK_SAMPLES - len(part))
        ends = self.number if self.number is not None and self._place >= len(self._voice) else None
        if ends is not None:
            self.number, self._voice, self._place = None, array.array("h"), 0
        for index, value in enumerate(self._tail):
            block[index] += value * gain
        self._tail = array.array("h")
        playing = []
        for samples, place in self._earcons:
            for index, value in enumerate(samples[place : place + BLOCK_SAMPLES]):
                block[index] += value * gain
            if place + BLOCK_SAMPLES < len(samples):
                playing.append((samples, place + BLOCK_SAMPLES))
        self._earcons = playing
        mixed = array.array("h", (int(max(-32_768.0, min(32_767.0, value))) for value in block))
        return mixed.tobytes(), begins, ends


class Player:
    """The driver."""

    options = PlayerOptions

    def __init__(self, options: PlayerOptions) -> None:
        self._wanted = options.sink
        self._has_headset = options.has_headset
        self._mixer = Mixer(options.volume_step)
        self._is_private = False
        self._flush = False
        self._ending = False
        self._changed = threading.Condition()
        self._emit: Callable[[str, msgspec.Struct], None] = lambda name, body: None
        self._sink: Sink = NullSink()
        self._reason = ""
        self._earcons: dict[str, array.array[int]] = {}
        for earcon in Earcon:
            with contextlib.suppress(SpeechError):  # a booth without its sounds still speaks
                self._earcons[earcon.value] = read_sound(Path(options.sounds_folder) / f"{earcon.value}.wav")
        self._thread = threading.Thread(target=self._run, name="player", daemon=True)

    def commands(self) -> Mapping[str, tuple[type[msgspec.Struct], Callable[[Any], msgspec.Struct | None]]]:
        return {
            "look": (Nothing, self.look),
            "play": (Play, self.play),
            "cut": (Nothing, self.cut),
            "earcon": (PlayEarcon, self.play_earcon),
            "volume": (SetVolume, self.set_volume),
            "headset": (SetHeadset, self.set_headset),
        }

    def begin(self, emit: Callable[[str, msgspec.Struct], None]) -> None:
        self._emit = emit
        self._open()
        self._thread.start()

    def end(self) -> None:
        with self._changed:
            self._ending = True
            self._mixer.cut(at_once=True)
            self._changed.notify()
        self._thread.join(0.3)

    def look(self, _: Nothing | None) -> SinkReport:
        """Where sound goes."""
        return SinkReport(self._sink.name, self._reason)

    def play(self, wanted: Play) -> None:
        """Play from the next block on."""
        try:
            samples = read_sound(wanted.wav or Path(wanted.path))
        except SpeechError:
            samples = array.array("h")
        with self._changed:
            is_refused = wanted.private and not self._has_headset
            if samples and not is_refused:
                self._mixer.play(wanted.number, samples)
                self._is_private = wanted.private
                self._changed.notify()
                return
            self._mixer.cut()
        self._emit("ended", Ended(wanted.number, is_whole=False))

    def cut(self, _: Nothing | None) -> None:
        """End the speech; short sounds go on."""
        with self._changed:
            self._flush = self._flush or self._mixer.number is not None
            self._mixer.cut()
            self._changed.notify()

    def play_earcon(self, wanted: PlayEarcon) -> None:
        with self._changed:
            if wanted.name in self._earcons:
                self._mixer.add(self._earcons[wanted.name])
                self._changed.notify()

    def set_volume(self, wanted: SetVolume) -> None:
        with self._changed:
            self._mixer.volume_step = wanted.step

    def set_headset(self, wanted: SetHeadset) -> None:
        """Unplugging ends a private sound at once."""
        with self._changed:
            self._has_headset = wanted.is_plugged
            if not wanted.is_plugged and self._is_private:
                self._mixer.cut(at_once=True)
                self._flush = True

    def _open(self) -> None:
        try:
            self._sink, self._reason = open_sink(self._wanted), ""
        except SpeechError as error:
            self._sink, self._reason = NullSink(), str(error)

    def _run(self) -> None:
        silent_blocks = 0
        next_try_s = time.monotonic() + _RETRY_S
        while not self._ending:
            if silent_blocks >= _REST_AFTER:
                self._rest()
                if self._reason and time.monotonic() >= next_try_s:
                    self._try_again()
                    next_try_s = time.monotonic() + _RETRY_S
                if self._mixer.is_idle:
                    continue
            self._sink.wait()
            with self._changed:
                silent_blocks = silent_blocks + 1 if self._mixer.is_idle else 0
                flush, self._flush = self._flush, False
                block, begins, ends = self._mixer.next_block()
                volume = self._mixer.volume_step
            at_s = time.monotonic()
            self._write(block, flush=flush)
            if begins is not None:
                self._emit("began", Began(begins, at_s, self._sink.is_heard and volume > 0))
            if ends is not None:
                self._emit("ended", Ended(ends, is_whole=True))
        self._sink.close()

    def _rest(self) -> None:
        with self._changed:
            is_called = self._ending or not self._mixer.is_idle
        if not is_called:
            self._sink.rest()
            with self._changed:
                self._changed.wait_for(lambda: self._ending or not self._mixer.is_idle, _RETRY_S)

    def _write(self, block: bytes, *, flush: bool) -> None:
        try:
            if flush:
                self._sink.flush()
            self._sink.write(block)
        except SpeechError as error:
            self._sink.close()
            self._sink, self._reason = NullSink(), str(error)
            self._emit("sink", self.look(None))

    def _try_again(self) -> None:
        self._open()
        if not self._reason:
            self._emit("sink", self.look(None))
