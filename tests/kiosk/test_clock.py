"""Time that is passed in: it stands still, moves on order, and lets stories skip waits."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from kiosk.clock import Clock, ManualClock, SystemClock, within

TODAY = dt.datetime(2026, 11, 22, 20, 47, tzinfo=dt.UTC)
HOUR = 3600.0


async def test_a_manual_clock_stands_still() -> None:
    clock = ManualClock(TODAY)
    before = clock.now()
    sleeping = asyncio.ensure_future(clock.sleep(1))
    await clock.settle()
    assert not sleeping.done()
    assert (clock.now(), clock.today()) == (before, TODAY)
    await clock.advance(0.9)
    assert not sleeping.done()
    await clock.advance(0.2)
    assert sleeping.done()
    assert clock.now() == pytest.approx(before + 1.1)


async def test_sleepers_wake_in_the_order_of_their_time() -> None:
    clock = ManualClock(TODAY)
    woken: list[tuple[str, float]] = []
    start = clock.now()

    async def sleeper(name: str, *naps: float) -> None:
        for nap in naps:
            await clock.sleep(nap)
            woken.append((name, clock.now() - start))

    tasks = [asyncio.ensure_future(sleeper("b", 3)), asyncio.ensure_future(sleeper("a", 1, 1, 2))]
    await clock.advance(10)
    assert woken == [("a", 1), ("a", 2), ("b", 3), ("a", 4)]
    await asyncio.gather(*tasks)


async def test_no_time_is_no_wait_but_lets_others_run() -> None:
    clock, ran = ManualClock(TODAY), []
    asyncio.get_running_loop().call_soon(ran.append, 1)
    await clock.sleep(0)
    await clock.sleep(-1)
    assert ran == [1]


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = ManualClock(TODAY)
    sleeping = asyncio.ensure_future(clock.sleep(1))
    await clock.settle()
    sleeping.cancel()
    await clock.advance(2)
    assert sleeping.cancelled()


async def test_skipping_wakes_what_is_due_at_once() -> None:
    clock = SystemClock()
    began = clock.now()
    tasks = [asyncio.ensure_future(clock.sleep(HOUR)), asyncio.ensure_future(clock.sleep(3 * HOUR))]
    await asyncio.sleep(0)
    clock.skip(2 * HOUR)
    await asyncio.wait_for(tasks[0], 5)
    assert clock.now() - began >= 2 * HOUR
    assert not tasks[1].done()
    clock.skip(HOUR)
    await asyncio.wait_for(tasks[1], 5)


async def test_real_time_passes_and_has_a_zone() -> None:
    clock = SystemClock()
    before = clock.now()
    await clock.sleep(0.001)
    assert clock.now() > before
    assert clock.today().tzinfo is not None


@pytest.mark.parametrize("clock", [ManualClock(TODAY), SystemClock()], ids=["manual", "system"])
async def test_work_in_time_gives_its_result(clock: Clock) -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    assert await within(clock, HOUR, work()) == 7


async def test_work_that_is_late_is_cancelled() -> None:
    clock, ended = ManualClock(TODAY), asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    waiting = asyncio.ensure_future(within(clock, 3, work()))
    await clock.advance(2.9)
    assert not ended.is_set()
    await clock.advance(0.2)
    assert await waiting is None
    assert ended.is_set()


async def test_work_that_fails_says_so() -> None:
    async def work() -> None:
        raise LookupError("no")

    with pytest.raises(LookupError):
        await within(ManualClock(TODAY), 1, work())


async def test_whoever_stops_waiting_stops_the_work() -> None:
    clock, before = ManualClock(TODAY), asyncio.all_tasks()
    waiting = asyncio.ensure_future(within(clock, 1, asyncio.Event().wait()))
    await clock.settle()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert asyncio.all_tasks() == before
