"""An upsd with the site's supplies: mains that can be cut, a battery that empties."""

from __future__ import annotations

import asyncio
import contextlib
import random

from bench.far_ends import Ground, Wiring
from bench.far_ends.peer import Peer
from hardware.field import Value
from hardware.power.simulator import VirtualSupply, VirtualUpsd
from kiosk.site.schema import Profile

_LOW_CHARGE = 20.0
_FULL_S = 1800.0  # what a full battery lasts
_OFF_S = 3.0


class Supply(Peer):
    """One supply of an upsd. Knobs are the upsd's, which serves this one supply."""

    def __init__(self, name: str, profile: Profile, worst_ms: float) -> None:
        super().__init__(name, profile, worst_ms)
        self.supply = VirtualSupply()
        self.upsd = VirtualUpsd({})
        self._chance = random.Random(1)  # noqa: S311 - faults
        self._task: asyncio.Task[None] | None = None
        self.tell(self.told())

    def tell(self, values: dict[str, Value]) -> None:
        """Into upsd's variables."""
        now = self.told()
        charge = float(now["charge"])
        status = ["OL"] if now["mains"] else ["OB", "DISCHRG"]
        status += ["CHRG"] * (bool(now["mains"]) and charge < 100)
        status += ["LB"] * bool(now["battery_low"]) + ["RB"] * bool(now["battery_bad"])
        self.supply.variables |= {
            "ups.status": " ".join(status),
            "battery.charge": f"{charge:.0f}",
            "battery.runtime": f"{float(now['runtime']):.0f}",
            "input.voltage": "231.5" if now["mains"] else "0.0",
        }

    def discharge(self, percent: float) -> None:
        """Take so much out of the battery, or (below 0) charge it."""
        charge = min(max(float(self._values["charge"]) - percent, 0.0), 100.0)
        self._values |= {
            "charge": charge,
            "runtime": round(_FULL_S * charge / 100),
            "battery_low": int(charge < _LOW_CHARGE),
        }
        self._tell()

    def turned(self, name: str, value: float) -> None:
        """A delay."""
        if name == "delay":
            self.upsd.faults.delay_s = value / 1000

    def moved(self, now_s: float) -> None:
        """Shares of a time are drawn by lot."""
        self.upsd.faults.is_silent = self._chance.random() < self._knobs.get("drop", 0.0)
        self.upsd.faults.is_garbage = self._chance.random() < self._knobs.get("garbage", 0.0)

    def reboot(self) -> None:
        """The daemon is away for some seconds."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._restart())

    async def _restart(self) -> None:
        await self.upsd.stop()
        await asyncio.sleep(_OFF_S)
        await self.upsd.start()

    async def end(self) -> None:
        """Stop what still restarts, and the daemon."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.upsd.stop()


class NutFarEnd:
    """One upsd for all supplies of the link."""

    def __init__(self, ground: Ground) -> None:
        self.peers = {
            name: Supply(name, ground.plan.profile(name), ground.plan.answer_s(name) * 1000) for name in ground.devices
        }
        self._upsd = VirtualUpsd(
            {str(device.address): self.peers[name].supply for name, device in ground.devices.items()}
        )
        for peer in self.peers.values():
            peer.upsd = self._upsd

    async def start(self) -> Wiring:
        """Listen."""
        await self._upsd.start()
        return Wiring({"where": f"127.0.0.1:{self._upsd.port}"})

    async def stop(self) -> None:
        """End."""
        for peer in self.peers.values():
            await peer.end()


def make(ground: Ground) -> NutFarEnd:
    """For the table."""
    return NutFarEnd(ground)
