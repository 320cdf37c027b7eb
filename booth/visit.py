"""The visit process: the screen, one resident, and the end that is the wipe.

Started by the keeper, kept warm with a hidden window until it is told to show itself. Writes nothing but through the
keeper. When the goodbye was seen it says so, the next process shows its welcome, and this one ends with all it knew.
It listens to the watch from the moment it is warm: after a fire took the glass, the next one begins with the way out.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from booth.keys import public_key
from hardware.speech import Spoken
from kiosk.clock import SystemClock
from kiosk.config import Config, ConfigError, load
from kiosk.keeper_line import KeeperError, KeeperLine
from kiosk.line import Quit

if TYPE_CHECKING:
    from booth.devices import Devices
    from booth.log import Log
    from kiosk.visit.serve import Platform
    from screens.app import Glass

ASSETS = Path(__file__).resolve().parent.parent / "assets"
ALIVE_EVERY_S = 2.0
WIPED_WITHIN_S = 0.8  # the keeper ends what is left after a second
COVERED_WITHIN_S = 0.4  # the next welcome takes a tenth of a second when it was kept warm


def run_visit_process(config_file: Path, fd: int) -> int:
    """Entry of the process. ``fd`` is its end of the line to the keeper. Does not return: it exits with its status."""
    config = load(config_file)
    from screens.app import prepare

    prepare(config.display)  # before Kivy is imported
    status = asyncio.run(_live(config, fd))
    os._exit(status)  # native threads of Kivy and SDL must not keep a finished visit alive


async def _live(config: Config, fd: int) -> int:
    from screens.app import Glass

    line = await KeeperLine.connect(fd)
    clock = SystemClock()
    remote = Path(config.bench.remote) if config.bench.remote else None
    glass = Glass(config.display, assets=ASSETS, remote=remote, clock=clock, is_enrolled=config.booth.is_enrolled)
    visit = _Visit(config, glass, line, clock)
    drawing = asyncio.ensure_future(glass.run())
    obeying = asyncio.ensure_future(_obey(line, visit))
    beating: asyncio.Task[None] | None = None
    try:
        await visit.prepare()
        await line.warm()
        beating = asyncio.ensure_future(_beat(line, glass))
        await asyncio.wait({obeying, drawing}, return_when=asyncio.FIRST_COMPLETED)
        if obeying.done() and (error := obeying.exception()) is not None:
            visit.log("visit_broke", level="error", error=f"{type(error).__name__}: {error}")
            return 2 if isinstance(error, ConfigError) else 1
    except KeeperError:
        return 1
    finally:
        for task in (obeying, beating):
            if task is not None:
                task.cancel()
        await visit.end()
        glass.wipe()
        glass.stop()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(drawing, return_exceptions=True), WIPED_WITHIN_S)
        await line.close()
    return 0


async def _obey(line: KeeperLine, visit: _Visit) -> None:
    """Follow the keeper until the visit is over, it says Quit, or it is gone."""
    serving: asyncio.Task[None] | None = None
    orders = line.orders()
    try:
        while True:
            order = asyncio.ensure_future(anext(orders, None))
            tasks: set[asyncio.Future[object]] = {order, serving} if serving else {order}  # type: ignore[arg-type]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if serving is not None and serving.done():
                serving.result()
                # The goodbye stays on the glass until the next welcome covers it: no moment without a picture.
                await asyncio.wait({order}, timeout=COVERED_WITHIN_S)
                order.cancel()
                return
            said = order.result()
            if said is None or isinstance(said, Quit):
                return
            serving = serving or asyncio.ensure_future(visit.run(said.standing))
    finally:
        if serving is not None and not serving.done():
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


async def _beat(line: KeeperLine, glass: Glass) -> None:
    """Tell the keeper that this loop turns and how many frames it completed."""
    with contextlib.suppress(KeeperError):
        while True:
            await line.alive(glass.frames)
            await asyncio.sleep(ALIVE_EVERY_S)


class _Visit:
    """One resident, from the order to show until nothing is left."""

    def __init__(self, config: Config, glass: Glass, line: KeeperLine, clock: SystemClock) -> None:
        # What takes time to import is imported while the process is warm, not when a resident stands there.
        import booth.devices
        import booth.visit_site
        import kiosk.visit.reception
        from kiosk.text import Catalogues
        from kiosk.visit.services import load_services

        self._config, self._glass, self._line, self._clock = config, glass, line, clock
        self._services = load_services(ASSETS / "services")
        self._titles = {name: service.title for name, service in self._services.items()}
        self._text = Catalogues(ASSETS / "translations").text(config.booth.language)
        self._build = booth.devices.Devices.build
        self._reception = kiosk.visit.reception
        self._site = booth.visit_site.VisitSite(config, clock, self._note, line.stands)
        self._devices: Devices | None = None
        self._platform: Platform | None = None
        self._shown = asyncio.Event()

    @cached_property
    def log(self) -> Log:
        """The technician's log; its library takes longer to import than a window to open, so it comes last."""
        from booth.log import Log

        return Log()

    async def prepare(self) -> None:
        """Build what the welcome needs and draw it behind the hidden window: to be shown, it only has to appear."""
        from kiosk.visit.questions import Welcome
        from kiosk.visit.screen import Aids
        from kiosk.visit.wording import words_for

        self._site.follow()
        self._devices = self._build(self._config, ASSETS)
        welcome = Welcome(community=self._config.booth.community)
        words = words_for(welcome, self._text, self._titles)
        self._glass.screen.show(welcome, words, Aids(), self._text, lambda _reply: None)
        await self._glass.next_frame()

    async def run(self, standing: tuple[str, ...] = ()) -> None:
        """Show the welcome, serve, say goodbye, tell the keeper. ``standing``: what the process before had heard."""
        from kiosk.visit.stage import Stage

        config, glass, reception = self._config, self._glass, self._reception
        if self._devices is None:
            await self.prepare()
        devices = self._devices
        assert devices is not None
        stage = Stage(
            glass.screen, devices.speaker, devices.keypad, self._clock, self._text, config.times,
            config.booth.telephone, self._note, self._titles,
        )  # fmt: skip
        booth = devices.equipment(config.booth.community)
        booth.neighbours, booth.telephone = config.booth.neighbours, config.booth.telephone
        self._site.inherit(standing)
        front = self._site.attend(stage, booth, self._services, devices)
        devices.watch(stage.refresh)
        devices.speaker.listen(self._on_spoken)
        receiving = asyncio.ensure_future(
            reception.receive(stage, booth, self._services, front, devices.begin, self._ready(devices))
        )
        keys = asyncio.ensure_future(stage.follow_keypad())
        try:
            await asyncio.sleep(0)  # the page of this moment replaces the welcome that was drawn ahead
            glass.appear()
            await glass.first_frame()
            await self._line.showing()
            self._shown.set()
            outcome = await receiving
            if glass.remote is not None:
                glass.remote.on_outcome(outcome.name, outcome.number)
            await asyncio.gather(reception.farewell(stage, outcome), devices.release())
            await self._line.leaving(outcome.name)
        finally:
            for task in (receiving, keys):
                task.cancel()
            await asyncio.gather(receiving, keys, return_exceptions=True)
            stage.close()

    async def _ready(self, devices: Devices) -> Platform:
        """Devices of the welcome started, and the platform's client loaded, while the welcome is already seen."""
        await self._shown.wait()
        if not self._config.face.pack:
            self.log("face", level="warning", reason="no model pack (face.pack): only the ways without a face")
        _, platform = await asyncio.gather(devices.start(), asyncio.to_thread(_platform, self._config, self._line))
        self._platform = platform
        return platform

    async def end(self) -> None:
        """Stop whatever still runs; idempotent."""
        await self._site.stop()
        if self._platform is not None:
            self._platform.backend.close()
        devices, self._devices = self._devices, None
        if devices is not None:
            await asyncio.gather(devices.speaker.stop(), devices.release(), return_exceptions=True)

    def _note(self, error: Exception) -> None:
        self.log("trouble", level="warning", error=f"{type(error).__name__}: {error}")

    def _on_spoken(self, spoken: Spoken) -> None:
        if self._glass.remote is not None:
            self._glass.remote.on_spoken(spoken)


def _platform(config: Config, line: KeeperLine) -> Platform:
    from kiosk.uplink.client import Backend
    from kiosk.visit.serve import Platform

    b = config.backend
    try:
        backend = Backend(
            b.url, Path(b.ca), Path(b.certificate), Path(b.key), booth_id=config.booth.id,
            sign_pub=public_key(Path(b.sign_pub), "backend.sign_pub"), deadline_s=config.times.lookup_s,
        )  # fmt: skip
        return Platform(line, backend, public_key(Path(b.seal_pub), "backend.seal_pub"))
    except ValueError as error:
        raise ConfigError(str(error)) from None
