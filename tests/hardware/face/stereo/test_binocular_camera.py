"""Two camera drivers behind one door: both fill their rings, one that is lost is named, nothing stays half open."""

import contextlib

import pytest

from hardware.camera import CameraError, Picture
from hardware.camera.binocular import BinocularCamera
from hardware.camera.opencv import CameraOptions, OpenCvCamera
from hardware.camera.simulator import CameraSimulator
from hardware.face.portrait import ASTRONAUT_EYES
from hardware.face.stereo.pairing import StereoSource
from hardware.ring import FrameRing
from tests.hardware.camera.rig import ASTRONAUT, until

pytestmark = pytest.mark.peer


@contextlib.asynccontextmanager
async def both():
    """Two streams, two rings, one camera."""
    simulators = [CameraSimulator(seed=seed, fps=5.0) for seed in (1, 2)]
    for simulator in simulators:
        simulator.show(ASTRONAUT.read_bytes(), ASTRONAUT_EYES)
        await simulator.start()
    with FrameRing.create() as left, FrameRing.create() as right:
        rings = (left, right)
        drivers = [
            OpenCvCamera(CameraOptions(s.url, ring.name, fps=5.0)) for s, ring in zip(simulators, rings, strict=True)
        ]
        camera = BinocularCamera(*drivers)
        await camera.start()
        try:
            yield camera, simulators, rings
        finally:
            await camera.stop()
            for simulator in simulators:
                await simulator.stop()


async def opened(camera):
    """Open; on a busy computer the first picture may come late, and both are closed again."""
    for _ in range(5):
        with contextlib.suppress(CameraError):
            await camera.open()
            break
    await until(lambda: camera.status.picture is Picture.GOOD, within_s=20)


async def test_both_fill_their_rings_and_are_closed_together():
    async with both() as (camera, _simulators, rings):
        heard = []
        unwatch = camera.watch(lambda status: heard.append((status.is_open, status.picture)))
        await opened(camera)
        assert camera.status.is_open
        source = StereoSource(*rings, apart_max_s=0.5)  # two streams that know nothing of each other
        found = []
        await until(lambda: found.append(source.newest()) or found[-1])
        assert found[-1].left.frame.shape == found[-1].right.frame.shape == (720, 1280, 3)
        assert (await camera.snapshot()).startswith(b"\xff\xd8")
        await camera.close()
        assert not camera.status.is_open
        assert all(ring.newest() is None for ring in rings)
        assert heard[-1][0] is False
        unwatch()


async def test_one_camera_lost_is_named_and_comes_back():
    async with both() as (camera, simulators, _rings):
        await opened(camera)
        await simulators[1].unplug()
        await until(lambda: camera.status.picture in (Picture.UNPLUGGED, Picture.STALLED))
        assert camera.status.reason.startswith("right camera: ")
        await simulators[1].plug()
        await until(lambda: camera.status.picture is Picture.GOOD, within_s=20)


async def test_when_one_cannot_be_opened_neither_is():
    async with both() as (camera, simulators, _rings):
        await simulators[1].unplug()
        with pytest.raises(CameraError):
            await camera.open()
        assert not camera.status.is_open
        await until(lambda: simulators[0].viewers == 0)
