"""``booth site run``: the process that watches the site. Composition only: settings in, parts wired, signals answered.

A process of its own, so that it lives while screens come and go; it imports no screen and no picture.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import secrets
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from booth.log import Log
from booth.site_child import UplinkChild
from booth.site_links import Wanted, make_drivers
from booth.site_secrets import secrets_of
from hardware.field import Driver
from kiosk.config import Config, ConfigError
from kiosk.ledger.file import MIN_FREE_BYTES, LedgerFile
from kiosk.site.feed import FEED_FILE, check_path
from kiosk.site.journal import MIGRATIONS, SITE_FILE, SiteJournal
from kiosk.site.notify import ServiceManager
from kiosk.site.plan import Plan
from kiosk.site.remains import Remains
from kiosk.site.scribe import Scribe
from kiosk.site.site_file import load
from kiosk.site.watchman import Watchman, Ways

_M_ARENA_MAX = -8


@dataclass(frozen=True)
class Place:
    """What one watch needs: its site file, its folder, its secrets."""

    file: Path
    folder: Path
    profiles: Path
    secrets: str = ""
    staff_uids: tuple[int, ...] = ()
    uplink: str = ""  # settings of booth.site_uplink as JSON; "" = the journal stays here
    log: Path | None = None
    min_free_bytes: int = MIN_FREE_BYTES

    @property
    def feed(self) -> Path:
        return self.folder / FEED_FILE

    @property
    def database(self) -> Path:
        return self.folder / SITE_FILE


def place_of(config: Config, profiles: Path, log: Path | None = None) -> Place:
    """The place that booth.toml names. Raises ConfigError when it names none."""
    site, uplink = config.site, config.site.uplink
    if not site.file:
        raise ConfigError("site.file: missing, so nothing is watched; name the site.toml")
    settings = {
        "booth": config.booth.id,
        "folder": site.folder,
        "site": site.file,
        "profiles": str(profiles),
        **uplink.model_dump(),
    }
    text = json.dumps(settings) if uplink.broker else ""
    return Place(Path(site.file), Path(site.folder), profiles, site.secrets, site.staff_uids, text, log)


def run_site(place: Place, environment: Mapping[str, str] | None = None) -> int:
    """Watch until SIGTERM or SIGINT. 0 ended in order, 2 cannot start. Raises ConfigError, LedgerError."""
    ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)  # a thread's arena is never given back
    plan = load(place.file, place.profiles)
    place.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    check_path(place.feed)
    manager = ServiceManager(os.environ if environment is None else environment)
    log = Log(place.log)
    try:
        file = LedgerFile(place.database, MIGRATIONS, min_free_bytes=place.min_free_bytes)
        try:
            status = _watch(place, plan, SiteJournal(file), manager, log)
        finally:
            file.close()
        log("site_ended", pid=os.getpid(), status=status)
        return status
    finally:
        log.close()


def _watch(place: Place, plan: Plan, journal: SiteJournal, manager: ServiceManager, log: Log) -> int:
    boot = secrets.token_hex(8)
    remains = Remains.of(journal)
    scribe = Scribe(journal, boot)
    ways = Ways(
        make=partial(_make, secrets_of(place.secrets), place.file.parent),
        read=partial(load, place.file, place.profiles),
        feed=place.feed,
        uids=place.staff_uids,
        note=log,
    )
    scribe.start()
    try:
        uplink = UplinkChild(place.uplink, log) if place.uplink else None
        asyncio.run(_run(Watchman(plan, scribe, boot, ways, remains, manager), uplink))
    finally:
        if not scribe.end():
            log("journal_unfinished", level="error", reason=scribe.state, count=scribe.depth)
    return 0


async def _run(watchman: Watchman, uplink: UplinkChild | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, watchman.reload)
    beside = None if uplink is None else loop.create_task(uplink.run())
    try:
        await watchman.run(stop)
    finally:
        if beside is not None:
            beside.cancel()
            await asyncio.gather(beside, return_exceptions=True)


def _make(secret: Callable[[str], str], folder: Path, plan: Plan, link: str) -> tuple[Driver, ...]:
    return make_drivers(Wanted(link, plan, secret, folder))
