"""What the watch and those who listen to it say to each other over the feed's socket: one JSON object a line.

A listener says ``Hello`` first, gets one ``Snapshot`` and from then on what changes. Staff and platform say ``Do``;
each gets one ``Answer`` with its ``id``. No value of a private point crosses this line. Knows no socket and no screen.
"""

from __future__ import annotations

from typing import Literal

import msgspec

MAX_LINE_BYTES = 4 * 1024 * 1024  # a snapshot of 20 000 points fits; what listeners send is bounded tighter
MAX_SAID_BYTES = 64 * 1024

Role = Literal["screen", "staff", "uplink"]
Standing = Literal["evacuate", "end_visit", "close_booth"]
Verb = Literal[
    "acknowledge", "reset", "shelve", "unshelve", "out_of_service", "in_service",
    "walk_test", "end_walk_test", "command", "reload",
]  # fmt: skip


class _Message(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True, omit_defaults=True):
    pass


# -- what is seen -------------------------------------------------------------------------------------------------


class PointSeen(msgspec.Struct, frozen=True, omit_defaults=True):
    """One point. ``value`` None: private, or nothing was received yet; ``age_s`` since its device confirmed it."""

    name: str
    value: float | str | None
    quality: str
    cause: str = ""
    unit: str = ""
    age_s: float = 0.0


class AlarmSeen(msgspec.Struct, frozen=True, omit_defaults=True):
    """One alarm that is not normal, or lies under a cover. ``raised_at``: wall time (ISO 8601), a label only."""

    key: str  # point/rule
    severity: str
    state: str
    covers: tuple[str, ...] = ()
    count: int = 0
    raised_at: str = ""
    detail: str = ""
    acked_by: str = ""
    is_announced: bool = False  # to be shown and spoken now


class HealthSeen(msgspec.Struct, frozen=True, omit_defaults=True):
    """A device or link. ``state``: unknown, online, degraded, lost."""

    name: str
    state: str
    signs: tuple[str, ...] = ()
    cause: str = ""


class WalkTestSeen(msgspec.Struct, frozen=True):
    who: str
    devices: tuple[str, ...]
    left_s: float


# -- watch -> listener --------------------------------------------------------------------------------------------


class Snapshot(_Message, frozen=True, tag="snapshot"):
    """Everything as it is. ``seq``: newest row of the journal; ``standing``: what holds for the booth itself."""

    site: str
    boot: str
    seq: int
    at: str  # wall time, ISO 8601
    points: tuple[PointSeen, ...] = ()
    alarms: tuple[AlarmSeen, ...] = ()
    health: tuple[HealthSeen, ...] = ()
    released: tuple[str, ...] = ()  # outputs that wait for a reset
    standing: tuple[Standing, ...] = ()
    walk_test: WalkTestSeen | None = None


class Changed(_Message, frozen=True, tag="changed"):
    """What is different now; alarms that went back to normal come once more, with that state."""

    seq: int
    points: tuple[PointSeen, ...] = ()
    alarms: tuple[AlarmSeen, ...] = ()
    health: tuple[HealthSeen, ...] = ()
    released: tuple[str, ...] = ()
    standing: tuple[Standing, ...] = ()
    walk_test: WalkTestSeen | None = None


class Told(_Message, frozen=True, tag="told"):
    """Somebody is to hear: ``act`` is a word of ``kiosk.site.actions.TOLD``, ``words`` a message id of the rule."""

    act: str
    rule: str
    words: str
    at: str


class Answer(_Message, frozen=True, tag="answer"):
    """What became of a ``Do``: ``result`` "done", or a refusal's name with its cure in ``text``."""

    id: str
    result: str
    text: str = ""
    is_repeat: bool = False


# -- listener -> watch --------------------------------------------------------------------------------------------


class Hello(_Message, frozen=True, tag="hello"):
    """The first line. ``wants_points`` False spares a listener every value that only changed."""

    role: Role
    wants_points: bool = True


class Do(_Message, frozen=True, tag="do"):
    """An act of staff (roles ``staff`` and ``uplink``). ``id`` is the sender's idempotency key, kept over a restart.

    ``key`` names an alarm; ``output``, ``act`` and ``for_s`` a command; ``devices`` and ``for_s`` a walk test.
    ``expires_at``: wall time in Unix seconds after which it must not be done; 0 for acts given at the booth.
    """

    id: str
    verb: Verb
    who: str
    reason: str = ""
    key: str = ""
    output: str = ""
    act: str = ""
    for_s: float | None = None
    devices: tuple[str, ...] = ()
    expires_at: float = 0.0


class Measured(_Message, frozen=True, tag="measured"):
    """From ``screen``: how the resident's devices are, by measure (``card_reader``, ``printer``, ``screen``, ...)."""

    measures: dict[str, float | str]


class Delivered(_Message, frozen=True, tag="delivered"):
    """From ``uplink``: the platform has committed every row up to and including ``seq``."""

    seq: int


FromWatch = Snapshot | Changed | Told | Answer
ToWatch = Hello | Do | Measured | Delivered
