"""The booth's own computer: its disk and clock are this computer's; its thermometer and memory are files of this run.

The resident's devices, which the screen's side tells of, are unplugged where they are: at the bench's other controls.
"""

from __future__ import annotations

from pathlib import Path

from bench.far_ends import Ground, Wiring
from bench.far_ends.peer import Peer
from hardware.field import Value
from kiosk.site.schema import Profile

_TOTAL_KB = 4 * 1024 * 1024
_DRIFT = 0.5  # of a drift of 1: degrees or percent each second
_SIMULATED = {"cpu_temperature", "memory_free"}


class ComputerPeer(Peer):
    """Files as Linux has them: proc(5) meminfo, and a thermal zone of sysfs."""

    def __init__(self, name: str, profile: Profile, worst_ms: float, folder: Path) -> None:
        super().__init__(name, profile, worst_ms)
        self.sys, self.proc = folder / "sys", folder / "proc"
        self._measures = {point: str(spec.at.get("measure")) for point, spec in profile.points.items()}
        self._start = {point: raw for point, raw in self._start.items() if self.can_set(point)}
        self._values = dict(self._start)

    def can_set(self, point: str) -> bool:
        """What is a file here; the rest it measures for real."""
        return self._measures[point] in _SIMULATED

    def begin(self) -> None:
        """Write them."""
        zone = self.sys / "class" / "thermal" / "thermal_zone0"
        zone.mkdir(parents=True, exist_ok=True)
        self.proc.mkdir(parents=True, exist_ok=True)
        (zone / "type").write_text("cpu-thermal\n")
        self.tell(self.told())

    def told(self) -> dict[str, Value]:
        """As any, and slower in its drift: it starts near its limits."""
        drifted, self._drifted = self._drifted, self._drifted * _DRIFT
        try:
            return super().told()
        finally:
            self._drifted = drifted

    def tell(self, values: dict[str, Value]) -> None:
        """Whole or not at all."""
        for point, raw in values.items():
            if self._measures[point] == "cpu_temperature":
                _write(self.sys / "class" / "thermal" / "thermal_zone0" / "temp", f"{round(float(raw) * 1000)}\n")
            elif self._measures[point] == "memory_free":
                free_kb = round(_TOTAL_KB * min(max(float(raw), 0.0), 100.0) / 100)
                _write(self.proc / "meminfo", f"MemTotal: {_TOTAL_KB} kB\nMemAvailable: {free_kb} kB\n")

    def happen(self, point: str, raw: Value) -> None:
        """It has no events."""


class HostFarEnd:
    """This computer, and a simulated one's files."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.peers = {
            name: ComputerPeer(
                name, ground.plan.profile(name), ground.plan.answer_s(name) * 1000, ground.folder / "computer" / name
            )
            for name in ground.devices
        }

    async def start(self) -> Wiring:
        """Write the files; the disk that is measured is this run's."""
        devices = {}
        for name, peer in self.peers.items():
            peer.begin()
            places = {"folder": self._ground.folder, "sys": peer.sys, "proc": peer.proc}
            devices[name] = {"settings": {key: str(place.resolve()) for key, place in places.items()}}
        return Wiring(devices=devices)

    async def stop(self) -> None:
        """Nothing runs."""


def _write(file: Path, text: str) -> None:
    new = file.with_name(f".{file.name}.new")
    new.write_text(text)
    new.replace(file)


def make(ground: Ground) -> HostFarEnd:
    """For the table."""
    return HostFarEnd(ground)
