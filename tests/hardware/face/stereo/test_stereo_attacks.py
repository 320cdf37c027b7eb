"""A small share of the benchmark's synthetic attacks, with the real detector: red as soon as the geometry breaks."""

import os
from pathlib import Path

import cv2
import pytest

from hardware.face import Liveness
from hardware.face.stereo import View
from hardware.face.stereo.check import StereoCheck
from hardware.face.stereo.scene import Pairing, Pose, StereoScene
from hardware.face.stereo.shapes import head, portrait

pytestmark = pytest.mark.shared

PEOPLE = 6
BASELINE_MM = 60.0


@pytest.fixture(scope="module")
def studio():
    from benchmarks.face_pad import DETECTOR, Studio

    cv2.setNumThreads(1)
    models = Path(os.environ.get("BOOTH_MODELS", ""))
    if not (models / DETECTOR).is_file():
        pytest.skip(f"BOOTH_MODELS with {DETECTOR} is not set")
    return Studio(models)


@pytest.fixture(scope="module")
def people(studio):
    from benchmarks.face_pad import sitters

    faces = Path(os.environ.get("BOOTH_TEST_FACES", ""))
    if not (faces / "lfw").is_dir():
        pytest.skip("BOOTH_TEST_FACES with lfw is not set")
    return sitters(studio, faces, PEOPLE)


@pytest.mark.parametrize("species", ["flat", "bent_150", "bent_80", "folded"])
def test_no_print_is_called_live(studio, people, species):
    from benchmarks.face_pad import Order

    outcomes = [
        outcome
        for number, person in enumerate(people)
        for outcome in studio.attempt(Order(species, person, number), (BASELINE_MM,))
    ]
    assert len(outcomes) == PEOPLE
    assert [outcome.reasons for outcome in outcomes if outcome.is_live] == []


def test_heads_are_called_live(studio, people):
    from benchmarks.face_pad import Order

    outcomes = [
        outcome
        for number, person in enumerate(people)
        for outcome in studio.attempt(Order("bona_fide", person, number), (BASELINE_MM,))
    ]
    assert [outcome.reasons for outcome in outcomes if not outcome.is_live] == []


@pytest.mark.parametrize("fault", ["hollow", "wrong_sign"])
def test_control_a_broken_geometry_calls_no_head_live(studio, people, fault):
    """Proof that the two tests above can fail: with depth mirrored, the same heads are not live."""
    cameras = Pairing(640, 480, baseline_mm=BASELINE_MM)
    scene = StereoScene(cameras)
    for person in people[:2]:
        solid = head(portrait(*studio.sitter(person)))
        if fault == "hollow":
            solid = solid.mirrored
        check = StereoCheck(cameras.calibration)
        for number in range(5):
            pictures = list(scene.shoot(solid, Pose(x_mm=30.0)))
            if fault == "wrong_sign":  # of the disparity: left taken for right
                pictures.reverse()
            views = [View(picture, studio.find(picture), 0.1 * number) for picture in pictures]
            check.update(*views)
        assert check.vote.liveness is not Liveness.LIVE
