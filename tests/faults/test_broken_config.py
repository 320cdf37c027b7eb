"""Fault: booth.toml is broken. Neither the booth nor its check starts; one line names file, key and cure."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from booth.cli import booth
from kiosk.config import load
from tests.kiosk.test_config import GOOD

FAULTS = {
    "torn": (GOOD[:120], "correct the TOML there"),
    "misspelt": (GOOD.replace("folder", "foldr"), "ledger.folder: missing: add it"),
    "bench on the street": (
        GOOD.replace('id = "B7"', 'id = "B7"\nis_enrolled = true') + '[bench]\nremote = "remote.sock"\n',
        "bench.remote: not allowed on an enrolled booth; remove it",
    ),
}


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize("fault", FAULTS)
def test_the_booth_says_what_is_wrong_and_does_not_start(fault: str, command: str, tmp_path: Path) -> None:
    text, problem = FAULTS[fault]
    file = tmp_path / "booth.toml"
    file.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(booth, [command, "--config", str(file)])
    assert done.exit_code == 2
    assert isinstance(done.exception, SystemExit)  # no traceback
    assert f"{file}: " in done.stderr
    assert problem in done.stderr
    assert not [*tmp_path.glob("**/ledger.db")]


def test_control_the_same_file_unbroken_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "booth.toml"
    file.write_text(GOOD, encoding="utf-8")
    assert load(file).booth.id == "B7"
