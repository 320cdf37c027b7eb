"""Visits, transactions, receipts and the audit chain: one method, one durable transaction."""

from __future__ import annotations

import hashlib
import sqlite3
import uuid
from pathlib import Path

import pytest

from kiosk.ledger import audit
from kiosk.ledger.file import read_only
from kiosk.ledger.journal import BadCommit, Journal, KeyReused, UnknownTransaction, UnknownVisit
from kiosk.ledger.outbox import Outbox
from kiosk.ledger.states import Event, IllegalStep, State
from tests.kiosk.ledgers import commit, open_journal


@pytest.fixture
def journal(tmp_path: Path):
    journal = open_journal(tmp_path)
    yield journal
    journal.file.close()


def chain_break(journal: Journal) -> int | None:
    return audit.first_break(journal.file.read("SELECT * FROM audit ORDER BY n"))


def acknowledge(journal: Journal, key: str, event: Event = Event.ACCEPTED) -> State:
    outbox = Outbox(journal)
    outbox.begin(key)
    return outbox.settle(key, event)


def test_the_sequence_has_no_gaps_whatever_is_refused_in_between(journal: Journal) -> None:
    numbers = []
    for n in range(10):
        key, number = commit(journal, str(n))
        numbers.append(number)
        with pytest.raises(BadCommit):
            commit(journal, str(n), digest="0" * 64)
        with pytest.raises(UnknownVisit):
            commit(journal, str(n), visit="nobody")
        with pytest.raises(UnknownTransaction):
            commit(journal, str(n), reverses=str(uuid.uuid4()))
        with pytest.raises(KeyReused):
            commit(journal, "another body", key=key)
    assert [int(number.split("-")[1]) for number in numbers] == list(range(1, 11))
    assert Outbox(journal).gaps() == []


def test_a_row_that_disappeared_is_a_gap(journal: Journal) -> None:
    for n in range(3):
        commit(journal, str(n))
    with journal.file.write() as c:
        c.execute("DELETE FROM transactions WHERE seq = 2")
    assert Outbox(journal).gaps() == [2]


def test_the_same_key_and_body_give_the_same_number(journal: Journal) -> None:
    key, number = commit(journal, "body")
    assert commit(journal, "body", key=key) == (key, number)
    assert journal.file.read("SELECT count(*) FROM transactions")[0][0] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "no-uuid"},
        {"key": "b0056e38-e6b0-11f1-b317-02fc00000001"},  # RFC 9562 version 1: of a clock and a machine
        {"service": "Not a service"},
        {"digest": "zz"},
    ],
    ids=str,
)
def test_a_malformed_commit_is_refused(journal: Journal, wrong: dict[str, str]) -> None:
    with pytest.raises(BadCommit):
        commit(journal, **wrong)
    assert journal.file.read("SELECT count(*) FROM transactions")[0][0] == 0


def test_a_closed_visit_commits_nothing(journal: Journal) -> None:
    visit = journal.open_visit("report-problem")
    assert journal.close_visit(visit, "cancelled")
    assert not journal.close_visit(visit, "served")
    with pytest.raises(UnknownVisit):
        commit(journal, visit=visit)
    assert journal.file.read("SELECT outcome FROM visits")[0]["outcome"] == "cancelled"


def test_the_receipt_after_the_answer(journal: Journal) -> None:
    key, _ = commit(journal)
    assert acknowledge(journal, key) is State.ACKED
    assert journal.receipt_issued(key, "owed") is State.RECEIPT_OWED
    assert journal.receipt_issued(key, "printed") is State.RECEIPTED
    assert journal.receipt_issued(key, "printed") is State.RECEIPTED
    assert journal.receipt_issued(key, "owed") is State.RECEIPTED
    row = journal.file.read("SELECT receipt_how, copies FROM transactions")[0]
    assert tuple(row) == ("printed", 2)


@pytest.mark.parametrize(
    ("how", "state"), [("printed", State.RECEIPTED), ("shown", State.RECEIPTED), ("owed", State.RECEIPT_OWED)]
)
def test_a_receipt_that_left_before_the_answer_counts_when_it_comes(journal: Journal, how: str, state: State) -> None:
    key, _ = commit(journal)
    assert journal.receipt_issued(key, how) is State.PENDING
    assert acknowledge(journal, key) is state


def test_a_rejection_is_final_with_or_without_a_receipt(journal: Journal) -> None:
    key, _ = commit(journal)
    journal.receipt_issued(key, "printed")
    assert acknowledge(journal, key, Event.REJECTED) is State.REJECTED
    assert journal.get(key).sealed is None
    with pytest.raises(IllegalStep):
        Outbox(journal).begin(key)


def test_receipts_that_are_no_receipts(journal: Journal) -> None:
    key, _ = commit(journal)
    with pytest.raises(BadCommit):
        journal.receipt_issued(key, "eaten")
    with pytest.raises(UnknownTransaction):
        journal.receipt_issued(str(uuid.uuid4()), "printed")


