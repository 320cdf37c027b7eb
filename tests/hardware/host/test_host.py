"""The booth's own computer: what it measures, what it is told, and what it does not know."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from hardware.field import Command, Config, RawSample, Refused, Timeout
from hardware.host import OWN
from hardware.host.computer import Computer
from hardware.host.driver import HostLink

POINTS = {
    "disk": "disk_free",
    "temperature": "cpu_temperature",
    "screen": "screen",
    "printer": "printer",
    "paper": "paper",
}


@pytest.fixture
def linux(tmp_path):
    """A computer's files."""
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "meminfo").write_text(
        "MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable:  250 kB\nHugePages: 0\n"
    )
    for number, (kind, temp) in enumerate((("acpitz", "91000"), ("x86_pkg_temp", "55500"), ("iwlwifi", "x"))):
        zone = tmp_path / "sys" / "class" / "thermal" / f"thermal_zone{number}"
        zone.mkdir(parents=True)
        (zone / "type").write_text(kind + "\n")
        (zone / "temp").write_text(temp + "\n")
    return tmp_path


def computer(linux: Path) -> Computer:
    return Computer(linux, sys=linux / "sys", proc=linux / "proc")


def test_the_processor_s_own_thermometer_comes_first(linux):
    found = computer(linux).read(OWN)
    assert found["cpu_temperature"] == 55.5
    assert found["memory_free"] == 25.0
    assert 0 < found["disk_free"] <= 100
    assert found["clock"] in (0, 1) or isinstance(found["clock"], Config)


def test_else_the_hottest_that_makes_sense(linux):
    zone = linux / "sys" / "class" / "thermal" / "thermal_zone1" / "temp"
    zone.write_text("-274000\n")
    assert computer(linux).read(OWN)["cpu_temperature"] == 91.0


def test_hwmon_where_there_are_no_zones(tmp_path):
    chip = tmp_path / "sys" / "class" / "hwmon" / "hwmon0"
    chip.mkdir(parents=True)
    (chip / "name").write_text("k10temp\n")
    (chip / "temp1_input").write_text("42000\n")
    assert computer(tmp_path).read(frozenset({"cpu_temperature"})) == {"cpu_temperature": 42.0}


def test_what_is_not_there_is_named(tmp_path):
    found = computer(tmp_path / "nothing").read(OWN)
    for name in ("cpu_temperature", "memory_free", "disk_free"):
        assert isinstance(found[name], Config), name
        assert found[name].cure


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def link(linux, clock):
    ours = HostLink({"host": POINTS}, {"host": 3600.0}, computer(linux), clock)
    samples: list[RawSample] = []
    await ours.open(samples.extend)
    ours.samples = samples
    yield ours
    await ours.close()


async def looked(link) -> dict[str, object]:
    link.samples.clear()
    await link.poll("host", within_s=10)
    return {one.point: one.error or one.value for one in link.samples}


async def test_before_anybody_told_only_the_computer_is_known(link):
    found = await looked(link)
    assert found["temperature"] == 55.5
    assert {name for name, one in found.items() if isinstance(one, Timeout)} == {"screen", "printer", "paper"}
    assert not any(one.is_life for one in link.samples if one.error)
    assert link.health()["host"].answered >= 1


async def test_what_is_told_is_told_on_for_thirty_seconds(link, clock):
    link.report({"screen": 1, "printer": "online", "paper": "low", "stranger": "x"})
    clock.now += 30
    found = await looked(link)
    assert (found["screen"], found["printer"], found["paper"]) == (1, "online", "low")
    clock.now += 0.1
    assert isinstance((await looked(link))["screen"], Timeout)
    link.report({"screen": 0})
    found = await looked(link)
    assert found["screen"] == 0
    assert isinstance(found["printer"], Timeout)


async def test_a_device_that_a_booth_does_not_have_is_said_to_be_none_of_it(link):
    link.report({"screen": 1})
    assert isinstance((await looked(link))["printer"], Config)


@pytest.mark.parametrize(("printer", "paper"), [("paper_out", "out"), ("online", "unknown")])
async def test_paper_in_the_printer_s_own_word(link, printer, paper):
    link.report({"printer": printer})
    assert (await looked(link))["paper"] == paper


async def test_no_thermometer_is_one_point_s_matter(tmp_path):
    ours = HostLink({"host": {"disk": "disk_free", "heat": "cpu_temperature"}}, {"host": 3600.0}, computer(tmp_path))
    samples: list[RawSample] = []
    await ours.open(samples.extend)
    assert [one.point for one in await ours.poll("host", within_s=10)] == ["disk"]
    assert {one.point for one in samples if isinstance(one.error, Config)} == {"heat"}
    await ours.close()


async def test_a_disk_that_hangs_is_a_miss_and_holds_up_nothing(linux, monkeypatch):
    hangs = threading.Event()

    class Hanging(Computer):
        def read(self, wanted):
            hangs.wait(30)
            return super().read(wanted)

    monkeypatch.setattr("hardware.host.driver.WITHIN_S", 0.05)
    ours = HostLink({"host": {"disk": "disk_free"}}, {"host": 3600.0}, Hanging(linux))
    await ours.open(lambda _: None)
    for _ in range(2):
        with pytest.raises(Timeout, match="hangs"):
            await ours.poll("host", within_s=10)
    hangs.set()
    await ours.close()


def test_a_measure_that_nobody_knows():
    with pytest.raises(Config, match="no such measure: mood"):
        HostLink({"host": {"a": "mood"}}, {"host": 1.0})


async def test_takes_no_commands(link):
    with pytest.raises(Refused):
        await link.command(Command("host", "disk", 1), within_s=1)
