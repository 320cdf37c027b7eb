"""The booth's journal, its way to the platform, and 200 booths at once: Mosquitto, SQLite, PostgreSQL, real uplinks."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import text

from backend import pki
from backend.broker import Broker
from backend.platform import Platform
from backend.store import Store
from benchmarks.child import end, environment
from benchmarks.figure import Figure, Options, percentile
from benchmarks.postgres import cluster
from benchmarks.site_uplink_bare import insert_bare, publish_bare, write_bare
from kiosk.ledger.file import LedgerFile
from kiosk.site.journal import MIGRATIONS, SITE_FILE, Row, SiteJournal
from kiosk.site.messages import Answer, Do
from kiosk.uplink import telemetry_broker
from kiosk.uplink.telemetry import Telemetry
from kiosk.uplink.telemetry_cursor import BATCH_ROWS
from kiosk.uplink.telemetry_journal import Journal

BURST = 10_000
DAY = 86_400
BOOTHS = 200
ROWS_A_SECOND = 12  # of each booth
RUN_S = 30.0
OUTAGE_S = 3.0
GRID = "310115-12-03"


def journal(options: Options) -> list[Figure]:
    """10 000 events in one durable write, beside the bare inserts."""
    burst, bare = [], []
    for _ in range(options.times(5)):
        with tempfile.TemporaryDirectory(prefix="booth-figures-") as name:
            file = LedgerFile(Path(name) / SITE_FILE, MIGRATIONS, ballast_bytes=0)
            rows = [_row(n) for n in range(BURST)]
            began = time.perf_counter()
            SiteJournal(file).write(rows)
            burst.append(time.perf_counter() - began)
            file.close()
            bare.append(write_bare(Path(name) / "bare.db", rows))
    return [Figure("site.journal_burst", min(burst), "s", "bare executemany, synchronous=FULL", min(bare), at_most=0.5)]


def backlog(_options: Options) -> list[Figure]:
    """A day without the platform, until the platform has acknowledged the last row; into both databases."""
    with tempfile.TemporaryDirectory(prefix="booth-figures-") as name, cluster() as postgres:
        folder = Path(name)
        file = LedgerFile(folder / SITE_FILE, MIGRATIONS, ballast_bytes=0)
        rows = [_row(n) for n in range(DAY)]
        SiteJournal(file).write(rows)
        file.close()
        found: list[Figure] = []
        grew_mb = 0.0
        for what, url in (("", f"sqlite:///{folder / 'platform.db'}"), ("_postgresql", postgres)):
            with _platform(folder / f"run{what}", url, workers=1) as (broker, store):
                took_s, grew = asyncio.run(_deliver(folder / SITE_FILE, broker.port))
                grew_mb = max(grew_mb, grew)
                assert _present(store, "B7") == (DAY, DAY), "a row is missing or there twice"
                bare_s = asyncio.run(publish_bare(broker.port, rows, BATCH_ROWS)) + insert_bare(url, rows, BATCH_ROWS)
            reference = "bare publishes with QoS 1, then bare inserts"
            found.append(Figure(f"site.uplink_backlog{what}", took_s, "s", reference, bare_s, at_most=10))
        size_mb = (folder / SITE_FILE).stat().st_size / 1e6
        found.append(Figure("site.uplink_memory", grew_mb, "MB", "the backlog itself", size_mb, at_most=15))
        return found


async def _deliver(file: Path, port: int) -> tuple[float, float]:
    """(seconds until all is acknowledged, growth of the resident set meanwhile)."""
    booth = _Booth("B7", file, port)
    weight_mb = highest_mb = _rss_mb()
    began = time.perf_counter()
    task = asyncio.create_task(booth.uplink.run())
    while booth.uplink.cursor.acked != DAY:
        await asyncio.sleep(0.02)
        highest_mb = max(highest_mb, _rss_mb())
        if task.done():
            task.result()
    took_s = time.perf_counter() - began
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    booth.reader.close()
    return took_s, highest_mb - weight_mb


def fleet(options: Options) -> list[Figure]:
    """200 booths that report without pause; then their broker dies and all come back at once with what they kept."""
    seconds = max(5.0, RUN_S * options.rounds)
    with tempfile.TemporaryDirectory(prefix="booth-figures-", dir=_quick_folder()) as name, cluster() as postgres:
        folder = Path(name)
        with _platform(folder / "run", postgres, workers=2) as (broker, store):
            rate, delays, storm_s, written = asyncio.run(_fleet(folder, broker, seconds))
            found = {booth: _present(store, booth) for booth in written}
            bare_rows = [_row(n) for n in range(20_000)]
            bare_rate = len(bare_rows) / insert_bare(postgres, bare_rows, BATCH_ROWS)
    duplicates = sum(rows - distinct for rows, distinct in found.values())
    gaps = sum(written[booth] - distinct for booth, (_, distinct) in found.items())
    inserts = "bare inserts of 500 by one connection"
    return [
        Figure("site.fleet_rate", rate, "events/s", inserts, bare_rate, at_least=2000),
        Figure("site.fleet_delay", percentile(delays, 50), "s", "", None),
        Figure("site.fleet_delay_p99", percentile(delays, 99), "s", "", None, at_most=2),
        Figure("site.fleet_storm", storm_s, "s", "", None),
        Figure("site.fleet_duplicates", duplicates, "rows", "", None, at_most=0),
        Figure("site.fleet_gaps", gaps, "rows", "", None, at_most=0),
    ]


async def _fleet(folder: Path, broker: Broker, seconds: float) -> tuple[float, list[float], float, dict[str, int]]:
    """(events a second that were acknowledged, their delays, seconds from the broker's return until all were there,
    rows that each booth wrote)."""
    booths = [_Booth(f"S{n}", folder / f"S{n}.db", broker.port) for n in range(BOOTHS)]
    running = [asyncio.create_task(one.uplink.run()) for one in booths]
    watching = asyncio.create_task(_watch(booths))
    try:
        await _write(booths, 3.0)  # until all are connected and warm
        await _all_there(booths)
        for one in booths:
            one.delays.clear()
        before, began = sum(one.seen for one in booths), time.perf_counter()
        await _write(booths, seconds)
        rate = (sum(one.seen for one in booths) - before) / (time.perf_counter() - began)
        await _all_there(booths)
        delays = [delay for one in booths for delay in one.delays]
        broker.kill()
        await _write(booths, OUTAGE_S)
        broker.start()
        back_at = time.perf_counter()
        await _all_there(booths)
        return rate, delays, time.perf_counter() - back_at, {one.name: one.last for one in booths}
    finally:
        for task in (watching, *running):
            task.cancel()
        await asyncio.gather(watching, *running, return_exceptions=True)
        for one in booths:
            one.close()


async def _write(booths: Sequence[_Booth], seconds: float) -> None:
    """Each booth writes its rows of a second at once, the booths one after another."""
    began = time.perf_counter()
    for n in range(round(seconds * BOOTHS)):
        await asyncio.sleep(max(0.0, began + n / BOOTHS - time.perf_counter()))
        booths[n % BOOTHS].write(ROWS_A_SECOND)


async def _watch(booths: Sequence[_Booth]) -> None:
    while True:
        for one in booths:
            one.look()
        await asyncio.sleep(0.02)


async def _all_there(booths: Sequence[_Booth]) -> None:
    async with asyncio.timeout(120):
        while any(one.seen < one.last for one in booths):  # noqa: ASYNC110 - in another process
            await asyncio.sleep(0.02)


@dataclass
class _Quiet:
    """The watch's side, which has nothing to say here."""

    boot: str = "boot-1"
    is_heard: bool = True

    async def do(self, order: Do) -> Answer:
        return Answer(order.id, "done")

    async def delivered(self, seq: int) -> None:
        pass


