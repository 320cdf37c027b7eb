"""The bench's door: a page and a small JSON API on loopback, for a person, a story and the tests alike.

Everything the page can do is a POST under ``/api/``. Loopback only; a Host or Origin that is not this door's own is
refused (a web page elsewhere must not operate the booth through the reader's browser). Knows HTTP, no devices.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from bench.glass import GlassDark
from bench.platform import PlatformAway
from bench.world import Refusal, World

PAGE = Path(__file__).parent / "page"
_FRAME, _SOUND = b"\x01", b"\x02"
_SECURITY = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Door:
    """Serves one ``World``. ``start`` binds to loopback and gives the port."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._runner: web.AppRunner | None = None
        self._pages: set[_Page] = set()
        self.port = 0

    async def start(self, port: int) -> int:
        """Listen on 127.0.0.1; port 0 is any free one. Raises ``OSError`` when it is taken."""
        app = web.Application(middlewares=[self._guard], client_max_size=2**16)
        app.add_routes(
            [
                web.get("/", self._index),
                web.static("/page", PAGE),
                web.get("/ws", self._page_socket),
                web.get("/api/events", self._events_socket),
                web.get("/api/state", self._state),
                web.get("/api/spoken", self._spoken),
                web.get("/api/shot.png", self._shot),
                web.get(r"/api/paper/{number:\d{1,6}}.png", self._paper),
                web.get(r"/api/sound/{number:\d{1,6}}.wav", self._sound),
                web.get("/api/face/{id}", self._face),
                web.get("/api/transactions", self._transactions),
                web.post("/api/{what:[a-z]+}", self._post),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.port = int(self._runner.addresses[0][1])
        return self.port

    async def stop(self) -> None:
        """Close every page and the listener. Idempotent."""
        for page in tuple(self._pages):
            await page.socket.close(code=aiohttp.WSCloseCode.GOING_AWAY)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    # -- who may ask ------------------------------------------------------------------------------------------------

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        own = {f"{name}:{self.port}" for name in ("127.0.0.1", "localhost")}
        if request.host not in own:
            raise web.HTTPMisdirectedRequest(text=f"The bench answers to http://127.0.0.1:{self.port}/ only.")
        origin = request.headers.get("Origin")
        if origin is not None and origin not in {f"http://{host}" for host in own}:
            raise web.HTTPForbidden(text="The bench takes nothing from other pages.")
        if request.method == "POST" and request.content_type != "application/json":
            return _refuse(415, "send JSON with Content-Type: application/json")
        try:
            response = await handler(request)
        except Refusal as error:
            return _refuse(400, str(error))
        except (GlassDark, PlatformAway) as error:
            return _refuse(503, str(error))
        if not response.prepared:
            response.headers.update(_SECURITY)
        return response

    # -- asking -----------------------------------------------------------------------------------------------------

    async def _index(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(PAGE / "index.html")

    async def _state(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self._world.state() | {"site": self._world.site_state()})

    async def _spoken(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"spoken": self._world.spoken()})

    async def _transactions(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"transactions": await self._world.transactions()})

    async def _shot(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=await self._world.glass.shot(), content_type="image/png")

    async def _paper(self, request: web.Request) -> web.StreamResponse:
        file = self._world.folder.paper / f"{request.match_info['number']}.png"
        if not file.is_file():
            return _refuse(404, "no paper has this number")
        return web.FileResponse(file)

    async def _sound(self, request: web.Request) -> web.StreamResponse:
        clip = self._world.loudspeaker.clip(int(request.match_info["number"]))
        if clip is None or not clip.pcm:
            return _refuse(404, "no sound is kept for this sentence")
        return web.Response(body=clip.wav(), content_type="audio/wav")

    async def _face(self, request: web.Request) -> web.StreamResponse:
        face = self._world.faces.get(request.match_info["id"])
        if face is None:
            return _refuse(404, "no face has this name")
        return web.FileResponse(face.file)

    async def _post(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await request.json()
        except (json.JSONDecodeError, UnicodeDecodeError):
            raise Refusal("the body is not JSON") from None
        if not isinstance(body, dict):
            raise Refusal("the body must be a JSON object")
        await self._world.do(request.match_info["what"], body)
        return web.json_response({"ok": True})

    # -- following --------------------------------------------------------------------------------------------------

    async def _page_socket(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(heartbeat=20, max_msg_size=2**14, compress=False)
        await socket.prepare(request)
        page = _Page(socket, self._world)
        self._pages.add(page)
        self._world.listeners.add(page)
        sending = asyncio.create_task(page.send_all())
        try:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    page.take(message.data)
        finally:
            self._world.listeners.discard(page)
            self._pages.discard(page)
            page.lift_finger()
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            self._watch()
        return socket

    def _watch(self) -> None:
        self._world.glass.watch(max((page.width_px for page in self._pages), default=0))

    async def _events_socket(self, request: web.Request) -> web.StreamResponse:
        """The booth's messages as they come (question, update, spoken, outcome, hello, dark), for stories and tests."""
        socket = web.WebSocketResponse(heartbeat=20, compress=False)
        await socket.prepare(request)
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        for message in self._world.last_messages():
            queue.put_nowait(message)
        self._world.followers.add(queue)

        async def relay() -> None:
            while True:
                await socket.send_str(json.dumps(await queue.get()))

        sending = asyncio.create_task(relay())
        try:
            async for _ in socket:
                pass
        finally:
            self._world.followers.discard(queue)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        return socket


class _Page:
    """One open page: the newest frame only, everything else in order."""

    def __init__(self, socket: web.WebSocketResponse, world: World) -> None:
        self.socket = socket
        self.width_px = 0
        self._world = world
        self._is_finger_down = False
        self._texts: list[str] = []
        self._sounds: list[bytes] = []
        self._frame: bytes | None = world.last_frame
        self._may_send_frame = True
        self._site: str | None = json.dumps({"t": "site", "site": world.site_state()})
        self._state_due = True
        self._wake = asyncio.Event()
        self._wake.set()
        for message in world.history():
            self.tell(message)

    def tell(self, message: dict[str, Any]) -> None:
        self._texts.append(json.dumps(message))
        self._wake.set()

    def changed(self) -> None:
        self._state_due = True
        self._wake.set()

    def site(self, message: str) -> None:
        """The newest only."""
        self._site = message
        self._wake.set()

    def frame(self, jpeg: bytes) -> None:
        self._frame = jpeg
        self._wake.set()

    def sound(self, pcm: bytes) -> None:
        self._sounds.append(pcm)
        self._wake.set()

    def take(self, text: str) -> None:
        """One message of the page."""
        try:
            message = json.loads(text)
            kind = message["t"]
            if kind == "got":
                self._may_send_frame = True
                self._wake.set()
            elif kind == "view":
                self.width_px = min(max(int(message["width_px"]), 120), 2160)
                self._world.glass.watch(self.width_px)
            elif kind == "touch":
                self._is_finger_down = message.get("phase") != "up"
                self._world.touch(message)
        except (ValueError, KeyError, TypeError, Refusal) as error:
            self.tell({"t": "trouble", "text": f"The bench did not understand the page ({error})."})
        except GlassDark as error:
            self.tell({"t": "trouble", "text": str(error)})

    def lift_finger(self) -> None:
        """A page that closes in the middle of a touch must not leave its finger on the glass: slide off, then lift."""
        if self._is_finger_down:
            self._is_finger_down = False
            with contextlib.suppress(GlassDark):
                for phase in ("move", "up"):
                    self._world.touch({"phase": phase, "x": -1000, "y": -1000})

    async def send_all(self) -> None:
        """Send what is due, until the page is gone."""
        with contextlib.suppress(ConnectionError, RuntimeError):
            while True:
                await self._wake.wait()
                self._wake.clear()
                if self._state_due:
                    self._state_due = False
                    await self.socket.send_str(json.dumps({"t": "state", "state": self._world.state()}))
                site, self._site = self._site, None
                if site is not None:
                    await self.socket.send_str(site)
                texts, self._texts = self._texts, []
                for text in texts:
                    await self.socket.send_str(text)
                sounds, self._sounds = self._sounds, []
                if sounds:
                    await self.socket.send_bytes(_SOUND + b"".join(sounds))
                if self._frame is not None and self._may_send_frame:
                    jpeg, self._frame = self._frame, None
                    self._may_send_frame = False
                    await self.socket.send_bytes(_FRAME + jpeg)


def _refuse(status: int, error: str) -> web.Response:
    return web.json_response({"error": error}, status=status, headers=_SECURITY)
