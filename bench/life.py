"""What moves by itself around the booth: a gate travels, water flows, a battery empties, everything trembles a little.

Looks at what the booth's outputs were told and lets the simulated site follow, as iron and water would. Knows no rule
and no alarm. Times are scaled: nobody at a bench waits ten minutes for dry soil.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from bench.far_ends.modbus import ModbusPeer
from bench.far_ends.nut import Supply
from bench.far_ends.peer import Peer
from kiosk.site.plan import Plan

TRAVEL_S = 4.0  # a gate's, a real one takes 10 s
_FLOW = 120  # raw: 12 l/min
_WETTER_PER_S, _DRIER_PER_S = 10.0, 0.05  # raw: tenths of a percent
_EMPTIES_PER_S, _FILLS_PER_S = 1.0, 2.0  # percent of the battery


class Life:
    """All of it for one site. ``found`` says what people find at a device, in words, where that is not a point."""

    def __init__(self, plan: Plan, peers: Mapping[str, Peer]) -> None:
        self._plan = plan
        self._peers = peers
        self._chance = random.Random(7)  # noqa: S311 - trembling
        self._gates = {name: Gate(peer) for name, peer in self._of(ModbusPeer) if {"up", "down"} <= set(peer.values())}
        self._moisture: dict[str, float] = {}
        self._lived: set[str] = set()  # outputs that were energised since the start
        self.found: dict[str, str] = {}

    def _of(self, kind: type) -> list[tuple[str, Peer]]:
        return [(name, peer) for name, peer in self._peers.items() if isinstance(peer, kind)]

    def move(self, passed_s: float) -> None:
        """Let so many seconds go by."""
        releases = self._releases()
        for name, gate in self._gates.items():
            self.found[name] = gate.move(passed_s, is_held="hold_open" in releases)
        is_watered = self._water()
        for name, peer in self._peers.items():
            if isinstance(peer, Supply):
                peer.discharge(passed_s * (-_FILLS_PER_S if peer.values()["mains"] else _EMPTIES_PER_S))
            if peer.profile.driver == "osdp" and "lock" in peer.profile.points:
                is_open = "release" in releases or bool(peer.values().get("lock"))
                self.found[name] = "the door opens freely" if is_open else "the door is locked"
            if "moisture" in peer.profile.points:
                self._soil(name, peer, passed_s, is_watered)

    def tremble(self) -> None:
        """Measured values are never twice the same: once a second."""
        for _, peer in self._of(ModbusPeer):
            if peer.profile.safety:
                continue
            for point, spec in peer.profile.points.items():
                if spec.kind == "number" and point in ("laeq", "temperature"):
                    self._nudge(peer, point)

    def _nudge(self, peer: Peer, point: str) -> None:
        was = peer.trembles.get(point, 0)
        peer.trembles[point] = self._chance.choice([one for one in (-2, -1, 0, 1, 2) if one != was])

    def _releases(self) -> set[str]:
        """Acts whose output was energised and is not any more; before the first time nobody had switched it on."""
        found = set()
        for name, peer in self._of(ModbusPeer):
            values = peer.values()
            for point, spec in peer.profile.points.items():
                if spec.energised_when == "healthy" and values[point]:
                    self._lived.add(f"{name}.{point}")
                elif spec.energised_when == "healthy" and f"{name}.{point}" in self._lived:
                    found.update(spec.acts)
        return found

    def _water(self) -> bool:
        is_watered = False
        for _, peer in self._of(ModbusPeer):
            for point, spec in peer.profile.points.items():
                if "water" in spec.acts:
                    is_open = bool(peer.values()[point])
                    is_watered |= is_open
                    if "flow" in peer.profile.points and bool(peer.values()["flow"]) != is_open:
                        peer.set("flow", _FLOW * is_open)
        return is_watered

    def _soil(self, name: str, peer: Peer, passed_s: float, is_watered: bool) -> None:
        now = float(peer.values()["moisture"])
        exact = self._moisture.get(name, now)
        if abs(exact - now) >= 1:
            exact = now  # somebody set it
        exact = min(max(exact + passed_s * (_WETTER_PER_S if is_watered else -_DRIER_PER_S), 0.0), 1000.0)
        self._moisture[name] = exact
        if round(exact) != now:
            peer.set("moisture", round(exact))
            self._moisture[name] = exact


class Gate:
    """A barrier between its limit switches: 0.0 down, 1.0 up."""

    def __init__(self, peer: Peer) -> None:
        assert isinstance(peer, ModbusPeer)
        self._peer = peer
        self._place = 1.0 if peer.values()["up"] else 0.0
        self._goal = self._place
        self._switches = (-1, -1)

    def move(self, passed_s: float, *, is_held: bool) -> str:
        """Let it travel; says in words where it is."""
        act = "open" if is_held else self._peer.pressed
        if act:
            self._goal = {"open": 1.0, "close": 0.0}.get(act, self._place)
        step = passed_s / TRAVEL_S
        self._place = min(self._goal, self._place + step) if self._goal > self._place else max(
            self._goal, self._place - step
        )  # fmt: skip
        switches = (int(self._place >= 1), int(self._place <= 0))
        if switches != self._switches:
            self._switches = switches
            self._peer.set("up", switches[0])
            self._peer.set("down", switches[1])
        if self._place != self._goal:
            return "it rises" if self._goal > self._place else "it comes down"
        where = {1.0: "the gate is up", 0.0: "the gate is down"}.get(self._place, "the gate stands half way")
        return f"{where}, held by the release" if is_held else where
