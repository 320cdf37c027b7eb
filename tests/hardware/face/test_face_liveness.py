"""What the votes say together: the table of the policy, row by row."""

import pytest

from hardware.face import Challenge, Liveness
from hardware.face.liveness import NONE, Vote, combine, passive_vote

LIVE, FLAT, UNMET = Vote(Liveness.LIVE), Vote(Liveness.NOT_LIVE, "flat"), Vote(Liveness.UNSURE, "challenge_unmet")
DOUBT, MAYBE = Vote(Liveness.NOT_LIVE, "passive"), Vote(Liveness.UNSURE, "passive_unsure")
TWO_LIVE, TWO_FLAT, FEW = Vote(Liveness.LIVE), Vote(Liveness.NOT_LIVE, "stereo_flat"), Vote(Liveness.UNSURE, "stereo_x")
MOVEMENT, STILL = Challenge.MOVEMENT, Challenge.STILL


@pytest.mark.parametrize(
    ("challenge", "movement", "passive", "stereo", "expected"),
    [
        (MOVEMENT, LIVE, NONE, NONE, (Liveness.LIVE, "")),
        (MOVEMENT, LIVE, LIVE, NONE, (Liveness.LIVE, "")),
        (MOVEMENT, LIVE, MAYBE, NONE, (Liveness.LIVE, "")),
        (MOVEMENT, LIVE, DOUBT, NONE, (Liveness.UNSURE, "passive")),
        (MOVEMENT, FLAT, LIVE, NONE, (Liveness.NOT_LIVE, "flat")),
        (MOVEMENT, UNMET, LIVE, NONE, (Liveness.UNSURE, "challenge_unmet")),
        (MOVEMENT, UNMET, DOUBT, NONE, (Liveness.NOT_LIVE, "passive")),
        (MOVEMENT, NONE, LIVE, NONE, (Liveness.UNSURE, "challenge_unmet")),
        (MOVEMENT, LIVE, LIVE, TWO_FLAT, (Liveness.NOT_LIVE, "stereo_flat")),
        (MOVEMENT, LIVE, LIVE, FEW, (Liveness.LIVE, "")),
        (STILL, NONE, LIVE, NONE, (Liveness.UNSURE, "still_one_camera")),
        (STILL, NONE, NONE, NONE, (Liveness.UNSURE, "still_one_camera")),
        (STILL, NONE, DOUBT, NONE, (Liveness.NOT_LIVE, "passive")),
        (STILL, NONE, LIVE, TWO_LIVE, (Liveness.LIVE, "")),
        (STILL, NONE, NONE, TWO_LIVE, (Liveness.LIVE, "")),
        (STILL, NONE, DOUBT, TWO_LIVE, (Liveness.UNSURE, "passive")),
        (STILL, NONE, LIVE, FEW, (Liveness.UNSURE, "stereo_x")),
        (STILL, NONE, LIVE, TWO_FLAT, (Liveness.NOT_LIVE, "stereo_flat")),
    ],
)
def test_the_default_policy(challenge, movement, passive, stereo, expected):
    vote = combine("challenge", challenge, movement=movement, passive=passive, stereo=stereo)
    assert (vote.liveness, vote.reason) == expected


def test_the_laboratory_may_believe_the_passive_model_or_nobody():
    assert combine("passive", MOVEMENT, passive=LIVE) is LIVE
    assert combine("passive", MOVEMENT, passive=DOUBT) is DOUBT
    assert combine("off", STILL, passive=DOUBT) is NONE


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([], Liveness.NOT_CHECKED),
        ([0.99, 0.99], Liveness.UNSURE),
        ([0.99, 0.1, 0.95], Liveness.LIVE),
        ([0.7, 0.7, 0.7], Liveness.LIVE),
        ([0.69, 0.5, 0.4], Liveness.UNSURE),
        ([0.2, 0.1, 0.99], Liveness.NOT_LIVE),
    ],
)
def test_the_passive_vote_is_a_median(scores, expected):
    assert passive_vote(scores, 0.7, 0.3).liveness is expected
