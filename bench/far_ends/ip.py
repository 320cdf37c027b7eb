"""Hosts, cameras and gateways that the booth asks whether they are there."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import Any

from bench.far_ends import Ground, Wiring
from bench.far_ends.peer import Peer
from hardware.field import Value
from hardware.network.frames_simulator import PlayingCamera
from hardware.network.simulator import VirtualHost
from hardware.network.tls_simulator import VirtualGateway
from kiosk.site.schema import Profile

_OFF_S = 3.0
_FIRST_HOST = 101
_MS_PER_DRIFT = 10.0  # a drift of 1 makes a line so much slower each second


class NetworkPeer(Peer):
    """Something with an address. A restart, a flap and "not reachable" take it off the network."""

    def __init__(self, name: str, profile: Profile, worst_ms: float, host: str) -> None:
        super().__init__(name, profile, worst_ms)
        self.address = host
        self._chance = random.Random(1)  # noqa: S311 - faults
        self._off_until_s = 0.0

    def can_set(self, point: str) -> bool:
        """What the booth measures by itself follows from the knobs; being there can be said."""
        return point in ("reachable", "online", "certificate", "brightness")

    @property
    def is_away(self) -> bool:
        """Nobody answers at its address."""
        is_there = bool(self._values.get("reachable", self._values.get("online", 1)))
        return not is_there or self.is_flapped or self._off_until_s > asyncio.get_running_loop().time()

    @property
    def delay_s(self) -> float:
        """How much later it answers."""
        return (self._knobs.get("delay", 0.0) + self.drifted * _MS_PER_DRIFT) / 1000

    def tell(self, values: dict[str, Value]) -> None:
        """``moved`` does it."""

    def reboot(self) -> None:
        """Away for some seconds."""
        self._off_until_s = asyncio.get_running_loop().time() + _OFF_S

    async def begin(self) -> dict[str, Any]:
        """Listen; what site.toml says of the device."""
        raise NotImplementedError

    async def end(self) -> None:
        """End. Idempotent."""
        raise NotImplementedError


class HostPeer(NetworkPeer):
    """A host that answers echoes."""

    def __init__(self, name: str, profile: Profile, worst_ms: float, host: str) -> None:
        super().__init__(name, profile, worst_ms, host)
        self.host = VirtualHost(host)

    async def begin(self) -> dict[str, Any]:
        await self.host.start()
        return {"address": self.host.host, "settings": {"udp_port": self.host.port}}

    async def end(self) -> None:
        self.host.stop()

    def moved(self, now_s: float) -> None:
        """Faults as they are now."""
        lost = max(self._knobs.get("drop", 0.0), float(self._values.get("loss", 0.0)) / 100)
        self.host.faults.drop = 1.0 if self.is_away else lost
        self.host.faults.delay_s = self.delay_s


class CameraPeer(NetworkPeer):
    """A camera, or a gateway, that describes its stream."""

    def __init__(self, name: str, profile: Profile, worst_ms: float, host: str) -> None:
        super().__init__(name, profile, worst_ms, host)
        self.camera = PlayingCamera(host=host)

    async def begin(self) -> dict[str, Any]:
        await self.camera.start()
        self.tell(self.values())
        if "brightness" not in self.profile.points:
            return {"address": self.camera.url}
        return {"address": self.camera.url, "settings": {"snapshot": self.camera.snapshot_url}}

    async def end(self) -> None:
        await self.camera.stop()

    def tell(self, values: dict[str, Value]) -> None:
        """How bright what it sees is."""
        if "brightness" in values:
            self.camera.pictures.brightness = float(values["brightness"])

    def moved(self, now_s: float) -> None:
        """Faults as they are now; frozen are its pictures, and where nobody looks at them its tongue."""
        faults = self.camera.faults
        faults.delay_s = self.delay_s
        self.camera.pictures.is_frozen = self.is_frozen
        hangs = self.is_frozen and "frame_age" not in self.profile.points
        faults.is_silent = self.is_away or hangs or self._chance.random() < self._knobs.get("drop", 0.0)
        faults.is_garbage = self._chance.random() < self._knobs.get("garbage", 0.0)


class GatewayPeer(NetworkPeer):
    """A gateway with a certificate."""

    def __init__(self, name: str, profile: Profile, worst_ms: float, host: str) -> None:
        super().__init__(name, profile, worst_ms, host)
        self.gateway = VirtualGateway(host, days=float(self._values.get("certificate", 200)))
        self._task: asyncio.Task[None] | None = None
        self._told = self.told()

    async def begin(self) -> dict[str, Any]:
        await self.gateway.start()
        return {"address": self.gateway.host, "settings": {"port": self.gateway.port}}

    async def end(self) -> None:
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        await self.gateway.stop()

    def tell(self, values: dict[str, Value]) -> None:
        """A certificate is made anew when it is to last for another time."""
        if "certificate" in values:
            self._renew(float(values["certificate"]))

    def turned(self, name: str, value: float) -> None:
        """Its clock is in the certificates it makes."""
        if name == "clock_skew":
            self.gateway.clock_skew_s = value
            self._renew(self.gateway.days)

    def _renew(self, days: float) -> None:
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.get_running_loop().create_task(self.gateway.renew(days))

    def moved(self, now_s: float) -> None:
        """Faults as they are now."""
        faults = self.gateway.faults
        faults.delay_s = self.delay_s
        faults.is_silent = self.is_away or self._chance.random() < self._knobs.get("drop", 0.0)
        faults.is_garbage = self._chance.random() < self._knobs.get("garbage", 0.0)


class VideoGatewayPeer(CameraPeer):
    """A gateway that describes a stream, and has a certificate at another port."""

    def __init__(self, name: str, profile: Profile, worst_ms: float, host: str) -> None:
        super().__init__(name, profile, worst_ms, host)
        self._gateway = GatewayPeer(name, profile, worst_ms, host)

    async def begin(self) -> dict[str, Any]:
        beside = await self._gateway.begin()
        return {**await super().begin(), "settings": {"tls_port": beside["settings"]["port"]}}

    async def end(self) -> None:
        await super().end()
        await self._gateway.end()

    def tell(self, values: dict[str, Value]) -> None:
        self._gateway.tell(values)

    def turned(self, name: str, value: float) -> None:
        self._gateway.turned(name, value)

    def moved(self, now_s: float) -> None:
        super().moved(now_s)
        self._gateway.gateway.faults.is_silent = self.camera.faults.is_silent


_PEERS: dict[str, type[NetworkPeer]] = {"icmp": HostPeer, "rtsp": CameraPeer, "tls": GatewayPeer}


def _kind(profile: Profile) -> type[NetworkPeer] | None:
    has_both = profile.driver == "rtsp" and "certificate" in profile.points
    return VideoGatewayPeer if has_both else _PEERS.get(profile.driver)


class IpFarEnd:
    """All that hangs on an IP link, each with an address of its own."""

    def __init__(self, ground: Ground) -> None:
        self.peers: dict[str, NetworkPeer] = {}
        for at, name in enumerate(ground.devices):
            profile = ground.plan.profile(name)
            if kind := _kind(profile):
                host = f"127.0.0.{_FIRST_HOST + at}"  # all of 127/8 is this computer
                self.peers[name] = kind(name, profile, ground.plan.answer_s(name) * 1000, host)
            else:
                ground.note(f"site: {name}: no peer speaks {profile.driver} here")

    async def start(self) -> Wiring:
        """Listen, all of them."""
        return Wiring(devices={name: await peer.begin() for name, peer in self.peers.items()})

    async def stop(self) -> None:
        """End, all of them."""
        for peer in self.peers.values():
            with contextlib.suppress(OSError):
                await peer.end()


def make(ground: Ground) -> IpFarEnd:
    """For the table."""
    return IpFarEnd(ground)
