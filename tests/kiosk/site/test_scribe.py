"""The writing thread: everything is written, what belongs together together; a bad disk costs rows by their rank."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.ledger.file import LedgerFile
from kiosk.site import scribe as module
from kiosk.site.journal import MIGRATIONS, SITE_FILE, Acted, Kind, SiteJournal
from kiosk.site.scribe import WAITING, Entry, Scribe


def entry(kind: Kind = "alm", **body: object) -> Entry:
    return Entry(kind, body, 1.5, 1_780_000_000.25, "synced")


def opened(folder: Path, min_free_bytes: int = 0) -> LedgerFile:
    return LedgerFile(folder / SITE_FILE, MIGRATIONS, min_free_bytes=min_free_bytes, ballast_bytes=0)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[LedgerFile]:
    file = opened(tmp_path)
    yield file
    file.close()


def test_what_was_handed_over_is_written_in_its_order(file: LedgerFile) -> None:
    journal = SiteJournal(file)
    scribe = Scribe(journal, "boot-1")
    scribe.start()
    scribe.put([entry("tel", n=1), entry("alm", n=2)], {"watch": {"n": 1}})
    scribe.put([entry("evt", n=3)], {"watch": {"n": 2}}, [Acted("a", "x", "done", "")])
    scribe.delivered(1)
    assert scribe.end()
    rows = journal.after(0, 10)
    assert [(one.kind, json.loads(one.body)["n"]) for one in rows] == [("tel", 1), ("alm", 2), ("evt", 3)]
    assert (rows[0].boot, rows[0].mono_ms, rows[0].at) == ("boot-1", 1500, "2026-05-28T20:26:40.250+00:00")
    assert journal.kept("watch") == '{"n":2}'
    assert journal.acts() == [Acted("a", "x", "done", "")]
    assert journal.delivered_seq == 1
    assert (scribe.depth, scribe.lost, scribe.state) == (0, 0, "")


def test_a_disk_that_is_gone_keeps_what_waits_and_names_why(file: LedgerFile) -> None:
    said: list[str] = []
    scribe = Scribe(SiteJournal(file), "b", said.append)
    file.close()
    scribe.put([entry(n=1), entry("tel", n=2)], {"watch": {}})
    scribe.start()
    assert not scribe.end()
    assert (scribe.state, said[-1]) == ("ledger_closed", "ledger_closed")
    assert scribe.depth >= 1


def test_on_a_disk_that_is_nearly_full_telemetry_makes_room_for_alarms(tmp_path: Path) -> None:
    file = opened(tmp_path, min_free_bytes=2**62)
    journal = SiteJournal(file)
    scribe = Scribe(journal, "b")
    scribe.put([entry("tel"), entry("alm"), entry("tel")])
    scribe.start()
    assert scribe.end()
    assert [one.kind for one in journal.after(0, 10)] == ["alm"]
    assert (scribe.state, scribe.lost) == ("disk_full", 2)
    file.close()


def test_no_alarm_goes_because_of_telemetry(file: LedgerFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING", {**WAITING, "tel": 3})
    journal = SiteJournal(file)
    scribe = Scribe(journal, "b")
    scribe.put([entry("alm", n=0)])
    for number in range(1, 6):
        scribe.put([entry("tel", n=number)])
    assert (scribe.depth, scribe.lost) == (4, 2)
    scribe.start()
    assert scribe.end()
    assert [json.loads(one.body)["n"] for one in journal.after(0, 10)] == [0, 3, 4, 5]


def test_a_burst_is_all_there(file: LedgerFile) -> None:
    journal = SiteJournal(file)
    scribe = Scribe(journal, "b")
    scribe.start()
    scribe.put([entry("evt", n=number) for number in range(2_000)])
    assert scribe.end()
    assert journal.last_seq == 2_000
    assert scribe.lost == 0


@pytest.mark.slow
def test_a_disk_that_hangs_is_named_while_it_does_and_when_it_is_over(
    file: LedgerFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HUNG_S", 0.0)
    journal = SiteJournal(file)
    scribe = Scribe(journal, "b")
    assert scribe.trouble(1.0) == ""
    with file.write():  # somebody has the file: the writer waits for it
        scribe.put([entry("alm")])
        scribe.start()
        while scribe.trouble(1e12) == "":
            pass
        assert scribe.trouble(1e12) == "disk_hung"
        scribe.put([entry("alm")])
    while scribe.depth:
        pass
    scribe.put([entry("alm")])
    assert scribe.end()
    assert {"what": "disk_hung", "is_over": True, "lost_rows": 0} in [
        json.loads(row.body) for row in journal.after(0, 10) if row.kind == "mark"
    ]
