"""The benchmarks' command: what it names, what it prints, what it refuses. Never a time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import catalogue
from benchmarks.__main__ import main
from benchmarks.figure import Figure, Options, Unavailable, percentile, slope, table

ROOT = Path(__file__).parents[2]
KEYS = ["name", "value", "unit", "reference", "reference_value", "ratio", "goal", "ok"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_every_figure_is_listed_once_as_room_and_what():
    done = run("--list")
    assert done.returncode == 0
    listed = [line.split()[0] for line in done.stdout.splitlines()]
    assert listed == catalogue.names()
    assert len(set(listed)) == len(listed)
    assert all(name.count(".") == 1 for name in listed)
    wanted = {"screen.start", "screen.next_welcome", "screen.touch", "screen.change", "screen.click_to_pixel",
              "visit.pension", "memory.keeper", "memory.growth_keeper"}  # fmt: skip
    assert wanted <= set(listed)


def test_a_name_is_a_prefix(capsys):
    assert main(["--list", "memory.growth", "keeper"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert listed == ["memory.growth_keeper", "memory.growth_bench", "memory.growth_platform", "keeper.commit"]


def test_an_unknown_name_is_an_error():
    done = run("keeper.nothing")
    assert done.returncode == 2
    assert "no benchmark is called 'keeper.nothing'" in done.stderr
    assert done.stdout == ""


def test_json_lines_have_the_keys():
    done = run("keeper.commit", "--json", "--rounds", "0.05")
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert list(found) == KEYS
    assert found["name"] == "keeper.commit"
    assert found["value"] > 0
    assert found["reference_value"] > 0


@pytest.mark.parametrize(
    ("value", "reference", "at_most", "times", "is_ok"),
    [(900, 400, 1000, 3, True), (1100, 400, 1000, 3, False), (900, 200, 1000, 3, False), (5, None, None, 2, False),
     (5, 1, None, None, None)],
)  # fmt: skip
def test_a_goal_holds_for_the_value_and_for_the_ratio(value, reference, at_most, times, is_ok):
    figure = Figure("screen.start", value, "ms", "bare", reference, at_most, times)
    assert figure.ok is is_ok
    assert json.loads(figure.as_json())["ok"] is is_ok
    assert ("MISSED" in table([figure])) is (is_ok is False)


def test_a_broken_benchmark_is_named_and_the_others_still_run(monkeypatch, capsys):
    def run_one(self, options: Options) -> list[Figure]:
        if self.names == ("card.read",):
            raise RuntimeError("the daemon fell over")
        if "face.match" in self.names:
            raise Unavailable("BOOTH_MODELS is not set")
        return [Figure(name, 1.0, "ms", "bare") for name in self.names]

    monkeypatch.setattr(catalogue.Benchmark, "run", run_one)
    assert main(["card.read", "face.match", "keeper.commit", "--json"]) == 1
    shown = capsys.readouterr()
    assert [json.loads(line)["name"] for line in shown.out.splitlines()] == ["keeper.commit"]
    assert "card.read: crashed: RuntimeError: the daemon fell over" in shown.err
    assert "face.match: skipped: BOOTH_MODELS is not set" in shown.err
    assert main(["face.match"]) == 0


def test_percentile_and_slope():
    assert percentile([5, 1, 3], 50) == 3
    assert percentile(range(1, 101), 95) == 95
    assert slope([0, 2, 4, 106, 8, 10]) == pytest.approx(2)
    assert slope([7.0]) == 0
