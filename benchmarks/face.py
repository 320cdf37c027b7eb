"""One comparison of a face, beside the time the camera takes to give the frames it needed."""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.face_pack import face_pack
from bench.run_folder import RunFolder
from benchmarks.child import ROOT
from benchmarks.figure import Figure, Options, Unavailable
from hardware.camera.opencv import CameraOptions, OpenCvCamera
from hardware.camera.simulator import CameraSimulator
from hardware.device import Health
from hardware.face import Decision
from hardware.face.matcher import WorkerFaceMatcher
from hardware.face.messages import FaceOptions
from hardware.face.portrait import ASTRONAUT_EYES
from hardware.ring import PREVIEW_BYTES, FrameRing

BEFORE_THE_CAMERA = ROOT / "bench" / "faces" / "astronaut.jpg"
REGISTRY_PORTRAIT = ROOT / "backend" / "portraits" / "astronaut.jpg"
_READY_WITHIN_S, _WITHIN_S = 60.0, 20.0


def match(options: Options) -> Iterator[Figure]:
    """The same face again and again, camera open and model loaded, as after the consent."""
    if not os.environ.get("BOOTH_MODELS"):
        raise Unavailable("BOOTH_MODELS is not set: there is no model pack to measure (see the Makefile)")
    with tempfile.TemporaryDirectory(prefix="booth-face-") as folder:
        pack = face_pack(RunFolder(Path(folder)))
        if not pack:
            raise Unavailable("BOOTH_MODELS holds the weights of no known pack")
        took, frames = asyncio.run(_match(str(Path(folder) / pack), options.times(7)))
    yield Figure("face.match", took, "ms", "the camera's time for the frames it took, 15 a second", frames)


async def _match(pack: str, count: int) -> tuple[float, float]:
    simulator = CameraSimulator()
    simulator.show(BEFORE_THE_CAMERA.read_bytes(), ASTRONAUT_EYES)
    await simulator.start()
    took, floors = [], []
    with FrameRing.create() as full, FrameRing.create(max_bytes=PREVIEW_BYTES) as preview:
        options = CameraOptions(simulator.url, full.name, preview.name)
        camera = OpenCvCamera(options)
        matcher = WorkerFaceMatcher(FaceOptions(pack, full.name, is_laboratory=True))
        try:
            await asyncio.gather(camera.start(), matcher.start())
            await camera.open()
            await _online(matcher)
            await matcher.enrol(REGISTRY_PORTRAIT.read_bytes())
            for _ in range(count + 1):
                began_s = time.monotonic()
                comparison = await matcher.compare(lambda advice: None, within_s=_WITHIN_S)
                took.append((time.monotonic() - began_s) * 1000)
                floors.append(comparison.frames / options.fps * 1000)
                if comparison.decision is not Decision.MATCH:
                    raise RuntimeError(f"the same face gave {comparison.decision.value} ({comparison.reason})")
        finally:
            await asyncio.gather(camera.stop(), matcher.stop())
            await simulator.stop()
    return statistics.median(took[1:]), statistics.median(floors[1:])


async def _online(matcher: WorkerFaceMatcher) -> None:
    """Wait for the loaded model; without it there is nothing to measure."""
    ready = asyncio.Event()
    forget = matcher.watch(lambda status: ready.set() if status.health is Health.ONLINE else None)
    if matcher.status.health is not Health.ONLINE:
        await asyncio.wait_for(ready.wait(), _READY_WITHIN_S)
    forget()
