"""The face worker with two cameras: the astronaut's head is live, the astronaut's print is not, holding still."""

import contextlib

import cv2
import numpy as np
import pytest

from hardware.device import Health
from hardware.face import Challenge, Coaching, Decision, Liveness
from hardware.face.gates import Face
from hardware.face.matcher import WorkerFaceMatcher
from hardware.face.messages import FaceOptions
from hardware.face.portrait import ASTRONAUT_EYES
from hardware.face.stereo.calibration import save
from hardware.face.stereo.shapes import head, portrait, sheet
from hardware.face.stereo.simulator import StereoSimulator
from hardware.ring import FrameRing
from tests.hardware.camera.rig import ASTRONAUT, until
from tests.hardware.face.rig import REGISTRY_PORTRAIT, laboratory_pack

pytestmark = [pytest.mark.shared, pytest.mark.peer, pytest.mark.timeout(300)]

NOSE_AND_MOUTH = ((228.0, 125.0), (211.0, 144.0), (246.0, 147.0))  # in the photograph, px


def astronaut():
    """The photograph, scaled to life by its five points."""
    eyes = (ASTRONAUT_EYES[:2], ASTRONAUT_EYES[2:])
    picture = np.asarray(cv2.imdecode(np.frombuffer(ASTRONAUT.read_bytes(), np.uint8), cv2.IMREAD_COLOR), np.uint8)
    return portrait(picture, Face((190.0, 60.0, 262.0, 165.0), (*eyes, *NOSE_AND_MOUTH), 0.9))


@contextlib.asynccontextmanager
async def two_cameras(tmp_path):
    """Simulated cameras, their calibration on disk, a worker with the astronaut enrolled."""
    with FrameRing.create() as left, FrameRing.create() as right:
        simulator = StereoSimulator(left, right, fps=8)
        calibration = tmp_path / "stereo.json"
        save(simulator.calibration, calibration)
        options = FaceOptions(
            str(laboratory_pack(tmp_path)), left.name, True, "challenge", right.name, str(calibration)
        )
        matcher = WorkerFaceMatcher(options)
        simulator.start()
        await matcher.start()
        try:
            await until(lambda: matcher.status.health is Health.ONLINE, within_s=60)
            await matcher.enrol(REGISTRY_PORTRAIT.read_bytes())
            yield simulator, matcher
        finally:
            await matcher.stop()
            simulator.end()


async def test_a_head_is_live_and_a_print_is_not(tmp_path):
    async with two_cameras(tmp_path) as (simulator, matcher):
        advice: list[Coaching] = []
        simulator.show(head(astronaut()))
        alive = await matcher.compare(advice.append, within_s=60, challenge=Challenge.STILL)
        assert (alive.decision, alive.liveness) == (Decision.MATCH, Liveness.LIVE), (alive, advice)
        simulator.show(sheet(astronaut()))
        printed = await matcher.compare(advice.append, within_s=60, challenge=Challenge.STILL)
        assert printed.liveness is Liveness.NOT_LIVE, printed
        assert printed.decision is not Decision.MATCH
