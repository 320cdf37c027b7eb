"""A gateway whose network is cut: its host acknowledges nothing any more, which is another thing than a dead unit."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
APART = ["unshare", "--net", "--map-root-user"]


def _may() -> bool:
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    return subprocess.run([*APART, "ip", "link", "set", "lo", "up"], capture_output=True, check=False).returncode == 0


@pytest.mark.peer
@pytest.mark.skipif(not _may(), reason="no network of its own can be made here")
def test_it_is_gone_and_back() -> None:
    done = subprocess.run(
        [*APART, sys.executable, "-m", "tests.hardware.modbus.vanishing_gateway"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    told, cut_s, back_s = found["told"], found["cut"], found["back"]
    assert {word for at_s, word in told if at_s < cut_s} == {"answered"}
    away = [word for at_s, word in told if cut_s < at_s < back_s]
    assert "answered" not in away
    assert away[0] == "timeout"
    assert "gone" in away  # not only silent: nothing is acknowledged
    assert [word for at_s, word in told if at_s > back_s][-1] == "answered"
