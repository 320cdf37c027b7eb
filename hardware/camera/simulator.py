"""The other end of the camera's wire: an IP camera, MJPEG over HTTP on loopback (multipart/x-mixed-replace).

Ships with the product so that a bench, a demonstration and the tests run the driver that runs in the booth. It can be
told to misbehave. Refuses to know who is on the photograph it shows.
"""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass

import cv2
import numpy as np

from hardware.camera.relief import Pose
from hardware.camera.scene import HEIGHT_PX, WIDTH_PX, Eyes, Picture, Scene, Subject, View, decode

_BOUNDARY = "frame"
_REQUEST_BYTES = 8192
_REQUEST_S = 2.0
_VIEWER_S = 2.0  # a viewer that takes no data for so long is dropped
_JPEG_QUALITY = 88
_TURN_DEG, _NOD_DEG, _NEARER = 28.0, 18.0, 1.4
_REACTION_S, _MOVE_S, _HOLD_S = 0.5, 0.8, 1.6
MOVEMENTS = ("turn_left", "turn_right", "nod", "come_closer")


@dataclass(frozen=True)
class Movement:
    """One movement of the person before the camera, begun at ``began_s`` (CLOCK_MONOTONIC)."""

    name: str = ""
    began_s: float = 0.0

    def pose(self, at_s: float) -> Pose:
        """Give the pose at ``at_s``: there, held, and back; a nod goes down and up twice."""
        since_s = at_s - self.began_s - _REACTION_S
        whole_s = 2 * _MOVE_S + _HOLD_S
        if not self.name or not 0 <= since_s <= whole_s:
            return Pose()
        if self.name == "nod":
            return Pose(pitch_deg=_NOD_DEG * math.sin(4 * math.pi * since_s / whole_s))
        ramp = min(1.0, since_s / _MOVE_S, (whole_s - since_s) / _MOVE_S)
        share = ramp * ramp * (3 - 2 * ramp)
        if self.name == "come_closer":
            return Pose(nearer=1 + (_NEARER - 1) * share)
        return Pose(yaw_deg=(1 if self.name == "turn_left" else -1) * _TURN_DEG * share)


