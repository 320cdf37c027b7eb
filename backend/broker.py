"""A Mosquitto of our own: for demos, tests and small communities. Writes its settings, starts it, stops it by its pid.

Who speaks is decided by the client certificate: its common name is the user, and a booth may write below its own name
only and read there only what is for it. What the broker keeps is a courtesy: rows are safe in the booth's journal and
commands in the platform's database, so losing its memory loses time and nothing else.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

STARTS_WITHIN_S = 10.0
ENDS_WITHIN_S = 5.0
_PLATFORM = "platform"  # common name of the platform's own certificate
_ACL = f"""\
user {_PLATFORM}
topic readwrite css/1/#

pattern write css/1/+/%u/birth
pattern write css/1/+/%u/death
pattern write css/1/+/%u/tel
pattern write css/1/+/%u/evt
pattern write css/1/+/%u/alm
pattern write css/1/+/%u/state
pattern read css/1/+/%u/ack
pattern read css/1/+/%u/cmd
"""


class BrokerError(RuntimeError):
    """The broker cannot be started; the text says why and what to do."""


class Broker:
    """``folder`` keeps settings, log and memory; ``pki`` has ca.pem, server.pem and server.key, None: without TLS,
    for one computer only. ``port`` 0: a free one, the same one after ``kill`` and ``start``.
    """

    def __init__(self, folder: Path, pki: Path | None, port: int = 0, host: str = "127.0.0.1") -> None:
        if pki is None and host not in ("127.0.0.1", "::1", "localhost"):
            raise BrokerError(f"broker: {host} is reached from outside: only with TLS")
        self._folder, self._pki, self._host = folder, pki, host
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start it and wait until it listens. Raises BrokerError."""
        program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
        if program is None:
            raise BrokerError("broker: mosquitto is not installed; install Debian's package mosquitto")
        self.port = self.port or free_port(self._host)
        settings = self._write()
        dies_with_us = ["setpriv", "--pdeathsig", "TERM", "--"] if shutil.which("setpriv") else []
        log = self._folder / "mosquitto.log"
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [*dies_with_us, program, "-c", str(settings)], stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        until = time.monotonic() + STARTS_WITHIN_S
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > until:
                self.stop()
                last = " / ".join(log.read_text("utf-8", "replace").splitlines()[-3:])
                raise BrokerError(f"broker: port {self.port}: did not start: {last}; see {log}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it in order. Idempotent."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As a power cut does."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _listens(self) -> bool:
        with socket.socket(socket.AF_INET6 if ":" in self._host else socket.AF_INET) as probe:
            return probe.connect_ex((self._host, self.port)) == 0

    def _write(self) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        acl = self._folder / "acl"
        acl.write_text(_ACL, "utf-8")
        acl.chmod(0o600)
        lines = [
            "per_listener_settings false",
            f"listener {self.port} {self._host}",
            "set_tcp_nodelay true",
            "persistence true",
            f"persistence_location {self._folder}/",
            "autosave_interval 10",  # seconds; see above: a courtesy
            "persistent_client_expiration 14d",
            "max_queued_messages 100000",
            "max_inflight_messages 200",
            "max_packet_size 2000000",
            "log_dest stderr",
            "log_type error",
            "log_type warning",
        ]
        if self._pki is None:
            lines.append("allow_anonymous true")
        else:
            lines += [
                "allow_anonymous false",
                f"cafile {self._pki / 'ca.pem'}",
                f"certfile {self._pki / 'server.pem'}",
                f"keyfile {self._pki / 'server.key'}",
                "require_certificate true",
                "use_identity_as_username true",
                "tls_version tlsv1.2",
                f"acl_file {acl}",
            ]
        if os.geteuid() == 0:
            lines.append("user root")  # it could not read the key otherwise
        settings = self._folder / "mosquitto.conf"
        settings.write_text("\n".join(lines) + "\n", "utf-8")
        return settings


def free_port(host: str = "127.0.0.1") -> int:
    """A port nobody listens on now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
