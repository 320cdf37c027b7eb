"""The courier against a platform that loses, refuses and comes back; on a clock that stands still."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kiosk.clock import ManualClock
from kiosk.ledger.journal import UnknownTransaction
from kiosk.ledger.states import State
from kiosk.uplink.courier import BACKOFF_LAST_S, POISON_AFTER, Courier
from tests.kiosk.ledgers import WALL, LogBook, ScriptedPlatform, commit, make_courier, open_journal


class Desk:
    """A ledger, a platform and a courier between them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = ManualClock(WALL)
        self.platform = ScriptedPlatform()
        self.log = LogBook()
        self.journal = open_journal(folder)
        self.courier: Courier = make_courier(self.journal, self.platform, self.clock, self.log)

    def state(self, key: str) -> State:
        return self.journal.get(key).state

    def calls(self, kind: str) -> list[str]:
        return [number for name, number in self.platform.calls if name == kind]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self.courier.recover()
        task = asyncio.create_task(self.courier.run())
        try:
            await self.clock.settle()
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def restart(self) -> None:
        """As after a power cut: a new courier on the same file."""
        self.journal.file.close()
        self.journal = open_journal(self.folder)
        self.courier = make_courier(self.journal, self.platform, self.clock, self.log)


@pytest.fixture
def desk(tmp_path: Path):
    desk = Desk(tmp_path)
    yield desk
    desk.journal.file.close()


async def test_what_is_committed_is_delivered_at_once_and_in_order(desk: Desk) -> None:
    waiting = [commit(desk.journal, str(n)) for n in range(3)]
    async with desk.running():
        assert desk.platform.effects == [number for _, number in waiting]
        key, number = commit(desk.journal, "new")
        desk.courier.nudge(key)
        await desk.clock.settle()
        assert desk.platform.effects[-1] == number
        assert desk.state(key) is State.ACKED
        assert desk.journal.get(key).sealed is None


async def test_the_attempt_is_durable_before_anything_is_sent(desk: Desk) -> None:
    key, _ = commit(desk.journal)
    seen: list[tuple[State, int]] = []
    deliver = desk.platform.deliver

    async def watching(envelope, **more):  # looks into the ledger at the moment of sending
        transaction = desk.journal.get(key)
        seen.append((transaction.state, transaction.attempts))
        return await deliver(envelope, **more)

    desk.platform.deliver = watching  # type: ignore[method-assign]
    async with desk.running():
        assert seen == [(State.SENDING, 1)]


async def test_an_attempt_without_an_answer_is_queried_before_it_is_sent_again(desk: Desk) -> None:
    key, number = commit(desk.journal)
    desk.platform.script = ["lost_after"]
    async with desk.running():
        assert desk.state(key) is State.UNKNOWN
        await desk.clock.advance(1.5)
        assert desk.state(key) is State.ACKED
        assert desk.calls("deliver") == [number]
        assert desk.calls("outcome_of") == [number]
        assert desk.platform.effects == [number]


async def test_what_never_arrived_is_sent_again_under_the_same_key(desk: Desk) -> None:
    key, number = commit(desk.journal)
    desk.platform.script = ["lost_before"]
    async with desk.running():
        assert desk.state(key) is State.UNKNOWN
        await desk.clock.advance(1.5)
        assert desk.state(key) is State.ACKED
        assert desk.calls("deliver") == [number, number]
        assert desk.platform.effects == [number]
        assert desk.journal.get(key).attempts == 2


async def test_what_surely_was_not_sent_needs_no_query(desk: Desk) -> None:
    key, number = commit(desk.journal)
    desk.platform.script = ["down"]
    async with desk.running():
        assert desk.state(key) is State.PENDING
        await desk.clock.advance(1.5)
        assert desk.calls("outcome_of") == []
        assert desk.platform.effects == [number]


async def test_pauses_grow_from_one_second_to_five_minutes_and_stay_there(desk: Desk) -> None:
    commit(desk.journal)
    desk.platform.script = ["down"] * 40
    async with desk.running():
        for _ in range(300):
            await desk.clock.advance(10)
        tries = [fields["delay_s"] for name, fields in desk.log.lines if name == "not_delivered"]
    assert tries[0] == 1.0
    assert all(0.5 * 2**n <= delay <= 2**n for n, delay in enumerate(tries[1:9], 1))
    assert all(BACKOFF_LAST_S / 2 <= delay <= BACKOFF_LAST_S for delay in tries[10:])
    assert len(set(tries[10:])) > 1  # by chance, so that booths do not come back all at once
    assert 3000 / BACKOFF_LAST_S <= len(tries) <= 35


