"""Whatever breaks, in whatever order: every promised transaction takes effect at the platform exactly once."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kiosk.clock import ManualClock
from kiosk.ledger import audit
from kiosk.ledger.outbox import Outbox
from kiosk.ledger.states import NEEDS_BODY, State
from tests.kiosk.ledgers import WALL, LogBook, ScriptedPlatform, commit, make_courier, open_journal

FAULTS = st.sampled_from(["ok", "lost_before", "lost_after", "down", "409", "429", "403"])


class Delivery(RuleBasedStateMachine):
    """Commits, faults, receipts, time and power cuts against one ledger."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="ledger-"))
        self.runner = asyncio.Runner()
        self.clock = ManualClock(WALL)
        self.platform = ScriptedPlatform()
        self.promised: dict[str, str] = {}
        self.task: asyncio.Task[None] | None = None
        self._open()

    def _open(self) -> None:
        self.journal = open_journal(self.folder)
        self.courier = make_courier(self.journal, self.platform, self.clock, LogBook())
        self.runner.run(self._start())

    async def _start(self) -> None:
        await self.courier.recover()
        self.task = asyncio.get_running_loop().create_task(self.courier.run())
        await self.clock.settle()

    async def _stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    @rule(faults=st.lists(FAULTS, max_size=4), is_nudged=st.booleans())
    def commit(self, faults: list[str], is_nudged: bool) -> None:
        self.platform.script += faults
        key, number = commit(self.journal, f"body {len(self.promised)}")
        self.promised[key] = number
        if is_nudged:
            self.runner.run(self._nudge(key))

    async def _nudge(self, key: str) -> None:
        self.courier.nudge(key)
        await self.clock.settle()

    @rule(seconds=st.sampled_from([0.1, 1.0, 10.0, 400.0]))
    def wait(self, seconds: float) -> None:
        self.runner.run(self.clock.advance(seconds))

    @precondition(lambda self: self.promised)
    @rule(data=st.data(), how=st.sampled_from(["printed", "shown", "owed"]))
    def hand_out_a_receipt(self, data: st.DataObject, how: str) -> None:
        self.journal.receipt_issued(data.draw(st.sampled_from(sorted(self.promised))), how)

    @precondition(lambda self: self.promised)
    @rule(data=st.data())
    def commit_the_same_again(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.promised)))
        body = f"body {list(self.promised).index(key)}"
        assert commit(self.journal, body, key=key)[1] == self.promised[key]

    @rule()
    def power_cut(self) -> None:
        self.runner.run(self._stop())
        self.journal.file.close()
        self._open()

    @invariant()
    def nothing_is_doubled_and_no_number_is_missing(self) -> None:
        assert len(self.platform.effects) == len(set(self.platform.effects))
        assert Outbox(self.journal).gaps() == []

    @invariant()
    def a_body_is_kept_exactly_while_it_is_needed(self) -> None:
        for row in self.journal.file.read("SELECT state, sealed FROM transactions"):
            assert (row["sealed"] is not None) == (State(row["state"]) in NEEDS_BODY)

    def _release_parked(self) -> None:
        """Bad luck enough, and one is parked as poisoned: the technician lets it go again."""
        for row in self.journal.file.read("SELECT number FROM transactions WHERE state = 'parked'"):
            Outbox(self.journal).release(row["number"])

    def teardown(self) -> None:
        try:
            self.platform.script = []
            for _ in range(12):
                self._release_parked()
                self.runner.run(self.clock.advance(400))
            assert sorted(self.platform.effects) == sorted(self.promised.values())
            for row in self.journal.file.read("SELECT state FROM transactions"):
                assert row["state"] in ("acked", "receipted", "receipt_owed")
            assert audit.first_break(self.journal.file.read("SELECT * FROM audit ORDER BY n")) is None
        finally:
            self.runner.run(self._stop())
            self.runner.close()
            self.journal.file.close()
            shutil.rmtree(self.folder)


TestDelivery = pytest.mark.slow(Delivery.TestCase)
TestDelivery.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
