"""The camera's driver in its worker against a stream and a file: opens on request only, publishes, closes, forgets."""

import asyncio
import os
import signal
import time

import cv2
import numpy as np
import pytest

from hardware.camera import CameraError, CameraUnplugged, Picture
from hardware.camera.opencv import CameraOptions, OpenCvCamera
from hardware.device import Health
from hardware.ring import PREVIEW_LONG_SIDE_PX
from tests.hardware.camera.rig import camera_rig, until

pytestmark = pytest.mark.peer


async def test_it_is_not_opened_before_open_and_publishes_after():
    async with camera_rig() as rig:
        await until(lambda: rig.camera.status.health is Health.ONLINE)
        assert not rig.camera.status.is_open
        assert rig.simulator.opened == 0
        assert rig.full.newest() is None
        await rig.camera.open()
        await until(lambda: rig.camera.status.picture is Picture.GOOD)
        assert rig.camera.status.is_open
        full, preview = rig.full.newest(), rig.preview.newest()
        assert full is not None
        assert preview is not None
        assert full[2].shape == (720, 1280, 3)
        assert max(preview[2].shape) == PREVIEW_LONG_SIDE_PX
        assert 0 <= time.monotonic() - full[1] < 1.0, "stamped with the clock both processes share"
        await rig.camera.open()
        assert rig.simulator.opened == 1, "opening twice opens once"


async def test_close_stops_capturing_within_a_second_and_zeroes():
    async with camera_rig() as rig:
        await rig.camera.open()
        began_s = time.monotonic()
        await rig.camera.close()
        assert time.monotonic() - began_s < 1.0
        assert not rig.camera.status.is_open
        assert rig.full.newest() is None
        assert rig.preview.newest() is None
        await until(lambda: rig.simulator.viewers == 0)
        await rig.camera.close()
        with pytest.raises(CameraError, match="closed"):
            await rig.camera.snapshot()
        await rig.camera.open()
        assert rig.full.newest() is not None


async def test_a_driver_that_hangs_is_killed_on_close_and_leaves_no_picture():
    async with camera_rig() as rig:
        await rig.camera.open()
        hung = rig.camera.pid
        os.kill(hung, signal.SIGSTOP)
        began_s = time.monotonic()
        await rig.camera.close()
        assert time.monotonic() - began_s < 1.0
        assert rig.full.newest() is None
        assert not rig.camera.status.is_open
        await until(lambda: rig.camera.pid not in (None, hung))


async def test_a_killed_driver_is_replaced_and_opens_again_by_itself():
    async with camera_rig() as rig:
        await rig.camera.open()
        os.kill(rig.camera.pid, signal.SIGKILL)
        await until(lambda: rig.simulator.opened == 2)
        await until(lambda: rig.camera.status.picture is Picture.GOOD)


async def test_a_snapshot_is_one_jpeg_turned_as_configured():
    async with camera_rig(rotation=90) as rig:
        await rig.camera.open()
        jpeg = await rig.camera.snapshot()
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert picture.shape == (1280, 720, 3)
        assert jpeg.startswith(b"\xff\xd8")


async def test_nobody_there_is_an_error_at_once():
    async with camera_rig() as rig:
        await rig.simulator.unplug()
        began_s = time.monotonic()
        with pytest.raises(CameraUnplugged, match="check the cable") as caught:
            await rig.camera.open()
        assert time.monotonic() - began_s < 2.0
        assert "camera http://127.0.0.1" in caught.value.where
        assert not rig.camera.status.is_open
        assert rig.camera.status.health is Health.NO_DEVICE


async def test_a_missing_device_node_is_known_without_opening():
    async with camera_rig(source="/dev/video-that-is-not-there") as rig:
        await until(lambda: rig.camera.status.health is Health.NO_DEVICE)
        with pytest.raises(CameraUnplugged):
            await rig.camera.open()


async def test_a_file_plays_round_and_round(tmp_path):
    film = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"MJPG"), 15, (160, 120))
    rng = np.random.default_rng(3)
    for _ in range(6):
        writer.write(rng.integers(0, 255, (120, 160, 3), np.uint8))
    writer.release()
    async with camera_rig(source=str(film), fps=30.0) as rig:
        await rig.camera.open()
        await until(lambda: (rig.full.newest() or (0,))[0] > 12)
        assert rig.camera.status.picture is Picture.GOOD


async def test_without_its_ring_it_says_so():
    camera = OpenCvCamera(CameraOptions("/dev/video0", "booth-ring-0000"))
    await camera.start()
    try:
        with pytest.raises(CameraError, match="no such frame ring"):
            await camera.open()
    finally:
        await camera.stop()


async def test_giving_up_while_it_opens_leaves_it_closed():
    async with camera_rig() as rig:
        rig.simulator.fps = 0  # connected, but no picture comes
        opening = asyncio.create_task(rig.camera.open())
        await until(lambda: rig.simulator.opened == 1)
        opening.cancel()
        began_s = time.monotonic()
        await rig.camera.close()
        assert time.monotonic() - began_s < 1.0
        await until(lambda: rig.camera.status.health is Health.ONLINE)
        assert not rig.camera.status.is_open
        rig.simulator.fps = 15
        await rig.camera.open()


@pytest.mark.parametrize(
    ("options", "named"), [({"rotation": 45}, "rotation"), ({"fps": 0}, "fps"), ({"source": "cam"}, "source")]
)
def test_settings_that_cannot_be(options, named):
    with pytest.raises(ValueError, match=named):
        OpenCvCamera(CameraOptions(**{"source": "0", "full_ring": "booth-ring-x", **options}))
