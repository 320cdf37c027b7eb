"""Front door of the devices that call the booth by HTTP: plate cameras, face terminals, analytics cameras.

They send events and a heartbeat, often with pictures and with who was seen. What leaves this folder is the values that
a profile names, and nothing else: no picture, no name, no plate. Driver: ``listener.PushListener`` (``field.Driver``).
The other end: ``simulator``. Knows no plan, no rule and no list of plates; what a private text means is asked of
``PushPoint.turn``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Literal

from hardware.field import Config, Value

Scalar = str | int | float | bool
Fields = Mapping[str, Scalar]
"""A body as the values of its leaves, by dotted path; of several of one name the first."""


@dataclass(frozen=True)
class Credential:
    """How a device proves itself: a bearer token (``user`` empty), or a user and password for HTTP digest.

    Never in a log: the secret is not in ``repr``. Raises ``Config`` for a secret that could be guessed.
    """

    user: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        least = 8 if self.user else 16
        if len(self.secret) < least:
            kind = "password" if self.user else "token"
            raise Config(f"a {kind} of fewer than {least} characters", cure="make a longer one, by chance")

    @classmethod
    def read(cls, text: str) -> Credential:
        """``USER:PASSWORD`` for digest, anything without a colon is a bearer token. Raises ``Config``."""
        user, colon, password = text.strip().partition(":")
        return cls(user, password) if colon else cls("", user)


@dataclass(frozen=True)
class PushPoint:
    """Where one point of a device comes from.

    ``kind``: ``state`` is told when a body has ``path``, and stands while the device calls; ``reading`` is told by the
    bodies that have it, and by no other; ``event`` happens when a body has ``path`` with one of ``raws`` (none: any);
    ``heard`` is True while the device calls, False once it is lost; ``clock`` is how many seconds its clock is ahead.
    ``private``: path of a text that must not leave; ``turn`` gets it ("" where a body has none) and whether the event
    comes late, and gives what is told instead (None: nothing). ``id_path``: what makes an event the same one again.
    """

    name: str
    kind: Literal["state", "reading", "event", "heard", "clock"]
    path: str = ""
    raws: frozenset[str] = frozenset()
    private: str = ""
    turn: Callable[[str, bool], Value | None] | None = None
    id_path: str = ""


@dataclass(frozen=True)
class PushDevice:
    """A device that may call. ``source``: its IP address; ``every_s``: its heartbeat; ``answer_s``: how late at most.

    ``time_path``: when a body was written (ISO 8601, or Unix time), for its clock and for events that come late; a time
    without a zone is of ``zone``. ``has_only_md5``: it takes the first digest it is offered, and that must be MD5.
    """

    name: str
    source: str
    credential: Credential
    points: tuple[PushPoint, ...]
    every_s: float = 1.8
    answer_s: float = 0.9
    time_path: str = ""
    zone: tzinfo = UTC
    has_only_md5: bool = False


@dataclass(frozen=True)
class Bounds:
    """What a caller may cost. Sizes in bytes, times in seconds.

    A body has at most ``body_bytes``, of which ``text_bytes`` of text are kept and read. A head is there ``idle_s``
    after the connection or the last answer, a body ``body_s`` after its head.
    """

    text_bytes: int = 256 * 1024
    body_bytes: int = 8 * 1024 * 1024
    idle_s: float = 15.0
    body_s: float = 5.0
    connections: int = 8  # of one source
    strangers: int = 16  # connections of all sources that are not on the list
    per_s: float = 10.0  # requests of one source, and its connections; with a burst of twice as many
    bytes_per_s: float = 4 * 1024 * 1024  # of one source, with a burst of two bodies; more is read more slowly


__all__ = ["Bounds", "Credential", "Fields", "PushDevice", "PushPoint", "Scalar"]
