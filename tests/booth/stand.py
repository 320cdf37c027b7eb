"""What the keeper's tests share: a run folder, the keeper as a real process, and its visitors on a socket."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PATIENCE_S = 20.0
CLOSED_PORT = "https://127.0.0.1:1"

BOOTH_TOML = """
[booth]
id = "B7"
community = "幸福里"
[ledger]
folder = "{folder}/ledger"
[backend]
url = "{url}"
ca = "{pki}/ca.pem"
certificate = "{pki}/booth.pem"
key = "{pki}/booth.key"
seal_pub = "{pki}/seal.pub"
sign_pub = "{pki}/sign.pub"
"""


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


class Visitor:
    """One visitor process, seen from the test."""

    def __init__(self, stand: Stand, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._stand = stand
        self._reader = reader
        self._writer = writer
        self._done: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.events: list[dict[str, Any]] = []
        self.pid = 0
        self.is_gone = False

    async def follow(self) -> None:
        try:
            while text := await self._reader.readline():
                event = json.loads(text)
                self.pid = event["pid"]
                self.events.append(event)
                if event["event"] == "done":
                    self._done.put_nowait(event)
                self._stand.wake()
        except ConnectionError:
            pass
        self.is_gone = True
        self._writer.close()
        self._stand.wake()

    def has(self, event: str) -> bool:
        return any(e["event"] == event for e in self.events)

    def at(self, event: str) -> float:
        return next(e["at"] for e in self.events if e["event"] == event)

    def order(self, what: str, **more: Any) -> None:
        self._writer.write(json.dumps({"do": what, **more}).encode() + b"\n")

    async def ask(self, what: str, **more: Any) -> Any:
        """Order and wait for the result; an error comes as its text."""
        self.order(what, **more)
        async with asyncio.timeout(PATIENCE_S):
            done = await self._done.get()
        return done.get("error") or done.get("result")


class Stand:
    """The folder, the keeper process and every visitor that ever came, oldest first."""

    def __init__(self, folder: Path, pki: Path, url: str = CLOSED_PORT) -> None:
        self.folder = folder
        self.pki = pki
        self.socket = folder / "s"
        self.config = folder / "booth.toml"
        self.config.write_text(BOOTH_TOML.format(folder=folder, url=url, pki=pki), encoding="utf-8")
        self.log = folder / "keeper.log"
        self.visitors: list[Visitor] = []
        self.keeper: asyncio.subprocess.Process | None = None
        self._woken = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Stand]:
        server = await asyncio.start_unix_server(self._welcome, self.socket)
        try:
            yield self
        finally:
            server.close()
            await self.stop()
            for visitor in self.visitors:
                if not visitor.is_gone and visitor.pid:
                    os.kill(visitor.pid, signal.SIGKILL)
            await asyncio.gather(*self._tasks)
            await server.wait_closed()

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visitor = Visitor(self, reader, writer)
        self.visitors.append(visitor)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        await visitor.follow()

    def wake(self) -> None:
        self._woken.set()

    async def until(self, condition: Any) -> None:
        """Wait until something a visitor said makes ``condition()`` true."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._woken.clear()
                await asyncio.wait({asyncio.ensure_future(self._woken.wait())}, timeout=0.05)

    async def start(self) -> None:
        with self.log.open("a") as log:
            self.keeper = await asyncio.create_subprocess_exec(
                sys.executable, HERE / "keeper_child.py", self.config, self.socket, stderr=log, env=environment()
            )

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """End the keeper; returns its exit status."""
        if self.keeper is None:
            return 0
        if self.keeper.returncode is None:
            self.keeper.send_signal(number)
        async with asyncio.timeout(PATIENCE_S):
            status = await self.keeper.wait()
        self.keeper = None
        return status

    async def pair(self) -> tuple[Visitor, Visitor]:
        """Wait until one is shown and the next one is warm; returns both."""

        def active() -> list[Visitor]:
            return [v for v in self.visitors if v.has("shown") and not v.is_gone and not v.has("done")]

        def warm() -> list[Visitor]:
            return [v for v in self.visitors if v.has("warm") and not v.has("shown") and not v.is_gone]

        await self.until(lambda: active() and warm())
        return active()[-1], warm()[-1]

    def lines(self, event: str) -> list[dict[str, Any]]:
        rows = [json.loads(row) for row in self.log.read_text().splitlines() if row.startswith("{")]
        return [row for row in rows if row["event"] == event]

    def rows(self, sql: str) -> list[Any]:
        with sqlite3.connect(f"file:{self.folder}/ledger/ledger.db?mode=ro", uri=True) as connection:
            rows = connection.execute(sql).fetchall()
        connection.close()
        return rows

    def seal_pub(self) -> str:
        return (self.pki / "seal.pub").read_text().strip()
