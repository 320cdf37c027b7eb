"""Child processes that are measured: started, read line by line, ended by pid. Knows no figure."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ENDS_WITHIN_S = 5.0


def environment(**more: str) -> dict[str, str]:
    """This process's, with the repository on the path; an empty value takes a variable away."""
    path = os.environ.get("PYTHONPATH", "")
    found = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{path}" if path else str(ROOT), **more}
    return {name: value for name, value in found.items() if value != ""}


def end(child: subprocess.Popen[Any]) -> None:
    """Politely, then by force."""
    if child.stdin is not None:
        with contextlib.suppress(OSError):
            child.stdin.close()
    child.terminate()
    try:
        child.wait(ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child.stdout is not None:
        child.stdout.close()


@contextlib.contextmanager
def module(
    name: str, *arguments: str, env: Mapping[str, str] | None = None, pass_fds: tuple[int, ...] = ()
) -> Iterator[subprocess.Popen[str]]:
    """``python -m name arguments`` with its standard input and output here, until the block ends."""
    child = subprocess.Popen(
        [sys.executable, "-m", name, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(env or environment()), pass_fds=pass_fds,
    )  # fmt: skip
    try:
        yield child
    finally:
        end(child)


def said(child: subprocess.Popen[str]) -> Any:
    """The next line of JSON it prints. Raises ``RuntimeError`` when it ends without."""
    assert child.stdout is not None
    for line in child.stdout:
        if line.startswith(("{", "[")):
            return json.loads(line)
    raise RuntimeError(f"{' '.join(map(str, child.args))} ended with status {child.wait()} before it was ready")
