"""Quality gates and the coach: each thing that is wrong gives its one advice."""

import itertools
import math

import msgspec
import pytest

from hardware.face import Coaching
from hardware.face.coaching import Coach
from hardware.face.gates import (
    Face,
    Gates,
    Light,
    check_light,
    check_motion,
    check_place,
    choose,
    is_dark,
    pose_of,
)
from hardware.face.pack import read_manifest
from tests.hardware.face.loose_pack import RECIPES

GATES: Gates = read_manifest(RECIPES / "lab-edgeface.toml").gates
WIDTH, HEIGHT = 1280, 720


def face(x=640.0, y=330.0, eyes_px=100.0, roll_deg=0.0, yaw=0.0, pitch=0.6, score=0.9) -> Face:
    """A head around (x, y), 1.9 eye distances wide and 2.6 high, turned as told."""
    roll = math.radians(roll_deg)

    def at(dx: float, dy: float) -> tuple[float, float]:
        dx, dy = dx * eyes_px, dy * eyes_px
        return (x + dx * math.cos(roll) - dy * math.sin(roll), y + dx * math.sin(roll) + dy * math.cos(roll))

    points = (at(-0.5, 0), at(0.5, 0), at(yaw, 1.1 * pitch), at(-0.4, 1.1), at(0.4, 1.1))
    return Face((x - 0.95 * eyes_px, y - 0.9 * eyes_px, x + 0.95 * eyes_px, y + 1.7 * eyes_px), points, score)


def test_a_good_face_passes_every_gate():
    good = face()
    assert choose([good], WIDTH, GATES) is good
    assert check_place(good, WIDTH, HEIGHT, GATES) is None
    assert check_light(Light(120, 0.01, 140), GATES) is None
    assert check_motion(good, face(x=642), GATES) is None


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ({"score": 0.70}, Coaching.LOOK_HERE),
        ({"eyes_px": 59}, Coaching.NEARER),
        ({"eyes_px": 270}, Coaching.FURTHER),
        ({"y": 680, "eyes_px": 90}, Coaching.FURTHER),
        ({"roll_deg": 21}, Coaching.LOOK_HERE),
        ({"roll_deg": -21}, Coaching.LOOK_HERE),
        ({"roll_deg": 180}, Coaching.LOOK_HERE),  # upside down: detectors find it, recognisers do not
        ({"yaw": 0.26}, Coaching.LOOK_HERE),
        ({"yaw": -0.26}, Coaching.LOOK_HERE),
        ({"pitch": 0.3}, Coaching.LOOK_HERE),
        ({"pitch": 0.9}, Coaching.LOOK_HERE),
    ],
)
def test_place_and_pose(change, advice):
    assert check_place(face(**change), WIDTH, HEIGHT, GATES) is advice


@pytest.mark.parametrize("change", [{"eyes_px": 61}, {"eyes_px": 200, "y": 300}, {"roll_deg": 19}, {"yaw": 0.24}])
def test_just_inside_the_limits(change):
    assert check_place(face(**change), WIDTH, HEIGHT, GATES) is None


@pytest.mark.parametrize(
    ("light", "advice"),
    [
        (Light(49, 0.0, 140), Coaching.MORE_LIGHT),
        (Light(201, 0.0, 140), Coaching.LESS_LIGHT),
        (Light(150, 0.11, 140), Coaching.LESS_LIGHT),
        (Light(120, 0.0, 29), Coaching.HOLD_STILL),
        (Light(120, 0.0, 700), None),  # glasses and beards raise sharpness: no upper limit
    ],
)
def test_light_and_sharpness(light, advice):
    assert check_light(light, GATES) is advice


def test_nobody_one_two_and_passers_by():
    assert choose([], WIDTH, GATES) is Coaching.LOOK_HERE
    first, second = face(x=400), face(x=850, eyes_px=70)
    assert choose([first, second], WIDTH, GATES) is Coaching.ONE_PERSON
    far_behind = face(x=850, eyes_px=60)
    assert far_behind.area < 0.4 * first.area
    assert choose([far_behind, first], WIDTH, GATES) is first
    at_the_edge = face(x=1200)
    assert choose([first, at_the_edge], WIDTH, GATES) is first
    assert choose([at_the_edge], WIDTH, GATES) is Coaching.LOOK_HERE


def test_motion_is_relative_to_the_eye_distance():
    assert check_motion(face(), None, GATES) is None
    assert check_motion(face(), face(x=646), GATES) is Coaching.HOLD_STILL
    assert check_motion(face(eyes_px=150), face(x=646, eyes_px=150), GATES) is None


def test_roll_does_not_look_like_yaw():
    pose = pose_of(face(roll_deg=15, yaw=0.1, pitch=0.55))
    assert pose.roll_deg == pytest.approx(15)
    assert pose.yaw_share == pytest.approx(0.1)
    assert pose.pitch_share == pytest.approx(0.55)


def test_points_in_one_place_are_no_face():
    nonsense = Face((600, 300, 700, 400), ((640.0, 360.0),) * 5, 0.9)
    assert check_place(nonsense, WIDTH, HEIGHT, msgspec.structs.replace(GATES, eye_distance_min_px=0)) is (
        Coaching.LOOK_HERE
    )


def test_darkness():
    assert is_dark(7)
    assert not is_dark(40)


def test_the_coach_speaks_at_most_every_one_and_a_half_seconds():
    coach, said = Coach(), []
    for frame in range(150):  # ten seconds at 15 frames a second, advice changing twice a second
        at_s = frame / 15
        if coach.advise((Coaching.NEARER, Coaching.MORE_LIGHT)[frame // 7 % 2], at_s) is not None:
            said.append(at_s)
    assert said[0] < 0.2
    assert all(later - earlier >= 1.5 for earlier, later in itertools.pairwise(said))
    assert len(said) >= 5


def test_the_coach_overlooks_one_bad_frame_and_repeats_what_stays_unmet():
    coach = Coach()
    assert coach.advise(Coaching.GOOD, 0.0) is Coaching.GOOD
    assert coach.advise(Coaching.LOOK_HERE, 2.0) is None
    assert coach.advise(Coaching.GOOD, 2.1) is None
    assert coach.advise(Coaching.LOOK_HERE, 4.0) is None
    assert coach.advise(Coaching.LOOK_HERE, 4.1) is Coaching.LOOK_HERE
    assert coach.advise(Coaching.LOOK_HERE, 6.0) is None
    assert coach.advise(Coaching.LOOK_HERE, 10.2) is Coaching.LOOK_HERE
