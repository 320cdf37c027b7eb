"""The booth's screen from outside: a client of its remote socket that outlives visit processes.

Gets what is on the glass (question, controls, sentences, frames), gives touches and keys. It re-connects as often as a
visit ends, because every visit has a process of its own. Knows no device and no resident.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bench import wire

_AGAIN_S = 0.1
_JPEG_QUALITY = 82
_SHOT_WITHIN_S = 15.0
log = logging.getLogger("bench.glass")


class GlassDark(Exception):
    """No visit process is listening: the booth is starting, restarting or stopped."""


class Glass:
    """One booth's screen. ``on_message(map)`` gets all messages but frames and shots, ``on_frame(jpeg)`` pictures."""

    def __init__(
        self, socket: Path, on_message: Callable[[dict[str, Any]], None], on_frame: Callable[[bytes], None]
    ) -> None:
        self._socket = socket
        self._on_message = on_message
        self._on_frame = on_frame
        self._writer: asyncio.StreamWriter | None = None
        self._shots: dict[int, asyncio.Future[bytes]] = {}
        self._shot = 0
        self._watched_px = 0
        self.size = (1080, 1920)
        self.visit_pid = 0

    @property
    def is_lit(self) -> bool:
        return self._writer is not None

    async def run(self) -> None:
        """Connect, follow, connect again; until cancelled."""
        while True:
            try:
                reader, self._writer = await asyncio.open_unix_connection(str(self._socket), limit=2**20)
            except (FileNotFoundError, ConnectionError):
                await asyncio.sleep(_AGAIN_S)
                continue
            try:
                if self._watched_px:
                    self.send({"t": "frames", "on": True})
                await self._follow(reader)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            except ValueError as error:
                log.error("%s", error)
            finally:
                self._leave()
            await asyncio.sleep(_AGAIN_S / 10)

    def _leave(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
        shots, self._shots = self._shots, {}
        for future in shots.values():
            if not future.done():
                future.set_exception(GlassDark("the visit ended before the picture came"))
                future.exception()
        self._on_message({"t": "dark"})

    async def _follow(self, reader: asyncio.StreamReader) -> None:
        while True:
            message = await wire.receive(reader)
            kind = message["t"]
            if kind == "frame":
                await self._take_frame(message)
            elif kind == "shot":
                future = self._shots.pop(int(message["id"]), None)
                if future is not None and not future.done():
                    future.set_result(bytes(message["png"]))
            else:
                if kind == "hello":
                    self.size = (int(message["width"]), int(message["height"]))
                    self.visit_pid = int(message.get("visit_pid", 0))
                self._on_message(message)

    async def _take_frame(self, message: dict[str, Any]) -> None:
        width, height = int(message["width"]), int(message["height"])
        if self._watched_px:
            jpeg = await asyncio.to_thread(encode, message["data"], width, height, self._watched_px)
            self._on_frame(jpeg)
        self.send({"t": "got", "seq": message["seq"]})

    def watch(self, width_px: int) -> None:
        """Send frames scaled to ``width_px`` to ``on_frame``; 0 ends it."""
        was, self._watched_px = self._watched_px, width_px
        if bool(was) != bool(width_px) and self.is_lit:
            self.send({"t": "frames", "on": bool(width_px)})

    def send(self, message: dict[str, Any]) -> None:
        """Give the booth one message. Raises ``GlassDark`` when nobody listens."""
        if self._writer is None or self._writer.is_closing():
            raise GlassDark("the booth's screen is dark: no visit process is listening")
        with contextlib.suppress(ConnectionError):
            self._writer.write(wire.frame(message))

    async def shot(self) -> bytes:
        """A PNG of what is on the glass now. Raises ``GlassDark``."""
        self._shot += 1
        identity = self._shot
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._shots[identity] = future
        try:
            self.send({"t": "shot", "id": identity})
            return await asyncio.wait_for(future, _SHOT_WITHIN_S)
        except TimeoutError:
            raise GlassDark(f"no picture of the screen within {_SHOT_WITHIN_S:g} s") from None
        finally:
            self._shots.pop(identity, None)


def encode(rgba_bottom_up: bytes, width: int, height: int, width_px: int) -> bytes:
    """Raw RGBA, first row at the bottom -> JPEG of ``width_px`` (never enlarged).

    Raises ``ValueError`` when the bytes do not fit the size.
    """
    if len(rgba_bottom_up) != width * height * 4:
        raise ValueError(f"frame: {len(rgba_bottom_up)} bytes do not make {width} x {height} RGBA")
    pixels = np.frombuffer(rgba_bottom_up, np.uint8).reshape(height, width, 4)
    if width_px < width:
        shown = cv2.resize(pixels, (width_px, round(height * width_px / width)), interpolation=cv2.INTER_AREA)
    else:
        shown = pixels
    upright = cv2.flip(cv2.cvtColor(shown, cv2.COLOR_RGBA2BGR), 0)
    done, jpeg = cv2.imencode(".jpg", upright, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not done:
        raise ValueError("frame: OpenCV could not encode it")
    return jpeg.tobytes()
