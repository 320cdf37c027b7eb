"""The wall clock is set while the watch runs: nothing fires, nothing ends, nothing is late; the step is journaled."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.booth.site_stand import ALARM, FIRE, NORMAL, SiteStand
from tests.faults.site_inside import rows, watching

pytestmark = pytest.mark.peer
HOUR_S = 3600.0


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[SiteStand]:
    async with SiteStand(tmp_path) as stand:
        yield stand


@pytest.mark.parametrize("step_s", [HOUR_S, -HOUR_S, 40 * 365 * 24 * HOUR_S])
async def test_a_step_changes_labels_only(stand: SiteStand, step_s: float) -> None:
    offset = [0.0]
    async with watching(stand, wall=lambda: time.time() + offset[0]), stand.listening() as ear:
        await stand.until_locked()
        await ear.until(lambda: all(ear.health.get(name) == "online" for name in ("gate", "hall-smoke", "release")))
        offset[0] = step_s
        await asyncio.sleep(0.5)
        assert stand.locked == (1, 1)
        assert not [one for one in ear.alarms.values() if one.state != "normal"]
        assert set(ear.health.values()) == {"online"}
        stand.smoke.inputs[0] = ALARM
        await stand.until_released()
        await ear.until(lambda: ear.state(FIRE) == "unack")
        offset[0] = 0.0  # and back, with a fire
        stand.smoke.inputs[0] = NORMAL
        await ear.until(lambda: ear.state(FIRE) == "latched_unack")
        assert stand.locked == (0, 0)
        assert (await ear.do(verb="acknowledge", key=FIRE)).result == "done"
        assert (await ear.do(verb="reset", key=FIRE)).result == "done"
        await stand.until_locked()
    steps = [row for row in rows(stand.folder, "mark") if row["what"] == "clock_step"]
    assert len(steps) == 2
    assert {row["clock"] for row in steps} == {"stepped"}
    assert next(row["after"] for row in rows(stand.folder, "alm") if row["rule"] == "fire") == "unack"
