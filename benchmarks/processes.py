"""What /proc says of a process and its descendants. Knows no booth."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Weight:
    """``rss_kb``: resident; ``pss_kb``: shared pages divided by those who share them."""

    rss_kb: int
    pss_kb: int
    descriptors: int
    threads: int


def weight(pid: int) -> Weight:
    """Weigh a process. Raises ``OSError`` when it is gone."""
    memory = dict(_numbers(PROC / str(pid) / "smaps_rollup"))
    status = dict(_numbers(PROC / str(pid) / "status"))
    return Weight(memory["Rss"], memory["Pss"], len(os.listdir(PROC / str(pid) / "fd")), status["Threads"])


def _numbers(file: Path) -> list[tuple[str, int]]:
    found = []
    for line in file.read_text().splitlines():
        name, _, rest = line.partition(":")
        first = rest.split()[:1]
        if first and first[0].isdigit():
            found.append((name, int(first[0])))
    return found


def children(pid: int) -> list[int]:
    """Process ids of the direct children."""
    found: list[int] = []
    for task in (PROC / str(pid) / "task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def command(pid: int) -> list[str]:
    """Its command line, [] when it is gone."""
    try:
        return (PROC / str(pid) / "cmdline").read_text().split("\0")[:-1]
    except OSError:
        return []
