"""What the parent and the face worker say to each other: plain data with a schema. Knows no model and no process."""

from __future__ import annotations

import msgspec

from hardware.face.liveness import Policy


class FaceOptions(msgspec.Struct, frozen=True):
    """Settings. ``pack_folder``: a model pack, "" for none. ``full_ring``: where the camera's frames are.

    ``is_laboratory``: a pack for laboratory use is accepted, and a ``liveness`` other than "challenge"; never set on a
    booth that serves the public. ``second_ring``, ``stereo_calibration``: of a binocular camera, "" for one camera.
    """

    pack_folder: str
    full_ring: str
    is_laboratory: bool = False
    liveness: Policy = "challenge"
    second_ring: str = ""
    stereo_calibration: str = ""


class Portrait(msgspec.Struct, frozen=True):
    """Argument of ``enrol``: an encoded picture."""

    data: bytes


class Start(msgspec.Struct, frozen=True):
    """Argument of ``start``: which comparison this is, how long it may take, and what the resident chose."""

    number: int
    within_s: float
    challenge: str = "movement"


class Nothing(msgspec.Struct, frozen=True):
    """A verb without arguments."""


class Beat(msgspec.Struct, frozen=True):
    """Reply to ``beat``: for how long the frame in work has been in work, in seconds."""

    busy_s: float


class Ready(msgspec.Struct, frozen=True):
    """Event: the pack is loaded, or why not."""

    health: str
    model: str = ""
    reason: str = ""


class Advice(msgspec.Struct, frozen=True):
    """Event: one thing to tell the resident."""

    number: int
    coaching: str


class Company(msgspec.Struct, frozen=True):
    """Event: a second person came into view, or left."""

    number: int
    is_there: bool


class Place(msgspec.Struct, frozen=True):
    """Event: the part of the frame the preview should show; left, top, right, bottom as shares."""

    number: int
    window: tuple[float, float, float, float]


class Compared(msgspec.Struct, frozen=True):
    """Event: the end of a comparison; ``error`` is set when it could not be made, ``error_kind`` names its class."""

    number: int
    decision: str = ""
    score_bucket: str = ""
    model: str = ""
    frames: int = 0
    reason: str = ""
    liveness: str = "not_checked"
    pack: str = ""
    error: str = ""
    error_kind: str = ""
    cure: str = ""
