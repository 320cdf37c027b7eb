"""The run folder a bench shares between its programs: ports.json, password, token. Knows no services."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def _locked(run: Path) -> Iterator[None]:
    run.mkdir(parents=True, exist_ok=True)
    with (run / "ports.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def publish_ports(run: Path, ports: Mapping[str, int | None]) -> None:
    """Merge into RUN/ports.json; None takes a name out. Readers see the old file or the new one, whole."""
    with _locked(run):
        file = run / "ports.json"
        known: dict[str, int] = {}
        if file.exists():
            try:
                known = json.loads(file.read_text("utf-8"))
            except ValueError:
                known = {}  # left by something that was no program of ours; ports are only worth what is listening
        known = {name: port for name, port in {**known, **ports}.items() if port is not None}
        fresh = run / "ports.json.new"
        fresh.write_text(json.dumps(known, sort_keys=True) + "\n", "utf-8")
        fresh.replace(file)


def staff_password(run: Path) -> str:
    """Give the demo clerk's password, made at random the first time and kept in RUN/staff-password (0600)."""
    file = run / "staff-password"
    run.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text("utf-8").strip()
    with os.fdopen(descriptor, "w") as stream:
        password = secrets.token_urlsafe(12)
        stream.write(password + "\n")
    return password


def read_token(file: Path) -> str:
    """Give the bench's token from ``file``. Raises ``ValueError``, without the token, when others can read it too."""
    try:
        with file.open(encoding="utf-8") as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            token = stream.read(4096).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no text"
        raise ValueError(f"{file}: {reason}; write one word into it, readable for you alone") from None
    if mode & 0o077:
        raise ValueError(f"{file}: mode {mode:04o} lets others read the bench's token; chmod 600 it")
    if not token:
        raise ValueError(f"{file}: empty; write one word into it")
    return token
