"""Fault: a service file is broken. No booth starts with half of its services; each finding names file, key and cure."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from booth.check import findings
from kiosk.visit.services import ServiceError, load_services
from tests.kiosk.visit.samples import ROOT


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "assets" / "services", tmp_path / "services")
    return tmp_path


def break_file(assets: Path, service: str, good: str, bad: str) -> Path:
    file = assets / "services" / f"{service}.toml"
    text = file.read_text(encoding="utf-8")
    assert good in text
    file.write_text(text.replace(good, bad), encoding="utf-8")
    return file


def test_every_broken_file_is_told_and_nothing_is_offered(assets: Path) -> None:
    face = break_file(assets, "pension-alive", '["face", "clerk"]', '["face"]')
    when = break_file(assets, "report-problem", 'where = "building"', 'where = "castle"')
    with pytest.raises(ServiceError) as caught:
        load_services(assets / "services")
    told = str(caught.value).splitlines()
    assert told == [
        f"{face}: identification: a face must never be the only way; add code, clerk or helper",
        f"{when}: field building: when where = castle: no such option there",
    ]
    assert [line for line in findings(None, assets)[0] if "services" in line] == told


def test_a_file_cut_short(assets: Path) -> None:
    file = assets / "services" / "report-problem.toml"
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(ServiceError, match=r"report-problem\.toml: .*(add it|correct the TOML there)"):
        load_services(assets / "services")


def test_control_unbroken_all_are_offered(assets: Path) -> None:
    assert len(load_services(assets / "services")) == 3
