"""From the booth's journal to the platform's database over a real broker that dies, forgets and drops.

The promise in every test is the same: the platform has each row once, and the booth knows it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiomqtt
import pytest
from sqlalchemy.exc import OperationalError

from backend import fleet, ingest, ingest_worker
from kiosk.uplink import telemetry_broker, telemetry_cursor
from kiosk.uplink import telemetry_wire as wire
from tests.backend.postgres import postgres_url
from tests.backend.site_rig import GRID, Rig, alarm, event, hurry, rig, row, until

pytestmark = pytest.mark.peer


@pytest.fixture
async def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    hurry(monkeypatch)
    async with rig(tmp_path) as made:
        yield made


async def test_a_backlog_arrives_whole_and_what_is_new_after_it(there: Rig) -> None:
    booth = there.booth()
    booth.journal.write([event(n) for n in range(3000)])
    await there.ingest(workers=3)
    booth.start()
    await there.has_exactly(3000)
    booth.journal.write([event(n) for n in range(7)])
    await there.has_exactly(3007)
    line = there.line()
    assert (line.state, line.watch, line.birth["digest"]) == ("online", "running", "d" * 64)


async def test_alarms_overtake_a_backlog_that_cannot_move(there: Rig) -> None:
    """The platform has a gap it waits for: everything behind the window stands, alarms do not."""
    booth = there.booth()
    booth.journal.write([event(n) for n in range(600)])
    await there.ingest()
    booth.start()
    await there.has_exactly(600)
    window = telemetry_cursor.WINDOW_BATCHES * telemetry_cursor.BATCH_ROWS
    for last in range(600 + telemetry_cursor.BATCH_ROWS, 601 + window, telemetry_cursor.BATCH_ROWS):
        booth.uplink.cursor.went(last, time.monotonic())  # as if all of it were on the way and lost
    booth.journal.write([event(n) for n in range(window + 900)])
    booth.journal.write([alarm(1)])
    await until(there.alarms, 10)
    assert there.alarms()["hall.loop/fire"].state == "unack"
    await there.has_exactly(600 + window + 901)


async def test_an_ingest_that_stands_still_for_a_while(there: Rig) -> None:
    booth = there.booth()
    booth.journal.write([event(n) for n in range(15_000)])  # more than a window
    booth.start()
    await asyncio.sleep(1.0)  # it is born, and nobody hears it
    assert booth.uplink.cursor.acked is None
    await there.ingest()
    await until(lambda: (booth.uplink.cursor.acked or 0) > 0)
    await there.no_ingest()
    await asyncio.sleep(1.5)
    await there.ingest()
    await there.has_exactly(15_000)


async def test_a_message_that_a_worker_lost_comes_again(there: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every third transaction is thrown away as if the worker had died in it."""
    monkeypatch.setattr(ingest_worker, "MAX_MESSAGES", 1)
    take, calls = ingest.take, 0

    def sometimes(*given: object) -> list[ingest.Told]:
        nonlocal calls
        calls += 1
        return [] if calls % 3 == 1 else take(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(ingest, "take", sometimes)
    booth = there.booth()
    booth.journal.write([event(n) for n in range(4000)])
    await there.ingest()
    booth.start()
    await there.has_exactly(4000)


async def test_a_database_that_is_away_is_waited_for(there: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    take, until_s = ingest.take, time.monotonic() + 1.5

    def away(*given: object) -> list[ingest.Told]:
        if time.monotonic() < until_s:
            raise OperationalError("", {}, RuntimeError("away"))
        return take(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(ingest, "take", away)
    booth = there.booth()
    booth.journal.write([event(n) for n in range(10)])
    await there.ingest()
    booth.start()
    await there.has_exactly(10)


async def test_what_retention_took_before_it_was_delivered_is_no_gap(there: Rig) -> None:
    booth = there.booth()
    booth.journal.write([event(n) for n in range(2000)])
    with booth.file.write() as connection:
        connection.execute("DELETE FROM events WHERE seq % 7 = 0 OR seq BETWEEN 400 AND 1100 OR seq > 1990")
    await there.ingest()
    booth.start()
    await booth.has_delivered()
    kept = [seq for seq in range(1, 2001) if seq % 7 and not 400 <= seq <= 1100 and seq <= 1990]
    assert there.seqs() == kept


async def test_the_uplink_ends_and_comes_back_in_the_middle(there: Rig) -> None:
    booth = there.booth()
    booth.journal.write([event(n) for n in range(8000)])
    await there.ingest()
    for _ in range(4):
        booth.start()
        await asyncio.sleep(0.25)
        await booth.stop()
    booth.start()
    await there.has_exactly(8000)


async def test_a_journal_that_was_replaced_is_not_taken_for_delivered(there: Rig) -> None:
    booth = there.booth()
    booth.journal.write([event(n) for n in range(100)])
    await there.ingest()
    booth.start()
    await booth.has_delivered()
    await booth.close()
    there.booths.clear()
    (there.folder / "B7" / "site.db").unlink()
    booth = there.booth()
    booth.journal.write([event(n) for n in range(40)])
    booth.start()
    await until(lambda: there.line().trouble == "journal_behind")
    assert booth.hands.told == []
    fleet.start_anew(there.platform, "B7", "clerk")  # a person decides
    await booth.has_delivered()
    assert there.seqs() == list(range(1, 41))
    await until(lambda: there.line().trouble == "")


async def test_a_command_is_done_once_and_its_answer_comes_by_the_journal(there: Rig) -> None:
    booth = there.booth()
    booth.journal.write([event(0)])
    await there.ingest()
    booth.start()
    await booth.has_delivered()
    wish = fleet.Wish("command", "visitor waits", output="gate.arm", act="open")
    number = fleet.order(there.platform, "B7", wish, "clerk@platform")
    await until(lambda: booth.hands.done)
    do = booth.hands.done[0]
    assert (do.id, do.verb, do.output, do.act, do.who) == (number, "command", "gate.arm", "open", "clerk@platform")
    assert time.time() < do.expires_at <= time.time() + fleet.LIVES.total_seconds()
    booth.journal.write([row("cmd", f'{{"id":"{number}","result":"done","text":""}}')])  # as the watch does
    await until(lambda: there.command(number).result == "done")
    assert fleet.due(there.platform) == []
    await there.no_ingest()
    assert [do.id for do in booth.hands.done] == [number]


async def test_a_retained_or_nameless_command_is_not_handed_on(there: Rig) -> None:
    booth = there.booth()
    booth.journal.write([event(0)])
    await there.ingest()
    topic = f"css/1/{GRID}/B7/cmd"
    good = b'{"id":"%b","verb":"reset","who":"clerk","reason":"r","issued":1,"expires":9e9,"key":"a/b"}'
    async with aiomqtt.Client("127.0.0.1", there.broker.port, protocol=aiomqtt.ProtocolVersion.V5) as stranger:
        await stranger.publish(topic, good % b"kept", qos=1, retain=True)
        booth.start()
        await booth.has_delivered()
        for payload in (b"", b"[]", b'{"id":""}', good % b"", bytes(100_000)):
            await stranger.publish(topic, payload, qos=1)
        await stranger.publish(topic, good % b"right", qos=1)
    await until(lambda: booth.hands.done)
    assert [do.id for do in booth.hands.done] == ["right"]


async def test_a_booth_that_goes_says_goodbye(there: Rig) -> None:
    booth = there.booth()
    booth.journal.write([event(0)])
    await there.ingest()
    booth.start()
    await booth.has_delivered()
    await booth.stop()
    await until(lambda: there.line().state == "stopped")
    booth.start()
    await until(lambda: there.line().state == "online")


async def test_a_booth_that_is_cut_off_is_told_by_the_broker(there: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry_broker, "WILL_DELAY_S", 1)
    await there.ingest()
    sender, stamp = wire.Sender(GRID, "B7", "boot-1", "s9"), wire.Stamp(0, 0, "", "synced")
    death = sender.message("death", stamp, why="lost")[1]
    broker = telemetry_broker.Broker("127.0.0.1", there.broker.port)
    line = telemetry_broker.Connection(broker, "booth-B7", (sender.topic("death"), death))
    with contextlib.suppress(aiomqtt.MqttError):
        async with line:
            await line.send(sender.topic("birth"), sender.message("birth", stamp)[1], wire.JSON, 60)
            await until(lambda: there.seen("B7"))
            assert there.line().state == "online"
            sock = line._client.socket()
            assert isinstance(sock, socket.socket)
            sock.shutdown(socket.SHUT_RDWR)
    await until(lambda: there.line().state == "lost")


async def test_postgresql_with_three_workers(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(postgres_url())
        async with rig(tmp_path, url) as there:
            booth = there.booth()
            booth.journal.write([event(n) for n in range(10_000)])
            await there.ingest(workers=3)
            booth.start()
            await there.has_exactly(10_000)