async def test_a_platform_that_is_down_is_not_asked_for_every_waiting_one(desk: Desk) -> None:
    for n in range(50):
        commit(desk.journal, str(n))
    desk.platform.script = ["down"] * 1000
    async with desk.running():
        await desk.clock.advance(60)
        assert len(desk.calls("deliver")) < 10
        desk.platform.script = []
        for _ in range(60):
            await desk.clock.advance(10)
        assert len(desk.platform.effects) == 50


async def test_the_resident_who_waits_does_not_wait_for_the_backlog(desk: Desk) -> None:
    for n in range(20):
        commit(desk.journal, str(n))
    desk.platform.script = ["down"] * 2
    async with desk.running():
        desk.platform.script = []
        key, number = commit(desk.journal, "fresh")
        desk.courier.nudge(key)
        await desk.clock.settle()
        assert desk.platform.effects[0] == number


async def test_a_poisoned_head_blocks_nobody_and_is_parked(desk: Desk) -> None:
    head, number = commit(desk.journal, "poison")
    others = [commit(desk.journal, str(n)) for n in range(5)]
    desk.platform.poisoned.add(number)
    async with desk.running():
        await desk.clock.settle()
        assert desk.platform.effects == [n for _, n in others]
        key, _ = commit(desk.journal, "later")
        desk.courier.nudge(key)
        for _ in range(200):
            await desk.clock.advance(20)
        assert desk.state(head) is State.PARKED
        assert desk.journal.get(head).reason == "poisoned.unreachable"
        assert desk.journal.get(head).sealed is not None
        calls = len(desk.platform.calls)
        await desk.clock.advance(3000)
        assert len(desk.platform.calls) == calls  # left alone
    assert "parked" in desk.log.names()


async def test_a_single_one_is_not_called_poisoned_while_nothing_passes(desk: Desk) -> None:
    key, number = commit(desk.journal)
    desk.platform.poisoned.add(number)
    async with desk.running():
        for _ in range(200):
            await desk.clock.advance(20)
    assert desk.state(key) is State.UNKNOWN
    assert desk.journal.get(key).attempts + len(desk.calls("outcome_of")) > POISON_AFTER


async def test_422_parks_with_an_audit_event(desk: Desk) -> None:
    key, number = commit(desk.journal)
    desk.platform.script = ["422"]
    async with desk.running():
        await desk.clock.advance(600)
        assert desk.state(key) is State.PARKED
        assert desk.calls("deliver") == [number]
    last = desk.journal.file.read("SELECT what, detail FROM audit ORDER BY n DESC LIMIT 1")[0]
    assert last["what"] == "park"
    assert "key-reused" in last["detail"]


async def test_409_waits_and_asks(desk: Desk) -> None:
    key, number = commit(desk.journal)
    desk.platform.script = ["409"] + ["409"] * 20
    async with desk.running():
        assert desk.state(key) is State.UNKNOWN
        await desk.clock.advance(30)
        assert desk.state(key) is State.UNKNOWN
        await desk.clock.advance(30)
        assert desk.state(key) is State.ACKED
        assert desk.platform.effects == [number]


async def test_429_waits_as_long_as_it_says(desk: Desk) -> None:
    key, _ = commit(desk.journal)
    desk.platform.script = ["429"]
    async with desk.running():
        assert desk.state(key) is State.PENDING
        await desk.clock.advance(39)
        assert len(desk.calls("deliver")) == 1
        await desk.clock.advance(2)
        assert desk.state(key) is State.ACKED


async def test_a_refused_booth_parks_nothing(desk: Desk) -> None:
    keys = [commit(desk.journal, str(n))[0] for n in range(3)]
    desk.platform.script = ["403"] * 6
    async with desk.running():
        assert {desk.state(key) for key in keys} == {State.PENDING}
        for _ in range(10):
            await desk.clock.advance(60)
        assert {desk.state(key) for key in keys} == {State.ACKED}


async def test_a_rejection_is_final(desk: Desk) -> None:
    key, number = commit(desk.journal)
    desk.platform.script = ["reject"]
    async with desk.running():
        await desk.clock.advance(3000)
        assert (desk.state(key), desk.journal.get(key).reason) == (State.REJECTED, "bad-body")
        assert desk.calls("deliver") == [number]
        assert await desk.courier.acknowledgement(key, 0) == ("rejected", "bad-body")


