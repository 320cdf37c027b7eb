"""Front door of face verification, 1:1: is the person before the camera the one on the reference portrait?

Knows pictures, no people: no name, no number comes here. Out of it come a decision, a score bucket and a model id; no
image, template or raw score leaves the worker. The engine is named by the local model pack. Words: ISO/IEC 2382-37.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from hardware.device import Device, DeviceError, DeviceStatus


@dataclass(frozen=True)
class FaceStatus(DeviceStatus):
    model: str = ""  # name and version of the model pack, "" when there is none


class Coaching(enum.Enum):
    """One short thing to tell the resident; screens and speech have the words."""

    LOOK_HERE = "look_here"
    NEARER = "nearer"
    FURTHER = "further"
    MORE_LIGHT = "more_light"
    LESS_LIGHT = "less_light"
    HOLD_STILL = "hold_still"
    ONE_PERSON = "one_person"
    MASK_OFF = "mask_off"  # "take off the mask if you can"
    TURN_LEFT = "turn_left"  # the challenge: the resident's own left
    TURN_RIGHT = "turn_right"
    NOD = "nod"
    COME_CLOSER = "come_closer"
    STAY_STILL = "stay_still"  # the alternative without movement
    GOOD = "good"


class Challenge(enum.Enum):
    """What a resident is asked to do to show life; the two are of equal rank, the resident chooses."""

    MOVEMENT = "movement"  # one of four small movements, drawn by lot
    STILL = "still"  # no movement: a longer look, and what the other votes say


class Liveness(enum.Enum):
    """Presentation attack detection (ISO/IEC 30107-3) of one attempt."""

    LIVE = "live"
    NOT_LIVE = "not_live"
    UNSURE = "unsure"
    NOT_CHECKED = "not_checked"  # the pack or the policy has no check


class Decision(enum.Enum):
    MATCH = "match"
    NON_MATCH = "non_match"  # to residents: "could not confirm"
    UNSURE = "unsure"
    FAILURE_TO_ACQUIRE = "failure_to_acquire"


@dataclass(frozen=True)
class Comparison:
    decision: Decision
    score_bucket: str = ""  # "low" | "middle" | "high" | "suspicious"; never the raw score
    model: str = ""
    frames: int = 0
    reason: str = ""  # of a failure to acquire: the coaching that stayed unmet; else a reason code
    liveness: Liveness = Liveness.NOT_CHECKED  # a MATCH is LIVE or NOT_CHECKED, never anything else
    pack: str = ""  # begin of the SHA-256 over the pack's manifest, in groups of four digits; for the audit


class FaceError(DeviceError):
    """Verification is not possible now."""


class NoModelPack(FaceError):
    """No model pack is configured, or its files are missing or altered."""

    retryable = False


class CameraRotated(FaceError):
    """Faces are upside-down or lie on their side: the camera is mounted or configured wrongly."""

    retryable = False


class PortraitUnusable(FaceError):
    """The reference portrait holds not exactly one usable face."""

    retryable = False


class FaceMatcher(Device, Protocol):
    @property
    def status(self) -> FaceStatus: ...

    async def enrol(self, portrait: bytes) -> None:
        """Take an encoded picture (JPEG / PNG, >= 102x126 px) as the reference. Raises ``PortraitUnusable``."""
        ...

    async def compare(
        self,
        coach: Callable[[Coaching], None],
        *,
        within_s: float,
        challenge: Challenge = Challenge.MOVEMENT,
        on_company: Callable[[bool], None] | None = None,
    ) -> Comparison:
        """Collect 3-5 gated frames from the ring, compare their mean to the reference and judge the liveness.

        ``coach`` is called on the event loop, at most every 1.5 s. ``on_company``: called with True within 0.5 s when
        a second person comes into view, with False when that person left. Raises ``CameraRotated``, ``FaceError``.
        """
        ...

    async def forget(self) -> None:
        """Zero the reference and all frames."""
        ...
