"""The glass in a window of its own: touch, keys, wipe, the bench's line, and the audit of every screen."""

from __future__ import annotations

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
