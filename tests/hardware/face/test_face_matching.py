"""The whole way of a comparison: simulated camera, real driver, frame ring, real engine, decision."""

import asyncio
import os
import signal
import time

import cv2
import numpy as np
import pytest
import pytest_asyncio

from hardware.camera.simulator import MOVEMENTS
from hardware.device import DeviceGone, Health
from hardware.face import Coaching, Decision, FaceError, Liveness, PortraitUnusable
from hardware.face.portrait import ASTRONAUT_EYES
from tests.hardware.camera.rig import ASTRONAUT, until
from tests.hardware.face.rig import REGISTRY_PORTRAIT, face_rig, photograph

pytestmark = [pytest.mark.peer, pytest.mark.shared, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory):
    """Loading the models takes a second: once for the module."""
    async with face_rig(tmp_path_factory.mktemp("face")) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def rig(running):
    """The running rig as it was at first."""
    await running.as_at_first()
    return running


async def test_the_person_on_the_portrait_matches(rig):
    result = await rig.compare()
    assert (result.decision, result.score_bucket, result.liveness) == (Decision.MATCH, "high", Liveness.LIVE)
    assert result.model == rig.matcher.status.model == "lab-edgeface-xs 1"
    assert result.frames >= 3
    assert Coaching.GOOD in rig.advice
    assert {one.value for one in rig.advice} & set(MOVEMENTS), "a movement was asked"
    assert len(result.pack) == 19
    rig.simulator.be_as_at_first()  # looks straight ahead again, as somebody does who is asked anew
    await rig.settle()
    again = await rig.compare()
    assert again.decision is Decision.MATCH, "a second comparison needs no second enrolment"


async def test_another_person_does_not(rig):
    rig.simulator.show(photograph("obama_1.jpg"))
    await rig.settle()
    result = await rig.compare()
    assert (result.decision, result.score_bucket, result.frames) == (Decision.NON_MATCH, "low", 5)


async def test_two_photographs_of_one_person_match_and_of_two_do_not(rig):
    await rig.matcher.enrol(photograph("biden_1.jpg"))
    rig.simulator.show(photograph("biden_2.jpg"))
    await rig.settle()
    assert (await rig.compare()).decision is Decision.MATCH
    rig.simulator.show(ASTRONAUT.read_bytes(), ASTRONAUT_EYES)
    await rig.settle()
    assert (await rig.compare()).decision is Decision.NON_MATCH


async def test_nobody_there_is_a_failure_to_acquire(rig):
    rig.simulator.nobody = True
    await rig.settle()
    began_s = time.monotonic()
    result = await rig.compare(within_s=1.0)
    assert 1.0 <= time.monotonic() - began_s < 2.5
    assert (result.decision, result.reason) == (Decision.FAILURE_TO_ACQUIRE, "look_here")
    assert rig.advice == [Coaching.LOOK_HERE]


@pytest.mark.parametrize(("knob", "reason"), [("look_away", "look_here"), ("black", "more_light")])
async def test_what_stays_unmet_is_the_reason(rig, knob, reason):
    setattr(rig.simulator, knob, True)
    await rig.settle()
    result = await rig.compare(within_s=0.8)
    assert (result.decision, result.reason) == (Decision.FAILURE_TO_ACQUIRE, reason)


async def test_a_frozen_camera_proves_nothing(rig):
    rig.simulator.freeze = True
    await until(lambda: rig.camera.status.health is Health.HARDWARE_ERROR)
    result = await rig.compare(within_s=1.5)
    assert (result.decision, result.reason, result.frames) == (Decision.FAILURE_TO_ACQUIRE, "no_frames", 0)


async def test_the_picture_of_the_reference_itself_is_suspicious(rig):
    await rig.matcher.enrol(ASTRONAUT.read_bytes())
    result = await rig.compare()
    assert (result.decision, result.score_bucket) == (Decision.UNSURE, "suspicious")


async def test_portraits_that_cannot_be_used(rig):
    blank = cv2.imencode(".jpg", np.full((126, 102, 3), 180, np.uint8))[1].tobytes()
    small = cv2.imencode(".png", np.zeros((40, 30, 3), np.uint8))[1].tobytes()
    for portrait in (b"", b"junk", REGISTRY_PORTRAIT.read_bytes()[:300], blank, small, photograph("two_people.jpg")):
        with pytest.raises(PortraitUnusable):
            await rig.matcher.enrol(portrait)
    with pytest.raises(FaceError, match="no reference"):
        await rig.compare()  # a refused portrait leaves no older one behind


async def test_forget_forgets(rig):
    await rig.matcher.forget()
    with pytest.raises(FaceError, match="enrol one first"):
        await rig.compare()


async def test_withdrawal_stops_within_a_second_and_nothing_comes_after(rig):
    rig.simulator.nobody = True
    await rig.settle()
    running = asyncio.create_task(rig.compare(within_s=30))
    await until(lambda: rig.advice)
    began_s = time.monotonic()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert time.monotonic() - began_s < 1.0
    rig.simulator.nobody = False
    await rig.settle()
    assert len(rig.advice) == 1
    assert (await rig.compare()).decision is Decision.MATCH


async def test_a_worker_that_dies_fails_the_comparison_and_has_forgotten(rig):
    rig.simulator.nobody = True
    running = asyncio.create_task(rig.compare(within_s=30))
    await until(lambda: rig.advice)
    os.kill(rig.matcher.pid, signal.SIGKILL)
    with pytest.raises(DeviceGone):
        await running
    await until(lambda: rig.matcher.status.health is Health.ONLINE, within_s=30)
    with pytest.raises(FaceError, match="no reference"):
        await rig.compare()


async def test_a_closed_camera_leaves_nothing_to_compare(rig):
    await rig.camera.close()
    result = await rig.compare(within_s=0.5)
    assert (result.decision, result.reason) == (Decision.FAILURE_TO_ACQUIRE, "no_frames")
