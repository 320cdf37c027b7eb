"""The glass in a window of its own: touch, keys, wipe, the bench's line, and the audit of every screen."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.screens.theatre import perform

pytestmark = pytest.mark.screen


def _broken(findings: dict[str, Any]) -> dict[str, Any]:
    return {check: found for check, found in findings.items() if found is not True}


def test_fingers() -> None:
    """R6-R8: acts on release, one finger, no echo, sliding off cancels."""
    assert _broken(perform("play_touch")) == {"nothing before release": [], "touches left over": 0}


def test_keys_and_drafts() -> None:
    """R9: two keys reach everything in 15 moves; what was typed stays with its question."""
    assert _broken(perform("play_keys")) == {"farther than 15 moves": {}}


def test_full_screen_covers_whatever_panel_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A display smaller than booth.toml says; without SDL's full screen, which waits for a window manager."""
    with _display("768x1366", tmp_path) as name:
        monkeypatch.setenv("DISPLAY", name)
        monkeypatch.setenv("SDL_VIDEODRIVER", "x11")
        found = perform("play_panel", "1080", "1920")
    assert found == {
        "panel": [768, 1366],
        "glass": [768, 1366],
        "at": [0, 0],
        "pixels": [768, 1366, True],
        "is SDL's full screen": False,
    }


@contextlib.contextmanager
def _display(size: str, folder: Path) -> Iterator[str]:
    """An X server without a monitor; its name."""
    told = folder / "display"
    with told.open("wb") as tell:
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(tell.fileno()), "-screen", "0", f"{size}x24", "-nolisten", "tcp"],
            pass_fds=(tell.fileno(),), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        until_s = time.monotonic() + 20
        while not told.read_text().strip():
            assert server.poll() is None, "Xvfb ended"
            assert time.monotonic() < until_s, "Xvfb did not start"
            time.sleep(0.05)
        yield f":{told.read_text().strip()}"
    finally:
        server.terminate()
        server.wait(10)


def test_documents() -> None:
    assert perform("play_documents") == {
        "kept over a change of language": ["L898"],
        "no more than eight figures": ["11111111"],
        "letters said aloud": [],
        "the same screen": True,
        "share": 0.8,
        "name": ["E*** A***"],
        "told": ["update", "update"],
        "a failed reading is another screen": True,
        "nothing is left of the name": "",
        "can write": [True, False, False],
    }


def test_nothing_grows_and_nothing_stays() -> None:
    findings = perform("play_wipe")
    assert findings.pop("descriptors and widgets grew by") == [0, 0]
    assert _broken(findings) == {"caches": [], "lines kept": 0, "screens left": 0, "home": 0o500}


def test_remote(tmp_path: Path) -> None:
    findings = _broken(perform("play_remote", str(tmp_path / "remote.sock")))
    assert findings == {
        "mode": "0o600",
        "hello": [1080, 1920, 102.5],
        "question": ["ChooseService", ["pension-alive", "contribution-certificate", "report-problem"]],
        "can be chosen": {"pension-alive": True, "contribution-certificate": False, "report-problem": True},
        "private": [True, False],
        "shot": [7, True],
        "outcome": "B7-000001-8",
        "a new client is told the question": "AskField",
    }


@pytest.mark.parametrize(
    "cases",
    [("1,default,zh", "1,default,en", "1,white_on_black,zh"), ("3,default,zh", "3,default,en", "3,black_on_white,zh")],
)
def test_audit(cases: tuple[str, ...]) -> None:
    """R1-R5, R9, R10 over every question and overlay: sizes x languages x themes."""
    assert perform("play_audit", *cases)["findings"] == {}


def test_audit_can_fail() -> None:
    """The control: letters too small, targets too near and too high, a theme too pale are all found."""
    findings = perform("play_audit", "--broken")["findings"]
    rules = {finding.split()[0] for found in findings.values() for finding in found}
    assert {"R1", "R3", "R5", "R10", "reach"} <= rules
