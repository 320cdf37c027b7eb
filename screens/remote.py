"""The glass at a distance: frames and questions out, touches and keys in, on a Unix socket of mode 0600.

For the bench, stories and tests only: an enrolled booth refuses to make one. Frames leave only where somebody asked
for them. Personal values are masked. Knows the glass, not what is behind the core.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from hardware.keypad import Key
from kiosk.clock import SystemClock
from screens.pointer import Pointer

if TYPE_CHECKING:
    from hardware.speech import Spoken
    from screens.app import Glass
    from screens.widgets.part import Control

FRAME_PAUSE_S = 0.1
PRESS_S = 0.04  # long enough for the pressed state to be drawn
LONGEST_MESSAGE_BYTES = 1 << 20
MASK = "•••"
_LENGTH = struct.Struct(">I")


@dataclass(eq=False)
class _Client:
    writer: asyncio.StreamWriter
    wants_frames: bool = False
    is_ready: bool = True  # the last frame was received
    is_behind: bool = True  # something was drawn since
    sent_at_s: float = 0.0
    shots: list[int] = field(default_factory=list)


class Remote:
    """Listens once the process is the active one. ``on_spoken`` and ``on_outcome`` are called by the root."""

    def __init__(self, glass: Glass, path: Path, *, is_enrolled: bool = False) -> None:
        """Raises ``ValueError`` on an enrolled booth: nobody may look at a resident's screen from elsewhere."""
        if is_enrolled:
            raise ValueError("an enrolled booth has no remote glass: remove bench.remote from its configuration")
        self._glass = glass
        self._path = path
        self._pointer = Pointer()
        self._clients: set[_Client] = set()
        self._server: asyncio.Server | None = None
        self._sequence = itertools.count(1)
        self._frames = itertools.count(1)
        self._news: str = ""
        self._last: dict[str, Any] | None = None
        glass.screen.on_news = self._note
        glass.on_frame(self._on_frame)

    async def listen(self) -> None:
        """Take the socket's name over from the process before: clients that lost it come back to us."""
        if self._server is not None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        own = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        own.unlink(missing_ok=True)
        mask = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, own)
        finally:
            os.umask(mask)
        os.chmod(own, 0o600)
        os.replace(own, self._path)

    async def close(self) -> None:
        """Hang up. The name stays when another process has taken it."""
        if self._server is not None:
            self._server.close()
            for client in list(self._clients):
                client.writer.close()
            self._server = None

    def on_spoken(self, spoken: Spoken) -> None:
        """What began to sound."""
        text = MASK if spoken.private else spoken.text
        self._tell(
            {"t": "spoken", "text": text, "language": spoken.language, "private": spoken.private,
             "heard": spoken.is_heard, "at_s": spoken.at_s}
        )  # fmt: skip

    def on_outcome(self, name: str, reference: str | None = None) -> None:
        """How the visit ended."""
        self._tell({"t": "outcome", "name": name} | ({"reference": reference} if reference else {}))

    # -- out --------------------------------------------------------------------------------------------------------

    def _note(self, what: str) -> None:
        if self._news not in ("question", "overlay"):
            self._news = what

    def _on_frame(self, is_changed: bool) -> None:
        """The frame is complete: say what is on it, and send it to whoever waits."""
        news, self._news = self._news, ""
        if news in ("question", "overlay"):
            self._last = self._question()
            self._tell(self._last)
        elif news:
            self._tell({"t": "update", "controls": self._controls(), "status": self._status()})
        frame: tuple[int, int, bytes] | None = None
        for client in list(self._clients):
            client.is_behind |= is_changed
            is_due = client.wants_frames and client.is_ready and client.is_behind
            pause = client.sent_at_s + FRAME_PAUSE_S - time.monotonic()
            if is_due and pause > 0:
                asyncio.get_running_loop().call_later(pause, self._glass.draw_again)
                is_due = False
            if not (is_due or client.shots):
                continue
            frame = frame or self._glass.read_pixels()
            width, height, pixels = frame
            if is_due:
                client.is_ready = client.is_behind = False
                client.sent_at_s = time.monotonic()
                self._send(
                    client,
                    {"t": "frame", "seq": next(self._frames), "width": width, "height": height,
                     "format": "rgba-bottom-up", "data": pixels},
                )  # fmt: skip
            for shot in client.shots:
                self._send(client, {"t": "shot", "id": shot, "png": _png(width, height, pixels)})
            client.shots.clear()

    def _question(self) -> dict[str, Any]:
        screen = self._glass.screen
        shown = screen.shown
        if shown is None:
            return {"t": "question", "seq": next(self._sequence), "name": "", "controls": []}
        question, words = shown
        is_private = getattr(question, "is_help_private", False)
        message = {
            "t": "question", "seq": next(self._sequence), "name": question.name, "title": words.title,
            "help": MASK if is_private else words.help,
            "spoken": [u.instead if u.private else u.text for u in words.spoken],
            "controls": self._controls(), "status": self._status(), "at_s": time.monotonic(),
        }  # fmt: skip
        if screen.overlaid is not None:
            message["overlay"] = type(screen.overlaid).__name__
        field_id = getattr(question, "field_id", "") or getattr(question, "part", "")
        return message | ({"field": field_id, "kind": getattr(question, "kind", "")} if field_id else {})

    def _controls(self) -> list[dict[str, Any]]:
        return [_described(control) for control in self._glass.screen.board.controls()]

    def _status(self) -> str:
        screen = self._glass.screen.board.screen
        return screen.status_text if screen is not None else ""

    def _tell(self, message: dict[str, Any]) -> None:
        for client in list(self._clients):
            self._send(client, message)

    def _send(self, client: _Client, message: dict[str, Any]) -> None:
        body = msgspec.msgpack.encode(message)
        if not client.writer.is_closing():
            client.writer.write(_LENGTH.pack(len(body)) + body)

    # -- in ---------------------------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _Client(writer)
        width, height = self._glass.screen.size
        hello = {
            "t": "hello",
            "width": width,
            "height": height,
            "dpi": self._glass.screen.dpi,
            "visit_pid": os.getpid(),
        }
        self._send(client, hello)
        if self._last is not None:
            self._send(client, self._last | {"controls": self._controls()})
        self._clients.add(client)
        try:
            while True:
                (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
                if length > LONGEST_MESSAGE_BYTES:
                    break
                message = msgspec.msgpack.decode(await reader.readexactly(length), type=dict[str, Any])
                try:
                    await self._obey(client, message)
                except (KeyError, TypeError, ValueError) as error:
                    self._send(client, {"t": "error", "text": f"{message.get('t')}: {error}"})
        except (asyncio.IncompleteReadError, ConnectionError, msgspec.DecodeError):
            pass  # the other side hung up, or speaks another language
        finally:
            self._clients.discard(client)
            self._pointer.lift()
            writer.close()
            with contextlib.suppress(ConnectionError, BrokenPipeError):
                await writer.wait_closed()

    async def _obey(self, client: _Client, message: dict[str, Any]) -> None:
        what = message.get("t")
        screen = self._glass.screen
        if what == "touch":
            self._pointer.touch(str(message["phase"]), float(message["x"]), float(message["y"]))
        elif what == "press":
            control = self._find(str(message["id"]))
            x, y = control.center
            self._pointer.touch("down", x, y)
            await asyncio.sleep(PRESS_S)
            self._pointer.touch("up", x, y)
        elif what == "key":
            screen.press(Key(message["key"]))
        elif what == "type":
            await self._type(str(message["text"]))
        elif what == "shot":
            client.shots.append(int(message["id"]))
            self._glass.draw_again()
        elif what == "frames":
            client.wants_frames = bool(message["on"])
            client.is_ready = client.is_behind = True
            self._glass.draw_again()
        elif what == "got":
            client.is_ready = True
            if client.is_behind:
                self._glass.draw_again()
        elif what == "skip":
            if not isinstance(self._glass.clock, SystemClock):
                raise ValueError("this clock cannot be moved")
            self._glass.clock.skip(float(message["s"]))
        else:
            raise ValueError("unknown message")

    async def _type(self, text: str) -> None:
        board = self._glass.screen.board
        keys = {control.control_id: control for control in board.controls()}
        if text and all(f"key.{letter}" in keys for letter in text):
            for letter in text:
                key = keys[f"key.{letter}"]
                key.press(True)
                await self._glass.next_frame()
                key.press(False)
                key.choose()
        elif board.screen is not None:
            board.screen.set_draft(text)

    def _find(self, control_id: str) -> Control:
        for control in self._glass.screen.board.controls():
            if control.control_id == control_id:
                return control
        raise ValueError(f"no control {control_id!r} is on the glass now")


def _described(control: Control) -> dict[str, Any]:
    x, y, width, height = (round(number) for number in control.box)
    value = MASK if control.is_private and control.value else control.value
    name = control.public if control.is_private and control.public else control.name
    return {
        "id": control.control_id, "role": control.role, "name": name, "value": value, "hint": control.hint,
        "number": control.number, "x": x, "y": y, "w": width, "h": height, "enabled": control.is_enabled,
        "private": control.is_private, "focused": control.has_focus,
    }  # fmt: skip


def _png(width: int, height: int, pixels: bytes) -> bytes:
    """PNG of RGBA rows from the bottom up."""
    import io  # noqa: PLC0415

    from PIL import Image  # noqa: PLC0415 - only for pictures that somebody asked for

    image = Image.frombytes("RGBA", (width, height), pixels).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    file = io.BytesIO()
    image.convert("RGB").save(file, "PNG", compress_level=3)
    return file.getvalue()
