"""Presentation attack detection as a policy: which votes there are, and what they say together (ISO/IEC 30107-3).

What it can claim, honestly:

- *Two calibrated cameras* (``stereo``): a flat or bent print and a screen of another size than a head do not pass; the
  figures are synthetic until the site has measured its own.
- *One camera and a movement*: a photograph on paper or on a screen, held still or moved, is not LIVE, because a plane
  shows no parallax and follows no lot. A film of the right person making the right movement, a mask of their face, or a
  picture fed in behind the camera may pass: a lot is drawn among four movements, and again when the first was not seen
  or shows no depth; that and the counted attempts are all that stand against a film.
- *One camera and no movement*: nothing measurable tells a still person from a good print. It is never LIVE; it may be
  NOT_LIVE, else UNSURE, and a clerk decides. That way has equal rank and costs the resident nothing.
- *The passive model* is one vote: alone it lets prints pass and refuses people before odd walls. It turns a pass into
  UNSURE and supports a refusal; it never makes anybody LIVE.

Pure; knows no picture, no person and no reason why somebody does not move.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Literal

import msgspec

from hardware.face import Challenge, Liveness

Policy = Literal["challenge", "passive", "off"]
POLICIES: tuple[Policy, ...] = ("challenge", "passive", "off")


class Vote(msgspec.Struct, frozen=True):
    """What one check says; ``reason`` is a word, "" when LIVE or not checked."""

    liveness: Liveness = Liveness.NOT_CHECKED
    reason: str = ""


NONE = Vote()


def passive_vote(scores: Sequence[float], live: float, not_live: float) -> Vote:
    """Judge the passive model's scores by their median; fewer than three frames prove nothing."""
    if not scores:
        return NONE
    middle = statistics.median(scores)
    if len(scores) < 3 or not_live <= middle < live:
        return Vote(Liveness.UNSURE, "passive_unsure")
    return Vote(Liveness.LIVE) if middle >= live else Vote(Liveness.NOT_LIVE, "passive")


def combine(
    policy: Policy, challenge: Challenge, *, movement: Vote = NONE, passive: Vote = NONE, stereo: Vote = NONE
) -> Vote:
    """Give the liveness of one attempt from all votes.

    ``passive`` and ``off`` are for a laboratory: the first believes the passive model alone, the second nobody.
    """
    if policy == "off":
        return NONE
    for vote in (stereo, movement):
        if vote.liveness is Liveness.NOT_LIVE:
            return vote
    if policy == "passive":
        return passive
    is_doubted = passive.liveness is Liveness.NOT_LIVE
    if challenge is Challenge.STILL:
        carried = stereo if stereo is not NONE else Vote(Liveness.UNSURE, "still_one_camera")
    else:
        carried = movement if movement is not NONE else Vote(Liveness.UNSURE, "challenge_unmet")
    if carried.liveness is Liveness.LIVE:
        return Vote(Liveness.UNSURE, "passive") if is_doubted else carried
    return passive if is_doubted else carried
