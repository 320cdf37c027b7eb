"""The vote of two cameras: heads pass, prints of every shape and hollow masks do not, nonsense is named."""

from dataclasses import replace

import numpy as np
import pytest

from hardware.face import Liveness
from hardware.face.stereo import Reason
from hardware.face.stereo.check import StereoCheck
from hardware.face.stereo.scene import Pairing, Pose
from hardware.face.stereo.shapes import Build, bent, folded, head, sheet
from tests.hardware.face.stereo.sitters import CAMERAS, STRAIGHT, sitting, skin


def judged(solid, pose=STRAIGHT, *, shown=None, cameras=CAMERAS, change=lambda left, right: (left, right)):
    """The check after five pairs."""
    check = StereoCheck(cameras.calibration)
    for left, right in sitting(solid, shown or skin(), pose, cameras=cameras):
        check.update(*change(left, right))
    return check


@pytest.mark.parametrize("baseline_mm", [60.0, 100.0])
@pytest.mark.parametrize(("yaw_deg", "pitch_deg"), [(0, 0), (12, -8), (-12, 8)])
def test_a_head_is_live(yaw_deg, pitch_deg, baseline_mm):
    cameras = Pairing(640, 480, baseline_mm=baseline_mm)
    check = judged(head(skin()), Pose(30, 0, 500, yaw_deg, pitch_deg), cameras=cameras)
    assert (check.vote.liveness, check.vote.reasons, check.vote.pairs) == (Liveness.LIVE, (), 5)
    found = check.measures
    assert found.eye_distance_mm == pytest.approx(62, abs=3)
    assert found.distance_mm == pytest.approx(500, abs=20)
    assert found.nose_mm == pytest.approx(28, abs=5)
    assert found.epipolar_share < 0.005


@pytest.mark.parametrize(
    ("solid", "reasons"),
    [
        (sheet(skin()), {Reason.FLAT}),
        (bent(skin(), 150), {Reason.FLAT}),
        (bent(skin(), 80, 10), {Reason.FLAT}),
        (bent(skin(), 50), {Reason.BENT}),
        (folded(skin(), 30), {Reason.BENT}),
        (head(skin()).mirrored, {Reason.CONCAVE}),
    ],
    ids=["sheet", "bent_150", "bent_80", "bent_50", "folded", "hollow"],
)
@pytest.mark.parametrize("yaw_deg", [0, 20])
def test_prints_and_masks_are_not_live(solid, reasons, yaw_deg):
    vote = judged(solid, replace(STRAIGHT, yaw_deg=yaw_deg)).vote
    assert vote.liveness is Liveness.NOT_LIVE
    assert set(vote.reasons) >= reasons


@pytest.mark.parametrize("eyes_mm", [38.0, 90.0], ids=["phone", "poster"])
def test_a_picture_of_another_size_than_a_head(eyes_mm):
    shown = skin(eyes_mm)
    vote = judged(sheet(shown), shown=shown).vote
    assert vote.liveness is Liveness.NOT_LIVE
    assert Reason.EYE_DISTANCE in vote.reasons


@pytest.mark.parametrize(("distance_mm", "reason"), [(260, Reason.TOO_NEAR), (1100, Reason.TOO_FAR)])
def test_too_near_and_too_far_do_not_count(distance_mm, reason):
    cameras = Pairing(1280, 720)
    check = StereoCheck(cameras.calibration)
    pose = Pose(30, 0, distance_mm)
    votes = [check.update(*pair) for pair in sitting(head(skin()), skin(), pose, cameras=cameras, pairs=2)]
    assert [(vote.liveness, vote.reasons, vote.pairs) for vote in votes] == [(Liveness.UNSURE, (reason,), 0)] * 2


def test_four_pairs_decide_nothing_and_forgetting_begins_anew():
    check = StereoCheck(CAMERAS.calibration)
    votes = [check.update(*pair) for pair in sitting(head(skin()), skin())]
    assert [vote.liveness for vote in votes] == [Liveness.UNSURE] * 4 + [Liveness.LIVE]
    assert votes[3].reasons == (Reason.TOO_FEW,)
    check.forget()
    assert (check.vote.reasons, check.vote.pairs, check.measures) == ((Reason.TOO_FEW,), 0, None)


def _unlike(left, right):
    """Two people: their vectors have nothing in common."""
    one, other = np.eye(2, 8, dtype=np.float32)
    return replace(left, embedding=one), replace(right, embedding=other)


