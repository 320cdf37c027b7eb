"""``booth demo``: one line says where to look, Ctrl-C ends all of it, a second one says so, a dead part is named."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from booth.demo import display_mode
from tests.bench.conftest import Site, until

pytestmark = pytest.mark.peer
ROOT = Path(__file__).parents[2]


def environment(**more: str) -> dict[str, str]:
    found = {**os.environ, "BOOTH_BENCH_PORT": "0", **more}
    for name in ("DISPLAY", "BOOTH_MODELS", "BOOTH_TEST_FACES"):
        found.pop(name, None)
    return found


@contextmanager
def demo(run: Path, **more: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "booth", "demo", "--run", str(run)],
        cwd=ROOT,
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=30)


def using(run: Path) -> list[str]:
    """Command lines of all processes that have the run folder in them."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(run) in line:
                found.append(line)
    return found


@pytest.mark.screen
def test_demo_from_one_line_to_nothing_left(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with demo(run) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert re.fullmatch(r"Booth ready: http://127\.0\.0\.1:\d+/ \(Ctrl-C ends it\)\n", line), line
        assert len(using(run)) >= 4
        token = (run / "bench-token").read_text().strip()
        assert token
        assert not [line for line in using(run) if token in line], "any user could read it there"
        second = subprocess.run(
            [sys.executable, "-m", "booth", "demo", "--run", str(run)],
            cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        assert second.returncode == 2
        assert line.split()[2] in second.stderr, "the second says where the first one is"
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        rest, troubles = process.communicate(timeout=30)
        assert (process.returncode, rest, troubles) == (0, "", "")
        assert time.monotonic() - began < 15
    until(lambda: not using(run), f"the end of every process, but there is {using(run)}", 5)
    assert not (run / "remote.sock").exists() or not using(run)
    assert {"backend.log", "bench.log", "booth.log"} <= {file.name for file in run.iterdir()}


def test_part_that_dies_is_named_with_its_last_words(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "keypad.fifo").write_text("this is no FIFO")
    with demo(run) as process:
        _, troubles = process.communicate(timeout=90)
        assert process.returncode == 2
        assert "bench ended" in troubles
        assert "bench.log" in troubles
        assert "keypad.fifo" in troubles
    assert not using(run)


def test_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with demo(tmp_path / "run", BOOTH_BENCH_PORT=str(port)) as process:
            _, troubles = process.communicate(timeout=90)
    assert process.returncode == 2
    assert f"port {port}" in troubles
    assert "--port" in troubles


def test_wrong_port_is_named(tmp_path: Path) -> None:
    with demo(tmp_path / "run", BOOTH_BENCH_PORT="eighty") as process:
        _, troubles = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "BOOTH_BENCH_PORT=eighty" in troubles


def test_children_end_with_a_killed_parent(tmp_path: Path) -> None:
    """Even when the command itself is killed nothing is left behind."""
    run = tmp_path / "run"
    with demo(run) as process:
        until(lambda: len(using(run)) >= 4, "the command, backend, bench and the card reader's daemon", 30)
        process.kill()
        process.wait()
        until(lambda: not using(run), "the end of the children", 15)


@pytest.mark.parametrize(
    ("display", "driver", "windowed", "mode"),
    [
        ("", "", False, "offscreen"),
        (":0", "", False, "fullscreen"),
        (":0", "", True, "windowed"),
        (":0", "offscreen", True, "offscreen"),
    ],
)
def test_where_the_screen_appears(
    monkeypatch: pytest.MonkeyPatch, display: str, driver: str, windowed: bool, mode: str
) -> None:
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.setenv("SDL_VIDEODRIVER", driver)
    assert display_mode(windowed) == mode


@pytest.mark.screen
def test_bench_of_a_running_booth_sees_it(booth: Site) -> None:
    shown = booth.state()["booth"]
    assert shown["is_lit"]
    assert shown["question"]["name"] == "Welcome"
