"""One durable transaction of the ledger, beside one bare SQLite row on the same disk with the same durability."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

from benchmarks.figure import Figure, Options
from kiosk.ledger.file import LedgerFile
from kiosk.ledger.journal import Journal
from kiosk.ledger.schema import MIGRATIONS

BODY_BYTES = 2000  # a sealed pension without a photograph


def commit(options: Options) -> Iterator[Figure]:
    """Number taken, row written, audit chain continued, all on the disk; visits are opened outside of the clock."""
    ours: list[float] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory(prefix="booth-ledger-") as folder:
        ledger = LedgerFile(Path(folder) / "ledger.db", MIGRATIONS)
        journal = Journal(ledger, "B7", lambda: datetime.now().astimezone())
        with closing(ledger), closing(sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)) as other:
            other.execute("PRAGMA journal_mode = WAL")
            other.execute("PRAGMA synchronous = FULL")
            other.execute("CREATE TABLE one (key TEXT PRIMARY KEY, body BLOB)")
            for _ in range(options.times(100)):
                ours.append(_commit_ms(journal))
                body, key = os.urandom(BODY_BYTES), str(uuid.uuid4())
                began_s = time.monotonic()
                other.execute("INSERT INTO one VALUES (?, ?)", (key, body))
                bare.append((time.monotonic() - began_s) * 1000)
    yield Figure("keeper.commit", statistics.median(ours), "ms", "one bare SQLite row, median", statistics.median(bare))


def _commit_ms(journal: Journal) -> float:
    visit = journal.open_visit("pension-alive")
    sealed = os.urandom(BODY_BYTES)
    digest = hashlib.sha256(sealed).hexdigest()
    key = str(uuid.uuid4())
    began_s = time.monotonic()
    journal.commit(
        visit=visit, key=key, service="pension-alive", schema=1, sealed=sealed, digest=digest, receipt='{"lines": []}'
    )
    took_ms = (time.monotonic() - began_s) * 1000
    journal.close_visit(visit, "served")
    return took_ms
