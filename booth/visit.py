"""The visit process: the screen, one resident, and the end that is the wipe.

Started by the keeper, kept warm with a hidden window until it is told to show itself. Writes nothing but through the
keeper. When the goodbye was seen it says so, the next process shows its welcome, and this one ends with all it knew.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

from booth.log import Log
from hardware.speech import Spoken
from kiosk.config import Config, ConfigError, load
from kiosk.keeper_line import KeeperError, KeeperLine
from kiosk.line import Quit

ASSETS = Path(__file__).resolve().parent.parent / "assets"
ALIVE_EVERY_S = 2.0
WIPED_WITHIN_S = 0.8  # the keeper ends what is left after a second


def run_visit_process(config_file: Path, fd: int) -> int:
    """Entry of the process. ``fd`` is its end of the line to the keeper. Returns the exit status."""
    config = load(config_file)
    from screens.app import prepare

    prepare(config.display)  # before Kivy is imported
    status = asyncio.run(_live(config, fd))
    os._exit(status)  # native threads of Kivy and SDL must not keep a finished visit alive


async def _live(config: Config, fd: int) -> int:
    from screens.app import Glass

    from kiosk.clock import SystemClock

    log = Log()
    line = await KeeperLine.connect(fd)
    clock = SystemClock()
    remote = Path(config.bench.remote) if config.bench.remote else None
    glass = Glass(config.display, assets=ASSETS, remote=remote, clock=clock, is_enrolled=config.booth.is_enrolled)
    running = asyncio.ensure_future(glass.run())
    visit = _Visit(config, glass, line, clock, log)
    orders = asyncio.ensure_future(_obey(line, visit))
    try:
        await glass.next_frame()
        await line.warm()
        beating = asyncio.ensure_future(_beat(line, glass))
        await asyncio.wait({orders, running}, return_when=asyncio.FIRST_COMPLETED)
        beating.cancel()
    except KeeperError:
        return 1
    finally:
        await visit.end()
        glass.wipe()
        glass.stop()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.gather(running, return_exceptions=True), WIPED_WITHIN_S)
        await line.close()
    return 0


async def _obey(line: KeeperLine, visit: _Visit) -> None:
    """Follow the keeper until the visit is over or it says Quit."""
    serving: asyncio.Task[None] | None = None
    coming = aiter(line.orders())
    while True:
        order = asyncio.ensure_future(anext(coming, None))
        tasks = {order} | ({serving} if serving else set())
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if serving is not None and serving.done():
            order.cancel()
            serving.result()
            return
        if order.result() is None or isinstance(order.result(), Quit):
            if serving is not None:
                serving.cancel()
                await asyncio.gather(serving, return_exceptions=True)
            return
        serving = serving or asyncio.ensure_future(visit.run())


async def _beat(line: KeeperLine, glass: object) -> None:
    while True:
        with contextlib.suppress(KeeperError):
            await line.alive(glass.frames)  # type: ignore[attr-defined]
        await asyncio.sleep(ALIVE_EVERY_S)


class _Visit:
    """One resident, from the order to show until nothing is left."""

    def __init__(self, config: Config, glass: object, line: KeeperLine, clock: object, log: Log) -> None:
        from kiosk.text import Catalogues
        from kiosk.visit.services import load_services

        self._config, self._line, self._clock, self._log = config, line, clock, log
        self._glass: object = glass
        self._services = load_services(ASSETS / "services")
        self._text = Catalogues(ASSETS / "translations").text(config.booth.language)
        # What takes time to import is imported while the process is warm, not when a resident stands there.
        import booth.devices
        import kiosk.visit.reception

        self._devices: booth.devices.Devices | None = None
        self._reception = kiosk.visit.reception

    async def run(self) -> None:
        """Show the welcome, serve, say goodbye, tell the keeper."""
        from booth.devices import Devices
        from kiosk.visit.stage import Stage

        config, glass = self._config, self._glass
        self._devices = devices = Devices.build(config, ASSETS)
        stage = Stage(
            glass.screen, devices.speaker, devices.keypad, self._clock, self._text, config.times,  # type: ignore[attr-defined,arg-type]
            config.booth.telephone, self._note, {name: one.title for name, one in self._services.items()},
        )  # fmt: skip
        equipment = devices.equipment(config.booth.community)
        if not config.face.pack:
            self._log("face", level="warning", reason="no model pack (face.pack): only the ways without a face")
        devices.watch(stage.refresh)
        devices.speaker.listen(self._on_spoken)
        platform = _platform(config, self._line)
        starting = asyncio.ensure_future(devices.start())
        receiving = asyncio.ensure_future(
            self._reception.receive(stage, equipment, platform, self._services, devices.begin)
        )
        keys = asyncio.ensure_future(stage.follow_keypad())
        try:
            glass.appear()  # type: ignore[attr-defined]
            await glass.first_frame()  # type: ignore[attr-defined]
            await self._line.showing()
            outcome = await receiving
            if glass.remote is not None:  # type: ignore[attr-defined]
                glass.remote.on_outcome(outcome.name, outcome.number)  # type: ignore[attr-defined]
            await asyncio.gather(self._reception.farewell(stage, outcome), devices.release())
            await self._line.leaving(outcome.name)
        finally:
            for task in (starting, receiving, keys):
                task.cancel()
            await asyncio.gather(starting, receiving, keys, return_exceptions=True)
            stage.close()
            platform.backend.close()

    async def end(self) -> None:
        """Stop whatever still runs; idempotent."""
        devices, self._devices = self._devices, None
        if devices is not None:
            await asyncio.gather(devices.speaker.stop(), devices.release(), return_exceptions=True)

    def _note(self, error: Exception) -> None:
        self._log("trouble", level="warning", error=f"{type(error).__name__}: {error}")

    def _on_spoken(self, spoken: Spoken) -> None:
        if self._glass.remote is not None:  # type: ignore[attr-defined]
            self._glass.remote.on_spoken(spoken)  # type: ignore[attr-defined]


def _platform(config: Config, line: KeeperLine) -> object:
    from kiosk.uplink.client import Backend
    from kiosk.visit.serve import Platform

    b = config.backend
    backend = Backend(
        b.url, Path(b.ca), Path(b.certificate), Path(b.key), sign_pub=read_key(b.sign_pub, "backend.sign_pub"),
        booth_id=config.booth.id, deadline_s=config.times.lookup_s,
    )  # fmt: skip
    return Platform(line, backend, read_key(b.seal_pub, "backend.seal_pub"))


def read_key(file: str, setting: str) -> bytes:
    """A public key of 32 bytes from its file of hex digits. Raises ``ConfigError``."""
    try:
        key = bytes.fromhex(Path(file).read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        raise ConfigError(f"{file}: {setting}: no key of 64 hex digits there; enrol the booth again") from None
    if len(key) != 32:
        raise ConfigError(f"{file}: {setting}: {len(key)} bytes instead of 32; enrol the booth again")
    return key
