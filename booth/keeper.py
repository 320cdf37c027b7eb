"""``booth run``: the keeper. Always on, small, without Kivy; owns the ledger and the courier, keeps visits coming.

Composition only: settings in, parts wired, signals answered. A resident's data passes here sealed or not at all.
``booth run`` validates booth.toml and then becomes this module by ``exec``: a process that lives for months need not
carry the validator and the command line parser (a fifth of its memory).
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import os
import random
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import msgspec

from booth.keys import public_key
from booth.log import Log
from booth.rota import Patience, Rota
from kiosk.clock import SystemClock
from kiosk.counter import Counter
from kiosk.ledger.file import LedgerError, LedgerFile
from kiosk.ledger.journal import Journal
from kiosk.ledger.outbox import Outbox
from kiosk.ledger.schema import MIGRATIONS
from kiosk.uplink.client import Backend
from kiosk.uplink.courier import Courier

if TYPE_CHECKING:
    from kiosk.config import Config

T = TypeVar("T")
LEDGER_FILE = "ledger.db"
_M_ARENA_MAX = -8


class Settings(msgspec.Struct, frozen=True):
    """What the keeper needs of booth.toml, validated there. ``command``: how a visit process is started."""

    booth: str
    ledger_folder: str
    url: str
    ca: str
    certificate: str
    key: str
    sign_pub: str
    command: tuple[str, ...]
    log_file: str = ""


def settings_of(config: Config, command: Sequence[str], log_file: Path | None = None) -> Settings:
    """Take from ``config`` what the keeper needs."""
    backend = config.backend
    return Settings(
        booth=config.booth.id,
        ledger_folder=config.ledger.folder,
        url=backend.url,
        ca=backend.ca,
        certificate=backend.certificate,
        key=backend.key,
        sign_pub=backend.sign_pub,
        command=tuple(command),
        log_file=str(log_file.resolve()) if log_file else "",
    )


def become_keeper(config: Config, config_file: Path, log_file: Path | None) -> NoReturn:
    """Replace this process by the keeper; same pid, same descriptors 0 to 2."""
    command = (sys.executable, "-m", "booth", "visit-process", "--config", str(config_file.resolve()))
    text = msgspec.json.encode(settings_of(config, command, log_file)).decode()
    os.execv(sys.executable, [sys.executable, "-m", "booth.keeper", text])  # noqa: S606 - that is the point


def run_keeper(settings: Settings, *, patience: Patience | None = None) -> int:
    """Run until SIGTERM or SIGINT; returns the exit status: 0 ended in order, 1 a defect, 2 cannot start."""
    ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)  # calls to the platform run in threads; each arena would stay
    with contextlib.ExitStack() as stack:
        try:
            backend = _backend(settings)
            stack.callback(backend.close)
            file = LedgerFile(Path(settings.ledger_folder) / LEDGER_FILE, MIGRATIONS)
            stack.callback(file.close)
            log = Log(Path(settings.log_file) if settings.log_file else None)
            stack.callback(log.close)
        except (LedgerError, ValueError, OSError) as error:
            print(f"booth run: {error}", file=sys.stderr)
            return 2
        status = asyncio.run(_keep(settings, backend, file, log, patience or Patience()))
        log("keeper_ended", pid=os.getpid(), status=status)
        return status


async def _keep(settings: Settings, backend: Backend, file: LedgerFile, log: Log, patience: Patience) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    clock = SystemClock()
    journal = Journal(file, settings.booth, clock.today)
    with ThreadPoolExecutor(1, "ledger") as thread:  # a slow disk must not stop the heartbeats

        async def desk(work: Callable[[], T]) -> T:
            return await loop.run_in_executor(thread, work)

        courier = Courier(
            Outbox(journal),
            backend,
            clock,
            booth=settings.booth,
            desk=desk,
            note=log,
            chance=random.Random(),  # noqa: S311 - spreads retries, guards nothing
        )
        try:
            await courier.recover()
        except LedgerError as error:
            print(f"booth run: {error}", file=sys.stderr)
            return 2
        log("keeper_started", pid=os.getpid(), booth=settings.booth, folder=settings.ledger_folder)
        gc.freeze()
        delivering = loop.create_task(courier.run())
        delivering.add_done_callback(lambda _: stop.set())  # it never ends by itself
        await Rota(settings.command, Counter(journal, courier, desk, log), clock, log, patience).run(stop)
        delivering.cancel()
        (result,) = await asyncio.gather(delivering, return_exceptions=True)
        if isinstance(result, asyncio.CancelledError):
            return 0
        log("defect", level="error", error=type(result).__name__)
        return 1


def _backend(settings: Settings) -> Backend:
    return Backend(
        settings.url,
        Path(settings.ca),
        Path(settings.certificate),
        Path(settings.key),
        sign_pub=public_key(Path(settings.sign_pub), "backend.sign_pub"),
        booth_id=settings.booth,
    )


if __name__ == "__main__":
    sys.exit(run_keeper(msgspec.json.decode(sys.argv[1], type=Settings)))
