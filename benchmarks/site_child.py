"""What is measured of the watch, as a process of its own: the product's watch, or the least that does the same reads.

``python -m benchmarks.site_child watch SITE FOLDER PROFILES`` runs the watch as ``booth site run`` does and notes when
each sample was taken in; ``bare PORTS UNITS`` only asks and unpacks. A line "begin" starts the account, "end" prints
it. ``bare_release PORTS`` asks as in a storm and writes the doors' coil at an alarm; ``once PORTS
UNITS`` asks each unit once; ``screen FEED`` listens.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import struct
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import site_storm
from benchmarks.figure import percentile
from benchmarks.processes import weight
from kiosk.site.feed import FeedError, listen

REGISTERS = 10


class Account:
    """CPU time, memory, samples, and how late they were taken in: each device's are a second apart."""

    def __init__(self) -> None:
        self.count = self.errors = 0
        self._runs: dict[str, list[list[float]]] = {}
        self._began_s = self._cpu_s = 0.0

    def begin(self) -> None:
        self.count = self.errors = 0
        self._runs.clear()
        self._began_s, self._cpu_s = time.monotonic(), cpu_s()

    def note(self, device: str, samples: int, *, is_error: bool) -> None:
        """One answer was taken in, now. A failure ends the run: the device has another grid afterwards."""
        runs = self._runs.setdefault(device, [[]])
        if is_error:
            self.errors += 1
            runs.append([])
        else:
            self.count += samples
            runs[-1].append(time.monotonic())

    def end(self) -> dict[str, float]:
        """Lateness is against the earliest of the run, so what is always late in the same way is not seen."""
        span_s, spent_s = time.monotonic() - self._began_s, cpu_s() - self._cpu_s
        late = []
        for runs in self._runs.values():
            for run in runs:
                begins_s = min((at_s - number for number, at_s in enumerate(run)), default=0.0)
                late += [(at_s - number - begins_s) * 1000 for number, at_s in enumerate(run)]
        return {
            "samples_per_s": self.count / span_s, "errors": self.errors, "cpu_percent": 100 * spent_s / span_s,
            "late_p50_ms": percentile(late, 50), "late_ms": percentile(late, 99), "late_max_ms": max(late),
            "rss_mb": weight(os.getpid()).rss_kb / 1024,
        }  # fmt: skip


def cpu_s() -> float:
    """CPU seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def _obey(account: Account) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print(json.dumps({"ready": True}), flush=True)
    while line := await reader.readline():
        if line == b"begin\n":
            account.begin()
        elif line == b"end\n":
            print(json.dumps(account.end()), flush=True)


def _watch(site: Path, folder: Path, profiles: Path) -> None:
    from booth import site_run
    from hardware.field import Driver, RawSample, Take

    account = Account()
    make_drivers = site_run.make_drivers

    class Noted:
        """A driver whose samples are noted once the watch has taken them in."""

        def __init__(self, driver: Driver) -> None:
            self._driver = driver

        def __getattr__(self, name: str) -> object:
            return getattr(self._driver, name)

        async def open(self, take: Take) -> None:
            def noted(samples: Sequence[RawSample]) -> None:
                take(samples)
                account.note(samples[0].device, len(samples), is_error=samples[0].error is not None)

            await self._driver.open(noted)

    site_run.make_drivers = lambda wanted: tuple(Noted(one) for one in make_drivers(wanted))  # type: ignore[assignment,return-value]
    run = site_run._run

    async def both(*given: object) -> None:
        obeying = asyncio.create_task(_obey(account))
        try:
            await run(*given)  # type: ignore[arg-type]
        finally:
            obeying.cancel()

    site_run._run = both  # type: ignore[assignment]
    site_run.run_site(site_run.Place(site, folder, profiles))


async def _bare(ports: list[int], units: int) -> None:
    account = Account()

    async def client(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            for unit in range(1, units + 1):
                due_s += 1.0 / units
                await asyncio.sleep(max(0.0, due_s - loop.time()))
                writer.write(struct.pack(">HHHBBHH", unit, 0, 6, unit, 4, 0, REGISTERS))
                data = await reader.readexactly(9 + 2 * REGISTERS)
                struct.unpack_from(f">{REGISTERS}H", data, 9)
                account.note(f"{port}-{unit}", REGISTERS, is_error=False)

    async with asyncio.TaskGroup() as group:
        group.create_task(_obey(account))
        for at, port in enumerate(ports):
            group.create_task(client(port))
            await asyncio.sleep(1.0 / units / len(ports) if at else 0.0)


async def _once(ports: list[int], units: int) -> None:
    async def client(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for unit in range(1, units + 1):
            writer.write(struct.pack(">HHHBBHH", unit, 0, 6, unit, 4, 0, REGISTERS))
            data = await reader.readexactly(9 + 2 * REGISTERS)
            struct.unpack_from(f">{REGISTERS}H", data, 9)
        writer.close()

    await asyncio.gather(*(client(port) for port in ports))
    print(json.dumps({"done": True}), flush=True)


async def _bare_release(ports: list[int]) -> None:
    fire_in, fire_out, *storm = [await asyncio.open_connection("127.0.0.1", port) for port in ports]

    async def read(wire: tuple[asyncio.StreamReader, asyncio.StreamWriter], count: int) -> tuple[int, ...]:
        wire[1].write(struct.pack(">HHHBBHH", 1, 0, 6, 1, 4, 0, count))
        data = await wire[0].readexactly(9 + 2 * count)
        return struct.unpack_from(f">{count}H", data, 9)

    async def doors(value: int) -> None:
        fire_out[1].write(struct.pack(">HHHBBHH", 1, 0, 6, 1, 5, 0, 0xFF00 * value))
        await fire_out[0].readexactly(12)

    async def endure(wire: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        while True:
            await asyncio.gather(read(wire, site_storm.STORM_REGISTERS), asyncio.sleep(site_storm.STORM_EVERY_S))

    async def guard() -> None:
        while True:
            (ohm,) = await read(fire_in, 1)
            await doors(int(ohm != site_storm.ALARM_OHM))
            await asyncio.sleep(0.1)

    await asyncio.gather(guard(), *(endure(wire) for wire in storm))


async def _screen(feed: Path) -> None:
    while True:
        try:
            async with listen(feed, "screen") as line:
                print(json.dumps({"ready": True}), flush=True)
                async for _ in line:
                    pass
        except FeedError:
            await asyncio.sleep(0.05)


if __name__ == "__main__":
    if sys.argv[1] == "watch":
        _watch(*map(Path, sys.argv[2:5]))
    elif sys.argv[1] == "bare":
        asyncio.run(_bare(json.loads(sys.argv[2]), int(sys.argv[3])))
    elif sys.argv[1] == "once":
        asyncio.run(_once(json.loads(sys.argv[2]), int(sys.argv[3])))
    elif sys.argv[1] == "bare_release":
        asyncio.run(_bare_release(json.loads(sys.argv[2])))
    else:
        asyncio.run(_screen(Path(sys.argv[2])))