def _alike(left, right):
    one, other = np.eye(2, 8, dtype=np.float32)
    return replace(left, embedding=one), replace(right, embedding=0.8 * one + 0.6 * other)


def test_two_views_of_two_people():
    vote = judged(head(skin()), change=_unlike).vote
    assert (vote.liveness, vote.reasons) == (Liveness.NOT_LIVE, (Reason.NOT_SAME_PERSON,))
    assert judged(head(skin()), change=_alike).vote.liveness is Liveness.LIVE


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda left, right: (left, replace(right, at_s=right.at_s + 0.021)), Reason.NOT_PAIRED),
        (lambda left, right: (left, replace(right, at_s=float("nan"))), Reason.NOT_PAIRED),
        (lambda left, right: (left, replace(right, frame=right.frame[:-1])), Reason.WRONG_SIZE),
        (lambda left, right: (replace(left, frame=left.frame[..., 0]), right), Reason.WRONG_SIZE),
        (lambda left, right: (left, replace(right, faces=[])), Reason.NO_FACE),
        (lambda left, right: (replace(left, faces=[*left.faces] * 2), right), Reason.MORE_THAN_ONE),
        (lambda left, right: (right, left), Reason.MISALIGNED),
    ],
    ids=["apart", "no_stamp", "size", "grey", "nobody", "two", "swapped"],
)
def test_a_pair_that_cannot_be_measured_is_named_and_does_not_count(change, reason):
    check = StereoCheck(CAMERAS.calibration)
    votes = [check.update(*change(left, right)) for left, right in sitting(head(skin()), skin(), pairs=2)]
    assert [(vote.liveness, vote.reasons, vote.pairs) for vote in votes] == [(Liveness.UNSURE, (reason,), 0)] * 2


@pytest.mark.parametrize(
    "points",
    [
        [(float("nan"),) * 2] * 5,
        [(float("inf"), 10.0)] * 5,
        [(300.0, 200.0)] * 5,
        [(1e9, -1e9)] * 5,
        [(-400.0, -300.0), (-300.0, -300.0), (-350.0, -250.0), (-390.0, -200.0), (-310.0, -200.0)],
        [(630.0, 470.0), (639.0, 470.0), (635.0, 475.0), (631.0, 479.0), (638.0, 479.0)],
    ],
    ids=["nan", "inf", "one_place", "far", "outside", "corner"],
)
def test_nonsense_from_a_detector_is_never_live(points):
    def nonsense(left, right):
        moved = [(x - 80.0, y) for x, y in points]
        faces = [[type(left.faces[0])((0, 0, 90, 90), tuple(five), 0.9)] for five in (points, moved)]
        return replace(left, faces=faces[0]), replace(right, faces=faces[1])

    assert judged(sheet(skin()), change=nonsense).vote.liveness is not Liveness.LIVE


def test_the_same_pair_again_does_not_count():
    check = StereoCheck(CAMERAS.calibration)
    pair = next(sitting(head(skin()), skin()))
    assert check.update(*pair).pairs == 1
    assert check.update(*pair).reasons == (Reason.NOT_PAIRED,)
    assert check.vote.pairs == 1


def test_rows_that_do_not_fit_are_a_moved_lens():
    def lowered(left, right):
        points = tuple((x, y + 5) for x, y in right.faces[0].points)
        face = type(right.faces[0])(right.faces[0].box, points, 0.9)
        return left, replace(right, frame=np.roll(right.frame, 5, axis=0), faces=[face])

    vote = judged(head(skin()), change=lowered).vote
    assert vote.liveness is Liveness.UNSURE
    assert Reason.MISALIGNED in vote.reasons


def test_without_structure_nothing_is_claimed():
    """Points of a head over grey pictures: what cannot be matched is not live."""

    def grey(left, right):
        return tuple(replace(view, frame=np.full_like(view.frame, 128)) for view in (left, right))

    vote = judged(head(skin()), change=grey).vote
    assert (vote.liveness, vote.reasons) == (Liveness.UNSURE, (Reason.UNCLEAR,))


def test_control_mirrored_depth_is_seen():
    """A geometry with its sign wrong would call this live: the same head, hollow, and the hollow one, turned out."""
    flat_nose = head(skin(), Build(nose_mm=4.0))
    assert judged(head(skin()).mirrored.mirrored).vote.liveness is Liveness.LIVE
    assert judged(head(skin()).mirrored).vote.liveness is Liveness.NOT_LIVE
    assert judged(flat_nose).vote.liveness is not Liveness.LIVE
