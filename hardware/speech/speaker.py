"""The booth's voice as the rest of the booth holds it: puts queue, synthesiser and player together.

Nothing here blocks: verbs change the queue, and the player is told what should sound now in the same breath, also
while the screen is busy. The two workers may hang or die; they are replaced and the line is said again, once. It keeps
no sentence longer than it waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec

from hardware.device import DeviceError, DeviceGone, Health, StatusListener
from hardware.speech import Earcon, SpeechError, SpeechStatus, Spoken, Utterance, player, synthesiser
from hardware.speech.prepared import Prepared
from hardware.speech.queue import Line, SpeechQueue
from hardware.worker import Envelope, Worker

_BEGINS_WITHIN_S = 3.0  # a player that has not begun by then hangs in its sound device
_ENDS_LATE_S = 5.0


class SpeakerOptions(msgspec.Struct, frozen=True):
    """``sink``: device, device:NAME, pipe:PATH or null. ``sounds_folder``: the earcons (``provisioning.sounds``).

    ``prepared_folder``: where fixed sentences are kept between visits, or empty.
    """

    sink: str = "device"
    sounds_folder: str = ""
    prepared_folder: str = ""
    volume_step: int = 4
    rate_percent: int = 100
    voices: dict[str, synthesiser.Voice] = msgspec.field(default_factory=synthesiser.default_voices)


class _PostingWorker(Worker):
    """A worker that also takes calls without a reply, sent before the caller returns."""

    def post(self, verb: str, arguments: msgspec.Struct) -> None:
        """Send now. Raises ``DeviceGone`` while the child is being replaced."""
        self._write(Envelope("call", 0, verb, msgspec.Raw(msgspec.msgpack.encode(arguments))))


class Pyttsx3Speaker:
    """``hardware.speech.Speaker`` by pyttsx3 and our own player. Use from one event loop."""

    def __init__(self, options: SpeakerOptions) -> None:
        self._options = options
        self._prepared = Prepared(Path(options.prepared_folder) if options.prepared_folder else None)
        self._queue = SpeechQueue()
        self._rate = options.rate_percent
        self._volume = options.volume_step
        self._has_headset = False
        self._status = SpeechStatus(Health.STARTING)
        self._watchers: list[StatusListener] = []
        self._listeners: list[Callable[[Spoken], None]] = []
        self._told: Line | None = None  # the line the player has, or is about to get
        self._serial = 0  # names one playing of one line: a line that resumes is played under a new one
        self._attempts = 0
        self._sounds: dict[tuple[int, int], asyncio.Task[player.Play | None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._watchdog: asyncio.TimerHandle | None = None
        self._is_running = False
        self._voice_fault = ""
        self._is_voice_ready = False
        self._sink: player.SinkReport | None = None
        self._synthesiser = Worker(
            "hardware.speech.synthesiser:Synthesiser",
            synthesiser.SynthesiserOptions(options.voices),
            errors=(SpeechError,),
            on_restart=self._on_synthesiser_restart,
        )
        self._player = self._make_player()

    def _make_player(self) -> _PostingWorker:
        options = player.PlayerOptions(self._options.sink, self._options.sounds_folder, self._volume, self._has_headset)
        return _PostingWorker(
            "hardware.speech.player:Player",
            options,
            errors=(SpeechError,),
            on_event=self._on_event,
            on_restart=self._on_player_restart,
        )

    # --- Device

    @property
    def status(self) -> SpeechStatus:
        """The last known status; ``reason`` says why nobody hears anything, if so."""
        return self._status

    @property
    def pids(self) -> tuple[int | None, int | None]:
        """Process ids of synthesiser and player."""
        return self._synthesiser.pid, self._player.pid

    def watch(self, listener: StatusListener) -> Callable[[], None]:
        self._watchers.append(listener)
        return lambda: self._watchers.remove(listener) if listener in self._watchers else None

    async def start(self) -> None:
        """Start both workers. Returns when the player has its sink, or a clock in its place; voices load meanwhile."""
        if self._is_running:
            return
        self._is_running = True
        await asyncio.gather(self._synthesiser.start(), self._player.start())
        self._spawn(self._warm_up())
        try:
            self._on_sink(await self._player.call("look", reply=player.SinkReport, within_s=10.0))
        except DeviceError as error:
            self._on_sink(player.SinkReport("null", str(error)))
        self._follow()

    async def stop(self) -> None:
        """End speech and both processes; idempotent."""
        self._is_running = False
        for timer in (self._timer, self._watchdog):
            if timer is not None:
                timer.cancel()
        for task in (*self._tasks, *self._sounds.values()):
            task.cancel()
        self._sounds.clear()
        await asyncio.gather(self._synthesiser.stop(), self._player.stop())
        self._queue = SpeechQueue(has_headset=self._has_headset)
        self._told = None
        self._refresh()

    # --- Speaker

    def say(self, *utterances: Utterance) -> None:
        """Queue; those of one call belong together. Never blocks, never raises."""
        self._queue.say(utterances)
        self._follow()

    def sound(self, earcon: Earcon) -> None:
        """Mix a short sound into whatever is said."""
        self._post("earcon", player.PlayEarcon(earcon.value))

    def hush(self) -> None:
        """A touch or a key: the player is told before this returns."""
        self._queue.hush(time.monotonic())
        self._follow()

    def silence(self) -> None:
        """An alarm that is over is not said to its end."""
        self._queue.silence()
        self._follow()

    def set_headset(self, is_plugged: bool) -> None:
        """Unplugging ends a private sentence; the player refuses private sounds by itself, too."""
        self._has_headset = is_plugged
        self._post("headset", player.SetHeadset(is_plugged))
        self._queue.set_headset(is_plugged)
        self._follow()

    def set_volume(self, step: int) -> None:
        """0 (silent) .. 6. Raises ValueError outside."""
        if not 0 <= step <= player.LOUDEST:
            raise ValueError(f"volume step {step}: 0 .. {player.LOUDEST} are known")
        self._volume = step
        self._post("volume", player.SetVolume(step))

    def set_rate(self, percent: int) -> None:
        """50 .. 200, from the next sentence on. Raises ValueError outside."""
        if not 50 <= percent <= 200:
            raise ValueError(f"speech rate {percent} %: 50 .. 200 are known")
        self._rate = percent
        self._follow()

    def listen(self, listener: Callable[[Spoken], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    # --- making sound follow the queue

    def _follow(self) -> None:
        """Bring the player in line with the queue; call after every change."""
        if not self._is_running:
            self._refresh()
            return
        line = self._queue.current
        if line is not self._told:
            if self._told is not None:
                self._post("cut", player.Nothing())
            self._told, self._attempts = line, 0
            self._guard(None)
            if line is not None:
                self._play(line)
        upcoming = self._queue.next
        if upcoming is not None and not upcoming.private:
            self._sound_of(upcoming)  # made ready while the other one sounds
        wanted = {line.number for line in (line, upcoming) if line is not None}
        for key in [key for key in self._sounds if key[0] not in wanted]:
            del self._sounds[key]
        self._set_timer()
        self._refresh()

    def _play(self, line: Line) -> None:
        self._serial += 1
        prepared = self._find(line)
        if prepared is not None:
            self._send(line, player.Play(0, path=str(prepared)))
        else:
            self._spawn(self._play_when_made(line, self._serial))

    async def _play_when_made(self, line: Line, serial: int) -> None:
        wanted = await self._sound_of(line)
        if self._told is not line or self._serial != serial:
            return
        if wanted is None:
            self._queue.ended(line.number)
            self._follow()
        else:
            self._send(line, wanted)

    def _send(self, line: Line, wanted: player.Play) -> None:
        self._post("play", msgspec.structs.replace(wanted, number=self._serial, private=line.private))
        self._guard(_BEGINS_WITHIN_S)

    def _find(self, line: Line) -> Path | None:
        return self._prepared.find(line.text, line.language, self._rate) if line.is_fixed else None

    def _sound_of(self, line: Line) -> asyncio.Task[player.Play | None]:
        key = (line.number, self._rate)
        if key not in self._sounds:
            self._sounds[key] = asyncio.get_running_loop().create_task(self._make(line, self._rate))
        return self._sounds[key]

    async def _make(self, line: Line, rate: int) -> player.Play | None:
        """Synthesise; None when the line cannot be said. A synthesiser that died is asked again."""
        prepared = self._find(line)
        if prepared is not None:
            return player.Play(0, path=str(prepared))
        place = self._prepared.place(line.text, line.language, rate) if line.is_fixed else None
        wanted = synthesiser.Synthesise(line.text, line.language, rate, str(place or ""))
        for pause_s in (0.3, 1.0, 0.0):
            within_s = synthesiser.DEADLINE_S + (0.0 if self._is_voice_ready else synthesiser.READY_WITHIN_S)
            try:
                clip = await self._synthesiser.call("synthesise", wanted, reply=synthesiser.Clip, within_s=within_s)
            except SpeechError as error:
                self._set_voice_fault(str(error))
                return None
            except DeviceError as error:
                self._set_voice_fault(str(error))
                await asyncio.sleep(pause_s)  # the worker is being replaced
                continue
            self._set_voice_fault("")
            return player.Play(0, wav=clip.wav) if clip.wav else None
        return None

    async def _warm_up(self) -> None:
        try:
            await self._synthesiser.call("ready", synthesiser.Nothing(), within_s=synthesiser.READY_WITHIN_S)
            self._is_voice_ready = True
            self._set_voice_fault("")
        except DeviceError as error:
            self._set_voice_fault(str(error))

    def _on_event(self, name: str, body: msgspec.Raw) -> None:
        if name == "sink":
            self._on_sink(msgspec.msgpack.decode(body, type=player.SinkReport))
        elif name == "began":
            self._on_began(msgspec.msgpack.decode(body, type=player.Began))
        elif name == "ended":
            ended = msgspec.msgpack.decode(body, type=player.Ended)
            if ended.number == self._serial and self._told is not None:
                self._guard(None)
                self._queue.ended(self._told.number)
                self._follow()

    def _on_began(self, began: player.Began) -> None:
        line = self._told
        if line is None or began.number != self._serial:
            return
        self._guard(_ENDS_LATE_S + len(line.text))  # no voice needs a second for one character
        self._queue.began(line.number, began.at_s)
        self._set_timer()
        spoken = Spoken(line.text, line.language, line.private, began.at_s, began.is_heard)
        for listener in tuple(self._listeners):
            listener(spoken)

    def _set_timer(self) -> None:
        """Wake up when a touched alert may be cut."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (at_s := self._queue.cut_at_s) is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, at_s - time.monotonic()), self._cut_alert)

    def _cut_alert(self) -> None:
        self._queue.tick(time.monotonic())
        self._follow()

    # --- what can go wrong

    def _guard(self, within_s: float | None) -> None:
        """Kill a player that does not come forward: it hangs in its sound device."""
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None
        if within_s is not None:
            self._watchdog = asyncio.get_running_loop().call_later(within_s, self._player.kill)

    def _on_synthesiser_restart(self) -> None:
        self._is_voice_ready = False
        self._spawn(self._warm_up())

    def _on_player_restart(self) -> None:
        """Say the line again in the new player, but not a third time."""
        self._guard(None)
        self._post("volume", player.SetVolume(self._volume))
        self._post("headset", player.SetHeadset(self._has_headset))
        line = self._told
        if line is None:
            return
        self._attempts += 1
        if self._attempts > 1:
            self._queue.ended(line.number)
            self._follow()
        else:
            self._play(line)

    def _post(self, verb: str, arguments: msgspec.Struct) -> None:
        with contextlib.suppress(DeviceGone):  # on_restart makes up for it
            self._player.post(verb, arguments)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _on_sink(self, report: player.SinkReport) -> None:
        self._sink = report
        self._refresh()

    def _set_voice_fault(self, fault: str) -> None:
        self._voice_fault = fault
        self._refresh()

    def _refresh(self) -> None:
        """Compose the status anew and tell the watchers of a change."""
        if not self._is_running:
            health, reason = Health.OFFLINE, ""
        elif self._voice_fault:
            health, reason = Health.HARDWARE_ERROR, self._voice_fault
        elif self._sink is None:
            health, reason = Health.STARTING, ""
        else:
            health, reason = (Health.NO_DEVICE if self._sink.reason else Health.ONLINE), self._sink.reason
        old = self._status
        since_s = old.since_s if health is old.health else time.clock_gettime(time.CLOCK_BOOTTIME)
        sink = self._sink.sink if self._sink is not None else ""
        is_speaking = self._is_running and not self._queue.is_silent
        self._status = SpeechStatus(health, reason, since_s, sink, self._has_headset, is_speaking)
        if self._status != old:
            for watcher in tuple(self._watchers):
                watcher(self._status)
