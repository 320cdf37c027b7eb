"""Lens covered or light out: a named picture, not an endless "look here"."""

import pytest

from hardware.camera import CameraBlack, Picture
from hardware.device import Health
from tests.hardware.camera.rig import camera_rig, until


@pytest.mark.peer
async def test_camera_black():
    async with camera_rig() as rig:
        await rig.camera.open()
        rig.simulator.black = True
        await until(lambda: rig.camera.status.picture is Picture.BLACK, within_s=1.5)
        assert rig.camera.status.health is Health.HARDWARE_ERROR
        with pytest.raises(CameraBlack, match="uncover the lens"):
            await rig.camera.snapshot()
        rig.simulator.black = False
        await until(lambda: rig.camera.status.picture is Picture.GOOD)
        assert await rig.camera.snapshot()
