"""One link's drivers: started, started anew when they break their promise, left alone when that does not help."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from hardware.field import Driver, RawSample
from kiosk.config import ConfigError
from kiosk.site import attendant as module
from kiosk.site.attendant import Attendant
from tests.kiosk.site.field_driver import FieldDriver, Mood

pytestmark = pytest.mark.slow  # drivers that hang are waited for


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPEN_WITHIN_S", "CLOSE_WITHIN_S", "PROBE_S", "GRACE_S"):
        monkeypatch.setattr(module, name, 0.01)


class Link:
    """An attendant, its drivers so far, and what it says."""

    def __init__(self, mood: Mood = "well", error: Exception | None = None) -> None:
        self.mood: Mood = mood
        self.error = error
        self.made: list[FieldDriver] = []
        self.news: list[str] = []
        self.starts = 0
        self.samples: list[RawSample] = []
        self.attendant = Attendant(
            self._make, self.samples.extend, on_news=self.news.append, on_start=self._started, note=lambda _: None
        )

    def _make(self) -> tuple[Driver, ...]:
        if self.error is not None:
            raise self.error
        self.made.append(FieldDriver("door", mood=self.mood))
        return (self.made[-1],)

    def _started(self) -> None:
        self.starts += 1

    async def close(self) -> None:
        for driver in self.made:
            driver.released.set()
        await self.attendant.close()


async def until(what: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not what():
            await asyncio.sleep(0.001)


def sample() -> RawSample:
    return RawSample("door", "lock", 1, None, 0.0, 0.0)


async def test_it_opens_keeps_and_closes() -> None:
    link = Link()
    link.attendant.start()
    await until(lambda: link.starts)
    link.attendant.keep(1.0)
    assert link.made[0].kept == [1.0]
    assert link.attendant.driver_of("door") is link.made[0]
    assert link.attendant.driver_of("window") is None
    await link.close()
    assert not link.made[0].is_open
    assert link.attendant.driver_of("door") is None


async def test_three_broken_deadlines_are_a_new_start_and_the_old_driver_is_not_heard_any_more() -> None:
    link = Link()
    link.attendant.start()
    await until(lambda: link.starts)
    for _ in range(2):
        link.attendant.broke("late")
    assert len(link.made) == 1
    link.attendant.broke("late")
    await until(lambda: link.starts == 2)
    old, new = link.made
    assert (old.is_open, new.is_open) == (False, True)
    assert old.take is not None
    old.take([sample()])
    assert link.samples == []
    assert new.take is not None
    new.take([sample()])
    assert link.samples == [sample()]
    await link.close()


@pytest.mark.parametrize("mood", ["hung", "broken"])
async def test_five_new_starts_in_a_minute_and_the_link_is_left_alone_for_a_while(
    mood: Mood, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUARANTINE_S", 0.05)
    link = Link(mood)
    link.attendant.start()
    await until(lambda: link.news)
    assert "open" in link.news[0]
    assert link.attendant.quarantine
    assert len(link.made) == 5
    link.mood = "well"
    for driver in link.made:
        driver.released.set()
    await until(lambda: link.starts)
    assert link.news[1:] == [""]
    await link.close()


async def test_what_cannot_be_made_is_said_with_its_cure() -> None:
    link = Link(error=ConfigError("no secret; add it"))
    link.attendant.start()
    await until(lambda: link.news)
    assert link.news == ["no secret; add it"]
    await link.close()


async def test_a_driver_that_says_nothing_is_asked_and_when_it_hangs_it_is_replaced() -> None:
    link = Link()
    link.attendant.start()
    await until(lambda: link.starts)
    now = 0.0

    async def look() -> None:
        nonlocal now
        now += module.SILENT_S
        link.attendant.look(now, lambda _: 0.0)
        await asyncio.sleep(0.03)

    for _ in range(4):
        await look()
    assert len(link.made) == 1  # silent, but it answers when asked
    link.made[0].mood = "hung"
    for _ in range(4):
        await look()
    await until(lambda: len(link.made) == 2)
    await link.close()


async def test_a_defect_in_keep_costs_the_driver_and_not_the_tick() -> None:
    link = Link()
    link.attendant.start()
    await until(lambda: link.starts)

    def broken(for_s: float) -> None:
        raise ZeroDivisionError

    link.made[0].keep = broken  # type: ignore[method-assign]
    link.attendant.keep(1.0)
    await until(lambda: link.starts == 2)
    await link.close()
