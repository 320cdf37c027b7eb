"""A small site for tests: a fire loop, two release relays and a tamper contact behind simulated Modbus gateways, and
the real watch as a process beside them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Self

import msgspec

from hardware.modbus.simulator import Hold, ModbusGateway, VirtualUnit
from kiosk.site.feed import FEED_FILE, Line, listen
from kiosk.site.messages import AlarmSeen, Answer, Changed, Do, Role, Snapshot, Told

ROOT = Path(__file__).resolve().parents[2]
NORMAL, ALARM, CUT = 2200, 4400, 20_000
FIRE = "hall-smoke.loop/fire"
WITHIN_S = 15.0

_SITE = """
[site]
id = "b-0007"
grid = "310115-12-03"

[link.fire-in]
kind = "modbus_tcp"
where = "127.0.0.1:{fire_in}"

[link.fire-out]
kind = "modbus_tcp"
where = "127.0.0.1:{fire_out}"

[link.yard]
kind = "modbus_tcp"
where = "127.0.0.1:{yard}"
answer_ms = 40

[device.hall-smoke]
link = "fire-in"
profile = "smoke-loop"
address = 1

[device.release]
link = "fire-out"
profile = "release-output"
address = 1

[device.gate]
link = "yard"
profile = "barrier"
address = 1

[rule.fire]
when = [{{ point = "hall-smoke.loop", is = ["alarm"] }}]
severity = "fire"
latch = true
do = [
    {{ act = "release", on = "release.doors" }},
    {{ act = "hold_open", on = "release.barriers" }},
    {{ act = "evacuate" }},
]

[rule.loop-fault]
when = [{{ point = "hall-smoke.loop", is = ["short", "open", "odd"] }}]
severity = "fault"
{more}
"""


class SiteStand:
    """Gateways and their units, ``site.toml``, and the watch. ``smoke``: ohm of the loop; ``relays``: 1 is locked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = ROOT
        self.file = folder / "site.toml"
        self.smoke = VirtualUnit(1, inputs={0: NORMAL})
        holds = {("coils", 0): Hold(0, 1.0), ("coils", 1): Hold(0, 1.0)}
        self.relays = VirtualUnit(1, coils={0: 0, 1: 0}, holds=holds)
        self.more_relays = VirtualUnit(2, coils={0: 0, 1: 0}, holds=holds)  # there, but not in site.toml
        self.gate = VirtualUnit(1, coils={0: 0, 1: 0, 2: 0}, contacts={0: 0, 1: 1, 2: 0, 3: 1})
        self.gateways = {
            "fire_in": ModbusGateway([self.smoke]),
            "fire_out": ModbusGateway([self.relays, self.more_relays]),
            "yard": ModbusGateway([self.gate]),
        }
        self.process: asyncio.subprocess.Process | None = None
        self.log = folder / "watch.log"
        self._starts = 0

    async def __aenter__(self) -> Self:
        for gateway in self.gateways.values():
            await gateway.start()
        self.write()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.end(signal.SIGKILL)
        for gateway in self.gateways.values():
            await gateway.stop()

    def write(self, more: str = "") -> None:
        """Write site.toml, with ``more`` at its end."""
        ports = {name: gateway.port for name, gateway in self.gateways.items()}
        self.file.write_text(_SITE.format(**ports, more=more), encoding="utf-8")

    async def start(self, *options: str, **environment: str) -> None:
        """Start the watch and wait for its feed."""
        self.process = await asyncio.create_subprocess_exec(
            *self.command(), *options, cwd=ROOT, env={**os.environ, **environment}
        )
        self._starts += 1
        await until(
            lambda: self.log_text().count("site_started") >= self._starts, lambda: "no start: " + self.log_text()
        )

    def command(self) -> list[str]:
        """What starts the watch."""
        where = ["--site", str(self.file), "--folder", str(self.folder), "--log", str(self.log)]
        return [sys.executable, "-m", "booth", "site", "run", *where]

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int | None:
        """End the watch; its exit status."""
        process, self.process = self.process, None
        if process is None:
            return None
        if process.returncode is None:
            process.send_signal(number)
        async with asyncio.timeout(WITHIN_S):
            return await process.wait()

    def log_text(self) -> str:
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""

    @property
    def locked(self) -> tuple[int, int]:
        """The release relays as they are now: doors, barriers."""
        self.relays.move(asyncio.get_running_loop().time())
        return self.relays.coils[0], self.relays.coils[1]

    async def until_locked(self) -> None:
        await until(lambda: self.locked == (1, 1), lambda: f"relays {self.locked}; {self.log_text()}")

    async def until_released(self) -> None:
        await until(lambda: self.locked == (0, 0), lambda: f"relays {self.locked}; {self.log_text()}")

    @contextlib.asynccontextmanager
    async def listening(self, role: Role = "staff") -> AsyncIterator[Ear]:
        async with listen(self.folder / FEED_FILE, role) as line:
            ear = Ear(line)
            try:
                yield ear
            finally:
                await ear.close()


class Ear:
    """Keeps what a listener knows."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.snapshot: Snapshot = line.snapshot
        self.alarms: dict[str, AlarmSeen] = {one.key: one for one in line.snapshot.alarms}
        self.health = {one.name: one.state for one in line.snapshot.health}
        self.points: dict[str, Any] = {one.name: one.value for one in line.snapshot.points}
        self.standing = line.snapshot.standing
        self.released = line.snapshot.released
        self.told: list[Told] = []
        self._task = asyncio.get_running_loop().create_task(self._hear())
        self._number = 0

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def do(self, **words: Any) -> Answer:
        self._number += 1
        words = {"id": f"{id(self)}-{self._number}", "who": "test", **words}
        return await self.line.do(msgspec.convert(words, Do))

    async def until(self, what: Callable[[], bool]) -> None:
        await until(what, lambda: f"{self.alarms} {self.standing} {self.health}")

    def state(self, key: str) -> str:
        return self.alarms[key].state if key in self.alarms else "normal"

    async def _hear(self) -> None:
        async for message in self.line:
            if isinstance(message, Changed):
                self.alarms |= {one.key: one for one in message.alarms}
                self.health |= {one.name: one.state for one in message.health}
                self.points |= {one.name: one.value for one in message.points}
                self.standing, self.released = message.standing, message.released
            else:
                self.told.append(message)


async def until(what: Callable[[], bool], why: Callable[[], str], within_s: float = WITHIN_S) -> None:
    """Wait for it; fails with ``why`` when it does not come."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + within_s
    while not what():
        assert loop.time() < ends, why()
        await asyncio.sleep(0.02)
