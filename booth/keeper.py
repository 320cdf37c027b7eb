"""``booth run``: the keeper. Always on, small, without Kivy; owns the ledger and the courier, keeps visits coming.

Composition only: settings in, parts wired, signals answered. A resident's data passes here sealed or not at all.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import random
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from booth.log import Log
from booth.rota import Patience, Rota
from kiosk.clock import SystemClock
from kiosk.config import Config, ConfigError, load
from kiosk.counter import Counter
from kiosk.ledger.file import LedgerError, LedgerFile
from kiosk.ledger.journal import Journal
from kiosk.ledger.outbox import Outbox
from kiosk.ledger.schema import MIGRATIONS
from kiosk.uplink.client import Backend
from kiosk.uplink.courier import Courier

T = TypeVar("T")
LEDGER_FILE = "ledger.db"
_M_ARENA_MAX = -8


def run_keeper(
    config_file: Path, *, log_file: Path | None = None, command: Sequence[str] = (), patience: Patience | None = None
) -> int:
    """Run until SIGTERM or SIGINT; returns the exit status: 0 ended in order, 1 a defect, 2 cannot start.

    ``command``: how a visit process is started; by default ``booth visit-process`` with the same settings.
    """
    ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)  # calls to the platform run in threads; each arena would stay
    try:
        config = load(config_file)
        backend = _backend(config)
        file = LedgerFile(Path(config.ledger.folder) / LEDGER_FILE, MIGRATIONS)
    except (ConfigError, LedgerError, ValueError) as error:
        print(f"booth run: {error}", file=sys.stderr)
        return 2
    log = Log(log_file)
    command = command or (sys.executable, "-m", "booth", "visit-process", "--config", str(config_file.resolve()))
    try:
        return asyncio.run(_keep(config, backend, file, log, command, patience or Patience()))
    finally:
        file.close()
        backend.close()
        log("keeper_ended", pid=os.getpid())
        log.close()


async def _keep(
    config: Config, backend: Backend, file: LedgerFile, log: Log, command: Sequence[str], patience: Patience
) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    clock = SystemClock()
    journal = Journal(file, config.booth.id, clock.today)
    with ThreadPoolExecutor(1, "ledger") as thread:  # a slow disk must not stop the heartbeats

        async def desk(work: Callable[[], T]) -> T:
            return await loop.run_in_executor(thread, work)

        courier = Courier(
            Outbox(journal),
            backend,
            clock,
            booth=config.booth.id,
            desk=desk,
            note=log,
            chance=random.Random(),  # noqa: S311 - spreads retries, guards nothing
        )
        try:
            await courier.recover()
        except LedgerError as error:
            print(f"booth run: {error}", file=sys.stderr)
            return 2
        log("keeper_started", pid=os.getpid(), booth=config.booth.id, folder=config.ledger.folder)
        gc.freeze()
        delivering = loop.create_task(courier.run())
        delivering.add_done_callback(lambda _: stop.set())  # it never ends by itself
        await Rota(command, Counter(journal, courier, desk, log), clock, log, patience).run(stop)
        delivering.cancel()
        (result,) = await asyncio.gather(delivering, return_exceptions=True)
        if isinstance(result, asyncio.CancelledError):
            return 0
        log("defect", level="error", error=type(result).__name__)
        return 1


def _backend(config: Config) -> Backend:
    b = config.backend
    return Backend(
        b.url,
        Path(b.ca),
        Path(b.certificate),
        Path(b.key),
        sign_pub=public_key(Path(b.sign_pub)),
        booth_id=config.booth.id,
    )


def public_key(file: Path) -> bytes:
    """Read a public key of 32 bytes from a file of 64 hex digits. Raises ConfigError."""
    try:
        raw = bytes.fromhex(file.read_text(encoding="ascii").strip())
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}; enrol the booth, or run `booth demo` for demo keys") from None
    except ValueError:
        raw = b""
    if len(raw) != 32:
        raise ConfigError(f"{file}: not a public key of 64 hex digits; enrol the booth again")
    return raw
