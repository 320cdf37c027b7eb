"""One file, one owner: settings that are read back, versions, damage, full and failing disks."""

from __future__ import annotations

import hashlib
import os
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kiosk.ledger.file import Closed, DiskFull, InUse, LedgerFile, Unusable, read_only
from kiosk.ledger.outbox import Outbox
from kiosk.ledger.schema import MIGRATIONS
from kiosk.ledger.states import Event
from tests.kiosk.ledgers import ROOMY, commit, open_journal, sealed_body


@contextmanager
def no_file_may_grow() -> Iterator[None]:
    """Every write past 4 KiB of a file fails with EFBIG, which SQLite reports as a disk I/O error."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def open_file(folder: Path, migrations: tuple[str, ...] = MIGRATIONS, **options: int) -> LedgerFile:
    return LedgerFile(folder / "ledger.db", migrations, **{**ROOMY, **options})


def test_the_promises_of_sqlite_are_switched_on(tmp_path: Path) -> None:
    file = open_file(tmp_path)
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    assert {name: file.read(f"PRAGMA {name}")[0][0] for name in wanted} == wanted
    assert (tmp_path / "ledger.db").stat().st_mode & 0o777 == 0o600
    file.close()


def test_a_second_owner_is_refused_and_told_who_the_first_is(tmp_path: Path) -> None:
    file = open_file(tmp_path)
    with pytest.raises(InUse, match=f"in use by process {os.getpid()}; stop that one first"):
        open_file(tmp_path)
    file.close()
    open_file(tmp_path).close()


def test_a_newer_schema_is_left_alone(tmp_path: Path) -> None:
    open_file(tmp_path, (*MIGRATIONS, "CREATE TABLE later (x INTEGER) STRICT")).close()
    with pytest.raises(Unusable, match=f"schema {len(MIGRATIONS) + 1} is newer than this software"):
        open_file(tmp_path)


def test_an_older_schema_is_brought_up_and_keeps_its_rows(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    _, number = commit(journal)
    journal.file.close()
    file = open_file(tmp_path, (*MIGRATIONS, "ALTER TABLE visits ADD COLUMN pace TEXT"))
    assert file.read("PRAGMA user_version")[0][0] == len(MIGRATIONS) + 1
    assert file.read("SELECT number FROM transactions")[0]["number"] == number
    assert "pace" in file.read("SELECT * FROM visits")[0].keys()  # noqa: SIM118 - sqlite3.Row looks into values
    file.close()


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    open_file(tmp_path).close()
    with pytest.raises(Unusable):
        open_file(tmp_path, (*MIGRATIONS, "CREATE TABLE half (x INTEGER) STRICT; CREATE TABLE visits (y INTEGER)"))
    file = open_file(tmp_path)
    assert not file.read("SELECT 1 FROM sqlite_master WHERE name = 'half'")
    file.close()


@pytest.mark.parametrize(
    "content", [b"this is no database, it is a letter" * 200, b"SQLite format 3\0" + b"\xff" * 8000]
)
def test_a_damaged_file_is_named_with_its_cure(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ledger.db").write_bytes(content)
    with pytest.raises(Unusable, match=r"ledger\.db: .*put the file aside"):
        open_file(tmp_path)
    (tmp_path / "ledger.db").unlink()
    open_file(tmp_path).close()  # the failed start did not keep the lock


def test_a_page_that_rotted_is_found_at_the_start(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    for n in range(60):
        commit(journal, str(n))
    journal.file.close()
    path = tmp_path / "ledger.db"
    data = bytearray(path.read_bytes())
    data[4096 * 3 : 4096 * 4] = os.urandom(4096)
    path.write_bytes(data)
    with pytest.raises(Unusable, match="put the file aside"):
        open_file(tmp_path)


def test_below_the_reserve_nothing_new_is_promised(tmp_path: Path) -> None:
    space = os.statvfs(tmp_path)
    journal = open_journal(tmp_path, min_free_bytes=space.f_bavail * space.f_frsize * 2)
    with pytest.raises(DiskFull, match="MB free; make room"):
        journal.open_visit("report-problem")
    assert not journal.file.ballast.exists()
    journal.file.close()


def test_an_old_visit_cannot_commit_below_the_reserve_either(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    visit = journal.open_visit("report-problem")
    journal.file._min_free_bytes = journal.file.free_bytes() * 2
    with pytest.raises(DiskFull):
        commit(journal, visit=visit)
    assert journal.file.read("SELECT count(*) FROM transactions")[0][0] == 0
    journal.file.close()


def test_a_full_disk_takes_the_ballast_and_loses_nothing(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    key, _ = commit(journal)
    assert journal.file.ballast.stat().st_blocks > 0
    pages = journal.file.read("PRAGMA page_count")[0][0]
    journal.file.read(f"PRAGMA max_page_count = {pages + 1}")  # SQLITE_FULL, the same code a full disk gives
    visit = journal.open_visit("report-problem")
    with pytest.raises(DiskFull):
        commit(journal, visit=visit, sealed=(big := bytes(200_000)), digest=hashlib.sha256(big).hexdigest())
    assert not journal.file.ballast.exists()
    journal.file.read("PRAGMA max_page_count = 1000000")
    assert journal.get(key).state.value == "pending"
    _, number = commit(journal)
    assert number.startswith("B7-000002-")  # the refused one took no number
    journal.file.checkpoint()
    assert journal.file.ballast.exists()
    journal.file.close()


def test_after_a_disk_error_nothing_is_accepted_until_the_file_could_be_opened_anew(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    first, _ = commit(journal)
    visit = journal.open_visit("report-problem")
    with no_file_may_grow(), pytest.raises(Closed, match="look after the disk"):
        commit(journal, visit=visit)
    assert journal.file.reopened <= 1
    key, number = commit(journal, "next", visit=visit)  # the disk is back
    assert number.startswith("B7-000002-")
    assert journal.get(first).state.value == "pending"
    assert journal.file.reopened >= 1
    assert journal.file.read("SELECT count(*) FROM transactions WHERE key = ?", (key,))[0][0] == 1
    journal.file.close()


def test_what_was_refused_to_a_resident_but_is_in_the_file_is_parked(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    key, _ = commit(journal)
    journal._doubtful.add(key)  # as a disk error under COMMIT leaves it
    assert journal.settle_doubts() == 1
    assert (journal.get(key).state.value, journal.get(key).reason) == ("parked", "told_refused")
    assert journal.settle_doubts() == 0
    journal.file.close()


def test_a_resident_who_asked_again_after_a_disk_error_gets_the_number(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    key, number = commit(journal, "one")
    journal._doubtful.add(key)
    assert commit(journal, "one", key=key)[1] == number
    assert journal.settle_doubts() == 0
    assert journal.get(key).state.value == "pending"
    journal.file.close()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unusable, match=r"file/ledger\.db: .*writable folder"):
        LedgerFile(tmp_path / "file" / "ledger.db", MIGRATIONS)


def test_looking_at_a_ledger_changes_nothing_and_needs_no_ownership(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    _, number = commit(journal)
    connection = read_only(tmp_path / "ledger.db")
    assert connection.execute("SELECT number FROM transactions").fetchone()["number"] == number
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM transactions")
    connection.close()
    journal.file.close()
    connection = read_only(tmp_path / "ledger.db")  # and when no booth runs
    assert connection.execute("SELECT number FROM transactions").fetchone()["number"] == number
    connection.close()
    with pytest.raises(Unusable, match="start the booth once"):
        read_only(tmp_path / "nothing.db")


def test_a_dropped_body_leaves_the_medium(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    key, _ = commit(journal, "precious")
    sealed, _ = sealed_body("precious")
    on_disk = lambda: b"".join(p.read_bytes() for p in tmp_path.glob("ledger.db*"))  # noqa: E731
    assert sealed in on_disk()
    outbox = Outbox(journal)
    outbox.begin(key)
    outbox.settle(key, Event.ACCEPTED)
    assert journal.get(key).sealed is None
    outbox.tidy()
    assert sealed not in on_disk()
    journal.file.close()
