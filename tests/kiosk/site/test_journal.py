"""site.db: numbers that are never used again, what is kept with its cause, what goes and what never does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.ledger.file import LedgerFile, read_only
from kiosk.site.journal import MIGRATIONS, SITE_FILE, Acted, Kind, Row, SiteJournal, last_rows, rows_after

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[LedgerFile]:
    file = LedgerFile(tmp_path / SITE_FILE, MIGRATIONS, ballast_bytes=0)
    yield file
    file.close()


def row(kind: Kind = "alm", body: str = "{}", at: datetime = NOON) -> Row:
    return Row(boot="b", mono_ms=1, at=at.isoformat(timespec="milliseconds"), clock="synced", kind=kind, body=body)


def test_rows_come_back_in_order_with_their_numbers(file: LedgerFile) -> None:
    journal = SiteJournal(file)
    assert journal.write([row(), row("tel", '{"points":[]}')]) == 2
    assert [(one.seq, one.kind) for one in journal.after(0, 10)] == [(1, "alm"), (2, "tel")]
    assert [one.seq for one in journal.after(1, 10)] == [2]
    assert [one.seq for one in journal.after(0, 1)] == [1]
    assert journal.last_seq == 2


def test_a_number_is_never_used_again(file: LedgerFile) -> None:
    journal = SiteJournal(file)
    journal.write([row(), row()])
    with file.write() as connection:
        connection.execute("DELETE FROM events")
    assert SiteJournal(file).last_seq == 2
    assert SiteJournal(file).write([row()]) == 3


def test_a_reader_beside_the_owner_sees_the_same(file: LedgerFile) -> None:
    journal = SiteJournal(file)
    journal.write([row(), row("evt"), row("tel")])
    connection = read_only(file.path)
    try:
        assert rows_after(connection, 0, 10) == journal.after(0, 10)
        assert [one.kind for one in last_rows(connection, 2)] == ["evt", "tel"]
        assert [one.kind for one in last_rows(connection, 2, ("alm",))] == ["alm"]
    finally:
        connection.close()


def test_what_is_kept_goes_with_its_rows_or_not_at_all(file: LedgerFile) -> None:
    journal = SiteJournal(file)
    with pytest.raises(Exception, match="CHECK"):
        journal.write([row(), row("odd")], {"watch": "new"})  # type: ignore[arg-type]
    assert journal.kept("watch") is None
    assert (journal.after(0, 10), journal.last_seq) == ([], 0)
    journal.write([row()], {"watch": "new"})
    assert SiteJournal(file).kept("watch") == "new"


def test_delivered_only_rises_and_never_beyond_what_there_is(file: LedgerFile) -> None:
    journal = SiteJournal(file)
    journal.write([row(), row(), row()])
    journal.delivered(2)
    journal.delivered(1)
    assert SiteJournal(file).delivered_seq == 2
    journal.delivered(99)
    assert SiteJournal(file).delivered_seq == 3


def test_answers_to_acts_outlive_the_process_and_the_first_one_stays(file: LedgerFile) -> None:
    journal = SiteJournal(file)
    journal.write((), acts=[Acted("a", "x", "done", ""), Acted("b", "y", "refused", "why")])
    journal.write((), acts=[Acted("a", "z", "other", "")])
    assert SiteJournal(file).acts() == [Acted("a", "x", "done", ""), Acted("b", "y", "refused", "why")]


def test_only_what_was_delivered_grows_old(file: LedgerFile) -> None:
    journal = SiteJournal(file)
    old = NOON - timedelta(days=31)
    journal.write([row("alm", at=old), row("tel", at=old), row("alm", at=old), row("alm")])
    journal.delivered(2)
    assert journal.retain(NOON) == 2
    assert [one.seq for one in journal.after(0, 10)] == [3, 4]
    assert journal.retain(NOON) == 0


def test_when_there_is_too_much_telemetry_goes_first_and_an_unsent_alarm_never(file: LedgerFile) -> None:
    journal = SiteJournal(file)
    long = '{"x":"' + "x" * 2000 + '"}'
    kinds: tuple[Kind, ...] = ("alm", "evt", "tel", "cmd")
    journal.write([row(kind, long) for kind in kinds for _ in range(50)])
    journal.delivered(10)  # of the alarms

    def left() -> set[tuple[str, int]]:
        rows = journal.after(0, 1000)
        return {(kind, sum(one.kind == kind for one in rows)) for kind in kinds}

    assert journal.retain(NOON, max_bytes=1) == 50
    assert left() == {("alm", 50), ("evt", 50), ("tel", 0), ("cmd", 50)}
    assert journal.retain(NOON, max_bytes=1) == 10
    assert left() == {("alm", 40), ("evt", 50), ("tel", 0), ("cmd", 50)}
    assert journal.retain(NOON, max_bytes=1) == 50
    assert left() == {("alm", 40), ("evt", 0), ("tel", 0), ("cmd", 50)}
    assert journal.retain(NOON, max_bytes=1) == 0
    assert left() == {("alm", 40), ("evt", 0), ("tel", 0), ("cmd", 50)}
