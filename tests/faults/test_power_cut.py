"""The power goes while residents commit: nothing promised is lost, nothing is delivered twice.

A killed process keeps the page cache, so this proves the order of steps, not the disk; the disk's part is
``synchronous=FULL``, which ``test_ledger_file`` reads back.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sqlite3
import sys
from pathlib import Path

import pytest

from kiosk.ledger import audit
from kiosk.ledger.file import read_only

pytestmark = pytest.mark.peer
HERE = Path(__file__).parent
CUTS = 4


class Platform:
    """Takes each key once; at the ``fatal``-th call it cuts the caller's power, before or after taking effect."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.effects: list[str] = []
        self.fatal = 0
        self.is_after_effect = True
        self.kill = lambda: None
        self._calls = 0

    def arm(self, fatal: int, *, is_after_effect: bool) -> None:
        self._calls, self.fatal, self.is_after_effect = 0, fatal, is_after_effect

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            ask = json.loads(await reader.readline() or "{}")
            self._calls += 1
            is_fatal = self._calls == self.fatal
            if is_fatal and not self.is_after_effect:
                self.kill()
                return
            answer = "known" if ask.get("key") in self.keys else "unknown"
            if ask.get("op") == "deliver" and answer == "unknown":
                self.keys.add(ask["key"])
                self.effects.append(ask["number"])
            if is_fatal:
                self.kill()
                return
            writer.write(answer.encode() + b"\n")
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


async def run_child(platform: Platform, folder: Path, port: int, mode: str) -> list[str]:
    """Run the booth until it ends or is killed; returns the numbers it promised."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, str(HERE / "power_cut_child.py"), str(folder), str(port), mode),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(HERE.parent.parent)},
    )
    platform.kill = child.kill
    out, _ = await asyncio.wait_for(child.communicate(), 60)
    assert child.returncode == (0 if mode == "again" or not platform.fatal else -9)
    return out.decode().split()


async def cut_and_recover(folder: Path, mode: str, seed: int) -> tuple[Platform, list[str]]:
    platform = Platform()
    server = await asyncio.start_server(platform.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    chance = random.Random(seed)
    promised: list[str] = []
    try:
        for cut in range(CUTS):
            if mode == "fresh" and cut:
                break
            platform.arm(chance.randint(5, 25), is_after_effect=mode == "fresh" or cut % 2 == 0)
            promised += await run_child(platform, folder, port, mode)
        platform.arm(0, is_after_effect=False)
        await run_child(platform, folder, port, "fresh" if mode == "fresh" else "again")
    finally:
        server.close()
        await server.wait_closed()
    return platform, promised


@pytest.mark.parametrize("seed", [1, 2])
async def test_nothing_promised_is_lost_and_nothing_doubled(tmp_path: Path, seed: int) -> None:
    platform, promised = await cut_and_recover(tmp_path, "commit", seed)
    assert len(promised) > CUTS
    assert set(promised) <= set(platform.effects)
    assert len(platform.effects) == len(set(platform.effects))
    connection: sqlite3.Connection = read_only(tmp_path / "ledger.db")
    rows = connection.execute("SELECT seq, number, state, sealed FROM transactions ORDER BY seq").fetchall()
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert sorted(row["number"] for row in rows) == sorted(platform.effects)
    assert {(row["state"], row["sealed"]) for row in rows} == {("acked", None)}
    assert audit.first_break(connection.execute("SELECT * FROM audit ORDER BY n")) is None
    connection.close()


async def test_control_a_fresh_key_for_every_attempt_doubles(tmp_path: Path) -> None:
    platform, promised = await cut_and_recover(tmp_path, "fresh", 3)
    assert set(promised) <= set(platform.effects)
    assert len(platform.effects) > len(set(platform.effects))
