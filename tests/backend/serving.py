"""The platform as a child process, as it runs in a demo, and one in this process with a clock that tests turn."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from backend import pki, seeds
from backend.numbers import receipt_check_digit
from backend.platform import Platform
from backend.run_folder import publish_ports
from backend.store import Store
from kiosk.ledger.vault import digest_of, seal
from kiosk.uplink.bodies import Envelope, RegistryKey
from kiosk.uplink.client import Backend

ZHANG, LI, WANG = "110105194912319024", "110105195805069036", "110105199007159043"
CHEN, ZHAO, SUN = "110105201503039059", "110105194002029079", "110105197001019091"
NOBODY = "110105195001019995"
REPO = Path(__file__).parents[2]
TOKEN = "a-token-for-this-test"
START_WITHIN_S = 60  # two cores, shared


def citizen(number: str) -> dict[str, str]:
    """The registry key of a citizen's number, as JSON."""
    return {"kind": "citizen", "value": number, "nationality": ""}


def key_of(number: str) -> RegistryKey:
    """The same, as the booth has it."""
    return RegistryKey(**citizen(number))


@dataclass
class Serving:
    """A running platform."""

    run: Path
    ports: dict[str, int]
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.ports['backend']}"

    @property
    def staff_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['staff']}"

    def client(self, *, stem: str = "booth", booth_id: str = "B7", deadline_s: float = 30) -> Backend:
        return backend_client(self.run / "pki", self.url, stem=stem, booth_id=booth_id, deadline_s=deadline_s)

    def bench(self, path: str, body: dict[str, Any] | None = None) -> Any:
        method = "GET" if body is None else "POST"
        headers = {"X-Bench-Token": TOKEN}
        answer = requests.request(method, f"{self.staff_url}/bench/{path}", json=body, headers=headers, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def envelope(self, sequence: int, **changes: Any) -> Envelope:
        pub = pki.raw_key(self.run / "pki" / "seal.pub")
        return sealed_envelope(pub, sequence, **changes)


def backend_client(
    folder: Path, url: str, *, stem: str = "booth", booth_id: str = "B7", deadline_s: float = 30
) -> Backend:
    return Backend(
        url,
        folder / "ca.pem",
        folder / f"{stem}.pem",
        folder / f"{stem}.key",
        sign_pub=pki.raw_key(folder / "sign.pub"),
        booth_id=booth_id,
        deadline_s=deadline_s,
    )


@contextmanager
def serving(run: Path, *options: str) -> Iterator[Serving]:
    """Start ``python -m backend serve`` and wait until it listens; stop it at the end."""
    pki.init(run, "B7")
    publish_ports(run, {"backend": None, "staff": None})  # what a killed one left
    token = run / "bench-token"
    token.touch(0o600)
    token.write_text(TOKEN)
    command = [sys.executable, "-m", "backend", "serve", "--run", str(run), "--bench-token", f"@{token}", *options]
    with (
        (run / "backend.log").open("wb") as log,
        subprocess.Popen(command, cwd=REPO, stdout=log, stderr=log) as process,
    ):
        try:
            ports = _ports(run, process)
            yield Serving(run, ports, process)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _ports(run: Path, process: subprocess.Popen[bytes]) -> dict[str, int]:
    until = time.monotonic() + START_WITHIN_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise AssertionError((run / "backend.log").read_text())
        file = run / "ports.json"
        ports = json.loads(file.read_text()) if file.exists() else {}
        if "staff" in ports:
            return ports
        time.sleep(0.05)
    raise AssertionError("the platform did not start")


@dataclass
class Turned:
    """A clock that moves when told."""

    now: dt.datetime = dt.datetime(2026, 6, 1, 2, 0, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now

    def turn(self, **by: float) -> None:
        self.now += dt.timedelta(**by)


@dataclass
class InProcess:
    """A platform without listeners, on its own SQLite file or any database."""

    url: str
    clock: Turned = field(default_factory=Turned)

    def __post_init__(self) -> None:
        self.platform = Platform(Store(self.url), X25519PrivateKey.generate(), Ed25519PrivateKey.generate(), self.clock)
        self.platform.store.migrate()
        with self.platform.store.begin() as session:
            seeds.seed_new(session)

    @property
    def seal_pub(self) -> bytes:
        return self.platform.seal_key.public_key().public_bytes_raw()


def number_of(sequence: int, booth: str = "B7") -> str:
    digits = f"{sequence:06d}"
    return f"{booth}-{digits}-{receipt_check_digit(digits)}"


def sealed_envelope(
    seal_pub: bytes,
    sequence: int,
    *,
    body: dict[str, Any] | bytes | None = None,
    service: str = "report-problem",
    schema: int = 1,
    booth: str = "B7",
    key: str | None = None,
) -> Envelope:
    """Make an envelope as the booth's keeper does."""
    key = key or str(uuid.uuid4())
    if body is None:
        body = opened_body()
    clear = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    sealed = seal(clear, seal_pub, key=key, service=service, schema=schema)
    return Envelope(
        booth=booth,
        key=key,
        number=number_of(sequence, booth),
        sequence=sequence,
        service=service,
        schema=schema,
        created_at="2026-06-01T02:00:00+00:00",
        sealed=sealed,
        digest=digest_of(sealed),
    )


def opened_body(number: str | None = None, identified_by: str = "none") -> dict[str, Any]:
    resident = {"key": citizen(number), "name": "张秀英"} if number else None
    return {
        "resident": resident,
        "identified_by": identified_by,
        "helper": None,
        "answers": {"kind": "street-lamp"},
        "photo": None,
        "language": "zh",
    }
