"""An upsd at the end of a real connection, for benches and tests.

Its supplies' mains can fail, and it can be told to misbehave.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from hardware.far_end import FarEnd
from hardware.power.protocol import quoted, words


@dataclass
class Faults:
    """How upsd misbehaves now: late, silent, garbage, a list cut off, hanging up after each answer."""

    delay_s: float = 0.0
    is_silent: bool = False
    is_garbage: bool = False
    is_cut: bool = False
    hangs_up: bool = False
    error: str = ""  # an ERR word instead of every answer, such as DATA-STALE


@dataclass
class VirtualSupply:
    """One supply. Its variables are what upsd tells."""

    variables: dict[str, str] = field(
        default_factory=lambda: {
            "ups.status": "OL", "battery.charge": "100", "battery.runtime": "1800", "ups.load": "12",
            "input.voltage": "231.5", "ups.model": 'Virtual "UPS" \\ 1000',
        }
    )  # fmt: skip

    def fail_mains(self, charge: float = 100.0, *, is_low: bool = False) -> None:
        """Run on the battery."""
        status = "OB DISCHRG LB" if is_low else "OB DISCHRG"
        self.variables |= {"ups.status": status, "battery.charge": f"{charge:g}", "input.voltage": "0.0"}
        self.variables["battery.runtime"] = f"{18 * charge:.0f}"

    def restore_mains(self) -> None:
        """Mains are back, the battery charges."""
        self.variables |= {"ups.status": "OL CHRG", "input.voltage": "231.5"}


class VirtualUpsd(FarEnd):
    """Use from one event loop."""

    def __init__(self, supplies: dict[str, VirtualSupply], host: str = "127.0.0.1") -> None:
        super().__init__(host)
        self.supplies = supplies
        self.faults = Faults()
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while line := await reader.readline():
                faults = self.faults
                await asyncio.sleep(faults.delay_s)
                if not faults.is_silent:
                    writer.write(self._answer(words(line.decode("utf-8", "replace").strip())))
                if faults.hangs_up:
                    break
        except (OSError, ValueError):
            pass  # the other end went away, or sent no lines
        finally:
            self._writers.discard(writer)
            writer.close()

    def _answer(self, asked: list[str]) -> bytes:
        if self.faults.is_garbage:
            return b"\x00\xff VAR \xfe\n"
        if self.faults.error:
            return f"ERR {self.faults.error}\n".encode()
        if asked[:2] != ["LIST", "VAR"] or len(asked) != 3:
            return b"ERR UNKNOWN-COMMAND\n"
        name = asked[2]
        if name not in self.supplies:
            return b"ERR UNKNOWN-UPS\n"
        lines = [f"VAR {name} {key} {quoted(value)}" for key, value in self.supplies[name].variables.items()]
        text = "\n".join([f"BEGIN LIST VAR {name}", *lines, f"END LIST VAR {name}", ""])
        return text[: len(text) // 2 if self.faults.is_cut else None].encode()
