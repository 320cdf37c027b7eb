"""A camera as the booth has it: simulator on loopback, the real driver in its worker, both rings."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from hardware.camera.opencv import CameraOptions, OpenCvCamera
from hardware.camera.simulator import CameraSimulator
from hardware.face.portrait import ASTRONAUT_EYES
from hardware.ring import PREVIEW_BYTES, FrameRing

ASTRONAUT = Path(__file__).parents[3] / "bench" / "faces" / "astronaut.jpg"


@dataclass
class Rig:
    simulator: CameraSimulator
    camera: OpenCvCamera
    full: FrameRing
    preview: FrameRing


@contextlib.asynccontextmanager
async def camera_rig(**options) -> AsyncIterator[Rig]:
    """Start everything but ``open``."""
    simulator = CameraSimulator()
    simulator.show(ASTRONAUT.read_bytes(), ASTRONAUT_EYES)
    await simulator.start()
    with FrameRing.create() as full, FrameRing.create(max_bytes=PREVIEW_BYTES) as preview:
        source = options.pop("source", simulator.url)
        camera = OpenCvCamera(CameraOptions(source, full.name, preview.name, **options))
        await camera.start()
        try:
            yield Rig(simulator, camera, full, preview)
        finally:
            await camera.stop()
            await simulator.stop()


async def until(is_so: Callable[[], object], within_s: float = 8.0) -> float:
    """Wait until ``is_so()``; gives the seconds it took."""
    began_s = time.monotonic()
    while not is_so():
        if time.monotonic() - began_s > within_s:
            pytest.fail(f"did not happen within {within_s:g} s")
        await asyncio.sleep(0.01)
    return time.monotonic() - began_s
