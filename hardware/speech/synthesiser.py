"""Sentence in, sound out: pyttsx3 in a process of its own, run by ``hardware.worker``.

pyttsx3 cannot be interrupted while it plays and its loop may never return, so here it only synthesises, into an
anonymous file in memory that has no name to be found under, and the process is killed past its deadline. Plays
nothing, logs no text, and keeps a sentence only where it is told to (prepared sentences).
"""

from __future__ import annotations

import array
import contextlib
import io
import os
import threading
import time
import wave
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from hardware.speech import SpeechError
from hardware.speech.prepared import store

if TYPE_CHECKING:
    from hardware.speech.pronunciation import Pronouncer

RATE_HZ = 22_050
DEADLINE_S = 5.0  # one sentence takes ~20 ms; a machine under load must not lose its voice
READY_WITHIN_S = 30.0  # first start: reading the pronunciation tables from a cold disk
_AUDIBLE = 500  # of 32767: below it nobody hears a thing
_QUIET = 150
_TRIES = 5
_LEAD = RATE_HZ * 5 // 1000  # the voice's own 40-90 ms of silence before the first sound are cut to this
_TRAIL = RATE_HZ * 300 // 1000  # pause after a sentence at the default rate
_WHERE = "speech pyttsx3/espeak"
_CURE = "install espeak-ng and espeak-ng-data (provisioning/setup.sh)"


class Voice(msgspec.Struct, frozen=True):
    """One language's voice: pyttsx3's id, words a minute at 100 %, loudness that evens the voices out (0 .. 1)."""

    id: str
    words_per_minute: int
    volume: float


def default_voices() -> dict[str, Voice]:
    """The voices of Debian's espeak-ng that the booth speaks with. 50 % of the rates stays above espeak's least, 80."""
    return {"zh": Voice("sit/cmn-latn-pinyin", 175, 0.6), "en": Voice("gmw/en", 165, 0.9)}


class SynthesiserOptions(msgspec.Struct, frozen=True):
    voices: dict[str, Voice] = msgspec.field(default_factory=default_voices)


class Synthesise(msgspec.Struct, frozen=True):
    """``rate_percent`` 50 .. 200, pitch kept. ``keep``: the file to store the sound in, or empty."""

    text: str
    language: str
    rate_percent: int = 100
    keep: str = ""


class Clip(msgspec.Struct, frozen=True):
    """A WAV file (mono, 22 050 Hz, s16le); empty when the text holds nothing that can be spoken."""

    wav: bytes
    length_s: float


class Nothing(msgspec.Struct, frozen=True):
    pass


