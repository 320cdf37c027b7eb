"""Face verification, the parent's side: verbs to the worker, coaching and decision from it. Imports no model.

The reference goes into the worker's memory and never comes back; what comes back is a decision, a bucket and a model's
name. A worker that hangs in native code is noticed and replaced within two seconds. It ends with the visit: a process
that ended is the only reliable wipe.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

import msgspec

from hardware.device import DeviceError, DeviceGone, DeviceTimeout, Health, StatusListener
from hardware.face import (
    CameraRotated,
    Challenge,
    Coaching,
    Comparison,
    Decision,
    FaceError,
    FaceStatus,
    Liveness,
    NoModelPack,
    PortraitUnusable,
)
from hardware.face.liveness import POLICIES
from hardware.face.messages import Advice, Beat, Company, Compared, FaceOptions, Place, Portrait, Ready, Start
from hardware.worker import Worker

_LOAD_S = 20.0  # a worker that still imports and loads answers late; on a loaded computer very late
_VERB_S = 5.0
_CANCEL_S = 0.8  # withdrawal stops the comparison within 1 s; past it the process is killed
_GRACE_S = 2.0
_BEAT_EVERY_S, _BEAT_S = 0.3, 1.5  # together less than 2 s: the visit goes on by then
_HUNG_S = 1.5  # one frame in work for so long; it needs a hundredth of that

ERRORS = (FaceError, NoModelPack, PortraitUnusable, CameraRotated)
_KINDS = {kind.__name__: kind for kind in ERRORS}
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",  # each comparison is a thread; a heap of its own would stay, 10 MB of it
    "ORT_DISABLE_TELEMETRY": "1",
    "OPENCV_LOG_LEVEL": "SILENT",
    "OPENCV_IO_MAX_IMAGE_PIXELS": str(1 << 24),  # a portrait of a few kilobytes must not unfold to gigabytes
}

Window = tuple[float, float, float, float]


class WorkerFaceMatcher:
    """Implements the ``FaceMatcher`` front door.

    ``on_place`` gets the part of the frame (left, top, right, bottom as shares) that a preview should show, so that it
    follows the face of a small or a tall person; at most four times a second.
    """

    def __init__(self, options: FaceOptions, *, on_place: Callable[[Window], None] | None = None) -> None:
        """Raises ``ValueError`` for settings that no booth for the public may have."""
        if options.liveness not in POLICIES:
            raise ValueError(f"face.liveness {options.liveness!r}: one of {', '.join(POLICIES)}")
        if options.liveness != "challenge" and not options.is_laboratory:
            raise ValueError(f"face.liveness {options.liveness!r} is for a laboratory; set it to 'challenge'")
        if bool(options.second_ring) != bool(options.stereo_calibration):
            raise ValueError("face.stereo: a second camera needs its calibration, and a calibration a second camera")
        self._status = FaceStatus(Health.STARTING, "the driver was not started yet")
        self._listeners: list[StatusListener] = []
        self._number = 0
        self._coach: Callable[[Coaching], None] = _nobody
        self._on_company: Callable[[bool], None] | None = None
        self._on_place = on_place
        self._outcome: asyncio.Future[Comparison] | None = None
        self._worker = Worker(
            "hardware.face.driver:FaceDriver",
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

    async def compare(
        self,
        coach: Callable[[Coaching], None],
        *,
        within_s: float,
        challenge: Challenge = Challenge.MOVEMENT,
        on_company: Callable[[bool], None] | None = None,
    ) -> Comparison:
        """Compare who is before the camera with the reference and judge the liveness; see the front door.

        Raises ``CameraRotated``; ``FaceError`` without a reference or a frame ring, ``NoModelPack``,
        ``DeviceTimeout``, ``DeviceGone``. Cancelling it stops the comparison within 1 s.
        """
        if self._outcome is not None:
            raise FaceError("a comparison is running already", where="face", cure="cancel it first")
        self._number += 1
        self._coach, self._on_company = coach, on_company
        outcome: asyncio.Future[Comparison] = asyncio.get_running_loop().create_future()
        self._outcome = outcome
        is_over = False
        beating: asyncio.Task[None] | None = None
        try:
            await self._worker.call("start", Start(self._number, within_s, challenge.value), within_s=_LOAD_S)
            beating = asyncio.get_running_loop().create_task(self._beat())
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
            if beating is not None:
                beating.cancel()
            self._outcome = None
            self._coach, self._on_company = _nobody, None
            if not is_over:
                with contextlib.suppress(DeviceError):
                    await self._worker.call("cancel", within_s=_CANCEL_S)

    async def _beat(self) -> None:
        """While a comparison runs, end a worker that hangs: the call's own deadline, or a frame's, is past."""
        while True:
            await asyncio.sleep(_BEAT_EVERY_S)
            try:
                beat = await self._worker.call("beat", reply=Beat, within_s=_BEAT_S)
            except DeviceError as error:
                self._settle(FaceStatus(Health.STARTING, "the driver's process is being replaced"))
                self._fail(error)
                return
            if beat.busy_s > _HUNG_S:
                self._worker.kill()
                self._settle(FaceStatus(Health.STARTING, "the driver's process is being replaced"))
                self._fail(DeviceTimeout(f"a frame was in work for {beat.busy_s:.1f} s", where="face"))
                return

    def _hear(self, name: str, body: msgspec.Raw) -> None:
        if name == "ready":
            ready = msgspec.msgpack.decode(body, type=Ready)
            self._settle(FaceStatus(Health(ready.health), ready.reason, model=ready.model))
        elif name == "advice":
            advice = msgspec.msgpack.decode(body, type=Advice)
            if advice.number == self._number:
                self._coach(Coaching(advice.coaching))
        elif name == "company":
            company = msgspec.msgpack.decode(body, type=Company)
            if company.number == self._number and self._on_company is not None:
                self._on_company(company.is_there)
        elif name == "place":
            place = msgspec.msgpack.decode(body, type=Place)
            if place.number == self._number and self._on_place is not None:
                self._on_place(place.window)
        elif name == "compared":
            self._conclude(msgspec.msgpack.decode(body, type=Compared))

    def _conclude(self, compared: Compared) -> None:
        if self._outcome is None or self._outcome.done() or compared.number != self._number:
            return
        if compared.error:
            kind = _KINDS.get(compared.error_kind, FaceError)
            self._outcome.set_exception(kind(compared.error, where="face", cure=compared.cure))
            return
        self._outcome.set_result(
            Comparison(
                *(Decision(compared.decision), compared.score_bucket, compared.model, compared.frames),
                *(compared.reason, Liveness(compared.liveness), compared.pack),
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


def _nobody(_coaching: Coaching) -> None:
    """Hears advice when no comparison runs."""
