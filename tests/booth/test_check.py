"""``booth check``: every finding in one line, what is merely missing as a note, and nothing said of a good booth."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from booth.check import findings, run_check
from booth.cli import booth as command
from booth.visit import ASSETS

TOML = """
[booth]
id = "B7"
community = "幸福里社区"
[ledger]
folder = "ledger"
[backend]
url = "https://localhost:8443"
ca = "pki/ca.pem"
certificate = "pki/booth.pem"
key = "pki/booth.key"
seal_pub = "pki/seal.pub"
sign_pub = "pki/sign.pub"
"""
FILES = ("fonts/NotoSansSC-Regular.otf", "fonts/NotoSansSC-Bold.otf", "sounds/touch.wav")


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    """Assets as set-up leaves them; what is in the files does not matter here."""
    folder = tmp_path / "assets"
    for file in FILES:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    shutil.copytree(ASSETS / "services", folder / "services")
    shutil.copytree(ASSETS / "translations", folder / "translations")
    return folder


@pytest.fixture
def config(tmp_path: Path) -> Path:
    pki = tmp_path / "pki"
    pki.mkdir()
    for name in ("ca.pem", "booth.pem", "booth.key"):
        (pki / name).touch()
    for name in ("seal.pub", "sign.pub"):
        (pki / name).write_text("ab" * 32 + "\n", encoding="ascii")
    file = tmp_path / "booth.toml"
    file.write_text(TOML, encoding="utf-8")
    return file


def test_a_good_booth(assets: Path, config: Path) -> None:
    assert findings(config, assets) == ([], [f"{config}: face.pack: none; only the ways without a face are offered"])


def test_without_settings_only_the_assets_are_looked_at(assets: Path) -> None:
    assert findings(None, assets) == ([], [])


@pytest.mark.parametrize("file", FILES)
def test_a_missing_asset(file: str, assets: Path) -> None:
    (assets / file).unlink()
    assert findings(None, assets)[0] == [f"{assets / file}: missing; run `make setup`"]


@pytest.mark.parametrize(("key", "name"), [("ca", "ca.pem"), ("certificate", "booth.pem"), ("key", "booth.key")])
def test_a_missing_certificate(key: str, name: str, assets: Path, config: Path) -> None:
    (config.parent / "pki" / name).unlink()
    problems, _ = findings(config, assets)
    assert problems == [f"{config}: backend.{key}: no such file; enrol the booth, or correct the path"]


@pytest.mark.parametrize("name", ["seal", "sign"])
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "No such file or directory; enrol the booth, or correct the path"),
        ("not hex", "not a public key of 64 hex digits; enrol the booth again"),
        ("abcd", "not a public key of 64 hex digits; enrol the booth again"),
        ("äöü", "not a public key of 64 hex digits; enrol the booth again"),
    ],
)
def test_a_broken_key(name: str, content: str | None, problem: str, assets: Path, config: Path) -> None:
    file = config.parent / "pki" / f"{name}.pub"
    file.unlink()
    if content is not None:
        file.write_text(content, encoding="utf-8")
    assert findings(config, assets)[0] == [f"{file}: backend.{name}_pub: {problem}"]


def test_broken_services_and_settings_are_told_together(assets: Path, config: Path) -> None:
    service = assets / "services" / "pension-alive.toml"
    service.write_text(service.read_text(encoding="utf-8").replace('["face", "clerk"]', '["face"]'), encoding="utf-8")
    config.write_text(TOML + "[camera]\ncolour = 1\n", encoding="utf-8")
    assert findings(config, assets)[0] == [
        f"{service}: identification: a face must never be the only way; add code, clerk or helper",
        f"{config}: camera.colour: unknown key: remove it or correct its spelling",
    ]


def test_a_model_pack_that_is_not_there_is_a_note(assets: Path, config: Path) -> None:
    config.write_text(TOML + '[face]\npack = "models"\n', encoding="utf-8")
    problems, (note,) = findings(config, assets)
    assert problems == []
    assert note.startswith(f"{config}: face.pack: ")
    assert note.endswith("; only the ways without a face are offered")


# -- the command ------------------------------------------------------------------------------------------------------


def test_the_command_says_what_is_wrong_and_fails(config: Path) -> None:
    config.write_text(TOML.replace('id = "B7"', 'id = "b7"'), encoding="utf-8")
    done = CliRunner().invoke(command, ["check", "--config", str(config)])
    assert done.exit_code == 2
    assert f"{config}: booth.id: String should match pattern" in done.stderr
    assert "ok:" not in done.stdout


def test_the_command_is_content_with_what_ships(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not all((ASSETS / file).is_file() for file in FILES):
        pytest.skip("fonts and sounds are made by `make setup`")
    assert run_check(config) == 0
    said = capsys.readouterr().out
    assert "ok: 3 services (pension-alive, contribution-certificate, report-problem)" in said
    assert f"note: {config}: face.pack: none" in said
