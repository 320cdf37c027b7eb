"""Front door of face verification, 1:1: is the person before the camera the one on the reference portrait?

Knows pictures, no people: no name, no number comes here. Out of it come a decision, a score bucket and a model id; no
image, template or raw score leaves the worker. Engine: ``insightface`` on a local model pack. Words: ISO/IEC 2382-37.
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
    GOOD = "good"


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
    reason: str = ""  # of a failure to acquire: the coaching that stayed unmet


class FaceError(DeviceError):
    """Verification is not possible now."""


class NoModelPack(FaceError):
    """No model pack is configured, or its files are missing or altered."""

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

    async def compare(self, coach: Callable[[Coaching], None], *, within_s: float) -> Comparison:
        """Collect 3-5 gated frames from the ring and compare their mean to the reference.

        ``coach`` is called on the event loop, at most every 1.5 s.
        """
        ...

    async def forget(self) -> None:
        """Zero the reference and all frames."""
        ...
