"""Devices that call the booth: plate cameras, face terminals, cameras that judge what they see."""

from __future__ import annotations

import os
import secrets
import socket
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.far_ends import Ground, Wiring
from bench.far_ends.peer import Peer
from hardware.field import Value
from hardware.push import Credential, Scalar
from hardware.push.simulator import FaceTerminal, PushCamera, PushPeer
from kiosk.site.plates import AllowList, PlateKeys
from kiosk.site.schema import Profile

LISTED, UNLISTED, UNREADABLE = "沪A·12345", "沪A·99999", "??"
ALLOW_LIST = "plates.allow"
_FIRST_HOST = 201
_LATE_S = 40.0
_LONG_AGO = timedelta(hours=2)
_USER = "device"


class CallerPeer(Peer):
    """One device. It has a real clock and is really there, or not: what the listener measures cannot be set."""

    def __init__(self, name: str, profile: Profile, worst_ms: float, address: str) -> None:
        super().__init__(name, profile, worst_ms)
        self.address = address
        self.caller: PushPeer | None = None
        self._late_until_s = 0.0
        self._told = self.told()  # nobody has stood before it yet
        self._at = {point: {key: str(one) for key, one in spec.at.items()} for point, spec in profile.points.items()}

    def can_set(self, point: str) -> bool:
        """Not its clock, and not the mark that a plate leaves."""
        return self._at[point].get("answer") != "clock" and "mark" not in self._at[point]

    async def begin(self, url: str, credential: Credential) -> None:
        """Call from now on."""
        every_s = self.profile.every_ms / 1000
        if any("plate" in at for at in self._at.values()):
            self.caller = PushCamera(url, credential, self.address, every_s=every_s)
        else:
            time_path = next((at["time"] for at in self._at.values() if "time" in at), "dateTime")
            is_terminal = any(at.get("path", "").startswith("AccessControllerEvent") for at in self._at.values())
            kind = FaceTerminal if is_terminal else PushPeer
            self.caller = kind(url, credential, self.address, every_s=every_s, time_path=time_path)
        for point, raw in self._values.items():
            if self.profile.points[point].kind == "state" and "path" in self._at[point]:
                self.caller.states[self._at[point]["path"]] = raw
        await self.caller.start()

    async def end(self) -> None:
        """Call no more. Idempotent."""
        caller, self.caller = self.caller, None
        if caller is not None:
            await caller.stop()

    def told(self) -> dict[str, Value]:
        """As set: faults are the caller's own."""
        return self._values | self._raging

    def tell(self, values: dict[str, Value]) -> None:
        """In its next heartbeat; a temperature with the person that it is of."""
        if self.caller is None:
            return
        for point, raw in values.items():
            at, spec = self._at[point], self.profile.points[point]
            if at.get("answer") == "heard":
                self._share("drop")
            elif spec.kind == "state" and "path" in at:
                self.caller.tell(at["path"], raw)
            elif spec.is_private and spec.kind == "number" and isinstance(self.caller, FaceTerminal):
                self.caller.meet(75, float(raw))

    def set(self, point: str, raw: Value) -> None:
        """As any; a person is measured again though nothing changed."""
        if self.profile.points[point].is_private:
            self._told.pop(point, None)
        super().set(point, raw)

    def happen(self, point: str, raw: Value) -> None:
        """It calls at once."""
        caller, at = self.caller, self._at[point]
        if isinstance(caller, PushCamera) and "plate" in at:
            self._drive_by(caller, at, str(raw))
        elif caller is not None:
            unique: dict[str, Scalar] = {at["id"]: os.urandom(8).hex()} if "id" in at else {}
            caller.happen({at["path"]: raw, **unique})

    def _drive_by(self, camera: PushCamera, at: dict[str, str], word: str) -> None:
        if word == "late":
            camera.happen({
                at["time"]: (datetime.now(UTC) - _LONG_AGO).isoformat(),
                at["path"]: "ANPR",
                at["id"]: os.urandom(8).hex(),
                at["plate"]: LISTED,
            })  # fmt: skip
        else:
            camera.see({"listed": LISTED, "unlisted": UNLISTED}.get(word, UNREADABLE))

    def turned(self, name: str, value: float) -> None:
        """The caller's own faults."""
        if self.caller is None:
            return
        faults = self.caller.faults
        if name in ("drop", "garbage", "truncate"):
            self._share(name)
        elif name == "late":
            faults.late, faults.late_s = int(value), _LATE_S
            self._late_until_s = time.monotonic() + value * self.caller.every_s
        elif name == "freeze":
            faults.is_frozen = bool(value)
        elif name == "flap":
            faults.flap_hz = value
        elif name == "clock_skew":
            faults.clock_skew_s = value

    def _share(self, name: str) -> None:
        assert self.caller is not None
        share = self._knobs.get(name, 0.0)
        is_away = name == "drop" and not self._values.get("online", 1)
        setattr(self.caller.faults, name, 1.0 if is_away else share)

    def moved(self, now_s: float) -> None:
        """As many heartbeats as events are late; both run out."""
        if self.caller is None:
            return
        is_late = time.monotonic() < self._late_until_s
        late_s = self.caller.every_s + self.worst_ms / 500 if is_late else 0.0
        self.caller.faults.delay_s = max(late_s, self._knobs.get("delay", 0.0) / 1000)
        if "late" in self._knobs and not is_late and self.caller.faults.late == 0:
            self._knobs["late"] = 0.0

    def reboot(self) -> None:
        """Away for some seconds."""
        if self.caller is not None:
            self.caller.reboot()


class PushFarEnd:
    """All devices that call one listener of the booth, each from an address of its own."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.peers = {
            name: CallerPeer(
                name, ground.plan.profile(name), ground.plan.answer_s(name) * 1000, f"127.0.0.{_FIRST_HOST + at}"
            )
            for at, name in enumerate(ground.devices)
        }

    async def start(self) -> Wiring:
        """Choose where the booth listens, put a plate on its list, and begin to call."""
        word = f"{_USER}:{secrets.token_urlsafe(18)}"
        where = f"127.0.0.1:{_free_port()}"
        plates = self._ground.folder / ALLOW_LIST
        plates.unlink(missing_ok=True)  # of an earlier secret
        AllowList(plates, PlateKeys(word)).add(LISTED)
        for peer in self.peers.values():
            await peer.begin(f"http://{where}/events", Credential.read(word))
        devices: dict[str, dict[str, Any]] = {name: {"address": peer.address} for name, peer in self.peers.items()}
        link = self._ground.plan.links[self._ground.name]
        return Wiring({"where": where}, devices, {link.secret: word})

    async def stop(self) -> None:
        """Call no more."""
        for peer in self.peers.values():
            await peer.end()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make(ground: Ground) -> PushFarEnd:
    """For the table."""
    return PushFarEnd(ground)
