"""A second person steps before the camera: nobody is compared, the advice is "one person", and it goes on after."""

import pytest

from hardware.face import Coaching, Decision
from hardware.face.portrait import ASTRONAUT_EYES
from tests.hardware.camera.rig import ASTRONAUT
from tests.hardware.face.rig import face_rig, photograph


@pytest.mark.peer
@pytest.mark.shared
async def test_two_faces(tmp_path):
    async with face_rig(tmp_path) as rig:
        rig.simulator.show_second(photograph("obama_1.jpg"))
        await rig.settle()
        result = await rig.compare(within_s=1.5)
        assert (result.decision, result.reason) == (Decision.FAILURE_TO_ACQUIRE, "one_person")
        assert result.frames == 0
        assert rig.advice == [Coaching.ONE_PERSON]
        rig.simulator.show_second(None)
        await rig.settle()
        assert (await rig.compare()).decision is Decision.MATCH


@pytest.mark.peer
@pytest.mark.shared
async def test_somebody_else_alone_is_not_the_first_one(tmp_path):
    async with face_rig(tmp_path) as rig:
        rig.simulator.show(photograph("obama_1.jpg"))
        rig.simulator.show_second(ASTRONAUT.read_bytes(), ASTRONAUT_EYES)
        await rig.settle()
        assert (await rig.compare(within_s=1.0)).decision is Decision.FAILURE_TO_ACQUIRE
