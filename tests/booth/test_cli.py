"""The command: late imports, one-line errors with file and cure, exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from booth.cli import booth
from kiosk.ledger.outbox import Outbox
from kiosk.ledger.states import Event
from tests.booth.stand import BOOTH_TOML, CLOSED_PORT, ROOT, environment
from tests.kiosk.ledgers import commit, open_journal


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "booth.toml"
    file.write_text(BOOTH_TOML.format(folder=tmp_path, url=CLOSED_PORT, pki=tmp_path / "pki"), encoding="utf-8")
    return file


def call(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(booth, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


@pytest.mark.parametrize("command", [["run"], ["ledger", "show"], ["ledger", "release", "B7-000001-9"]], ids=" ".join)
def test_missing_settings_are_named_with_the_cure(tmp_path: Path, command: list[str], capfd) -> None:
    status, said = call(*command, "--config", tmp_path / "nope.toml")
    said += capfd.readouterr().err
    assert status == 2
    assert f"{tmp_path / 'nope.toml'}: no such file; give the right path" in said
    assert said.count("\n") == 1


def run_booth(config: Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "booth", "run", "--config", str(config)]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr


def test_missing_certificates_are_named_with_the_cure(config: Path) -> None:
    status, said = run_booth(config)
    assert status == 2
    assert "pki/sign.pub: backend.sign_pub: No such file or directory; enrol the booth" in said
    assert said.count("\n") == 1


def test_a_key_that_is_no_key_is_named(config: Path) -> None:
    (config.parent / "pki").mkdir()
    (config.parent / "pki" / "sign.pub").write_text("feed")
    status, said = run_booth(config)
    assert status == 2
    assert "sign.pub: backend.sign_pub: not a public key of 64 hex digits" in said


def test_a_visit_process_is_not_started_by_hand(config: Path) -> None:
    status, said = call("visit-process", "--config", config)
    assert status == 2
    assert "started by `booth run` only" in said


def test_a_ledger_that_is_not_there(config: Path) -> None:
    status, said = call("ledger", "show", "--config", config)
    assert status == 2
    assert "start the booth once" in said


def test_show_and_release(config: Path) -> None:
    journal = open_journal(config.parent / "ledger")
    key, number = commit(journal)
    outbox = Outbox(journal)
    outbox.begin(key)
    outbox.settle(key, Event.PARK, reason="key-reused")
    journal.file.close()

    status, said = call("ledger", "show", "--config", config)
    assert status == 0
    assert f"{number}  2026-03-01T08:30:00Z  report-problem  parked (key-reused)\n" in said
    assert "audit log whole" in said
    assert call("ledger", "release", number, "--config", config) == (
        0,
        f"{number}: unknown; it is delivered at the next start\n",
    )
    assert call("ledger", "release", number, "--config", config)[0] == 1
    status, said = call("ledger", "show", "--config", config, "--json")
    assert json.loads(said)["state"] == "unknown"


def test_a_broken_audit_log_is_said(config: Path) -> None:
    journal = open_journal(config.parent / "ledger")
    commit(journal)
    with journal.file.write() as c:
        c.execute("UPDATE audit SET what = 'other' WHERE n = 2")
    journal.file.close()
    status, said = call("ledger", "show", "--config", config)
    assert status == 1
    assert "audit log BROKEN at event 2" in said


def test_the_keeper_imports_neither_kivy_nor_a_device() -> None:
    script = (
        "import sys; import booth.cli, booth.keeper, booth.rota, booth.ledger\n"
        "print(*sorted(m for m in sys.modules if m.split('.')[0] in"
        " {'kivy', 'cv2', 'numpy', 'hardware', 'screens', 'backend', 'bench'}))"
    )
    rings = "hardware hardware.ring"  # it sweeps what a killed visit left in shared memory
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == rings


def test_the_keeper_carries_no_validator() -> None:
    script = "import sys; import booth.keeper; print(*sorted({'pydantic', 'click'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_help_needs_no_room_of_the_house() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "booth", "--help"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    for name in ("run", "demo", "visit", "check", "ledger"):
        assert f"\n  {name} " in done.stdout
    assert "visit-process" not in done.stdout
    assert "kiosk." not in done.stderr
    assert "pydantic" not in done.stderr
