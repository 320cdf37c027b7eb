"""A broker, a database, ingest workers and booths on one computer; each part can be killed and come back."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import select, text

from backend.broker import Broker
from backend.ingest_worker import Place, work
from backend.platform import Platform
from backend.store import Store
from backend.telemetry_tables import SiteAlarm, SiteBooth, SiteCommand
from kiosk.ledger.file import LedgerFile
from kiosk.site.journal import MIGRATIONS, SITE_FILE, Row, SiteJournal
from kiosk.site.messages import Answer, Do
from kiosk.uplink import telemetry, telemetry_broker, telemetry_cursor
from kiosk.uplink.telemetry import Telemetry
from kiosk.uplink.telemetry_journal import Journal

GRID = "310115-12-03"
OUTPUTS = [{"name": "gate.arm", "acts": ["open", "close", "stop"]}]


def quiet(_event: str, **_: object) -> None:
    """A log that keeps nothing."""


def hurry(patch: pytest.MonkeyPatch) -> None:
    """Waits that are seconds in the field are shorter; nothing else is different."""
    patch.setattr(telemetry_cursor, "RESEND_S", 1.0)
    for name, value in (("REBIRTH_S", 0.5), ("HEARTBEAT_S", 0.5), ("REPORT_S", 0.1), ("BACK_OFF_S", (0.2, 1.0))):
        patch.setattr(telemetry, name, value)


@contextlib.contextmanager
def platform_on(url: str) -> Iterator[Platform]:
    """A platform on this database, migrated, with its own clock."""
    made = Platform(Store(url), X25519PrivateKey.generate(), Ed25519PrivateKey.generate())
    made.store.migrate()
    try:
        yield made
    finally:
        made.store.close()


def row(kind: str, body: str, n: int = 0, boot: str = "boot-1") -> Row:
    """A row as the watch writes it."""
    at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    return Row(boot=boot, mono_ms=n, at=at, clock="synced", kind=kind, body=body)  # type: ignore[arg-type]


def event(n: int) -> Row:
    return row("evt", f'{{"what":"event","point":"door.contact","word":"open","n":{n}}}', n)


def alarm(n: int, after: str = "unack", severity: str = "fire", what: str = "raise", point: str = "hall.loop") -> Row:
    body = (
        f'{{"point":"{point}","rule":"fire","severity":"{severity}","what":"{what}","before":"normal",'
        f'"after":"{after}","who":"watch","detail":"","count":1,"is_announced":true}}'
    )
    return row("alm", body, n)


@dataclass
class Hands:
    """The watch as the uplink sees it: notes what it is told, does what ``act`` says."""

    boot: str = "boot-1"
    is_heard: bool = True
    told: list[int] = field(default_factory=list)
    done: list[Do] = field(default_factory=list)
    act: Callable[[Do], Answer] = lambda order: Answer(order.id, "done")

    async def do(self, order: Do) -> Answer:
        self.done.append(order)
        return self.act(order)

    async def delivered(self, seq: int) -> None:
        self.told.append(seq)


class Booth:
    """A journal and its uplink."""

    def __init__(self, folder: Path, name: str, broker: telemetry_broker.Broker) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.file = LedgerFile(folder / SITE_FILE, MIGRATIONS, min_free_bytes=0, ballast_bytes=0)
        self.journal = SiteJournal(self.file)
        self.hands = Hands()
        self.reader = Journal(folder / SITE_FILE)
        self._broker = broker
        self._task: asyncio.Task[None] | None = None
        self.uplink = self._uplink()

    def _uplink(self) -> Telemetry:
        def birth() -> dict[str, Any]:
            return {"site": "b-0007", "digest": "d" * 64, "devices": [{"name": "gate"}], "outputs": OUTPUTS}

        return Telemetry(GRID, self.name, self._broker, self.reader, self.hands, birth, quiet)

    def start(self) -> None:
        self.uplink = self._uplink()
        self._task = asyncio.create_task(self.uplink.run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def has_delivered(self, within_s: float = 30.0) -> None:
        """Until the platform has acknowledged every row."""
        await until(lambda: self.uplink.cursor.acked == self.journal.last_seq, within_s)

    async def close(self) -> None:
        await self.stop()
        self.reader.close()
        self.file.close()


@dataclass
class Rig:
    """``broker`` without TLS; ``ingest`` starts and stops the workers."""

    folder: Path
    platform: Platform
    broker: Broker
    booths: list[Booth] = field(default_factory=list)
    workers: list[asyncio.Task[None]] = field(default_factory=list)

    def booth(self, name: str = "B7") -> Booth:
        made = Booth(self.folder / name, name, telemetry_broker.Broker("127.0.0.1", self.broker.port))
        self.booths.append(made)
        return made

    async def ingest(self, workers: int = 1) -> None:
        ready = asyncio.Event()
        place = Place("127.0.0.1", self.broker.port)
        self.workers.append(asyncio.create_task(work(self.platform, place, workers, ready.set)))
        await asyncio.wait_for(ready.wait(), 30)

    async def no_ingest(self) -> None:
        for task in self.workers:
            task.cancel()
        ended = await asyncio.gather(*self.workers, return_exceptions=True)
        self.workers.clear()
        for one in ended:
            if isinstance(one, Exception):
                raise one

    async def has_exactly(self, rows: int) -> None:
        """The first booth's rows are all here, each once, and its watch knows that it may forget them."""
        booth = self.booths[0]
        await booth.has_delivered()
        assert self.seqs(booth.name) == list(range(1, rows + 1))
        await until(lambda: booth.hands.told[-1:] == [rows])

    def seqs(self, booth: str = "B7") -> list[int]:
        """Every row number that the platform has, in order, as often as it has it."""
        with self.platform.store.engine.connect() as connection:
            return list(
                connection.scalars(text("SELECT seq FROM site_events WHERE booth = :b ORDER BY seq"), {"b": booth})
            )

    def line(self, booth: str = "B7") -> SiteBooth:
        with self.platform.store.begin() as session:
            found = session.get(SiteBooth, booth)
            assert found is not None
            return found

    def seen(self, booth: str) -> bool:
        """It was heard at least once."""
        with self.platform.store.begin() as session:
            return session.get(SiteBooth, booth) is not None

    def command(self, number: str) -> SiteCommand:
        with self.platform.store.begin() as session:
            found = session.get(SiteCommand, number)
            assert found is not None
            return found

    def alarms(self, booth: str = "B7") -> dict[str, SiteAlarm]:
        with self.platform.store.begin() as session:
            return {one.key: one for one in session.scalars(select(SiteAlarm).where(SiteAlarm.booth == booth))}


@contextlib.asynccontextmanager
async def rig(folder: Path, url: str = "") -> AsyncIterator[Rig]:
    """Broker and platform; booths and workers are started by the test and ended here."""
    with platform_on(url or f"sqlite:///{folder / 'platform.db'}") as platform:
        broker = Broker(folder / "broker", None)
        broker.start()
        made = Rig(folder, platform, broker)
        try:
            yield made
        finally:
            for booth in made.booths:
                await booth.close()
            await made.no_ingest()
            broker.stop()


async def until(is_so: Callable[[], object], within_s: float = 30.0) -> None:
    """Wait for something that happens in another process; a deadline for a test that would never end."""
    async with asyncio.timeout(within_s):
        while not is_so():
            await asyncio.sleep(0.02)
