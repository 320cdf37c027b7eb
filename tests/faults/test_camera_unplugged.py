"""The camera's cable is pulled in the middle of a capture, or it falls silent: said within 1.5 s, back within 5 s."""

import pytest

from hardware.camera import CameraError, CameraUnplugged, Picture
from hardware.device import Health
from tests.hardware.camera.rig import camera_rig, until

pytestmark = pytest.mark.peer


async def test_camera_unplugged_and_plugged_again():
    async with camera_rig() as rig:
        seen = []
        rig.camera.watch(lambda status: seen.append((status.health, status.picture)))
        await rig.camera.open()
        await rig.simulator.unplug()
        await until(lambda: rig.camera.status.picture is Picture.UNPLUGGED, within_s=1.5)
        assert rig.camera.status.health is Health.NO_DEVICE
        last = (rig.full.newest() or (0,))[0]
        with pytest.raises(CameraUnplugged):
            await rig.camera.snapshot()
        await rig.simulator.plug()
        await until(lambda: rig.camera.status.picture is Picture.GOOD, within_s=5)
        await until(lambda: rig.full.newest(last), within_s=5)
        assert (Health.NO_DEVICE, Picture.UNPLUGGED) in seen


async def test_camera_that_falls_silent_is_stalled():
    async with camera_rig() as rig:
        await rig.camera.open()
        rig.simulator.fps = 0
        await until(lambda: rig.camera.status.picture is Picture.STALLED, within_s=2.0)
        assert rig.camera.status.health is Health.OFFLINE
        with pytest.raises(CameraError, match="sends no pictures"):
            await rig.camera.snapshot()
        rig.simulator.fps = 15
        await until(lambda: rig.camera.status.picture is Picture.GOOD, within_s=5)


async def test_unplugged_while_closed_is_known_before_anybody_is_asked_to_consent():
    async with camera_rig() as rig:
        await until(lambda: rig.camera.status.health is Health.ONLINE)
        await rig.simulator.unplug()
        await until(lambda: rig.camera.status.health is Health.NO_DEVICE, within_s=5)
        await rig.simulator.plug()
        await until(lambda: rig.camera.status.health is Health.ONLINE, within_s=5)
        assert rig.simulator.opened == 0