class Synthesiser:
    """The driver. One engine for the process's life: espeak can be initialised only once."""

    options = SynthesiserOptions

    def __init__(self, options: SynthesiserOptions) -> None:
        self._voices = options.voices
        self._engine: Any = None
        self._finished = threading.Event()
        self._failures: list[Exception] = []
        self._is_cut_short = False
        self._pronouncer: Pronouncer | None = None

    def commands(self) -> Mapping[str, tuple[type[msgspec.Struct], Callable[[Any], msgspec.Struct | None]]]:
        return {"ready": (Nothing, self.ready), "synthesise": (Synthesise, self.synthesise)}

    def begin(self, emit: Callable[[str, msgspec.Struct], None]) -> None:
        pass

    def end(self) -> None:
        pass

    def ready(self, _: Nothing | None = None) -> Nothing:
        """Load everything and speak one word of each voice into nowhere. Raises ``SpeechError``."""
        for language, voice in self._voices.items():
            self._speak(self._feed("1", language), voice, 100)
        return Nothing()

    def synthesise(self, wanted: Synthesise) -> Clip:
        """Synthesise one sentence. Raises ``SpeechError`` (no such voice, silent, stuck), never with the text in it."""
        voice = self._voices.get(wanted.language)
        if voice is None:
            raise SpeechError(f"no voice for language {wanted.language!r}", where=_WHERE)
        fed = self._feed(wanted.text, wanted.language)
        if not fed:
            return Clip(b"", 0.0)
        samples = _trim(self._speak(fed, voice, wanted.rate_percent))
        sound = _encode(samples)
        if wanted.keep:
            store(Path(wanted.keep), sound)
        return Clip(sound, len(samples) / RATE_HZ)

    def _feed(self, text: str, language: str) -> str:
        if self._pronouncer is None:
            from hardware.speech.pronunciation import Pronouncer  # noqa: PLC0415 - 60 MB that the parent never pays

            self._pronouncer = Pronouncer()
        return self._pronouncer.feed(text, language)

    def _start_engine(self) -> Any:
        try:
            import pyttsx3  # noqa: PLC0415 - a missing library is a named error, not a process that dies

            engine = pyttsx3.init("espeak")
        except Exception as error:
            raise SpeechError(
                f"the synthesiser cannot be loaded ({type(error).__name__})", where=_WHERE, cure=_CURE
            ) from error
        engine.runAndWait()  # until its first run an engine holds settings back
        engine.connect("finished-utterance", self._on_finished)
        engine.connect("error", lambda name, exception: self._failures.append(exception))
        return engine

    def _on_finished(self, name: str | None, completed: bool) -> None:
        self._is_cut_short = self._is_cut_short or not completed
        self._finished.set()

    def _settle(self) -> None:
        """Wait until espeak's own thread is idle, so that its callbacks are over and it has taken all settings."""
        from pyttsx3.drivers import _espeak  # noqa: PLC0415 - pyttsx3 has no verb of its own for it

        while _espeak.IsPlaying():  # Synchronize() does the same, asking every 20 ms
            time.sleep(0.001)

    def _speak(self, fed: str, voice: Voice, rate_percent: int) -> array.array[int]:
        """Run pyttsx3 until the sentence came out whole.

        runAndWait() stops the engine before it starts: if espeak's thread happens to be awake then, pyttsx3 cancels
        what comes after it, settings or sentence. It tells so (``completed`` is False), and we ask again.
        """
        self._engine = self._engine or self._start_engine()
        with contextlib.ExitStack() as files, contextlib.redirect_stdout(io.StringIO()):  # it prints a line a file
            for _ in range(_TRIES):
                file = os.memfd_create("speech", os.MFD_CLOEXEC)
                files.callback(os.close, file)  # only after the last try: a late writer must not meet another file
                if self._run(fed, voice, rate_percent, file):
                    samples = array.array("h", _read_wave(file))
                    break
            else:
                raise SpeechError("the sentence was cut short again and again", where=_WHERE)
        if not samples or _peak(samples) < _AUDIBLE:
            raise SpeechError("the sentence came out silent", where=_WHERE, cure=_CURE)
        return samples

    def _run(self, fed: str, voice: Voice, rate_percent: int, file: int) -> bool:
        self._settle()
        self._failures.clear()
        self._finished.clear()
        self._is_cut_short = False
        self._engine.setProperty("voice", voice.id)
        self._engine.setProperty("rate", voice.words_per_minute * rate_percent // 100)
        self._engine.setProperty("volume", voice.volume)
        self._settle()
        self._engine.save_to_file(fed, f"/proc/self/fd/{file}")
        self._engine.runAndWait()
        self._finished.wait()  # if it never comes, the caller's deadline ends this process
        # pyttsx3 keeps the last voice when it does not know the new one
        if self._failures or self._engine.getProperty("voice") != voice.id:
            raise SpeechError(f"voice {voice.id!r} is not there", where=_WHERE, cure=_CURE)
        return not self._is_cut_short


def _read_wave(file: int) -> bytes:
    with os.fdopen(os.dup(file), "rb") as stream:
        stream.seek(0)
        with wave.open(stream) as sound:
            if (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) != (1, 2, RATE_HZ):
                raise SpeechError("the synthesiser changed its format", where=_WHERE)
            return bytes(sound.readframes(sound.getnframes()))


def _peak(samples: array.array[int]) -> int:
    return max(max(samples), -min(samples))  # noqa: PLW3301 - flattened it would unpack 100 000 arguments


def _trim(samples: array.array[int]) -> array.array[int]:
    first = next(index for index, value in enumerate(samples) if abs(value) > _QUIET)
    last = next(index for index in range(len(samples) - 1, -1, -1) if abs(samples[index]) > _QUIET)
    return samples[max(0, first - _LEAD) : last + 1 + _TRAIL]


def _encode(samples: array.array[int]) -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE_HZ)
        sound.writeframes(samples.tobytes())
    return stream.getvalue()
