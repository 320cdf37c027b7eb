"""The watch with the example site, one of everything: what it weighs, how soon it knows of a loss, and that it knows of
none that is none. The far ends are a process of their own; losses and returns are taken at their switch.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.child import module, said
from benchmarks.figure import Figure, Options
from benchmarks.processes import weight
from benchmarks.site_process import connected, watching
from hardware.field import FieldError
from hardware.network.icmp import Pinger
from hardware.network.simulator import VirtualHost, open_udp
from kiosk.site.feed import FEED_FILE
from kiosk.site.health import Health, Promise, State
from kiosk.site.messages import Changed
from kiosk.site.points import Cause
from kiosk.site.schema import PROMISED_S

KINDS = {"loop": "hall-smoke", "reader": "door-1", "camera": "eyes-1", "unit": "soil", "link": "fibre"}
EVERY_S = {"loop": 0.1, "reader": 0.2, "camera": 1.8, "unit": 2.9, "link": 0.8}  # their profiles'
SETTLED_S = 15.0
LOSS = 0.02
DAY_S = 86_400.0
_PROFILES = Path(__file__).resolve().parents[1] / "assets" / "site"
_BARE = "import asyncio, time; print('[]', flush=True); time.sleep(600)"


@dataclass
class Running:
    """``pid`` of the watch, health by name, and each change of it as (monotonic time, name, state)."""

    pid: int
    far: subprocess.Popen[str]
    health: dict[str, str]
    news: list[tuple[float, str, str]]
    heard: asyncio.Event

    async def changed(self) -> None:
        """Return at the next word of the watch."""
        self.heard.clear()
        await self.heard.wait()

    async def turn(self, devices: list[str], knob: str, value: float) -> float:
        """Turn a knob; when."""
        assert self.far.stdin is not None
        print(json.dumps({"devices": devices, "knob": knob, "value": value}), file=self.far.stdin, flush=True)
        return float((await asyncio.to_thread(said, self.far))["at"])


@contextlib.asynccontextmanager
async def _example() -> AsyncIterator[Running]:
    with tempfile.TemporaryDirectory(prefix="booth-site-") as name:
        folder = Path(name)
        with module("benchmarks.site_far", str(folder / "far")) as far:
            places = said(far)
            run = folder / "run"
            with watching(Path(places["site"]), run, _PROFILES, Path(places["secrets"])) as child:
                async with connected(run / FEED_FILE) as line:
                    health = {one.name: one.state for one in line.snapshot.health}
                    running = Running(child.pid, far, health, [], asyncio.Event())
                    listening = asyncio.create_task(_note(line, running))
                    await asyncio.sleep(SETTLED_S)
                    strange = {name: health[name] for name in KINDS.values() if health[name] in ("unknown", "lost")}
                    assert not strange, f"the site does not run: {strange}"
                    yield running
                    listening.cancel()


async def _note(line: object, running: Running) -> None:
    async for message in line:  # type: ignore[attr-defined]
        if isinstance(message, Changed):
            for one in message.health:
                if running.health.get(one.name) != one.state:
                    running.health[one.name] = one.state
                    running.news.append((time.monotonic(), one.name, one.state))
            running.heard.set()


def memory(_options: Options) -> Iterator[Figure]:
    """Resident set of ``booth site run``, beside an interpreter that has only asyncio."""
    bare = subprocess.Popen([sys.executable, "-c", _BARE], stdout=subprocess.PIPE, text=True)
    try:
        said(bare)
        least = weight(bare.pid).rss_kb / 1024
    finally:
        bare.kill()
        bare.communicate()
    yield Figure("site.memory", asyncio.run(_weighed()), "MB", "interpreter with asyncio", least, at_most=120)


async def _weighed() -> float:
    async with _example() as running:
        await asyncio.sleep(5.0)
        return weight(running.pid).rss_kb / 1024


def losses(options: Options) -> Iterator[Figure]:
    """Each kind of device falls silent and comes back, all of them at once; the longest of some rounds."""
    found, back, bare = asyncio.run(_losses(options.times(2, 1)))
    for kind, device in KINDS.items():
        polls = f"bare loop, {EVERY_S[kind]:g} s: five misses and nothing else"
        yield Figure(f"site.lost_{kind}", max(found[device]), "s", polls, bare[kind][0], at_most=PROMISED_S[kind])
    worst = max(max(times) for times in back.values())
    slowest = max(times[1] for times in bare.values())
    yield Figure("site.back", worst, "s", "bare loop: two answers of the slowest", slowest, at_most=5)


Times = dict[str, list[float]]


async def _losses(rounds: int) -> tuple[Times, Times, dict[str, tuple[float, float]]]:
    devices = list(KINDS.values())
    found: Times = {name: [] for name in devices}
    back: Times = {name: [] for name in devices}
    async with _example() as running:
        counting = asyncio.gather(*(_count(every_s) for every_s in EVERY_S.values()))
        for _ in range(rounds):
            for value, is_over, times in ((1.0, _is_lost, found), (0.0, _is_back, back)):
                running.news.clear()
                switched_s = await running.turn(devices, "drop", value)
                async with asyncio.timeout(60.0):
                    while not all(is_over(running.health[name]) for name in devices):
                        await running.changed()
                for name in devices:
                    at_s = next(at_s for at_s, one, state in running.news if one == name and is_over(state))
                    times[name].append(at_s - switched_s)
            await asyncio.sleep(random.random() * 2)
        return found, back, dict(zip(EVERY_S, await counting, strict=True))


async def _count(every_s: float) -> tuple[float, float]:
    """Seconds from the switch until five echoes were missed, and from its return until two were answered."""
    host, pinger = VirtualHost(), Pinger(open_udp)
    await host.start()
    loop = asyncio.get_running_loop()
    due_s = loop.time()

    async def run_of(wanted: int, *, is_answer: bool) -> float:
        nonlocal due_s
        switched_s, count = loop.time(), 0
        while count < wanted:
            try:
                await pinger.echo(host.host, every_s / 2, host.port)
                count = count + 1 if is_answer else 0
            except FieldError:
                count = 0 if is_answer else count + 1
            due_s += every_s
            if count < wanted:
                await asyncio.sleep(max(0.0, due_s - loop.time()))
        return loop.time() - switched_s

    try:
        await run_of(2, is_answer=True)
        host.faults.drop = 1.0
        lost_s = await run_of(5, is_answer=False)
        host.faults.drop = 0.0
        return lost_s, await run_of(2, is_answer=True)
    finally:
        pinger.close()
        host.stop()


def _is_lost(state: str) -> bool:
    return state == "lost"


def _is_back(state: str) -> bool:
    return state in ("online", "degraded")


def false_losses(options: Options) -> Iterator[Figure]:
    """2 % of all answers are lost: the real drivers for a minute (``--rounds 10``: ten), and a day of the states."""
    lost, doubted = asyncio.run(_lossy(60.0 * options.rounds))
    rule = "would be lost by 2 of 3 missed"
    minutes = f"{options.rounds:g} min of the drivers at 2 % loss"
    yield Figure("site.false_losses", lost, "devices", f"{rule}; {minutes}", doubted, at_most=0)
    lost, doubted = _simulated_day()
    yield Figure("site.false_losses_day", lost, "devices", f"{rule}; 24 simulated hours", doubted, at_most=0)


async def _lossy(span_s: float) -> tuple[int, int]:
    async with _example() as running:
        await running.turn([], "drop", LOSS)
        running.news.clear()
        await asyncio.sleep(span_s)
        return tuple(sum(state == one for _, _, state in running.news) for one in ("lost", "degraded"))  # type: ignore[return-value]


def _simulated_day() -> tuple[int, int]:
    lost = doubted = 0
    chance = random.Random(20260601)
    for kind, every_s in EVERY_S.items():
        health = Health(Promise(PROMISED_S[kind]), 0.0)
        for number in range(1, int(DAY_S / every_s) + 1):
            now = number * every_s
            is_missed = chance.random() < LOSS
            news = health.missed(now, Cause.TIMEOUT) if is_missed else health.answered(now, 0.01)
            if news is not None:
                lost += news.after is State.LOST
                doubted += news.after is State.DEGRADED and news.before is State.ONLINE
    return lost, doubted