class CameraSimulator:
    """One simulated camera. ``start`` binds (port 0: any free one), ``url`` is what the driver opens.

    Knobs, to be changed at any time: ``freeze`` (the same picture again and again), ``black``, ``nobody`` (an empty
    scene), ``look_away`` (the head turned), ``mask``, ``paper`` (a flat print instead of a person), ``light`` (1.0: as
    it should be), ``mounted_deg`` (how the camera hangs, clockwise), ``eye_height_m``, ``fps`` (0: connected, but no
    picture comes). The person does what ``perform`` says. Pictures are made only while somebody watches.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0, *, fps: float = 15.0, seed: int = 1) -> None:
        self._host = host
        self._port = port
        self.fps = fps
        self.freeze = False
        self.black = False
        self.nobody = False
        self.look_away = False
        self.mask = False
        self.paper = False
        self.light = 1.0
        self.mounted_deg = 0
        self.eye_height_m: float | None = None
        self._movement = Movement()
        self._scene = Scene(seed=seed)
        self._subject: Subject | None = None
        self._second: Subject | None = None
        self._server: asyncio.Server | None = None
        self._viewers: set[asyncio.Task[None]] = set()
        self._filming: asyncio.Task[None] | None = None
        self._fresh = asyncio.Condition()
        self._jpeg = b""
        self._number = 0
        self.opened = 0  # how often somebody asked for pictures

    @property
    def port(self) -> int:
        """The port it listens on; stays the same while unplugged."""
        return self._port

    @property
    def url(self) -> str:
        """What to configure as the camera's source."""
        return f"http://{self._host}:{self._port}/video"

    @property
    def viewers(self) -> int:
        """How many connections take pictures now."""
        return len(self._viewers)

    @property
    def is_plugged(self) -> bool:
        """False while connections are refused."""
        return self._server is not None

    def show(self, picture: bytes | None, eyes: Eyes | None = None) -> None:
        """Put the person of this photograph (JPEG, PNG) before the camera; None: nobody.

        ``eyes`` are the places of the eyes in the photograph, to scale the face; without them it is taken as a
        head-and-shoulders portrait. Raises ``ValueError`` when it is no picture.
        """
        self._subject = None if picture is None else Subject(decode(picture), eyes)

    def show_second(self, picture: bytes | None, eyes: Eyes | None = None) -> None:
        """Put a second person beside the first, or take them away."""
        self._second = None if picture is None else Subject(decode(picture), eyes)

    def perform(self, movement: str) -> None:
        """Let the person make one of ``MOVEMENTS`` after a moment's thought; a print is moved in the hand instead.

        Raises ``ValueError`` for another word.
        """
        if movement not in MOVEMENTS:
            raise ValueError(f"{movement!r}: nobody can do this here; one of {', '.join(MOVEMENTS)}")
        self._movement = Movement(movement, time.monotonic())

    def be_as_at_first(self) -> None:
        """Turn every knob back: one person, moving, upright camera, light. Who is shown stays."""
        self.freeze = self.black = self.nobody = self.look_away = self.mask = self.paper = False
        self.light, self.mounted_deg, self.eye_height_m, self.fps = 1.0, 0, None, 15.0
        self._movement, self._second = Movement(), None

    async def start(self) -> None:
        """Listen. Raises ``OSError`` when the port is taken."""
        cv2.setNumThreads(1)  # the booth under test needs the other cores
        await self.plug()

    async def plug(self) -> None:
        """Accept connections (again)."""
        if self._server is None:
            self._server = await asyncio.start_server(self._meet, self._host, self._port, limit=_REQUEST_BYTES)
            self._port = self._server.sockets[0].getsockname()[1]

    async def unplug(self) -> None:
        """Cut all connections and refuse new ones, as when the cable is pulled."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for viewer in tuple(self._viewers):
            viewer.cancel()
        await asyncio.gather(*self._viewers, return_exceptions=True)

    async def stop(self) -> None:
        """End everything; idempotent."""
        await self.unplug()
        if self._filming is not None:
            self._filming.cancel()
            await asyncio.gather(self._filming, return_exceptions=True)
            self._filming = None

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        task = asyncio.current_task()
        try:
            async with asyncio.timeout(_REQUEST_S):
                request = await reader.readuntil(b"\r\n\r\n")
            method, target = request.split(b"\r\n", 1)[0].split(b" ")[:2]
            if (method, target) != (b"GET", b"/video"):
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                await writer.drain()
                return
            if task is not None:
                self._viewers.add(task)
            self.opened += 1
            await self._stream(writer)
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a viewer that went away or talks nonsense
        except asyncio.CancelledError:
            pass  # unplugged: nobody waits for this task, and asyncio's own callback would log a cancelled one
        finally:
            if task is not None:
                self._viewers.discard(task)
            writer.transport.abort()

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        if self._filming is None or self._filming.done():
            self._filming = asyncio.create_task(self._film())
        writer.write(
            b"HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nConnection: close\r\n"
            b"Content-Type: multipart/x-mixed-replace;boundary=" + _BOUNDARY.encode() + b"\r\n\r\n"
        )
        number = self._number
        while True:
            async with self._fresh:
                while self._number == number:
                    await self._fresh.wait()
                number, jpeg = self._number, self._jpeg
            head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            writer.write(head.encode() + jpeg + b"\r\n")
            async with asyncio.timeout(_VIEWER_S):
                await writer.drain()

    async def _film(self) -> None:
        """Make pictures while somebody watches."""
        composed_of: View | None = None
        composed: Picture = np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
        while self._viewers:
            began = time.monotonic()
            if self.fps <= 0:
                await asyncio.sleep(0.02)
                continue
            if not (self.freeze and self._jpeg):
                view = self._view()
                if view != composed_of:
                    composed, composed_of = await asyncio.to_thread(self._scene.compose, view), view
                self._jpeg = await asyncio.to_thread(
                    _shoot, self._scene, view, composed, began, self._movement.pose(began)
                )
            async with self._fresh:
                self._number += 1
                self._fresh.notify_all()
            await asyncio.sleep(max(0.0, 1 / max(self.fps, 1.0) - (time.monotonic() - began)))

    def _view(self) -> View:
        return View(
            None if self.nobody else self._subject,
            None if self.nobody else self._second,
            looks_away=self.look_away,
            is_black=self.black,
            has_mask=self.mask,
            is_print=self.paper,
            light=self.light,
            mounted_deg=self.mounted_deg,
            eye_height_m=self.eye_height_m,
        )


def _shoot(scene: Scene, view: View, composed: Picture, at_s: float, pose: Pose) -> bytes:
    picture = scene.frame(view, composed, at_s, pose)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1].tobytes()
