"""A PostgreSQL of our own on a Unix socket, as durable as it is by default. Knows no benchmark."""

from __future__ import annotations

import contextlib
import os
import pwd
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Unavailable


@contextlib.contextmanager
def cluster() -> Iterator[str]:
    """Start it, give its URL, stop it. Raises ``Unavailable`` where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise Unavailable("PostgreSQL is not installed; install Debian's package postgresql")
    with tempfile.TemporaryDirectory(prefix="pg.") as name:  # short: a socket's path has at most 107 bytes
        folder, by = Path(name), []
        if os.geteuid() == 0:  # the server refuses to run as root
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            by = ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
        data = str(folder / "data")
        _run([*by, str(found[-1]), "-D", data, "-U", "platform", "-A", "trust", "-E", "UTF8", "-N"])
        control = [*by, str(found[-1].with_name("pg_ctl")), "-D", data, "-w", "-l", str(folder / "log")]
        _run([*control, "-o", f"-c listen_addresses='' -k {folder}", "start"])
        try:
            yield f"postgresql://platform@/postgres?host={folder}"
        finally:
            _run([*control, "-m", "immediate", "stop"])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stdout)
