"""``python -m backend``: keys are made once, start-up errors name their cure, SIGTERM ends it cleanly."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from backend import pki
from backend.run_folder import publish_ports, staff_password
from tests.backend.serving import REPO, TOKEN, ZHANG, Serving, key_of, opened_body, serving


def backend(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "backend", *arguments]
    return subprocess.run(command, cwd=REPO, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.peer
def test_init_makes_everything_once(tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert backend("init", "--run", str(run)).returncode == 0
    made = {file.name: file.read_bytes() for file in (run / "pki").iterdir()}
    assert set(made) == set(pki.FILES)
    password = (run / "staff-password").read_text()
    private = [run / "staff-password", *(file for file in (run / "pki").iterdir() if file.suffix == ".key")]
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in private)
    assert len(password.strip()) >= 16
    again = backend("init", "--run", str(run))
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert {file.name: file.read_bytes() for file in (run / "pki").iterdir()} == made
    assert (run / "staff-password").read_text() == password


@pytest.mark.parametrize(
    ("spoil", "finding"),
    [
        (lambda folder: (folder / "seal.key").unlink(), r"seal\.key: missing; delete .*pki and run init again"),
        (lambda folder: (folder / "ca.pem").write_text("no"), r"ca\.pem: not a certificate"),
        (
            lambda folder: pki.Issuer.load(folder).booth(_emptied(folder), "B9"),
            r"booth\.pem: is for booth 'B9', not B7",
        ),
    ],
    ids=["missing", "broken", "other booth"],
)
def test_init_names_what_is_broken(tmp_path: Path, spoil: object, finding: str) -> None:
    pki.init(tmp_path, "B7")
    spoil(tmp_path / "pki")  # type: ignore[operator]
    with pytest.raises(pki.PkiError, match=finding):
        pki.init(tmp_path, "B7")


def _emptied(folder: Path) -> Path:
    for name in ("booth.pem", "booth.key"):
        (folder / name).unlink()
    return folder


def test_an_interrupted_init_leaves_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*_: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pki.Issuer, "booth", full_disk)
        with pytest.raises(OSError, match="no space"):
            pki.init(tmp_path, "B7")
    assert list(tmp_path.iterdir()) == []
    assert pki.init(tmp_path, "B7")


@pytest.mark.peer
@pytest.mark.parametrize(
    ("mode", "content", "finding"),
    [
        (0o644, "a-word", r"token: mode 0644 lets others read .*; chmod 600 it"),
        (0o600, " \n", r"token: empty; write one word"),
        (None, "", r"token: No such file or directory; write one word"),
    ],
    ids=["readable for others", "empty", "missing"],
)
def test_token_file_is_private_and_there(tmp_path: Path, mode: int | None, content: str, finding: str) -> None:
    file = tmp_path / "token"
    if mode is not None:
        file.write_text(content)
        file.chmod(mode)
    done = backend("serve", "--run", str(tmp_path), "--bench-token", f"@{file}")
    assert done.returncode == 1
    assert re.search(rf"^backend: --bench-token: .*{finding}", done.stderr), done.stderr
    assert "a-word" not in done.stderr


@pytest.mark.peer
def test_token_may_be_given_as_a_word_too(tmp_path: Path) -> None:
    with serving(tmp_path, "--bench-token", "a-word-by-hand") as served:
        for word, status in (("a-word-by-hand", 200), (TOKEN, 404)):
            headers = {"X-Bench-Token": word}
            assert requests.get(f"{served.staff_url}/bench/outbox", headers=headers, timeout=30).status_code == status


@pytest.mark.peer
def test_nobody_finds_the_token_in_the_list_of_processes(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        lines = Path("/proc", str(served.process.pid), "cmdline").read_bytes()
        assert str(tmp_path).encode() in lines, "the file's place is no secret"
        assert TOKEN.encode() not in lines


def test_ports_are_merged_and_taken_out(tmp_path: Path) -> None:
    publish_ports(tmp_path, {"bench": 1, "backend": 2})
    publish_ports(tmp_path, {"backend": 3, "staff": 4})
    publish_ports(tmp_path, {"staff": None})
    assert json.loads((tmp_path / "ports.json").read_text()) == {"backend": 3, "bench": 1}
    (tmp_path / "ports.json").write_text("{broken")
    publish_ports(tmp_path, {"staff": 4})
    assert json.loads((tmp_path / "ports.json").read_text()) == {"staff": 4}


def test_the_password_is_made_once(tmp_path: Path) -> None:
    assert staff_password(tmp_path) == staff_password(tmp_path)
    assert staff_password(tmp_path) != staff_password(tmp_path / "other")


@pytest.mark.peer
def test_it_says_nothing_and_ends_cleanly(tmp_path: Path) -> None:
    publish_ports(tmp_path, {"bench": 1})
    with serving(tmp_path) as platform:
        assert json.loads((tmp_path / "ports.json").read_text()) == {"bench": 1, **platform.ports}
        platform.process.terminate()
        assert platform.process.wait(20) == 0
    assert (tmp_path / "backend.log").read_text() == ""
    assert json.loads((tmp_path / "ports.json").read_text()) == {"bench": 1}


@pytest.mark.peer
async def test_it_ends_though_an_answer_is_late(tmp_path: Path) -> None:
    with serving(tmp_path) as platform:
        platform.bench("fault", {"mode": "slow", "delay_s": 600})
        async with platform.client() as client:
            asked = asyncio.create_task(client.ask_approval("v1", "pension-alive", "张**", "1*", "?"))
            while not await asyncio.to_thread(platform.bench, "approvals"):
                assert not asked.done()
            platform.process.terminate()
            assert (await asked).state.value == "waiting"  # answered on the way out, not cut
            assert await asyncio.to_thread(platform.process.wait, 20) == 0


@pytest.mark.peer
@pytest.mark.parametrize("option", ["--port", "--staff-port"])
def test_a_taken_port_is_named(tmp_path: Path, option: str) -> None:
    pki.init(tmp_path, "B7")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = backend("serve", "--run", str(tmp_path), option, port)
    assert done.returncode == 1
    assert f"127.0.0.1 port {port}: Address already in use" in done.stderr
    assert f"choose another with {option}" in done.stderr


@pytest.mark.peer
def test_start_up_errors_name_the_cure(tmp_path: Path) -> None:
    done = backend("serve", "--run", str(tmp_path))
    assert done.returncode == 1
    assert "seal.key" in done.stderr
    assert "python -m backend init --run" in done.stderr
    pki.init(tmp_path, "B7")
    done = backend("serve", "--run", str(tmp_path), "--database", "postgresql://nobody@127.0.0.1:1/none")
    assert done.returncode == 1
    assert done.stderr.startswith("backend: --database: OperationalError")
    assert "Traceback" not in done.stderr


@pytest.mark.peer
def test_what_was_confirmed_outlives_a_restart(tmp_path: Path) -> None:
    async def confirm(platform: Serving) -> str:
        async with platform.client() as client:
            envelope = platform.envelope(1, service="pension-alive", body=opened_body(ZHANG, "face"))
            return (await client.deliver(envelope)).state.value

    async def told(platform: Serving) -> str | None:
        async with platform.client() as client:
            found: str | None = (await client.lookup("v1", key_of(ZHANG), "pension-alive")).facts["confirmed_until"]
            return found

    with serving(tmp_path) as platform:
        assert asyncio.run(told(platform)) is None
        assert asyncio.run(confirm(platform)) == "accepted"
    with serving(tmp_path) as platform:
        assert asyncio.run(told(platform))
        platform.bench("reset", {})
        assert asyncio.run(told(platform)) is None
    assert (tmp_path / "backend.db").exists()
