"""A visit process without a glass: speaks the real line to the keeper and does what the test tells it.

``python visitor.py STAND``: STAND is the test's Unix socket, JSON lines both ways.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import numpy as np

from hardware.ring import FrameRing
from kiosk import line
from kiosk.keeper_line import KeeperError, KeeperLine
from kiosk.ledger.vault import digest_of, seal

BEAT_S = 0.1


class Visitor:
    def __init__(self, keeper: KeeperLine, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.keeper = keeper
        self.reader = reader
        self.writer = writer
        self.is_silent = False
        self.is_deaf = False

    def tell(self, event: str, **more: Any) -> None:
        self.writer.write(json.dumps({"event": event, "pid": os.getpid(), "at": time.monotonic(), **more}).encode())
        self.writer.write(b"\n")

    async def obey_keeper(self) -> None:
        async for order in self.keeper.orders():
            if isinstance(order, line.Show):
                self.tell("shown")
                await self.keeper.showing()
            elif not self.is_deaf:
                self.tell("quit")
                return
        self.tell("keeper_gone")

    async def beat(self) -> None:
        frames = 0
        while True:
            frames += 1
            if not self.is_silent:
                await self.keeper.alive(frames)
            await asyncio.sleep(BEAT_S)

    async def obey_test(self) -> None:
        while text := await self.reader.readline():
            order = json.loads(text)
            try:
                result = await getattr(self, "do_" + order.pop("do"))(**order)
                self.tell("done", result=result)
            except KeeperError as error:
                self.tell("done", error=str(error))

    async def do_leave(self, outcome: str = "served", stay_s: float = 0.0, is_deaf: bool = True) -> None:
        self.is_deaf = is_deaf
        await self.keeper.leaving(outcome)
        self.is_silent = True
        await asyncio.sleep(stay_s)
        os._exit(0)

    async def do_die(self) -> None:
        os._exit(3)

    async def do_hang(self) -> None:
        time.sleep(1000)  # the event loop stands still, as under a stuck driver

    async def do_film(self) -> str:
        """Hold a picture in shared memory, as a visit does while its camera is open."""
        self.ring = FrameRing.create(max_bytes=64)
        self.ring.write(np.full((4, 4, 3), 200, np.uint8), time.monotonic())
        return self.ring.name

    async def do_babble(self) -> None:
        self.keeper._writer.write(b"\xff\xff\xff\xff")

    async def do_open(self) -> str:
        return await self.keeper.open_visit("report-problem")

    async def do_commit(self, text: str, seal_pub: str, key: str = "") -> dict[str, str]:
        visit = await self.keeper.open_visit("report-problem")
        key = key or str(uuid.uuid4())
        answers = {"category": "other", "text": text}
        body = {"resident": None, "identified_by": "none", "answers": answers, "photo": None, "language": "zh"}
        data = json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
        sealed = seal(data, bytes.fromhex(seal_pub), key=key, service="report-problem", schema=1)
        number = await self.keeper.commit(
            visit=visit,
            key=key,
            service="report-problem",
            schema=1,
            sealed=sealed,
            digest=digest_of(sealed),
            receipt=json.dumps({"title": "Report"}),
        )
        return {"visit": visit, "key": key, "number": number}

    async def do_wait(self, key: str, within_s: float) -> str:
        return (await self.keeper.acknowledgement(key, within_s)).state

    async def do_receipt(self, key: str, how: str) -> None:
        await self.keeper.receipt_issued(key, how)


async def main(stand: Path) -> None:
    if (stand.parent / "die_at_start").exists():
        sys.exit(4)
    where = socket.socket(socket.AF_UNIX)
    where.connect(str(stand))
    reader, writer = await asyncio.open_connection(sock=where)
    keeper = await KeeperLine.connect(int(os.environ["BOOTH_LINE_FD"]))
    visitor = Visitor(keeper, reader, writer)
    visitor.tell("started")
    await keeper.warm()
    visitor.tell("warm")
    tasks = {asyncio.create_task(work) for work in (visitor.obey_keeper(), visitor.beat(), visitor.obey_test())}
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    await writer.drain()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
