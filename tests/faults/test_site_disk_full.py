"""The disk is full, or takes nothing more: a fire is released as ever, what happened is written when there is room."""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kiosk.site.journal import SITE_FILE
from tests.booth.site_stand import ALARM, SiteStand, until

pytestmark = pytest.mark.peer


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[SiteStand]:
    async with SiteStand(tmp_path) as stand:
        yield stand


def journal(stand: SiteStand, kind: str) -> list[dict[str, object]]:
    with contextlib.closing(sqlite3.connect(stand.folder / SITE_FILE)) as connection:
        rows = connection.execute("SELECT body FROM events WHERE class = ? ORDER BY seq", (kind,)).fetchall()
    return [json.loads(body) for (body,) in rows]


async def test_a_disk_that_takes_nothing_more_does_not_hold_up_a_fire(stand: SiteStand) -> None:
    """Files may not grow beyond 300 kB, so the journal's next page fails, as on a broken or full disk."""
    limit, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    try:
        await stand.start()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    await stand.until_locked()
    async with stand.listening() as ear:
        for _ in range(300):
            await ear.do(verb="acknowledge", key="x" * 500, reason="y" * 500)
        await ear.until(lambda: ear.state("journal/stopped") == "unack")
        stand.smoke.inputs[0] = ALARM
        await stand.until_released()
        await ear.until(lambda: ear.standing == ("evacuate",))


async def test_a_small_disk_that_is_full_is_named_and_said_when_there_is_room_again(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = await asyncio.create_subprocess_exec("mount", "-t", "tmpfs", "-o", "size=4m", "none", str(disk))
    if await mount.wait() != 0:
        pytest.skip("no right to mount a small disk")
    try:
        async with SiteStand(disk) as stand:
            stand.log = tmp_path / "watch.log"
            await stand.start()
            await stand.until_locked()
            ballast = disk / "ballast"
            with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as out:
                while True:
                    out.write(bytes(65_536))
            async with stand.listening() as ear:
                for _ in range(100):
                    await ear.do(verb="acknowledge", key="x" * 500, reason="y" * 500)
                stand.smoke.inputs[0] = ALARM
                await stand.until_released()
                await ear.until(lambda: ear.standing == ("evacuate",))
                more = await asyncio.create_subprocess_exec("mount", "-o", "remount,size=300m", str(disk))
                assert await more.wait() == 0
                await until(lambda: any(row["rule"] == "fire" for row in journal(stand, "alm")), stand.log_text)
            await stand.end()
            said = [row for row in journal(stand, "mark") if row["what"] == "disk_full"]
            assert [row for row in said if "waiting" in row]
            assert [row for row in said if row.get("is_over")]
    finally:
        await (await asyncio.create_subprocess_exec("umount", "-l", str(disk))).wait()
