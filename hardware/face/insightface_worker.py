"""Face verification, the child's side: reference in memory, frames from the ring. Runs in ``hardware.worker`` only.

Loads the model pack at once, so that a comparison later is quick. Its only way out is the pipe: the process forbids
itself the network, because the engine's package would fetch what it misses. Nothing is written to disk or log.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hardware.device import Health
from hardware.face import Coaching, Decision, FaceError, NoModelPack
from hardware.face.engine import InsightFaceEngine, Picture, Vector
from hardware.face.gates import Coach, Face, check_light, check_motion, check_place, choose, is_dark
from hardware.face.matcher import Advice, Compared, FaceOptions, Nothing, Portrait, Ready, Start
from hardware.face.pack import Pack, load
from hardware.face.policy import Probe, decide
from hardware.ring import FrameRing, RingError

_POLL_S = 0.005
_STALE_S = 0.5  # a frame older than this shows what was, not what is
_BLIND_S = 1.0  # without a frame for so long the camera is the reason, not the person
_JOIN_S = 0.7
NO_FRAMES = "no_frames"
_FORBIDDEN = frozenset({"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"})

Emit = Callable[[str, msgspec.Struct], None]


def forbid_network() -> None:
    """Make every attempt to reach a network fail, for the rest of this process."""

    def refuse(event: str, _arguments: tuple[Any, ...]) -> None:
        if event in _FORBIDDEN:
            raise RuntimeError(
                f"{event} in the face worker: nothing is downloaded at run time"
            )  # no OSError: never retried

    sys.addaudithook(refuse)


class Attempt(threading.Thread):
    """One comparison: looks at new frames until it can decide, the time is over, or it is cancelled."""

    def __init__(self, engine: InsightFaceEngine, reference: Vector, ring: FrameRing, order: Start, emit: Emit) -> None:
        super().__init__(name="attempt", daemon=True)
        self._engine = engine
        self._reference = reference
        self._ring = ring
        self._order = order
        self._emit = emit
        self._coach = Coach()
        self._probe = Probe()
        self._before: Face | None = None
        self._unmet: Counter[Coaching] = Counter()
        self.cancelled = threading.Event()

    def run(self) -> None:
        """Compare and emit exactly one ``compared``, unless cancelled."""
        try:
            result = self._compare()
        except Exception as error:  # the boundary of the thread: every failure becomes a named event
            text = error.message if isinstance(error, FaceError) else f"{type(error).__name__} while comparing"
            result = Compared(self._order.number, error=text)
        finally:
            self._probe.forget()
            self._ring.close()
        if not self.cancelled.is_set():
            self._emit("compared", result)

    def _compare(self) -> Compared:
        deadline_s = time.monotonic() + self._order.within_s
        limits = self._engine.pack.manifest.thresholds
        earlier = self._ring.newest()
        after, fresh_s = (
            earlier[0] if earlier else 0,
            time.monotonic(),
        )  # what was taken before the start does not count
        while not self.cancelled.is_set() and (now_s := time.monotonic()) < deadline_s:
            found = self._ring.newest(after)
            if found is None or now_s - found[1] > _STALE_S:
                self.cancelled.wait(_POLL_S)
                continue
            after, _at_s, frame = found
            fresh_s = now_s
            coaching = self._look(frame)
            frame.fill(0)
            if self._probe.frames:
                verdict = decide(self._probe.score(self._reference), self._probe.frames, limits)
                if verdict is not None:
                    return self._result(verdict[0], verdict[1])
            self._unmet[coaching] += 1
            if (advice := self._coach.advise(coaching, time.monotonic())) is not None:
                self._emit("advice", Advice(self._order.number, advice.value))
        del self._unmet[Coaching.GOOD]
        is_blind = not self._unmet or time.monotonic() - fresh_s > _BLIND_S
        reason = NO_FRAMES if is_blind else self._unmet.most_common(1)[0][0].value
        return self._result(Decision.FAILURE_TO_ACQUIRE, "", reason)

    def _look(self, frame: Picture) -> Coaching:
        """Judge one frame; a good one is added to the probe."""
        gates = self._engine.pack.manifest.gates
        height_px, width_px = frame.shape[:2]
        before, self._before = self._before, None
        if is_dark(float(frame[::8, ::8].mean())):
            return Coaching.MORE_LIGHT
        face = choose(self._engine.detect(frame), width_px, gates)
        if isinstance(face, Coaching):
            return face
        unmet = check_place(face, width_px, height_px, gates)
        if unmet is not None:
            return unmet
        self._before = face
        aligned = self._engine.align(frame, face)
        unmet = check_light(self._engine.measure(aligned), gates) or check_motion(face, before, gates)
        if unmet is None:
            self._probe.add(self._engine.embed(aligned))
        aligned.fill(0)
        return unmet or Coaching.GOOD

    def _result(self, decision: Decision, bucket: str, reason: str = "") -> Compared:
        model = self._engine.pack.model
        return Compared(self._order.number, decision.value, bucket, model, self._probe.frames, reason)


class InsightFaceDriver:
    """The commands of the face worker: ``enrol``, ``start``, ``cancel``, ``forget``; see ``matcher`` for its events."""

    options: type[msgspec.Struct] = FaceOptions

    def __init__(self, options: FaceOptions) -> None:
        self._options = options
        self._emit: Emit = lambda _name, _body: None
        self._engine: InsightFaceEngine | None = None
        self._missing = NoModelPack("the model pack was not loaded yet", where="face")
        self._reference: Vector | None = None
        self._attempt: Attempt | None = None

    def commands(self) -> Mapping[str, tuple[type[msgspec.Struct], Callable[[Any], msgspec.Struct | None]]]:
        """Name the verbs."""
        return {
            "enrol": (Portrait, self.enrol),
            "start": (Start, self.start),
            "cancel": (Nothing, self.cancel),
            "forget": (Nothing, self.forget),
        }

    def begin(self, emit: Emit) -> None:
        """Load and test the pack; calls wait in the pipe meanwhile."""
        self._emit = emit
        forbid_network()
        try:
            folder = Path(self._options.pack_folder) if self._options.pack_folder else None
            pack: Pack = load(folder, is_laboratory=self._options.is_laboratory)
            engine = InsightFaceEngine(pack)
            engine.self_test()
        except NoModelPack as error:
            self._missing = error
            emit("ready", Ready(Health.NO_DEVICE.value, reason=str(error)))
            return
        self._engine = engine
        emit("ready", Ready(Health.ONLINE.value, pack.model))

    def end(self) -> None:
        """Forget."""
        self.forget(None)

    def enrol(self, portrait: Portrait) -> None:
        """Take the reference."""
        engine = self._loaded()
        self.forget(None)
        self._reference = engine.embed_portrait(portrait.data)

    def start(self, order: Start) -> None:
        """Begin a comparison; its end is an event."""
        engine = self._loaded()
        if self._reference is None:
            raise FaceError("there is no reference portrait", where="face", cure="enrol one first")
        self.cancel(None)
        try:
            ring = FrameRing.attach(self._options.full_ring)
        except RingError as error:
            raise FaceError(str(error), where="face", cure="the frame ring belongs to the visit") from None
        self._attempt = Attempt(engine, self._reference, ring, order, self._emit)
        self._attempt.start()

    def cancel(self, _: object) -> None:
        """End a running comparison without a decision."""
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            attempt.cancelled.set()
            attempt.join(_JOIN_S)

    def forget(self, _: object) -> None:
        """Zero the reference; frames were zeroed when they had been looked at."""
        self.cancel(None)
        if self._reference is not None:
            self._reference.fill(0.0)
            self._reference = None

    def _loaded(self) -> InsightFaceEngine:
        if self._engine is None:
            raise NoModelPack(self._missing.message, where=self._missing.where, cure=self._missing.cure)
        return self._engine
