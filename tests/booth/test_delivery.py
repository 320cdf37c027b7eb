"""Keeper and reference platform, both as real processes, over mutual TLS: delivered once, whatever goes down."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import sys
from pathlib import Path

import pytest

from tests.booth.stand import PATIENCE_S, ROOT, Stand, environment

pytestmark = pytest.mark.peer


class PlatformProcess:
    """``python -m backend serve`` on a run folder of its own."""

    def __init__(self, run: Path, pki: Path) -> None:
        self.run = run
        (run / "pki").symlink_to(pki)
        self.process: asyncio.subprocess.Process | None = None
        self.port = 0

    async def start(self) -> None:
        command = [sys.executable, "-m", "backend", "serve", "--run", str(self.run), "--port", str(self.port)]
        self.process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=environment(), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        ports = self.run / "ports.json"
        async with asyncio.timeout(PATIENCE_S * 2):
            while not ports.exists() or "backend" not in json.loads(ports.read_text()):
                assert self.process.returncode is None, "the platform did not start"
                await asyncio.sleep(0.05)
        self.port = json.loads(ports.read_text())["backend"]

    async def stop(self, number: int = signal.SIGTERM) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(number)
            await self.process.wait()
        self.process = None
        (self.run / "ports.json").unlink(missing_ok=True)

    def taken(self) -> list[tuple[str, str, str]]:
        """What the platform took: number, state, and the text inside the body it opened."""
        connection = sqlite3.connect(self.run / "backend.db")
        rows = connection.execute("SELECT number, state, body FROM transactions ORDER BY sequence").fetchall()
        connection.close()
        return [(number, state, json.loads(body)["answers"]["text"]) for number, state, body in rows]


@pytest.fixture
async def platform(tmp_path: Path, demo_run: Path):
    (tmp_path / "platform").mkdir()
    platform = PlatformProcess(tmp_path / "platform", demo_run / "pki")
    await platform.start()
    yield platform
    await platform.stop()


async def test_accepted_within_the_wait_then_down_then_delivered_later(
    platform: PlatformProcess, tmp_path: Path, demo_run: Path
) -> None:
    (tmp_path / "b").mkdir()
    async with Stand(tmp_path / "b", demo_run / "pki", f"https://127.0.0.1:{platform.port}").open() as stand:
        await stand.start()
        active, _ = await stand.pair()
        first = await active.ask("commit", text="路灯坏了", seal_pub=stand.seal_pub())
        assert await active.ask("wait", key=first["key"], within_s=10) == "accepted"
        await active.ask("receipt", key=first["key"], how="printed")
        assert platform.taken() == [(first["number"], "accepted", "路灯坏了")]
        assert stand.rows("SELECT state, sealed FROM transactions") == [("receipted", None)]

        await platform.stop(signal.SIGKILL)
        second = await active.ask("commit", text="second", seal_pub=stand.seal_pub())
        assert await active.ask("wait", key=second["key"], within_s=0.3) == "pending"
        await active.ask("receipt", key=second["key"], how="owed")
        active.order("leave")
        await stand.stop(signal.SIGKILL)  # and the booth loses power as well

        await platform.start()
        await stand.start()
        await stand.until(lambda: stand.rows("SELECT state FROM transactions WHERE seq = 2") == [("receipt_owed",)])
        assert [row[0] for row in platform.taken()] == [first["number"], second["number"]]
        assert await stand.stop() == 0
        assert not stand.lines("reconciliation_mismatch")
        assert not stand.lines("defect")
