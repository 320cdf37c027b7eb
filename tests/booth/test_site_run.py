"""The watch as a process, on simulated Modbus gateways: fire to relay, acts of staff, restart, reload, full disk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.booth.site_stand import ALARM, FIRE, NORMAL, SiteStand

pytestmark = pytest.mark.peer


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[SiteStand]:
    async with SiteStand(tmp_path) as stand:
        yield stand


async def test_fire_goes_its_whole_way(stand: SiteStand) -> None:
    await stand.start()
    await stand.until_locked()
    async with stand.listening() as ear, stand.listening("screen") as screen:
        stand.smoke.inputs[0] = ALARM
        await stand.until_released()
        await screen.until(lambda: "evacuate" in screen.standing)
        await ear.until(lambda: ear.state(FIRE) == "unack" and "evacuate" in [one.act for one in ear.told])
        assert (await ear.do(verb="reset", key=FIRE)).result == "condition_active"
        stand.smoke.inputs[0] = NORMAL
        await ear.until(lambda: ear.state(FIRE) == "latched_unack")
        assert (await ear.do(verb="acknowledge", key=FIRE)).result == "done"
        await ear.until(lambda: ear.state(FIRE) == "latched")
        assert stand.locked == (0, 0)
        assert (await ear.do(verb="reset", key=FIRE)).result == "done"
        await stand.until_locked()
        await screen.until(lambda: not screen.standing and not screen.released)
    assert await stand.end() == 0
    assert '"defect"' not in stand.log_text()
