"""The camera was hung upside down: named with its cure, not refused as a stranger; right again after it was turned."""

import pytest

from hardware.face import CameraRotated, Decision
from tests.hardware.face.rig import face_rig


@pytest.mark.peer
@pytest.mark.shared
async def test_camera_rotated(tmp_path):
    async with face_rig(tmp_path, rotation=180) as rig:  # the setting turns what hangs upright
        with pytest.raises(CameraRotated, match="turned by 180 degrees"):
            await rig.compare()
        rig.simulator.mounted_deg = 180
        await rig.settle()
        assert (await rig.compare()).decision is Decision.MATCH
