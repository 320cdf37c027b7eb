"""The journal from beside its owner: in order, with the holes that retention left, never written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from kiosk.config import ConfigError
from kiosk.ledger.file import LedgerFile
from kiosk.site.journal import MIGRATIONS, Row, SiteJournal
from kiosk.uplink.telemetry_broker import Broker, place
from kiosk.uplink.telemetry_journal import Journal, JournalGone


def row(kind: str, clock: str = "synced") -> Row:
    return Row("boot-1", 1, "2026-06-01T02:00:00.000+00:00", clock, kind, "{}")  # type: ignore[arg-type]


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[SiteJournal]:
    file = LedgerFile(tmp_path / "site.db", MIGRATIONS, min_free_bytes=0, ballast_bytes=0)
    yield SiteJournal(file)
    file.close()


@pytest.fixture
def reader(owner: SiteJournal) -> Iterator[Journal]:
    made = Journal(owner.file.path)
    yield made
    made.close()


def test_rows_come_in_order_and_alarms_can_be_had_alone(owner: SiteJournal, reader: Journal) -> None:
    assert (reader.newest(), reader.after(0, 10), reader.trust()) == (0, [], "")
    owner.write([row("evt"), row("alm"), row("tel"), row("alm", "stepped")])
    assert [one.seq for one in reader.after(1, 2)] == [2, 3]
    assert [one.seq for one in reader.alarms(0, 10)] == [2, 4]
    assert [reader.has_alarm(seq) for seq in (0, 3, 4)] == [True, True, False]
    assert (reader.newest(), reader.trust()) == (4, "stepped")


def test_long_rows_come_in_smaller_numbers(owner: SiteJournal, reader: Journal) -> None:
    owner.write([msgspec.structs.replace(row("tel"), body='{"a":"' + "x" * 300 + '"}') for _ in range(10)])
    assert len(reader.after(0, 10, at_most_bytes=1000)) == 3
    assert len(reader.after(0, 10, at_most_bytes=1)) == 1
    assert len(reader.after(0, 4)) == 4


def test_what_retention_took_still_counts(owner: SiteJournal, reader: Journal) -> None:
    owner.write([row("tel"), row("evt"), row("tel")])
    with owner.file.write() as connection:
        connection.execute("DELETE FROM events WHERE class = 'tel'")
    assert [one.seq for one in reader.after(0, 10)] == [2]
    assert reader.newest() == 3


def test_it_is_opened_again_after_a_failure_and_never_written(tmp_path: Path) -> None:
    reader = Journal(tmp_path / "site.db")
    with pytest.raises(JournalGone):
        reader.newest()
    file = LedgerFile(tmp_path / "site.db", MIGRATIONS, min_free_bytes=0, ballast_bytes=0)
    SiteJournal(file).write([row("evt")])
    assert reader.newest() == 1
    assert reader._connection is not None
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._connection.execute("DELETE FROM events")
    reader.close()
    file.close()


@pytest.mark.parametrize("text", ["", "broker", "broker:", ":8883", "broker:0", "broker:70000", "broker:x"])
def test_a_place_that_is_none_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match=r"site\.uplink\.broker"):
        place(text)


def test_without_tls_only_to_this_computer(tmp_path: Path) -> None:
    assert place("[::1]:1883") == ("::1", 1883)
    assert Broker("127.0.0.1", 1883).tls() is None
    with pytest.raises(ConfigError, match="not this computer"):
        Broker("broker.example", 8883).tls()
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(ConfigError, match="PEM"):
        Broker("127.0.0.1", 8883, str(tmp_path / "ca.pem")).tls()
