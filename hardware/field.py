"""The seam of the site's devices: what a link to the field hands to the watch, and by which words it fails.

A link is one bus or connection with its devices. It asks them in its own order (only it knows its wire), hands over
every answer and every failure as samples, and carries out commands. What a sample means, whether a device is lost and
whether anybody is alarmed is decided above; nothing here knows a rule, an alarm or a person.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Protocol

import msgspec

from hardware.device import DeviceError


class Priority(enum.IntEnum):
    """Who gets the bus first; among equals the earliest deadline does."""

    COMMAND = 0
    FIRE = 1
    ACCESS = 2
    TELEMETRY = 3


Value = bool | int | float | str
"""As the wire tells it: numbers are not scaled, a supervised loop is its resistance; what it means is decided above."""


class FieldError(DeviceError):
    """A device of the site did not do what it was asked. ``word`` is how it is journaled."""

    word: ClassVar[str] = "error"


class Timeout(FieldError):
    """Nothing came within the device's worst time."""

    word = "timeout"


class Refused(FieldError):
    """The device is alive and said no; ``code`` is its own reason."""

    retryable = False
    word = "refused"

    def __init__(self, message: str = "", *, where: str = "", cure: str = "", code: int | str = "") -> None:
        super().__init__(message, where=where, cure=cure)
        self.code = code


class Garbage(FieldError):
    """Something came that is no answer to what was asked. ``wait_s``: ask this device no sooner than after this."""

    word = "garbage"

    def __init__(self, message: str = "", *, where: str = "", cure: str = "", wait_s: float = 0.0) -> None:
        super().__init__(message, where=where, cure=cure)
        self.wait_s = wait_s


class Auth(FieldError):
    """Key or password is wrong; asking again does not help."""

    retryable = False
    word = "auth"


class Config(FieldError):
    """The site file and the device do not fit; asking again does not help."""

    retryable = False
    word = "misconfigured"


class Busy(FieldError):
    """The device is alive and asks for time."""

    word = "busy"


class Gone(FieldError):
    """The port, the connection or the device's own wire is not there."""

    word = "gone"


ERRORS: tuple[type[FieldError], ...] = (Timeout, Refused, Garbage, Auth, Config, Busy, Gone)


class RawSample(msgspec.Struct, frozen=True):
    """One look at one point: a value as the wire gave it, or the error instead.

    ``at_s``: CLOCK_MONOTONIC seconds when the answer was complete (or given up); orders and ages it. ``wall_s``: Unix
    time of the same moment, a label only. ``took_s``: from the request until then; 0.0 for what came unasked.
    ``point`` "": about no point, only whether the device (or the link itself, by its name) is there. ``is_life`` False:
    neither a sign of life nor a miss: a broker kept it, or one point of several could not be read.
    """

    device: str
    point: str
    value: Value | None
    error: FieldError | None
    at_s: float
    wall_s: float
    took_s: float = 0.0
    is_life: bool = True


Take = Callable[[Sequence[RawSample]], None]
"""Takes the samples of one answer, on the event loop; must return at once and must not raise."""


class Command(msgspec.Struct, frozen=True):
    """Set one output to an absolute value, so that twice is as good as once.

    ``for_s``: how long the value may stand; the link refreshes it that long and then writes the output's safe value.
    None: until ordered otherwise, but only while the watch lives (``Driver.keep``). Who may, whether it is too late and
    whether it was done before is decided above.
    """

    device: str
    point: str
    value: bool | int
    for_s: float | None = None


class DeviceHealth(msgspec.Struct):
    """Counts since the link was opened, for availability, error rates and response times against their baseline.

    ``took_s`` is a moving average over about 16 answers; ``answered_s`` is when the last one came (CLOCK_MONOTONIC),
    0.0 for never; ``misses`` counts failures since then. ``is_sick``: it is only probed now and then.
    """

    asked: int = 0
    answered: int = 0
    timeouts: int = 0
    garbage: int = 0
    refused: int = 0
    late: int = 0
    misses: int = 0
    is_sick: bool = False
    answered_s: float = 0.0
    took_s: float = 0.0

    def note(self, error: FieldError | None, at_s: float, took_s: float) -> None:
        """Count one question and how it ended."""
        self.asked += 1
        if error is None or isinstance(error, (Refused, Busy, Auth, Config)):  # it is there, whatever it says
            self.answered += 1
            self.refused += error is not None
            self.misses = 0
            self.answered_s = at_s
            self.took_s += (took_s - self.took_s) / min(self.answered, 16)
            return
        self.misses += 1
        self.timeouts += isinstance(error, Timeout)
        self.garbage += isinstance(error, Garbage)


class Driver(Protocol):
    """A link of the site. Raises nothing but ``FieldError``; every call ends within its deadline."""

    @property
    def where(self) -> str:
        """The link for a log: kind and place, no secret."""
        ...

    async def open(self, take: Take) -> None:
        """Begin asking; returns when it runs, even if nothing is plugged in (samples then say ``Gone``)."""
        ...

    async def poll(self, device: str, *, within_s: float) -> tuple[RawSample, ...]:
        """Ask one device for all its points now, out of turn. Raises ``FieldError``, ``Timeout`` past the deadline."""
        ...

    async def command(self, command: Command, *, within_s: float) -> None:
        """Return when the device confirmed. Raises ``FieldError``.

        Past the deadline the command is withdrawn, unless it is on the wire already.
        """
        ...

    def keep(self, for_s: float) -> None:
        """The watch is alive: refresh what stands until ordered otherwise for so long from now.

        When nobody calls in time, safe values are written, and only a new command ends that.
        """
        ...

    def health(self) -> Mapping[str, DeviceHealth]:
        """Counts by device; never blocks."""
        ...

    async def close(self) -> None:
        """Stop asking and let go of the wire; outputs fall back by their hold time. Idempotent."""
        ...
