"""The watch inside the test's own process, where a fault cannot be made from outside: a driver's code, a clock."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from booth.site_links import Wanted, make_drivers
from booth.site_run import Watchman, Ways
from hardware.field import Driver
from kiosk.ledger.file import LedgerFile, read_only
from kiosk.site.feed import FEED_FILE
from kiosk.site.journal import MIGRATIONS, SITE_FILE, SiteJournal
from kiosk.site.notify import ServiceManager
from kiosk.site.plan import Plan
from kiosk.site.remains import Remains
from kiosk.site.scribe import Scribe
from kiosk.site.site_file import load
from tests.booth.field_site import PROFILES
from tests.booth.site_stand import SiteStand, until

Make = Callable[[Plan, str], tuple[Driver, ...]]


def ordinary(plan: Plan, link: str) -> tuple[Driver, ...]:
    """The product's drivers."""
    return make_drivers(Wanted(link, plan, lambda name: name, PROFILES))


@contextlib.asynccontextmanager
async def watching(
    stand: SiteStand, *, make: Make = ordinary, wall: Callable[[], float] = time.time
) -> AsyncIterator[Watchman]:
    """The watch on the stand's site."""
    plan = load(stand.file, PROFILES)
    file = LedgerFile(stand.folder / SITE_FILE, MIGRATIONS, min_free_bytes=1)
    journal = SiteJournal(file)
    scribe = Scribe(journal, "boot")
    scribe.start()
    ways = Ways(make=make, read=lambda: plan, feed=stand.folder / FEED_FILE, wall=wall)
    watchman = Watchman(plan, scribe, "boot", ways, Remains.of(journal), ServiceManager({}))
    stop = asyncio.Event()
    task = asyncio.create_task(watchman.run(stop))
    try:
        await until((stand.folder / FEED_FILE).exists, lambda: "no feed")
        yield watchman
    finally:
        stop.set()
        await task
        scribe.end()
        file.close()


def rows(folder: Path, kind: str) -> list[dict[str, Any]]:
    """Bodies of the journal, with ``clock`` beside."""
    with read_only(folder / SITE_FILE) as connection:
        found = connection.execute("SELECT body, clock FROM events WHERE class = ? ORDER BY seq", (kind,)).fetchall()
    return [{**json.loads(body), "clock": clock} for body, clock in found]
