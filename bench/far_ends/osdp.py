"""Readers on a door bus, with their doors: contact, lock, exit button, thermometer, and cards to hold before them."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from bench.far_ends import Ground, Wiring
from bench.far_ends.peer import Peer
from hardware.access.cards import digest
from hardware.access.simulator import VirtualDoorBus, VirtualReader
from hardware.field import Value
from kiosk.site.schema import Profile

_KEY_BYTES = 16
_SKEW = 10.0  # a clock that is so many seconds off has timers that are that share slower


class ReaderPeer(Peer):
    """One reader. Inputs 0 and 1 are contact and exit button, as its profile says; output 0 is the lock."""

    def __init__(self, name: str, profile: Profile, worst_ms: float, reader: VirtualReader) -> None:
        super().__init__(name, profile, worst_ms)
        self.reader = reader
        self._told = self.told()  # a door that was always closed has nothing to report

    def can_set(self, point: str) -> bool:
        """Not what its driver finds out by itself."""
        at = self.profile.points[point].at
        return bool(at.keys() & {"input", "event"}) or at.get("status") in ("tamper", "power")

    def values(self) -> dict[str, Value]:
        """What is set, and its relays as they are."""
        now_s = asyncio.get_running_loop().time()
        found = super().values()
        for point, spec in self.profile.points.items():
            if spec.kind == "output":
                found[point] = int(self.reader.output(int(spec.at["output"]), now_s))
        return found

    def tell(self, values: dict[str, Value]) -> None:
        """At the reader's inputs."""
        for point, raw in values.items():
            at = self.profile.points[point].at
            if at.get("input") == 0:
                self.reader.open_contact(bool(raw))
            elif at.get("input") == 1:
                self.reader.press_exit(bool(raw))
            elif at.get("status") == "tamper":
                self.reader.tamper(bool(raw))
            elif at.get("status") == "power":
                self.reader.fail_power(bool(raw))
            elif at.get("event") == "temperature":
                self.reader.report_temperature(float(raw))

    def set(self, point: str, raw: Value) -> None:
        """As any; a person is measured again though nothing changed."""
        if self.profile.points[point].at.get("event") == "temperature":
            self._told.pop(point, None)
        super().set(point, raw)

    def happen(self, point: str, raw: Value) -> None:
        """A card is held before it, or a face."""
        if raw == "face":
            self.reader.recognise_face()
            return
        bits, data = CARDS.get(str(raw), CARDS["denied"])
        self.reader.present_card(bits, data)

    def turned(self, name: str, value: float) -> None:
        """The reader's own faults."""
        faults = self.reader.faults
        if name in ("drop", "garbage", "truncate"):
            setattr(faults, name, value)
        elif name == "delay":
            faults.delay_ms = value
        elif name == "late":
            faults.late, faults.late_ms = int(value), 1.3 * self.worst_ms
        elif name == "clock_skew":
            faults.clock_skew = value / _SKEW

    def moved(self, now_s: float) -> None:
        """Late answers run out."""
        if "late" in self._knobs and self.reader.faults.late == 0:
            self._knobs["late"] = 0.0

    def reboot(self) -> None:
        """Silent for 2 s, relays off."""
        self.reader.reboot(asyncio.get_running_loop().time())


def card(number: int) -> tuple[int, bytes]:
    """A 26-bit Wiegand card with right parity, highest bit first."""
    bits = f"{number & 0xFFFFFF:024b}"
    even, odd = bits[:12].count("1") % 2, 1 - bits[12:].count("1") % 2
    return 26, int(f"{even}{bits}{odd}".ljust(32, "0"), 2).to_bytes(4, "big")


_BROKEN = card(0x1A2B3C)[1]
CARDS = {
    "granted": card(0x0B0071),
    "denied": card(0x0B0666),
    "damaged": (26, bytes((_BROKEN[0] ^ 0x80, *_BROKEN[1:]))),  # its parity is wrong
}


class OsdpFarEnd:
    """One door bus."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._key = os.urandom(_KEY_BYTES)
        self._card_key = os.urandom(_KEY_BYTES)
        self.peers: dict[str, ReaderPeer] = {}
        readers = []
        for name, device in ground.devices.items():
            reader = VirtualReader(int(device.address), self._key)
            readers.append(reader)
            worst_ms = ground.plan.answer_s(name) * 1000
            self.peers[name] = ReaderPeer(name, ground.plan.profile(name), worst_ms, reader)
        self._bus = VirtualDoorBus(readers, ground.folder)

    async def start(self) -> Wiring:
        """Plug the adapter in."""
        await self._bus.start()
        link = self._ground.plan.links[self._ground.name]
        return Wiring(
            {"where": self._bus.port},
            {name: {"settings": self._settings()} for name in self.peers},
            {link.secret: self._key.hex(), _CARDS: self._card_key.hex()},
        )

    def _settings(self) -> dict[str, Any]:
        return {"cards": _CARDS, "allowed": [digest(self._card_key, *CARDS["granted"])]}

    async def stop(self) -> None:
        """Pull everything out."""
        await self._bus.stop()


_CARDS = "osdp-cards"


def make(ground: Ground) -> OsdpFarEnd:
    """For the table."""
    return OsdpFarEnd(ground)
