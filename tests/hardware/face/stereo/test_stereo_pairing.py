"""Pairs by stamps: pictures of one moment find each other, others never do, and nothing that was dropped stays."""

import numpy as np
import pytest

from hardware.face.stereo.pairing import StereoSource
from hardware.ring import FrameRing

SHAPE = (4, 6, 3)


@pytest.fixture
def rings():
    with FrameRing.create(max_bytes=72) as left, FrameRing.create(max_bytes=72) as right:
        yield left, right


def put(ring, at_s, value=1):
    ring.write(np.full(SHAPE, value, np.uint8), at_s)


def test_pictures_of_one_moment_are_a_pair_once(rings):
    source = StereoSource(*rings)
    assert source.newest() is None
    put(rings[0], 10.0, 1)
    assert source.newest() is None
    put(rings[1], 10.019, 2)
    found = source.newest()
    assert (found.left.at_s, found.right.at_s) == (10.0, 10.019)
    assert (found.left.frame[0, 0, 0], found.right.frame[0, 0, 0]) == (1, 2)
    assert source.newest() is None
    found.zero()
    assert not found.left.frame.any()
    assert not found.right.frame.any()


def test_pictures_too_far_apart_are_never_one(rings):
    source = StereoSource(*rings)
    for number in range(6):
        put(rings[0], 10.0 + 0.066 * number)
        put(rings[1], 10.033 + 0.066 * number)
        assert source.newest() is None
    assert source.unpaired > 0


def test_a_late_partner_is_found_among_older_pictures(rings):
    source = StereoSource(*rings)
    put(rings[0], 10.0, 1)
    assert source.newest() is None
    put(rings[0], 10.066, 3)
    assert source.newest() is None
    put(rings[1], 10.002, 2)
    found = source.newest()
    assert (found.left.at_s, found.right.at_s) == (10.0, 10.002)
    put(rings[1], 10.068, 4)
    assert source.newest().left.at_s == 10.066


def test_what_was_there_before_does_not_count(rings):
    source = StereoSource(*rings)
    put(rings[0], 10.0)
    put(rings[1], 10.0)
    source.skip()
    assert source.newest() is None


def test_a_camera_that_began_anew_pairs_with_nothing_old(rings):
    source = StereoSource(*rings)
    put(rings[0], 10.0)
    assert source.newest() is None
    put(rings[0], 5.0)
    assert source.newest() is None
    put(rings[1], 10.0)
    assert source.newest() is None
    put(rings[0], 10.066)
    put(rings[1], 10.066)
    assert source.newest().left.at_s == 10.066


def test_a_simulated_camera_is_paired_and_judged_like_a_real_one():
    """Rings, pairing, geometry and vote together; with one picture 30 ms late there is no pair."""
    from hardware.face import Liveness
    from hardware.face.stereo import View
    from hardware.face.stereo.check import StereoCheck
    from hardware.face.stereo.shapes import head
    from hardware.face.stereo.simulator import StereoSimulator
    from tests.hardware.face.stereo.sitters import CAMERAS, STRAIGHT, face_at, skin

    size = CAMERAS.width_px * CAMERAS.height_px * 3
    with FrameRing.create(max_bytes=size) as left, FrameRing.create(max_bytes=size) as right:
        simulator = StereoSimulator(left, right, cameras=CAMERAS, fps=60)
        source, check = StereoSource(left, right), StereoCheck(simulator.calibration)
        solid = head(skin())
        simulator.show(solid, STRAIGHT)
        simulator.start()
        try:
            while check.vote.pairs < 5:
                pair = source.newest()
                if pair is not None:
                    faces = [face_at(solid, skin(), STRAIGHT, x, CAMERAS) for x in (0.0, CAMERAS.baseline_mm)]
                    views = zip((pair.left, pair.right), faces, strict=True)
                    check.update(*(View(shot.frame, [face], shot.at_s) for shot, face in views))
            assert check.vote.liveness is Liveness.LIVE
            simulator.apart_s = 0.03
            source.skip()
            unpaired = source.unpaired
            while source.unpaired < unpaired + 4:
                pair = source.newest()
                assert pair is None or pair.apart_s <= 0.02
        finally:
            simulator.end()
        assert not simulator.is_alive()
