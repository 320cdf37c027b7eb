"""A PostgreSQL cluster of our own on a Unix socket, without any TCP port."""

from __future__ import annotations

import os
import pwd
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


@contextmanager
def postgres_url() -> Iterator[str]:
    """Start a cluster, give its URL, stop it; skips the test where PostgreSQL is not installed."""
    if not POSTGRES:
        pytest.skip("PostgreSQL is not installed (package postgresql)")
    # short: a socket's path has at most 107 bytes
    with tempfile.TemporaryDirectory(prefix="pg.") as name, cluster(Path(name)) as url:
        yield url


@contextmanager
def cluster(folder: Path, *settings: str) -> Iterator[str]:
    """A cluster in ``folder``; ``settings`` as of ``postgres -c``."""
    binaries = POSTGRES[-1].parent
    by: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        by = ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
    data = folder / "data"
    _run([*by, str(binaries / "initdb"), "-D", str(data), "-U", "platform", "-A", "trust", "-E", "UTF8", "-N"])
    more = " ".join(f"-c {one}" for one in settings or ("fsync=off",))
    options = f"-c listen_addresses='' {more} -k {folder}"
    control = [*by, str(binaries / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log")]
    _run([*control, "-o", options, "start"])
    try:
        yield f"postgresql://platform@/postgres?host={folder}"
    finally:
        _run([*control, "-m", "immediate", "stop"])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
