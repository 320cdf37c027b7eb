"""The camera repeats its last picture: noticed within a second, not published, over by itself when it moves again."""

import pytest

from hardware.camera import CameraFrozen, Picture
from hardware.device import Health
from tests.hardware.camera.rig import camera_rig, until


@pytest.mark.peer
async def test_camera_frozen():
    async with camera_rig() as rig:
        await rig.camera.open()
        rig.simulator.freeze = True
        await until(lambda: rig.camera.status.picture is Picture.FROZEN, within_s=1.5)
        assert rig.camera.status.health is Health.HARDWARE_ERROR
        assert "frozen" in rig.camera.status.reason
        last = rig.full.newest()[0]
        with pytest.raises(CameraFrozen):
            await rig.camera.snapshot()
        assert rig.full.newest(last) is None, "a frozen frame must not reach who compares faces"
        rig.simulator.freeze = False
        await until(lambda: rig.camera.status.picture is Picture.GOOD)
        await until(lambda: rig.full.newest(last))
