"""The road from the booths' sites to the database: broker and ingest worker as children of a demo's platform."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from backend import pki
from backend.broker import Broker, BrokerError
from backend.ingest_worker import Place, work
from backend.platform import Platform

_STARTS_WITHIN_S = 60.0  # two cores, shared
_ENDS_WITHIN_S = 5.0


@contextlib.contextmanager
def opened(run: Path, database: str, port: int | None) -> Iterator[Broker | None]:
    """Mosquitto and one ingest worker until the block ends; nothing at all for ``port`` None. Raises BrokerError."""
    if port is None:
        yield None
        return
    folder = run.resolve() / "broker"
    pki.platform_certificate(run / "pki")
    broker = Broker(folder, run.resolve() / "pki", port)
    broker.start()
    try:
        with _worker(run, database, broker.port, folder / "ingest.ready"):
            yield broker
    finally:
        broker.stop()


@contextlib.contextmanager
def _worker(run: Path, database: str, port: int, ready: Path) -> Iterator[None]:
    ready.unlink(missing_ok=True)
    dies_with_us = ["setpriv", "--pdeathsig", "TERM", "--"] if shutil.which("setpriv") else []
    command = [*dies_with_us, sys.executable, "-m", "backend", "ingest", "--run", str(run), "--database", database]
    child = subprocess.Popen([*command, "--broker", f"127.0.0.1:{port}", "--ready", str(ready)])
    try:
        until = time.monotonic() + _STARTS_WITHIN_S
        while not ready.exists():
            if child.poll() is not None or time.monotonic() > until:
                raise BrokerError("ingest: the worker did not start; its reason stands above")
            time.sleep(0.02)
        yield
    finally:
        child.terminate()
        try:
            child.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def place(broker: str, folder: Path | None) -> Place:
    """``host:port`` with the certificates of ``folder``, or without TLS on this computer. Raises BrokerError."""
    host, _, port = broker.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise BrokerError("--broker: write HOST:PORT, for example 127.0.0.1:8883")
    host = host.strip("[]")
    if folder is None:
        if not _is_here(host):
            raise BrokerError(f"--plain: {host} is not this computer; go there with TLS")
        return Place(host, int(port))
    for name in ("ca.pem", "platform.pem", "platform.key"):
        if not (folder / name).is_file():
            raise BrokerError(f"{folder / name}: missing; put the platform's client certificate there, or use --plain")
    return Place(host, int(port), *(str(folder / name) for name in ("ca.pem", "platform.pem", "platform.key")))


def ingest(platform: Platform, where: Place, workers: int, ready: Path | None) -> None:
    """Work until SIGTERM or SIGINT."""
    try:
        where.tls()
    except OSError as error:
        raise BrokerError(
            f"--broker: certificates: {type(error).__name__}; give PEM files that belong together"
        ) from None

    async def until_told() -> None:
        task = asyncio.create_task(work(platform, where, workers, lambda: ready.touch() if ready else None))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    try:
        asyncio.run(until_told())
    finally:
        platform.store.close()


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
