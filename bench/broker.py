"""A real MQTT broker (Debian's mosquitto) on loopback, for the bench, tests and benchmarks; never part of the product.

It has a port and a folder of its own, so that any number run beside the system's. It can be stopped, killed, frozen and
started again on the same port with what it kept. Knows no topic.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

STARTS_WITHIN_S = 10.0
STOPS_WITHIN_S = 5.0
_TRIES = 5  # another process may take the free port first


class BrokerAway(Exception):
    """The broker cannot run here; the text says why and what to do."""


class Broker:
    """One mosquitto. Synchronous, and quick enough (tens of milliseconds) to be called from an event loop.

    ``users``: name -> password; without them anybody on this computer may connect. ``tls``: (ca, certificate, key) PEM
    files; clients must then show a certificate of that ca, and its common name is their user. ``rules``: lines of
    mosquitto's acl_file. ``keeps``: whether messages survive ``kill`` (saved at every change, mosquitto.conf(5)
    autosave_on_changes). ``settings``: further lines of mosquitto.conf.
    """

    def __init__(
        self,
        folder: Path,
        *,
        users: Mapping[str, str] | None = None,
        tls: tuple[Path, Path, Path] | None = None,
        rules: str = "",
        keeps: bool = True,
        settings: str = "",
    ) -> None:
        self.folder = folder
        self.host = "127.0.0.1"
        self.port = 0
        self._users = dict(users or {})
        self._tls = tls
        self._rules = rules
        self._keeps = keeps
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def where(self) -> str:
        """``host:port``, as site.toml and booth.toml have it."""
        return f"{self.host}:{self.port}"

    @property
    def pid(self) -> int | None:
        """Of the running broker."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start it and wait until it listens, on the port it had before if any. Raises ``BrokerAway``."""
        program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
        if program is None:
            raise BrokerAway("mosquitto is not installed; apt-get install mosquitto")
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        keeps_port = bool(self.port)
        dies_with_us = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
        for _ in range(_TRIES):
            if not keeps_port:
                self.port = _free_port()
            with (self.folder / "broker.log").open("ab") as log:
                self._process = subprocess.Popen(
                    [*dies_with_us, program, "-c", str(self._configured())],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            if self._listens():
                return
            self.kill()
            time.sleep(0.1)
        raise BrokerAway(f"mosquitto does not listen on {self.where}; see {self.folder / 'broker.log'}")

    def stop(self) -> None:
        """End it properly: clients are told, what it keeps is saved. Idempotent."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut does."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Hang: connections stay open, nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on after ``freeze``."""
        self._signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _configured(self) -> Path:
        lines = [
            "per_listener_settings false",
            f"allow_anonymous {'false' if self._users or self._tls else 'true'}",
            f"listener {self.port} {self.host}",
            "log_type error",
            "log_type warning",
            "log_dest stderr",
            "set_tcp_nodelay true",
            "max_queued_messages 100000",
        ]
        if os.geteuid() == 0:
            lines.insert(0, "user root")  # else it changes to a user that may not read this folder
        if self._keeps:
            lines += [
                "persistence true",
                f"persistence_location {self.folder}/",
                "autosave_on_changes true",
                "autosave_interval 1",
            ]
        if self._users:
            file = self.folder / "passwords"
            file.write_text("".join(f"{name}:{word}\n" for name, word in self._users.items()))
            file.chmod(0o600)
            subprocess.run(["mosquitto_passwd", "-U", str(file)], check=True, capture_output=True)
            lines.append(f"password_file {file}")
        if self._rules:
            file = self.folder / "rules"
            file.write_text(self._rules)
            file.chmod(0o600)
            lines.append(f"acl_file {file}")
        if self._tls is not None:
            ca, certificate, key = self._tls
            lines += [f"cafile {ca}", f"certfile {certificate}", f"keyfile {key}"]
            lines += ["require_certificate true", "use_identity_as_username true"]
        written = self.folder / "mosquitto.conf"
        written.write_text("\n".join([*lines, self._settings, ""]))
        written.chmod(0o600)
        return written

    def _listens(self) -> bool:
        assert self._process is not None
        until = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < until and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), timeout=1):
                time.sleep(0.01)  # one that found its port taken has ended by then
                return self._process.poll() is None
            time.sleep(0.01)
        return False

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.send_signal(number)
            try:
                process.wait(STOPS_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
