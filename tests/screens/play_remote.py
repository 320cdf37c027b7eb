"""The glass at a distance: a client sees questions, presses, types, takes pictures; garbage costs it its line."""

from __future__ import annotations

import asyncio
import struct
import sys
from pathlib import Path
from typing import Any

import msgspec

from tests.screens.theatre import Theatre, play

SOCKET = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("remote.sock")


class Client:
    """A small bench."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls) -> Client:
        return cls(*await asyncio.open_unix_connection(SOCKET))

    def send(self, **message: Any) -> None:
        body = msgspec.msgpack.encode(message)
        self.writer.write(struct.pack(">I", len(body)) + body)

    async def until(self, what: str) -> dict[str, Any]:
        async with asyncio.timeout(10):
            while True:
                (length,) = struct.unpack(">I", await self.reader.readexactly(4))
                message = msgspec.msgpack.decode(await self.reader.readexactly(length))
                if message["t"] == what:
                    return dict(message)


async def main(theatre: Theatre) -> dict[str, Any]:
    from hardware.speech import Spoken
    from kiosk.visit.screen import Answer

    found: dict[str, Any] = {}
    remote = theatre.glass.remote
    assert remote is not None
    for _ in range(100):
        if SOCKET.exists():
            break
        await asyncio.sleep(0.02)
    found["mode"] = oct(SOCKET.stat().st_mode & 0o777)
    client = await Client.connect()
    hello = await client.until("hello")
    found["hello"] = [hello["width"], hello["height"], hello["dpi"]]
    await theatre.show("choose_service")
    question = await client.until("question")
    found["question"] = [question["name"], [c["id"] for c in question["controls"]][:3]]
    found["can be chosen"] = {c["id"]: c["enabled"] for c in question["controls"] if c["role"] == "choice"}
    client.send(t="press", id="report-problem")
    await asyncio.sleep(0.3)
    found["press answers"] = theatre.heard() == [Answer("report-problem")]
    client.send(t="press", id="nowhere")
    found["unknown control"] = "nowhere" in (await client.until("error"))["text"]
    client.send(t="key", key="1")
    await asyncio.sleep(0.1)
    found["key answers"] = theatre.heard() == [Answer("pension-alive")]

    await theatre.show("ask_phone")
    question = await client.until("question")
    control = next(c for c in question["controls"] if c["id"] == "prefill")
    found["private"] = [control["private"], any("13800138000" in str(v) for v in question.values())]
    for _ in range(7):
        theatre.control("delete").choose()
    theatre.heard()
    client.send(t="type", text="13911112222")
    while len(theatre.screen.board.screen.entry.text) < 11:
        await asyncio.sleep(0.02)
    client.send(t="press", id="primary")
    await asyncio.sleep(0.3)
    found["typed"] = theatre.heard()[-1] == Answer("13911112222")

    client.send(t="shot", id=7)
    shot = await client.until("shot")
    found["shot"] = [shot["id"], shot["png"][:4] == b"\x89PNG"]
    client.send(t="frames", on=True)
    frame = await client.until("frame")
    found["frame"] = len(frame["data"]) == frame["width"] * frame["height"] * 4
    remote.on_spoken(Spoken("13911112222", "zh", True, 1.0, True))
    found["private speech"] = "1391" not in (await client.until("spoken"))["text"]
    remote.on_outcome("served", "B7-000001-8")
    found["outcome"] = (await client.until("outcome"))["reference"]
    client.writer.write(b"\xff" * 64)
    found["garbage hangs up"] = await client.reader.read() is not None
    again = await Client.connect()
    found["a new client is told the question"] = (await again.until("question"))["name"]
    return found


if __name__ == "__main__":
    play(main, remote=SOCKET, manual=False)