async def test_the_answer_in_time(desk: Desk) -> None:
    async with desk.running():
        key, _ = commit(desk.journal)
        waiting = asyncio.create_task(desk.courier.acknowledgement(key, 3))
        await desk.clock.settle()
        assert not waiting.done()
        desk.courier.nudge(key)
        assert await waiting == ("accepted", "")
        assert await desk.courier.acknowledgement(key, 3) == ("accepted", "")


async def test_the_answer_too_late(desk: Desk) -> None:
    async with desk.running():
        key, _ = commit(desk.journal)
        desk.platform.script = ["lost_after"] * 2
        desk.courier.nudge(key)
        waiting = asyncio.create_task(desk.courier.acknowledgement(key, 0.5))
        await desk.clock.advance(0.4)
        assert not waiting.done()
        await desk.clock.advance(0.2)
        assert await waiting == ("pending", "")
        for _ in range(5):
            await desk.clock.advance(2)
        assert desk.state(key) is State.ACKED
        assert desk.courier._waiters == {}


async def test_waiting_for_what_was_never_committed(desk: Desk) -> None:
    with pytest.raises(UnknownTransaction):
        await desk.courier.acknowledgement("00000000-0000-4000-8000-000000000000", 3)


async def test_after_a_restart_nothing_is_lost_and_nothing_doubled(desk: Desk) -> None:
    keys = [commit(desk.journal, str(n))[0] for n in range(4)]
    hang = asyncio.Event()
    deliver = desk.platform.deliver

    async def taken_but_never_answered(envelope, **more):
        await deliver(envelope, **more)
        await hang.wait()

    desk.platform.deliver = taken_but_never_answered  # type: ignore[method-assign]
    async with desk.running():
        assert desk.state(keys[0]) is State.SENDING  # and here the power goes
    desk.platform.deliver = deliver  # type: ignore[method-assign]
    desk.restart()
    async with desk.running():
        await desk.clock.advance(5)
        assert {desk.state(key) for key in keys} == {State.ACKED}
    assert sorted(desk.platform.effects) == sorted(set(desk.platform.effects))
    assert len(desk.platform.effects) == 4


async def test_an_answer_that_cannot_be_written_down_is_told_and_asked_for_again(desk: Desk) -> None:
    key, number = commit(desk.journal)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    desk.platform.before_answer = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))  # the disk fails
    waiting = asyncio.create_task(desk.courier.acknowledgement(key, 3))
    async with desk.running():
        try:
            assert await waiting == ("accepted", "")
            await desk.clock.settle()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert ("ledger_trouble", {"level": "error", "reason": "ledger_closed"}) in desk.log.lines
        assert desk.state(key) is State.SENDING
        desk.platform.before_answer = lambda: None
        await desk.clock.advance(30)
        assert desk.state(key) is State.ACKED
        assert desk.calls("outcome_of") == [number]
        assert desk.platform.effects == [number]


async def test_reconciliation_at_start_and_every_hour(desk: Desk) -> None:
    for n in range(3):
        commit(desk.journal, str(n))
    async with desk.running():
        pass
    desk.restart()
    async with desk.running():
        assert desk.calls("reconcile")[-1] == "1-3"
        key, _ = commit(desk.journal, "more")
        desk.courier.nudge(key)
        await desk.clock.advance(3599)
        asked = len(desk.calls("reconcile"))
        await desk.clock.advance(2)
        assert desk.calls("reconcile")[asked:] == ["4-4"]  # only what is new
    assert "reconciliation_mismatch" not in desk.log.names()


async def test_a_transaction_the_platform_lost_is_an_alarm(desk: Desk) -> None:
    for n in range(3):
        commit(desk.journal, str(n))
    async with desk.running():
        pass
    desk.platform.missing = [2]
    desk.restart()
    async with desk.running():
        assert ("reconciliation_mismatch", {"level": "error", "sequence": 1, "count": 1}) in desk.log.lines
    assert desk.journal.file.read("SELECT 1 FROM audit WHERE what = 'reconciliation_mismatch'")


async def test_a_gap_in_the_sequence_is_an_alarm_at_the_start(desk: Desk) -> None:
    for n in range(3):
        commit(desk.journal, str(n))
    with desk.journal.file.write() as c:
        c.execute("DELETE FROM transactions WHERE seq = 2")
    await desk.courier.recover()
    assert "sequence_gap" in desk.log.names()


async def test_the_log_names_numbers_and_words_only(desk: Desk) -> None:
    commit(desk.journal, "body", receipt='{"name": "张**"}')
    desk.platform.script = ["lost_after", "422", "down"]
    async with desk.running():
        await desk.clock.advance(60)
    assert "张" not in repr(desk.log.lines)
