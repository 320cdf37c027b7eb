"""The camera goes while a face is compared: the comparison ends with a named result, and the next one works."""

import asyncio
import time

import pytest

from hardware.camera import Picture
from hardware.face import Coaching, Decision, Liveness
from tests.hardware.camera.rig import until
from tests.hardware.face.rig import face_rig


@pytest.mark.peer
@pytest.mark.shared
async def test_camera_lost_mid_comparison(tmp_path):
    async with face_rig(tmp_path) as rig:
        rig.is_obedient = False
        running = asyncio.create_task(rig.compare(within_s=6))
        await until(lambda: Coaching.GOOD in rig.advice)
        await rig.simulator.unplug()
        await until(lambda: rig.camera.status.picture is Picture.UNPLUGGED)
        result = await running
        assert result.decision in (Decision.UNSURE, Decision.FAILURE_TO_ACQUIRE)
        assert result.reason in ("challenge_unmet", "no_frames")
        assert result.liveness is not Liveness.LIVE
        rig.is_obedient = True
        await rig.simulator.plug()
        await until(lambda: rig.camera.status.picture is Picture.GOOD)
        await rig.settle()
        assert (await rig.compare()).decision is Decision.MATCH


@pytest.mark.peer
@pytest.mark.shared
async def test_camera_gone_from_the_start_is_no_frames_at_its_time(tmp_path):
    async with face_rig(tmp_path) as rig:
        await rig.camera.close()
        began_s = time.monotonic()
        result = await rig.compare(within_s=1.0)
        assert (result.decision, result.reason) == (Decision.FAILURE_TO_ACQUIRE, "no_frames")
        assert time.monotonic() - began_s >= 1.0
