"""Both ends of the line between keeper and visit process, over a real socket pair, with a real ledger behind it."""

from __future__ import annotations

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kiosk import line
from kiosk.clock import ManualClock
from kiosk.counter import Counter, Session
from kiosk.keeper_line import KeeperGone, KeeperLine, KeeperRefused
from tests.kiosk.ledgers import WALL, LogBook, ScriptedPlatform, make_courier, open_journal, right_here, sealed_body


class Ends:
    """The keeper's end as the keeper wires it, and the visit's end in ``visit``."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(WALL)
        self.platform = ScriptedPlatform()
        self.log = LogBook()
        self.journal = open_journal(folder)
        self.courier = make_courier(self.journal, self.platform, self.clock, self.log)
        self.heard: list[line.Message] = []
        self.visit: KeeperLine
        self.session: Session
        self.writer: asyncio.StreamWriter

    @asynccontextmanager
    async def joined(self) -> AsyncIterator[Ends]:
        ours, theirs = socket.socketpair()
        self.visit = await KeeperLine.connect(theirs.detach())
        reader, self.writer = await asyncio.open_connection(sock=ours)
        counter = Counter(self.journal, self.courier, right_here, self.log)

        async def send(message: line.Message) -> None:
            await line.send(self.writer, message)

        self.session = Session(counter, send)
        self.session.is_active = True

        async def listen() -> None:
            while (message := await line.receive(reader)) is not None:
                self.heard.append(message)
                self.session.put(message)
            await self.session.end("died")
            self.writer.close()

        listening = asyncio.create_task(listen())
        delivering = asyncio.create_task(self.courier.run())
        try:
            yield self
        finally:
            await self.visit.close()
            await listening
            delivering.cancel()
            await asyncio.gather(delivering, return_exceptions=True)
            self.journal.file.close()

    async def commit(self, text: str = "body", **more: str) -> tuple[str, str]:
        sealed, digest = sealed_body(text)
        values = {"key": str(uuid.uuid4()), "service": "report-problem", "receipt": "{}", **more}
        visit = values.pop("visit", None) or await self.visit.open_visit("report-problem")
        number = await self.visit.commit(visit=visit, schema=1, sealed=sealed, digest=digest, **values)
        return values["key"], number


@pytest.fixture
async def ends(tmp_path: Path):
    async with Ends(tmp_path).joined() as ends:
        yield ends


async def until(condition) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


async def test_a_visit_from_opening_to_receipt(ends: Ends) -> None:
    visit = await ends.visit.open_visit("report-problem")
    await ends.visit.audit(visit, "identified", {"by": "none"})
    key, number = await ends.commit(visit=visit)
    assert number.startswith("B7-000001-")
    answer = await ends.visit.acknowledgement(key, 3)
    assert (answer.state, answer.reason) == ("accepted", "")
    await ends.visit.receipt_issued(key, "printed")
    await ends.visit.close_visit(visit, "served")
    await until(lambda: ends.journal.file.read("SELECT outcome FROM visits")[0]["outcome"])
    assert ends.journal.get(key).state.value == "receipted"
    whats = [r["what"] for r in ends.journal.file.read("SELECT what FROM audit ORDER BY n")]
    assert whats == [
        "visit_opened", "identified", "committed", "attempt", "accepted", "receipt_issued", "visit_closed",
    ]  # fmt: skip


async def test_the_number_comes_before_the_answer_and_the_answer_may_be_late(ends: Ends) -> None:
    ends.platform.script = ["lost_after"] * 3
    key, _ = await ends.commit()
    waiting = asyncio.create_task(ends.visit.acknowledgement(key, 3))
    await until(lambda: any(isinstance(m, line.AwaitAcknowledgement) for m in ends.heard))
    visit = await ends.visit.open_visit("pension-alive")  # waiting holds nothing up
    assert visit
    await ends.clock.advance(0.5)
    assert not waiting.done()
    await ends.clock.advance(0.4)
    assert not waiting.done()
    await ends.clock.advance(60)
    await until(waiting.done)
    assert waiting.result().state in ("pending", "accepted")
    assert (await ends.visit.acknowledgement(key, 3)).state == "accepted"


async def test_no_answer_within_the_time_is_pending(ends: Ends) -> None:
    ends.platform.script = ["down"] * 100
    key, _ = await ends.commit()
    waiting = asyncio.create_task(ends.visit.acknowledgement(key, 3))
    await until(lambda: ends.courier._waiters)
    await ends.clock.advance(2.9)
    assert not waiting.done()
    await ends.clock.advance(0.2)
    assert (await waiting).state == "pending"


async def test_the_platforms_no_comes_with_its_reason(ends: Ends) -> None:
    ends.platform.script = ["reject"]
    key, _ = await ends.commit()
    answer = await ends.visit.acknowledgement(key, 3)
    assert (answer.state, answer.reason) == ("rejected", "bad-body")


async def test_what_the_keeper_cannot_do_is_a_named_refusal(ends: Ends) -> None:
    key, _ = await ends.commit("one")
    for more, why in [
        ({"visit": "nobody"}, "unknown_visit"),
        ({"key": key}, "key_reused"),
        ({"key": "no key"}, "bad_commit"),
    ]:
        with pytest.raises(KeeperRefused) as refused:
            await ends.commit("two", **more)
        assert refused.value.why == why
    with pytest.raises(KeeperRefused, match="unknown_transaction"):
        await ends.visit.receipt_issued(str(uuid.uuid4()), "printed")
    with pytest.raises(KeeperRefused, match="unknown_transaction"):
        await ends.visit.acknowledgement(str(uuid.uuid4()), 1)


async def test_a_full_disk_refuses_the_visit_at_its_beginning(ends: Ends) -> None:
    ends.journal.file._min_free_bytes = ends.journal.file.free_bytes() * 2
    with pytest.raises(KeeperRefused, match="disk_full"):
        await ends.visit.open_visit("report-problem")


async def test_a_closed_ledger_refuses(ends: Ends) -> None:
    ends.journal.file.close()
    with pytest.raises(KeeperRefused, match="ledger_closed"):
        await ends.visit.open_visit("report-problem")


async def test_a_process_that_is_not_shown_commits_nothing(ends: Ends) -> None:
    ends.session.is_active = False
    with pytest.raises(KeeperRefused, match="not_active"):
        await ends.visit.open_visit("report-problem")


async def test_the_same_commit_again_gives_the_same_number(ends: Ends) -> None:
    visit = await ends.visit.open_visit("report-problem")
    key, number = await ends.commit(visit=visit)
    assert await ends.commit(visit=visit, key=key) == (key, number)


async def test_orders_arrive_and_end_with_the_line(ends: Ends) -> None:
    await line.send(ends.writer, line.Show())
    await line.send(ends.writer, line.Quit())
    orders = ends.visit.orders()
    assert [await anext(orders), await anext(orders)] == [line.Show(), line.Quit()]
    ends.writer.close()
    with pytest.raises(StopAsyncIteration):
        await anext(orders)
    assert not ends.visit.is_up
    with pytest.raises(KeeperGone):
        await ends.visit.open_visit("report-problem")


async def test_facts_reach_the_keeper_as_they_were_said(ends: Ends) -> None:
    await ends.visit.warm()
    await ends.visit.showing()
    await ends.visit.alive(17)
    await ends.visit.leaving("served")
    await until(lambda: len(ends.heard) == 4)
    assert ends.heard == [line.Warm(), line.Showing(), line.Alive(17), line.Leaving("served")]


async def test_a_keeper_that_dies_under_a_request(ends: Ends) -> None:
    ends.session.put = lambda message: ends.writer.close()  # type: ignore[method-assign]
    with pytest.raises(KeeperGone, match="before it answered"):
        await ends.visit.open_visit("report-problem")


async def test_a_keeper_that_dies_under_the_wait_means_not_yet(ends: Ends) -> None:
    ends.session.put = lambda message: ends.writer.close()  # type: ignore[method-assign]
    assert (await ends.visit.acknowledgement(str(uuid.uuid4()), 3)).state == "pending"


async def test_a_visit_that_dies_is_closed_as_died_and_its_transaction_goes_on(ends: Ends) -> None:
    key, _ = await ends.commit()
    await ends.visit.close()
    await until(lambda: ends.journal.file.read("SELECT outcome FROM visits")[0]["outcome"])
    assert ends.journal.file.read("SELECT outcome FROM visits")[0]["outcome"] == "died"
    await until(lambda: ends.journal.get(key).state.value == "acked")


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\xff\xff",  # 4 GiB
        b"\x00\x00\x00\x02\xc1\xc1",  # no MessagePack
        b"\x00\x00\x00\x0d\x81\xa4type\xa6absurd"[:17],
    ],
)
async def test_what_is_no_message_ends_the_line(ends: Ends, data: bytes) -> None:
    ends.writer.write(data)
    await until(lambda: not ends.visit.is_up)


async def test_nobody_can_close_or_audit_in_anothers_visit(ends: Ends) -> None:
    other = ends.journal.open_visit("pension-alive")
    await ends.visit.audit(other, "identified")
    await ends.visit.close_visit(other, "served")
    await ends.visit.open_visit("report-problem")  # in order behind the others
    row = ends.journal.file.read("SELECT outcome FROM visits WHERE id = ?", (other,))[0]
    assert row["outcome"] is None
    assert not ends.journal.file.read("SELECT 1 FROM audit WHERE what = 'identified'")
