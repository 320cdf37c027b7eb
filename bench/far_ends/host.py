"""The booth's own computer: it is here, so nothing of it is simulated; a full disk is a folder on a small one.

The resident's devices, which the screen's side tells of, are unplugged where they are: at the bench's other controls.
"""

from __future__ import annotations

from bench.far_ends import Ground, Wiring
from bench.far_ends.peer import Peer
from hardware.field import Value


class ComputerPeer(Peer):
    """It measures itself."""

    def can_set(self, _point: str) -> bool:
        """Nothing."""
        return False

    def values(self) -> dict[str, Value]:
        """Nothing is set here."""
        return {}

    def rage(self, _chance: object) -> None:
        """No storm reaches it."""

    def tell(self, values: dict[str, Value]) -> None:
        """It tells by itself."""

    def happen(self, point: str, raw: Value) -> None:
        """It has no events."""


class HostFarEnd:
    """This computer."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.peers = {
            name: ComputerPeer(name, ground.plan.profile(name), ground.plan.answer_s(name) * 1000)
            for name in ground.devices
        }

    async def start(self) -> Wiring:
        """The disk that is measured is this run's."""
        folder = str(self._ground.folder.resolve())
        return Wiring(devices={name: {"settings": {"folder": folder}} for name in self.peers})

    async def stop(self) -> None:
        """Nothing was started."""


def make(ground: Ground) -> HostFarEnd:
    """For the table."""
    return HostFarEnd(ground)