def test_a_reversal_is_a_transaction_of_its_own_that_links_the_original(journal: Journal) -> None:
    original, _ = commit(journal, "one")
    acknowledge(journal, original)
    reversal, _ = commit(journal, "take it back", reverses=original)
    assert journal.get(original).state is State.REVERSAL_PENDING
    assert [item.key for item in Outbox(journal).waiting()] == [reversal]
    assert acknowledge(journal, reversal) is State.ACKED
    assert journal.get(original).state is State.REVERSED


def test_a_final_transaction_cannot_be_taken_back(journal: Journal) -> None:
    original, _ = commit(journal, "one")
    acknowledge(journal, original)
    journal.receipt_issued(original, "printed")
    with pytest.raises(IllegalStep):
        commit(journal, "take it back", reverses=original)
    assert Outbox(journal).gaps() == []


def test_recovery_closes_visits_and_asks_about_what_was_under_way(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    key, _ = commit(journal)
    journal.open_visit("pension-alive")
    Outbox(journal).begin(key)
    journal.file.close()

    journal = open_journal(tmp_path)
    assert Outbox(journal).recover() == 1
    assert journal.get(key).state is State.UNKNOWN
    assert journal.get(key).sealed is not None
    assert {row["outcome"] for row in journal.file.read("SELECT outcome FROM visits")} == {"interrupted"}
    assert Outbox(journal).recover() == 0
    assert chain_break(journal) is None
    journal.file.close()


def test_every_step_is_in_the_audit_chain_and_the_chain_holds(journal: Journal) -> None:
    key, number = commit(journal)
    acknowledge(journal, key)
    journal.receipt_issued(key, "printed")
    whats = [row["what"] for row in journal.file.read("SELECT what FROM audit ORDER BY n")]
    assert whats == ["visit_opened", "committed", "attempt", "accepted", "receipt_issued"]
    assert all(number in row["detail"] for row in journal.file.read("SELECT detail FROM audit WHERE n > 1"))
    assert chain_break(journal) is None


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE audit SET what = 'accepted' WHERE n = 3", 3),
        ("UPDATE audit SET detail = '{}' WHERE n = 1", 1),
        ("DELETE FROM audit WHERE n = 2", 2),
        ("UPDATE audit SET hash = (SELECT hash FROM audit WHERE n = 1) WHERE n = 4", 4),
    ],
)
def test_a_changed_or_removed_event_shows(tmp_path: Path, journal: Journal, change: str, found: int) -> None:
    for n in range(3):
        commit(journal, str(n))
    with sqlite3.connect(tmp_path / "ledger.db") as intruder:
        intruder.execute(change)
    intruder.close()
    connection = read_only(tmp_path / "ledger.db")
    assert audit.first_break(connection.execute("SELECT * FROM audit ORDER BY n")) == found
    connection.close()


def test_the_hash_of_the_first_event_is_as_written_down() -> None:
    """h(1) = SHA-256(h(0) || canonical event), h(0) = SHA-256("booth-audit-1")."""
    event = audit.canonical(1, "2026-03-01T08:30:00Z", "", "started", "{}")
    assert event == b'[1,"2026-03-01T08:30:00Z","","started","{}"]'
    assert audit.GENESIS == "5d39209938091790e9861a1a6956d4babb87ec26879fa8279bdbd49fd07a52b8"
    by_hand = hashlib.sha256(bytes.fromhex(audit.GENESIS) + event).hexdigest()
    assert audit.chained(audit.GENESIS, event) == by_hand


@pytest.mark.parametrize(
    "personal", ["张秀英", "110105194912310022", "13800138000", "who are you?", "a b", "x" * 65, "id-1101051949-2"]
)
def test_what_may_be_personal_is_withheld_from_the_audit_log(journal: Journal, personal: str) -> None:
    journal.note("consent_face", {"by": personal, personal: "x"})
    journal.note(personal)
    journal.close_visit(journal.open_visit("pension-alive"), personal)
    journal.file.checkpoint()
    assert personal.encode() not in journal.file.path.read_bytes()
    assert audit.WITHHELD.encode() in journal.file.path.read_bytes()
    assert chain_break(journal) is None


def test_runs_for_reconciliation_leave_out_what_is_not_answered(journal: Journal) -> None:
    keys = [commit(journal, str(n))[0] for n in range(6)]
    outbox = Outbox(journal)
    for key in (keys[0], keys[1], keys[3], keys[4]):
        acknowledge(journal, key)
    assert [(r.sequence_from, r.sequence_to, r.count) for r in outbox.runs()] == [(1, 2, 2), (4, 5, 2)]
    assert [(r.sequence_from, r.sequence_to) for r in outbox.runs(after=2)] == [(4, 5)]


def test_a_parked_transaction_is_released_by_its_number(journal: Journal) -> None:
    key, number = commit(journal)
    outbox = Outbox(journal)
    outbox.begin(key)
    assert outbox.settle(key, Event.PARK, reason="key-reused") is State.PARKED
    assert outbox.waiting() == []
    assert outbox.release("B7-000009-0") is None
    assert outbox.release(number) is State.UNKNOWN
    assert [item.number for item in outbox.waiting()] == [number]
