"""What every device says about itself, and how its failures are named.

Words are XFS4IoT's (Common interface). This module knows no particular device; front doors build on it.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol


class Health(enum.Enum):
    """State of a device as a whole (XFS4IoT Common: device status)."""

    STARTING = "starting"
    ONLINE = "online"
    OFFLINE = "offline"
    POWER_OFF = "power_off"
    NO_DEVICE = "no_device"
    HARDWARE_ERROR = "hardware_error"
    USER_ERROR = "user_error"
    DEVICE_BUSY = "device_busy"
    POTENTIAL_FRAUD = "potential_fraud"


@dataclass(frozen=True)
class DeviceStatus:
    """One look at a device. Front doors subclass it with their own fields (media, paper, ...).

    ``reason`` is for the technician: English, one sentence, no personal data. ``since_s`` is a CLOCK_BOOTTIME
    reading, or 0.0 where nobody measured.
    """

    health: Health
    reason: str = ""
    since_s: float = 0.0

    @property
    def is_usable(self) -> bool:
        """True when a resident can be served with this device now."""
        return self.health in (Health.ONLINE, Health.DEVICE_BUSY)


class DeviceError(Exception):
    """A device could not do what was asked.

    ``where`` names the device or wire (``printer tcp 127.0.0.1:9100``), ``cure`` says what a technician can do.
    Neither carries personal data: both go to the log. ``retryable`` says whether asking again can help.
    """

    retryable: ClassVar[bool] = True

    def __init__(self, message: str = "", *, where: str = "", cure: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.cure = cure

    def __str__(self) -> str:
        text = self.message or type(self).__name__
        if self.where:
            text += f" [{self.where}]"
        if self.cure:
            text += f" - {self.cure}"
        return text


class DeviceTimeout(DeviceError):
    """The driver did not answer within its deadline; its process was killed and a new one started."""


class DeviceGone(DeviceError):
    """The driver's process ended, or the device is unplugged."""


StatusListener = Callable[[DeviceStatus], None]


class Device(Protocol):
    """The verbs all devices share."""

    @property
    def status(self) -> DeviceStatus:
        """The last known status; never blocks."""
        ...

    async def start(self) -> None:
        """Start the driver. Returns when it runs, even if its device is absent (then status says so)."""
        ...

    async def stop(self) -> None:
        """Stop the driver and end its process; idempotent."""
        ...

    def watch(self, listener: StatusListener) -> Callable[[], None]:
        """Call ``listener`` (on the event loop) at every change of status; the result unsubscribes."""
        ...
