"""The chessboard: two lenses of known geometry are recovered from pictures; what teaches nothing is sent back."""

import datetime

import cv2
import numpy as np
import pytest

from hardware.face.stereo import NoStereoCalibration
from hardware.face.stereo.calibration import load, save
from hardware.face.stereo.chessboard import Advice, Board, Views
from tests.hardware.face.stereo.boards import POSES, album, corners, pair

TODAY = datetime.date(2026, 3, 1)
BOARD = Board(9, 6, 20.0)
FRONT = POSES[:1]


@pytest.fixture(scope="module")
def views():
    """Corners of eighteen views."""
    left, right = zip(*corners(pair(), BOARD), strict=True)
    return Views(BOARD, pair()[0].size, list(left), list(right))


@pytest.fixture(scope="module")
def front():
    """One pair of pictures."""
    return next(album(pair(), BOARD, poses=FRONT))


@pytest.mark.timeout(300)  # draws and searches 36 pictures: seconds, unless the computer is busy
def test_known_lenses_are_recovered_from_pictures(tmp_path):
    cv2.setNumThreads(1)
    views = Views(BOARD)
    advice = [views.offer(*pictures) for pictures in album(pair(), BOARD)]
    assert advice.count(Advice.TAKEN) >= 16
    assert views.wanted is Advice.ENOUGH
    found = views.calibrate(TODAY)
    left, right = pair()
    assert found.rms_px < 0.3
    assert found.baseline_mm == pytest.approx(60.0, rel=0.01)
    for lens, camera in ((found.left, left), (found.right, right)):
        assert (lens.focal_x_px, lens.focal_y_px) == pytest.approx((camera.focal_px,) * 2, rel=0.01)
        assert (lens.centre_x_px, lens.centre_y_px) == pytest.approx(camera.centre, abs=4)
        assert lens.distortion[0] == pytest.approx(camera.distortion[0], abs=0.03)
    turn = np.array(found.rotation).reshape(3, 3)
    assert np.degrees(np.linalg.norm(cv2.Rodrigues(turn @ right.turn.T)[0])) < 0.2
    save(found, tmp_path / "stereo.json")
    assert load(tmp_path / "stereo.json").made_on == TODAY


def test_rectified_corners_lie_on_the_same_rows_and_measure_the_board(views):
    from hardware.face.stereo.geometry import StereoGeometry

    geometry = StereoGeometry(views.calibrate(TODAY))
    for left, right in zip(views.left, views.right, strict=True):
        here, there = geometry._left.rectify(left.astype(float)), geometry._right.rectify(right.astype(float))
        assert np.abs(here[:, 1] - there[:, 1]).mean() < 0.4
        solid = geometry._triangulate(here, here[:, 0] - there[:, 0]).reshape(BOARD.rows, BOARD.columns, 3)
        width_mm = np.linalg.norm(solid[:, -1] - solid[:, 0], axis=1).mean()
        assert width_mm == pytest.approx(8 * 20.0, rel=0.015)


def test_views_mixed_up_are_refused(views):
    mixed = Views(BOARD, views.size, list(views.left), [*views.right[1:], views.right[0]])
    with pytest.raises(NoStereoCalibration, match=r"px RMS|contradict|swapped|side by side"):
        mixed.calibrate(TODAY)


def test_swapped_cameras_are_refused(views):
    with pytest.raises(NoStereoCalibration, match="swapped"):
        Views(BOARD, views.size, views.right, views.left).calibrate(TODAY)


def test_one_bad_view_is_dropped(views):
    rng = np.random.default_rng(3)
    right = [*views.right]
    right[4] = (right[4] + rng.normal(0, 4, right[4].shape)).astype(np.float32)
    found = Views(BOARD, views.size, list(views.left), right).calibrate(TODAY)
    assert found.views == len(views.left) - 1
    assert found.baseline_mm == pytest.approx(60.0, rel=0.01)


def test_too_few_and_too_similar_views_are_refused(views):
    with pytest.raises(NoStereoCalibration, match="4 good views"):
        Views(BOARD, views.size, views.left[:4], views.right[:4]).calibrate(TODAY)
    same = Views(BOARD, views.size, [views.left[0]] * 12, [views.right[0]] * 12)
    assert same.wanted is Advice.TILT_SIDEWAYS
    with pytest.raises(NoStereoCalibration, match="too much alike"):
        same.calibrate(TODAY)


def test_what_teaches_nothing_is_sent_back(front):
    left, right = front
    empty = np.full_like(left, 90)
    views = Views(BOARD)
    assert views.offer(left, empty) is Advice.SHOW_TO_RIGHT
    assert views.offer(empty, right) is Advice.SHOW_TO_LEFT
    assert views.offer(empty, empty) is Advice.SHOW_TO_BOTH
    assert views.offer(cv2.GaussianBlur(left, (0, 0), 3), cv2.GaussianBlur(right, (0, 0), 3)) is Advice.HOLD_STILL
    assert views.offer(left, right[:-2]) is Advice.WRONG_SIZE
    assert views.offer(left, right) is Advice.TAKEN
    assert views.offer(left, right) is Advice.ELSEWHERE
    assert len(views.left) == 1


def test_a_moving_board_is_not_taken(front):
    views = Views(BOARD)
    moved = tuple(np.roll(picture, 12, axis=1) for picture in front)
    assert views.offer(*front, is_moving=True) is Advice.HOLD_STILL  # seen for the first time
    assert views.offer(*moved, is_moving=True) is Advice.HOLD_STILL
    assert views.offer(*moved, is_moving=True) is Advice.TAKEN


def test_a_board_far_away_must_come_nearer():
    pictures = next(album(pair(), Board(9, 6, 10.0), poses=((0, 0, 0, 30, 0, 700),)))
    assert Views(Board(9, 6, 10.0)).offer(*pictures) in (Advice.NEARER, Advice.SHOW_TO_BOTH)


@pytest.mark.parametrize(("columns", "rows", "square_mm"), [(8, 6, 20), (7, 7, 20), (9, 2, 20), (40, 7, 20), (9, 6, 0)])
def test_boards_that_cannot_be(columns, rows, square_mm):
    with pytest.raises(ValueError, match=r"needed|corners"):
        Board(columns, rows, square_mm)
