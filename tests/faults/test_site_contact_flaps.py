"""A contact that flaps: its point says so, once; a fire loop that flaps is a fire all the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kiosk.ledger.file import read_only
from tests.booth.site_stand import ALARM, FIRE, NORMAL, SiteStand

pytestmark = pytest.mark.peer
TOUCHED = """
[rule.touched]
when = [{ point = "gate.vehicle", is = ["occupied"] }]
severity = "fault"
"""


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[SiteStand]:
    async with SiteStand(tmp_path) as stand:
        stand.write(TOUCHED)
        yield stand


def rows(stand: SiteStand, kind: str, word: str) -> int:
    with read_only(stand.folder / "site.db") as connection:
        found = connection.execute("SELECT COUNT(*) FROM events WHERE class = ? AND body LIKE ?", (kind, f"%{word}%"))
        return int(found.fetchone()[0])


async def test_a_flapping_contact_is_one_alarm_that_chatters(stand: SiteStand) -> None:
    await stand.start()
    async with stand.listening() as ear:
        await ear.until(lambda: ear.points.get("gate.vehicle") == "clear")
        for turn in range(16):  # one turn at each poll
            stand.gate.contacts[2] = 1 - turn % 2
            await asyncio.sleep(1.05)
            if "chattering" in getattr(ear.alarms.get("gate.vehicle/touched"), "covers", ()):
                break
        await ear.until(lambda: "chattering" in ear.alarms["gate.vehicle/touched"].covers)
        assert [one.key for one in ear.alarms.values() if "gate" in one.key] == ["gate.vehicle/touched"]
        assert ear.health["gate"] != "lost"
    assert await stand.end() == 0
    assert 0 < rows(stand, "alm", "gate.vehicle") <= 12


async def test_a_flapping_fire_loop_releases_and_is_never_called_chattering(stand: SiteStand) -> None:
    await stand.start()
    await stand.until_locked()
    async with stand.listening() as ear:
        stand.smoke.inputs[0] = ALARM
        await stand.until_released()
        for turn in range(12):
            stand.smoke.inputs[0] = ALARM if turn % 2 else NORMAL
            await asyncio.sleep(0.15)
            assert stand.locked == (0, 0)
        await ear.until(lambda: ear.alarms[FIRE].count >= 3)
        assert ear.alarms[FIRE].covers == ()
        assert ear.points["hall-smoke.loop"] in ("alarm", "normal")
        assert (await ear.do(verb="shelve", key=FIRE, for_s=60.0, reason="noise")).result != "done"
    assert stand.locked == (0, 0)
