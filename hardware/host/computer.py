"""What Linux tells of the computer, read from its files. Knows no device of the site; may wait for a disk that hangs.

Sources: proc(5) meminfo, Documentation/ABI sysfs-class-thermal and sysfs-class-hwmon, statvfs(3), adjtimex(2).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from hardware.field import Config, FieldError, Value

_TIME_ERROR = 5
_TIMEX_BYTES = 256  # struct timex takes 208 on 64 bit
_CORES = ("x86_pkg_temp", "cpu-thermal", "cpu_thermal", "soc-thermal", "coretemp", "k10temp")
_LIVELY_C = (-40.0, 150.0)  # what a sensor shows that is not connected lies outside


class Computer:
    """Use from any thread. ``folder``: where the booth keeps its files; ``sys`` and ``proc`` are Linux's own."""

    def __init__(self, folder: Path = Path("/"), *, sys: Path = Path("/sys"), proc: Path = Path("/proc")) -> None:
        self._folder = folder
        self._sys = sys
        self._proc = proc
        self._measures: dict[str, Callable[[], Value]] = {
            "disk_free": self._disk_free,
            "memory_free": self._memory_free,
            "cpu_temperature": self._temperature,
            "clock": self._clock,
        }

    def read(self, wanted: frozenset[str]) -> Mapping[str, Value | FieldError]:
        """Each measure, or why there is none. Raises nothing."""
        found: dict[str, Value | FieldError] = {}
        for name in wanted & self._measures.keys():
            try:
                found[name] = self._measures[name]()
            except Config as error:
                found[name] = error.with_traceback(None)
            except (OSError, ValueError, KeyError, ZeroDivisionError, AttributeError) as error:
                found[name] = Config(f"{name} cannot be read here ({type(error).__name__})", cure="remove the point")
        return found

    def _disk_free(self) -> float:
        held = os.statvfs(self._folder)
        return 100.0 * held.f_bavail / (held.f_blocks - held.f_bfree + held.f_bavail)  # as df shows it to users

    def _memory_free(self) -> float:
        lines = (self._proc / "meminfo").read_text().splitlines()
        held = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines) if rest}
        return 100.0 * held["MemAvailable"] / held["MemTotal"]

    def _temperature(self) -> float:
        """The processor's own sensor, else the hottest there is."""
        found: list[tuple[bool, float]] = []
        zones = [(zone / "type", (zone / "temp",)) for zone in (self._sys / "class/thermal").glob("thermal_zone*")]
        chips = [
            (chip / "name", tuple(chip.glob("temp*_input"))) for chip in (self._sys / "class/hwmon").glob("hwmon*")
        ]
        for kind, places in (*zones, *chips):
            for place in places:
                try:
                    celsius = int(place.read_text()) / 1000
                    is_core = kind.read_text().strip() in _CORES
                except (OSError, ValueError):
                    continue  # one that is switched off does not hide the others
                if _LIVELY_C[0] <= celsius <= _LIVELY_C[1]:
                    found.append((is_core, celsius))
        if not found:
            raise Config("this computer has no thermometer", cure="remove the point from the profile")
        return max(found)[1]

    def _clock(self) -> int:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
        if state < 0:
            raise Config("the kernel does not tell whether its clock is steered", cure="remove the point")
        return int(state != _TIME_ERROR)