@dataclass
class _Booth:
    """A journal (its disk is no part of the figure) with the product's uplink."""

    name: str
    file: Path
    port: int
    last: int = 0
    seen: int = 0
    delays: list[float] = field(default_factory=list)
    _waiting: deque[tuple[int, float]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._own = sqlite3.connect(self.file, isolation_level=None)
        if not self._own.execute("SELECT 1 FROM sqlite_master WHERE name = 'events'").fetchone():
            self._own.executescript(f"PRAGMA journal_mode = wal; PRAGMA synchronous = off; {''.join(MIGRATIONS)}")
        self.reader = Journal(self.file)
        where = telemetry_broker.Broker("127.0.0.1", self.port)
        self.uplink = Telemetry(GRID, self.name, where, self.reader, _Quiet(), _birth, _say_nothing)

    def write(self, rows: int) -> None:
        values = [_values(_row(self.last + n)) for n in range(rows)]
        self._own.execute("BEGIN")
        self._own.executemany(
            "INSERT INTO events (boot, mono_ms, at, clock, class, body) VALUES (?, ?, ?, ?, ?, ?)", values
        )
        self._own.execute("COMMIT")
        self.last += rows
        self._waiting.append((self.last, time.perf_counter()))

    def look(self) -> None:
        """Note how long the rows took that are acknowledged now."""
        self.seen = self.uplink.cursor.acked or 0
        while self._waiting and self._waiting[0][0] <= self.seen:
            self.delays.append(time.perf_counter() - self._waiting.popleft()[1])

    def close(self) -> None:
        self.reader.close()
        self._own.close()


@contextlib.contextmanager
def _platform(run: Path, url: str, workers: int) -> Iterator[tuple[Broker, Store]]:
    """Mosquitto, the database's schema, and ``workers`` ingest processes of the reference backend."""
    pki.init(run, "B7")
    store = Store(url)
    Platform(store, X25519PrivateKey.generate(), Ed25519PrivateKey.generate()).store.migrate()
    broker = Broker(run / "broker", None)
    broker.start()
    command = [sys.executable, "-m", "backend", "ingest", "--run", str(run), "--database", url, "--plain"]
    children = []
    try:
        for n in range(workers):
            ready = run / f"ready{n}"
            more = ["--broker", f"127.0.0.1:{broker.port}", "--ready", str(ready)]
            children.append(subprocess.Popen([*command, *more], env=environment()))
            deadline = time.monotonic() + 60
            while not ready.exists():
                if children[-1].poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("the ingest worker did not start")
                time.sleep(0.02)
        yield broker, store
    finally:
        for child in children:
            end(child)
        broker.stop()
        store.close()


def _present(store: Store, booth: str) -> tuple[int, int]:
    """(rows of this booth, different ones)."""
    sql = text("SELECT count(*), count(DISTINCT seq) FROM site_events WHERE booth = :booth")
    with store.engine.connect() as connection:
        rows, distinct = connection.execute(sql, {"booth": booth}).one()
    return int(rows), int(distinct)


def _row(n: int) -> Row:
    body = f'{{"what":"event","point":"door-{n % 40}.contact","word":"open","place":"east gate","n":{n}}}'
    return Row("boot-1", n * 1000, f"2026-06-01T{n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}.000+00:00", "synced",
               "evt", body)  # fmt: skip


def _values(row: Row) -> tuple[object, ...]:
    return row.boot, row.mono_ms, row.at, row.clock, row.kind, row.body


def _birth() -> dict[str, Any]:
    return {"site": "simulated", "digest": "", "devices": [], "outputs": []}


def _say_nothing(_event: str, **_: object) -> None:
    pass


def _rss_mb() -> float:
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * 4096 / 1e6


def _quick_folder() -> str | None:
    """200 journals would share the disk that PostgreSQL is measured on."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None
