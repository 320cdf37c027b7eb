"""A hand on the booth's remote socket: what is shown, and touches. Knows no question's meaning."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Any, Self

from bench import wire

_LOOKS_EVERY_S = 0.02
_NO_ECHO_S = 0.4  # a second touch at the same place within 0.3 s is taken for the first one's echo


class Remote:
    """Follows the active visit process, and the next one when that ends. Use as an async context manager."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._writer: asyncio.StreamWriter | None = None
        self._news = asyncio.Event()
        self._following: asyncio.Task[None] | None = None
        self.question: dict[str, Any] | None = None
        self.visit_pid = 0
        self._pressed_s = 0.0
        self.visits = 0  # processes seen

    async def __aenter__(self) -> Self:
        self._following = asyncio.create_task(self._follow())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    async def _follow(self) -> None:
        while True:
            try:
                reader, self._writer = await asyncio.open_unix_connection(self._socket)
            except OSError:
                await asyncio.sleep(_LOOKS_EVERY_S)
                continue
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    self._take(await wire.receive(reader))
            self._writer.close()
            self._writer = self.question = None

    def _take(self, message: dict[str, Any]) -> None:
        if message["t"] == "hello" and message["visit_pid"] != self.visit_pid:
            self.visit_pid = int(message["visit_pid"])
            self.visits += 1
        elif message["t"] == "question":
            self.question = message
        elif message["t"] == "update" and self.question is not None:
            self.question = self.question | {"controls": message["controls"]}
        self._news.set()

    async def until(self, name: str, within_s: float = 20.0) -> dict[str, Any]:
        """Wait until this question is shown, without anything over it. Raises ``TimeoutError``."""
        deadline = time.monotonic() + within_s
        while not (self.question and self.question["name"] == name and "overlay" not in self.question):
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                shown = self.question["name"] if self.question else "nothing"
                raise TimeoutError(f"{name} was not shown within {within_s:g} s; there is {shown}")
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), min(left_s, 0.5))
        return self.question

    def send(self, kind: str, **values: Any) -> None:
        """Give the booth one message. Raises ``ConnectionError`` when no visit process listens."""
        if self._writer is None or self._writer.is_closing():
            raise ConnectionError("no visit process listens at the remote socket")
        self._writer.write(wire.frame({"t": kind, **values}))

    async def press(self, control: str) -> None:
        """Press a control by its id, as soon as it can be."""
        deadline = time.monotonic() + 5.0
        while not any(c["id"] == control and c["enabled"] for c in (self.question or {}).get("controls", ())):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no control {control!r} to press on {(self.question or {}).get('name')}")
            await asyncio.sleep(_LOOKS_EVERY_S)
        await asyncio.sleep(max(0.0, self._pressed_s + _NO_ECHO_S - time.monotonic()))
        self.send("press", id=control)
        self._pressed_s = time.monotonic()


async def leave_at_once(remote: Remote) -> None:
    """A whole visit of somebody who changes their mind: begin, leave, goodbye, the next welcome."""
    await remote.until("Welcome")
    before = remote.visits
    await remote.press("begin")
    await remote.until("ChooseService")
    await remote.press("leave")
    await remote.until("Goodbye")
    remote.send("skip", s=10.0)
    deadline = time.monotonic() + 30.0
    while remote.visits == before:
        if time.monotonic() > deadline:
            raise TimeoutError("no next visit process within 30 s after the goodbye")
        await asyncio.sleep(_LOOKS_EVERY_S)
    await remote.until("Welcome")
