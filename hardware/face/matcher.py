"""Face verification, the parent's side: verbs to the worker, coaching and decision from it. Imports no model.

The reference goes into the worker's memory and never comes back; what comes back is a decision, a bucket and a model's
name. The worker ends with the visit: a process that ended is the only reliable wipe.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

import msgspec

from hardware.device import DeviceError, DeviceGone, DeviceTimeout, Health, StatusListener
from hardware.face import Coaching, Comparison, Decision, FaceError, FaceStatus, NoModelPack, PortraitUnusable
from hardware.worker import Worker

_LOAD_S = 20.0  # a worker that still imports and loads answers late; on a loaded computer very late
_VERB_S = 5.0
_CANCEL_S = 0.8  # withdrawal stops the comparison within 1 s; past it the process is killed
_GRACE_S = 2.0

ERRORS = (FaceError, NoModelPack, PortraitUnusable)
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "ORT_DISABLE_TELEMETRY": "1",
    "OPENCV_LOG_LEVEL": "SILENT",
    "OPENCV_IO_MAX_IMAGE_PIXELS": str(1 << 24),  # a portrait of a few kilobytes must not unfold to gigabytes
}


class FaceOptions(msgspec.Struct, frozen=True):
    """Settings. ``pack_folder``: a model pack, "" for none. ``full_ring``: where the camera's frames are.

    ``is_laboratory``: a pack for laboratory use is accepted; never set on a booth that serves the public.
    """

    pack_folder: str
    full_ring: str
    is_laboratory: bool = False


class Portrait(msgspec.Struct, frozen=True):
    """Argument of ``enrol``: an encoded picture."""

    data: bytes


class Start(msgspec.Struct, frozen=True):
    """Argument of ``start``: compare for at most ``within_s``; events carry ``number``."""

    number: int
    within_s: float


class Nothing(msgspec.Struct, frozen=True):
    """A verb without arguments."""


class Ready(msgspec.Struct, frozen=True):
    """Event: the pack was loaded, or why not."""

    health: str
    model: str = ""
    reason: str = ""


class Advice(msgspec.Struct, frozen=True):
    """Event: one thing to tell the resident."""

    number: int
    coaching: str


class Compared(msgspec.Struct, frozen=True):
    """Event: the end of a comparison; ``error`` is set when it could not be made."""

    number: int
    decision: str = ""
    score_bucket: str = ""
    model: str = ""
    frames: int = 0
    reason: str = ""
    error: str = ""


class InsightFaceMatcher:
    """Implements the ``FaceMatcher`` front door."""

    def __init__(self, options: FaceOptions) -> None:
        self._status = FaceStatus(Health.STARTING, "the driver was not started yet")
        self._listeners: list[StatusListener] = []
        self._number = 0
        self._coach: Callable[[Coaching], None] = lambda _coaching: None
        self._outcome: asyncio.Future[Comparison] | None = None
        self._worker = Worker(
            "hardware.face.insightface_worker:InsightFaceDriver",
            options,
            errors=ERRORS,
            on_event=self._hear,
            on_restart=self._on_restart,
            environment=_ENVIRONMENT,
        )

    @property
    def status(self) -> FaceStatus:
        """The last known status; never blocks. STARTING while the models load, NO_DEVICE without a pack."""
        return self._status

    @property
    def pid(self) -> int | None:
        """Process id of the worker, for the one who measures or kills it."""
        return self._worker.pid

    def watch(self, listener: StatusListener) -> Callable[[], None]:
        """Call ``listener`` at every change of status; the result unsubscribes."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    async def start(self) -> None:
        """Start the driver; returns at once, the models load in the background."""
        self._settle(FaceStatus(Health.STARTING, "the model pack is being loaded"))
        await self._worker.start()

    async def stop(self) -> None:
        """End the process and with it all it has seen."""
        await self._worker.stop()
        self._fail(DeviceGone("the driver was stopped", where="face"))
        self._settle(FaceStatus(Health.OFFLINE, "the driver was stopped"))

    async def enrol(self, portrait: bytes) -> None:
        """Take the reference portrait; see the front door."""
        await self._worker.call("enrol", Portrait(portrait), within_s=_LOAD_S)

    async def forget(self) -> None:
        """Zero the reference and all frames; a driver that does not answer is killed, which forgets as well."""
        with contextlib.suppress(DeviceError):
            await self._worker.call("forget", within_s=_VERB_S)

    async def compare(self, coach: Callable[[Coaching], None], *, within_s: float) -> Comparison:
        """Compare who is before the camera with the reference; see the front door.

        Raises ``FaceError`` without a reference or a frame ring, ``NoModelPack``, ``DeviceTimeout``, ``DeviceGone``.
        Cancelling it stops the comparison within 1 s.
        """
        if self._outcome is not None:
            raise FaceError("a comparison is running already", where="face", cure="cancel it first")
        self._number += 1
        self._coach = coach
        outcome: asyncio.Future[Comparison] = asyncio.get_running_loop().create_future()
        self._outcome = outcome
        is_over = False
        try:
            await self._worker.call("start", Start(self._number, within_s), within_s=_LOAD_S)
            result = await asyncio.wait_for(outcome, within_s + _GRACE_S)
            is_over = True
            return result
        except TimeoutError:
            self._worker.kill()
            is_over = True
            raise DeviceTimeout(f"compare: no answer within {within_s + _GRACE_S:g} s", where="face") from None
        except DeviceError:
            is_over = True
            raise
        finally:
            self._outcome = None
            self._coach = lambda _coaching: None
            if not is_over:
                with contextlib.suppress(DeviceError):
                    await self._worker.call("cancel", within_s=_CANCEL_S)

    def _hear(self, name: str, body: msgspec.Raw) -> None:
        if name == "ready":
            ready = msgspec.msgpack.decode(body, type=Ready)
            self._settle(FaceStatus(Health(ready.health), ready.reason, model=ready.model))
        elif name == "advice":
            advice = msgspec.msgpack.decode(body, type=Advice)
            if advice.number == self._number:
                self._coach(Coaching(advice.coaching))
        elif name == "compared":
            self._conclude(msgspec.msgpack.decode(body, type=Compared))

    def _conclude(self, compared: Compared) -> None:
        if self._outcome is None or self._outcome.done() or compared.number != self._number:
            return
        if compared.error:
            self._outcome.set_exception(FaceError(compared.error, where="face"))
            return
        self._outcome.set_result(
            Comparison(
                Decision(compared.decision), compared.score_bucket, compared.model, compared.frames, compared.reason
            )
        )

    def _settle(self, status: FaceStatus) -> None:
        self._status = FaceStatus(
            status.health, status.reason, time.clock_gettime(time.CLOCK_BOOTTIME), model=status.model
        )
        for listener in tuple(self._listeners):
            listener(self._status)

    def _fail(self, error: DeviceError) -> None:
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_exception(error)

    def _on_restart(self) -> None:
        self._fail(DeviceGone("the driver's process ended; the reference is gone", where="face", cure="enrol again"))
        self._settle(FaceStatus(Health.STARTING, "the driver's process was replaced; the model pack is being loaded"))
