"""Movements drawn by lot: a rigid head passes, a sheet in a busy hand does not, and left is not right."""

import math
from random import Random

import numpy as np
import pytest

from hardware.face import Coaching, Liveness
from hardware.face.challenge import MOST_DRAWS, MOVEMENTS, SHOWS_DEPTH, TURNS, UNSEEN, Challenge, FirstLook, Step
from tests.hardware.face.heads import HEAD, SHEET, turned

STRAIGHT = {"yaw_deg": 0.0}


class Lot(Random):
    """Draws what the test wants, as long as it is among what may be drawn."""

    def __init__(self, *wanted: Coaching) -> None:
        super().__init__(1)
        self.wanted = list(wanted)

    def choice(self, seq):
        return self.wanted.pop(0) if self.wanted and self.wanted[0] in seq else super().choice(seq)


def challenge(*wanted: Coaching, shape=HEAD) -> Challenge:
    return Challenge(FirstLook([turned(shape) for _ in range(3)]), Lot(*wanted))


def play(made: Challenge, poses, shape=HEAD, noise_px=0.0) -> Step:
    """Feed poses until a step is done or they end; each movement begins straight."""
    rng = np.random.default_rng(4)
    for pose in [STRAIGHT] * 4 + list(poses):
        step = made.update(turned(shape, **pose, noise_px=noise_px, rng=rng))
        if step is not Step.WAITING:
            return step
    return Step.WAITING


def there(name: str, most: float) -> list[dict[str, float]]:
    return [{name: most * min(1.0, frame / 8)} for frame in range(14)]


NOD = [{"pitch_deg": 16 * math.sin(frame / 3)} for frame in range(24)]
WAVE = [
    {"yaw_deg": 32 * math.sin(f / 7), "pitch_deg": 22 * math.sin(f / 5), "nearer": 1.2 + 0.2 * math.sin(f / 9)}
    for f in range(90)
]


@pytest.mark.parametrize(
    ("movement", "poses"),
    [
        (Coaching.TURN_LEFT, there("yaw_deg", 24)),
        (Coaching.TURN_RIGHT, there("yaw_deg", -24)),
        (Coaching.NOD, NOD),
        (Coaching.COME_CLOSER, there("nearer", 1.45)[6:]),
    ],
)
def test_a_head_that_does_what_is_asked_is_done(movement, poses):
    made = challenge(movement)
    assert made.movement is movement
    assert play(made, poses, noise_px=1.0) is Step.DONE
    assert made.verdict(has_shown_depth=movement in SHOWS_DEPTH)[0] is (
        Liveness.LIVE if movement in SHOWS_DEPTH else Liveness.UNSURE
    )


@pytest.mark.parametrize(
    ("movement", "poses"),
    [
        (Coaching.TURN_LEFT, there("yaw_deg", -24)),
        (Coaching.TURN_RIGHT, there("yaw_deg", 24)),
        (Coaching.NOD, there("yaw_deg", 24)),
    ],
)
def test_another_movement_is_not_the_one_asked(movement, poses):
    assert play(challenge(movement), poses) is Step.OTHER_WAY


@pytest.mark.parametrize("movement", sorted(SHOWS_DEPTH, key=lambda one: one.value))
def test_too_little_is_not_enough(movement):
    small = [{"yaw_deg": 6 * math.sin(f / 4), "pitch_deg": 4 * math.sin(f / 3)} for f in range(60)]
    assert play(challenge(movement), small, noise_px=0.5) is Step.WAITING


@pytest.mark.parametrize("movement", sorted(SHOWS_DEPTH, key=lambda one: one.value))
@pytest.mark.parametrize("poses", [WAVE, there("yaw_deg", 40), there("yaw_deg", -40), NOD, there("nearer", 1.6)[6:]])
def test_a_sheet_shows_no_depth_however_it_is_moved(movement, poses):
    made = challenge(movement, shape=SHEET)
    assert play(made, poses, shape=SHEET, noise_px=1.0) is Step.WAITING
    assert made.verdict(has_shown_depth=False)[0] is not Liveness.LIVE


def test_a_sheet_that_was_clearly_turned_is_an_attack():
    made = challenge(Coaching.TURN_LEFT, shape=SHEET)
    play(made, [{"yaw_deg": 38.0}] * 12, shape=SHEET)
    assert made.verdict(has_shown_depth=False) == (Liveness.NOT_LIVE, "flat")


def test_who_does_nothing_is_no_attack():
    made = challenge(Coaching.TURN_LEFT)
    play(made, [STRAIGHT] * 40, noise_px=1.0)
    assert made.verdict(has_shown_depth=False) == (Liveness.UNSURE, "challenge_unmet")


def test_control_the_same_waving_by_a_head_is_found():
    """The sheet fails for its flatness, not because such poses could not be measured."""
    assert play(challenge(Coaching.TURN_LEFT), WAVE, noise_px=1.0) is Step.DONE


def test_a_movement_counts_only_from_where_the_last_one_ended():
    made = challenge(Coaching.TURN_LEFT, Coaching.TURN_RIGHT)
    assert play(made, there("yaw_deg", -24)) is Step.OTHER_WAY
    made.draw()
    assert made.movement is Coaching.TURN_RIGHT
    still_there = [made.update(turned(yaw_deg=-24)) for _ in range(10)]
    assert set(still_there) == {Step.WAITING}, "the head was there before it was asked"
    assert play(made, there("yaw_deg", -24)) is Step.DONE


def test_the_lot_draws_all_four_and_then_turns():
    first, second = set(), set()
    for seed in range(200):
        made = Challenge(FirstLook([turned()]), Random(seed))
        first.add(made.movement)
        before = made.movement
        second.add(made.draw())
        assert made.movement is not before
        made.draw()
        assert not made.can_draw
    assert first == set(MOVEMENTS)
    assert second == TURNS
    assert MOST_DRAWS == 3


def test_nobody_is_asked_for_what_the_detector_does_not_follow():
    first = {Challenge(FirstLook([turned()]), Random(seed), unseen=UNSEEN["yunet"]).movement for seed in range(200)}
    assert first == set(MOVEMENTS) - {Coaching.NOD}


def test_roll_is_no_movement():
    made = challenge(Coaching.TURN_LEFT)
    assert play(made, [{"roll_deg": 18 * math.sin(f / 4)} for f in range(40)]) is Step.WAITING


def test_points_that_no_head_has_prove_nothing():
    made = challenge(Coaching.TURN_LEFT)
    face = turned()
    for points in (((640.0, 360.0),) * 5, ((float("nan"), 0.0),) * 5):
        assert made.update(type(face)(face.box, points, 0.9)) is Step.WAITING
    with pytest.raises(ValueError, match="at least one"):
        FirstLook([])
