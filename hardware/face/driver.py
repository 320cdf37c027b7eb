"""Face verification, the child's side: reference in memory, frames from the ring. Runs in ``hardware.worker`` only.

Loads the model pack at once, so that a comparison later is quick; between comparisons it waits for a word and does
nothing. Its only way out is the pipe: the process forbids itself the network, because engines' packages fetch what
they miss. Nothing is written to disk or log. Which engine runs is the pack's matter.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hardware.device import Health
from hardware.face import FaceError, NoModelPack
from hardware.face.attempt import Attempt, Emit
from hardware.face.engines import FaceEngine, Vector, load_engine
from hardware.face.frames import Frames
from hardware.face.isolation import forbid_network
from hardware.face.messages import Beat, FaceOptions, Nothing, Portrait, Ready, Start
from hardware.face.pack import load
from hardware.face.second_view import SecondView
from hardware.face.stereo import NoStereoCalibration
from hardware.ring import FrameRing, RingError

_JOIN_S = 0.7


class FaceDriver:
    """The commands of the face worker: ``enrol``, ``start``, ``cancel``, ``forget``, ``beat``; events: ``messages``."""

    options: type[msgspec.Struct] = FaceOptions

    def __init__(self, options: FaceOptions) -> None:
        self._options = options
        self._emit: Emit = lambda _name, _body: None
        self._engine: FaceEngine | None = None
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
            "beat": (Nothing, self.beat),
        }

    def begin(self, emit: Emit) -> None:
        """Load and test the pack; calls wait in the pipe meanwhile."""
        self._emit = emit
        forbid_network()
        try:
            folder = Path(self._options.pack_folder) if self._options.pack_folder else None
            engine = load_engine(load(folder, is_laboratory=self._options.is_laboratory))
            engine.self_test()
        except NoModelPack as error:
            self._missing = error
            emit("ready", Ready(Health.NO_DEVICE.value, reason=str(error)))
            return
        self._engine = engine
        emit("ready", Ready(Health.ONLINE.value, engine.pack.model))

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
        engine, options = self._loaded(), self._options
        if self._reference is None:
            raise FaceError("there is no reference portrait", where="face", cure="enrol one first")
        self.cancel(None)
        second: SecondView | None = None
        try:
            if options.second_ring:
                calibration = Path(options.stereo_calibration)
                second = SecondView(engine, options.full_ring, options.second_ring, calibration)
            frames = Frames(FrameRing.attach(options.full_ring), second)
        except RingError as error:
            raise FaceError(str(error), where="face", cure="the frame ring belongs to the visit") from None
        except NoStereoCalibration as error:  # under a name that the parent knows
            raise FaceError(error.message, where=error.where, cure=error.cure) from None
        self._attempt = Attempt(
            engine, self._reference, frames, order, self._emit, policy=options.liveness, witness=second
        )
        self._attempt.start()

    def beat(self, _: object) -> Beat:
        """Say for how long the frame in work has been in work."""
        since_s = self._attempt.busy_since_s if self._attempt is not None and self._attempt.is_alive() else 0.0
        return Beat(time.monotonic() - since_s if since_s else 0.0)

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

    def _loaded(self) -> FaceEngine:
        if self._engine is None:
            raise NoModelPack(self._missing.message, where=self._missing.where, cure=self._missing.cure)
        return self._engine
