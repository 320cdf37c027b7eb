"""What the same rows cost without journal, uplink and platform: bare inserts, bare publishes. The references."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import aiomqtt
import psycopg

from kiosk.site.journal import Row

_IN_FLIGHT = 20


def write_bare(file: Path, rows: Sequence[Row]) -> float:
    """Seconds for the rows into a fresh SQLite file, on the medium when it returns."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.executescript("PRAGMA journal_mode = wal; PRAGMA synchronous = full; PRAGMA secure_delete = on")
    connection.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY AUTOINCREMENT, a, b, c, d, e, f)")
    values = [_values(row) for row in rows]
    began = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO events (a, b, c, d, e, f) VALUES (?, ?, ?, ?, ?, ?)", values)
    connection.execute("COMMIT")
    took_s = time.perf_counter() - began
    connection.close()
    return took_s


def insert_bare(url: str, rows: Sequence[Row], batch: int) -> float:
    """Seconds for the rows into a platform's database, a commit for each batch."""
    values = [(n, *_values(row)) for n, row in enumerate(rows)]
    if url.startswith("sqlite:///"):
        file = Path(url.removeprefix("sqlite:///")).with_name("bare.db")
        lite = sqlite3.connect(file, isolation_level=None)
        lite.executescript("PRAGMA journal_mode = wal; PRAGMA synchronous = full")
        lite.execute("CREATE TABLE bare (seq INTEGER PRIMARY KEY, a, b, c, d, e, f)")
        began = time.perf_counter()
        for part in _parts(values, batch):
            lite.execute("BEGIN IMMEDIATE")
            lite.executemany("INSERT INTO bare VALUES (?, ?, ?, ?, ?, ?, ?)", part)
            lite.execute("COMMIT")
        took_s = time.perf_counter() - began
        lite.close()
        return took_s
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bare")
        cursor.execute("CREATE TABLE bare (seq bigint PRIMARY KEY, a text, b bigint, c text, d text, e text, f text)")
        connection.commit()
        began = time.perf_counter()
        for part in _parts(values, batch):
            cursor.executemany("INSERT INTO bare VALUES (%s, %s, %s, %s, %s, %s, %s)", part)
            connection.commit()
        return time.perf_counter() - began


async def publish_bare(port: int, rows: Sequence[Row], batch: int) -> float:
    """Seconds until the broker acknowledged the rows, in plain JSON, nobody listening."""
    turns = asyncio.Semaphore(_IN_FLIGHT)
    async with aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5) as client:
        client.pending_calls_threshold = 10 * _IN_FLIGHT

        async def publish(payload: bytes) -> None:
            try:
                await client.publish("bare", payload, qos=1)
            finally:
                turns.release()

        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for part in _parts([_values(row) for row in rows], batch):
                await turns.acquire()
                group.create_task(publish(json.dumps(part).encode()))
        return time.perf_counter() - began


def _parts(values: Sequence[tuple[object, ...]], size: int) -> Iterator[Sequence[tuple[object, ...]]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def _values(row: Row) -> tuple[object, ...]:
    return row.boot, row.mono_ms, row.at, row.clock, row.kind, row.body
