"""What booths report, into the database: each row once, in whatever order, by however many workers at a time."""

from __future__ import annotations

import datetime as dt
import json
import random
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from backend import ingest
from backend import telemetry_wire as wire
from backend.platform import Platform
from backend.spans import MOST_ISLANDS, TooScatteredError, covered
from backend.telemetry_tables import SiteAlarm, SiteBooth, SiteCommand
from tests.backend.postgres import postgres_url
from tests.backend.site_rig import GRID, platform_on

NOW = dt.datetime(2026, 6, 1, 2, 0, tzinfo=dt.UTC)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with platform_on(f"sqlite:///{tmp_path / 'platform.db'}") as made:
        yield made


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with postgres_url() as url:
        yield url


def said(kind: str, booth: str = "B7", **body: object) -> wire.Heard:
    head = {"boot": "boot-1", "session": "s1", "seq": 1, "qtime": "synced", "id": "s1-1"}
    heard = wire.heard(f"css/1/{GRID}/{booth}/{kind}", json.dumps(head | body).encode(), "")
    assert heard is not None
    assert heard.said is not None, body
    return heard


def row(seq: int, kind: str = "evt", **body: object) -> dict[str, object]:
    return {"seq": seq, "boot": "boot-1", "tmono": seq, "time": "2026-06-01T01:59:00.000+00:00", "qtime": "synced",
            "class": kind, "body": body}  # fmt: skip


def batch(first: int, last: int, booth: str = "B7") -> wire.Heard:
    return said("evt", booth, first=first, last=last, rows=[row(seq) for seq in range(first, last + 1)])


def alarm(seq: int, what: str, after: str, severity: str = "fire") -> dict[str, object]:
    return row(
        seq, "alm", point="hall.loop", rule="fire", severity=severity, what=what, after=after, who="watch", count=1
    )


def seqs(platform: Platform, booth: str = "B7") -> list[int]:
    with platform.store.engine.connect() as connection:
        found = connection.scalars(text("SELECT seq FROM site_events WHERE booth = :b ORDER BY seq"), {"b": booth})
        return list(found)


def line(platform: Platform, booth: str = "B7") -> SiteBooth:
    with platform.store.begin() as session:
        found = session.get(SiteBooth, booth)
        assert found is not None
        return found


def alarm_of(platform: Platform) -> SiteAlarm:
    with platform.store.begin() as session:
        found = session.get(SiteAlarm, ("B7", "hall.loop/fire"))
        assert found is not None
        return found


def test_spans_grow_together() -> None:
    committed, islands = 0, []
    for first, last in ((11, 20), (41, 50), (21, 30), (1, 5), (6, 10)):
        committed, islands = covered(committed, islands, first, last)
    assert (committed, islands) == (30, [[41, 50]])
    assert covered(committed, islands, 15, 60) == (60, [])
    assert covered(committed, islands, 1, 30) == (30, [[41, 50]])


def test_spans_do_not_depend_on_their_order() -> None:
    dealer = random.Random(7)
    for _ in range(200):
        spans = [(first, first + dealer.randrange(8)) for first in (dealer.randrange(1, 60) for _ in range(25))]
        has = {seq for first, last in spans for seq in range(first, last + 1)}
        committed, islands = 0, []
        for first, last in spans:
            committed, islands = covered(committed, islands, first, last)
        gap = next(seq for seq in range(1, 100) if seq not in has)
        assert committed == gap - 1
        assert {seq for first, last in islands for seq in range(first, last + 1)} == {s for s in has if s >= gap}


def test_too_many_islands_are_refused() -> None:
    islands: list[list[int]] = []
    for n in range(MOST_ISLANDS):
        _, islands = covered(0, islands, 10 + 2 * n, 10 + 2 * n)
    with pytest.raises(TooScatteredError):
        covered(0, islands, 10_000, 10_000)
    with pytest.raises(ValueError, match="no span"):
        covered(0, [], 5, 4)


def test_rows_twice_and_out_of_order_are_there_once(platform: Platform) -> None:
    assert ingest.take(platform, [batch(11, 20)])[0].seq == 0
    assert seqs(platform) == list(range(11, 21))
    told = ingest.take(platform, [batch(1, 10), batch(11, 20), batch(1, 10)])
    assert [(one.booth, one.seq) for one in told] == [("B7", 20)]
    assert seqs(platform) == list(range(1, 21))


def test_a_hole_that_retention_left_holds_nothing_up(platform: Platform) -> None:
    holes = said("evt", first=1, last=30, rows=[row(3), row(30)])
    assert ingest.take(platform, [holes])[0].seq == 30
    assert seqs(platform) == [3, 30]


def test_live_alarms_are_seen_before_what_was_written_earlier_and_acknowledge_nothing(platform: Platform) -> None:
    assert ingest.take(platform, [said("alm", rows=[alarm(500, "raise", "unack")])]) == []
    assert alarm_of(platform).state == "unack"
    assert line(platform).committed == 0
    assert ingest.take(platform, [batch(1, 499)])[0].seq == 499
    again = said("alm", first=500, last=500, rows=[alarm(500, "raise", "unack")])
    assert ingest.take(platform, [again])[0].seq == 500
    assert seqs(platform).count(500) == 1


def test_alarms_end_alike_in_whatever_order_their_rows_come(platform: Platform) -> None:
    steps = [
        alarm(1, "raise", "unack", "fault"), alarm(2, "acknowledge", "acked", "fault"),
        alarm(3, "+shelved", "acked", "fault"), alarm(4, "-shelved", "acked", "fault"),
        alarm(5, "+suppressed", "acked", "fault"), alarm(6, "clear", "normal", "fault"),
    ]  # fmt: skip
    dealer = random.Random(3)
    for _ in range(10):
        dealer.shuffle(steps)
        for one in steps:
            ingest.take(platform, [said("alm", rows=[one])])
        found = alarm_of(platform)
        assert (found.state, found.seq, found.waits_since) == ("normal", 6, None)
        assert {word: lies for word, (lies, _) in found.covers.items()} == {"shelved": False, "suppressed": True}
        with platform.store.begin() as session:
            session.delete(session.merge(found))


def test_a_fire_waits_since_it_was_raised_where_the_booths_clock_is_to_be_trusted(platform: Platform) -> None:
    ingest.take(platform, [said("alm", rows=[alarm(1, "raise", "unack")])])
    assert alarm_of(platform).waits_since == dt.datetime(2026, 6, 1, 1, 59, tzinfo=dt.UTC)
    ingest.take(platform, [said("alm", rows=[alarm(2, "acknowledge", "acked")])])
    assert alarm_of(platform).waits_since is None
    ingest.take(platform, [said("alm", rows=[alarm(3, "raise", "unack") | {"qtime": "free-running"}])])
    waits_since = alarm_of(platform).waits_since
    assert waits_since is not None
    assert waits_since.year >= 2026
    assert waits_since != dt.datetime(2026, 6, 1, 1, 59, tzinfo=dt.UTC)


def test_the_first_answer_to_a_command_counts(platform: Platform) -> None:
    with platform.store.begin() as session:
        times = {"issued_at": NOW, "expires_at": NOW, "sent_at": NOW}
        session.add(SiteCommand(id="c1", booth="B7", verb="reset", body={}, who="clerk", reason="r", **times))
    stranger = said("evt", "B8", first=1, last=1, rows=[row(1, "cmd", id="c1", result="done", text="")])
    first = said("evt", first=1, last=1, rows=[row(1, "cmd", id="c1", result="expired", text="it came too late")])
    second = said("evt", first=2, last=2, rows=[row(2, "cmd", id="c1", result="done", text="")])
    for one in (stranger, first, second):
        ingest.take(platform, [one])
    with platform.store.begin() as session:
        found = session.get(SiteCommand, "c1")
        assert found is not None
        assert (found.result, found.text) == ("expired", "it came too late")


def test_births_are_answered_and_a_lost_one_is_asked_for(platform: Platform) -> None:
    told = ingest.take(platform, [said("state", boot="boot-2", seq=9, watch="running")])
    assert [(one.seq, one.known, one.birth) for one in told] == [(0, "", "")]  # it sees that its birth is not known
    told = ingest.take(platform, [said("birth", boot="boot-2", id="s1-7", outputs=[{"name": "gate.arm"}])])
    assert [(one.known, one.birth) for one in told] == [("boot-2", "s1-7")]
    assert ingest.take(platform, [said("state", boot="boot-2", seq=9)]) == []
    assert line(platform).birth["outputs"] == [{"name": "gate.arm"}]


def test_a_death_of_an_older_connection_is_none(platform: Platform) -> None:
    ingest.take(platform, [said("birth", session="s2")])
    ingest.take(platform, [said("death", session="s1", why="lost")])
    assert line(platform).state == "online"
    ingest.take(platform, [said("death", session="s2", why="stopped")])
    assert line(platform).state == "stopped"
    ingest.take(platform, [said("state", session="s3")])
    assert line(platform).state == "online"


@pytest.mark.parametrize(
    ("kind", "payload", "content_type"),
    [
        ("evt", b"", ""),
        ("evt", b"\xff\xfe", ""),
        ("evt", b"[" * 100_000, ""),
        ("evt", zlib.compress(bytes(50_000_000)), wire.ZLIB),
        ("evt", b'{"boot":"b","rows":[],"first":5}', ""),
        ("evt", b'{"boot":"b","rows":[],"first":5,"last":4}', ""),
        ("evt", json.dumps({"boot": "b", "first": 1, "last": 2, "rows": [row(3)]}).encode(), ""),
        ("evt", json.dumps({"boot": "b", "first": 1, "last": 2**70, "rows": []}).encode(), ""),
        ("alm", json.dumps({"boot": "b", "rows": [row(0)]}).encode(), ""),
        ("death", b'{"session":"s","why":"bored"}', ""),
        ("state", b'{"boot":"b"}', ""),
    ],
)
def test_hostile_messages_are_counted_and_nothing_else(
    platform: Platform, kind: str, payload: bytes, content_type: str
) -> None:
    heard = wire.heard(f"css/1/{GRID}/B7/{kind}", payload, content_type)
    assert heard == wire.Heard(GRID, "B7", kind, None)
    assert ingest.take(platform, [heard]) == []
    assert line(platform).refused == 1


@pytest.mark.parametrize(
    "topic", ["css/1/310115-12-03/B7/ack", "css/1/310115-12-03/b7/evt", "css/2/310115-12-03/B7/evt", "evt", ""]
)
def test_other_topics_are_nobodys(topic: str) -> None:
    assert wire.heard(topic, b"{}", "") is None


@pytest.mark.peer
def test_postgresql_takes_what_sqlite_takes(postgres: str) -> None:
    with platform_on(postgres) as platform:
        odd = said("alm", first=1, last=2, rows=[
            row(1, "alm", point="a\0b", rule="r", after="unack\0", what="raise", detail="\0"), row(2, "evt", word="\0"),
        ])  # fmt: skip
        assert ingest.take(platform, [odd, said("birth", devices=[{"name": "\0"}])])[0].seq == 2
        assert seqs(platform) == [1, 2]


@pytest.mark.peer
def test_workers_at_the_same_time_leave_no_row_twice_and_no_gap(postgres: str) -> None:
    """Batches dealt out in a random order to four workers; the ack is the whole, whoever comes last."""
    with platform_on(postgres) as platform:
        dealer = random.Random(11)
        names = [f"W{n}" for n in range(6)]
        work = [batch(first, first + 9, name) for name in names for first in range(1, 201, 10)] * 2
        dealer.shuffle(work)
        acks: dict[str, int] = {}
        lock, broken = threading.Lock(), []

        def take(mine: list[wire.Heard]) -> None:
            try:
                for start in range(0, len(mine), 3):
                    told = ingest.take(platform, mine[start : start + 3])
                    with lock:
                        for one in told:
                            acks[one.booth] = max(acks.get(one.booth, 0), one.seq)
            except BaseException as error:
                broken.append(error)

        workers = [threading.Thread(target=take, args=(work[n::4],)) for n in range(4)]
        for one in workers:
            one.start()
        for one in workers:
            one.join()
        assert broken == []
        assert acks == dict.fromkeys(names, 200)
        assert all(seqs(platform, name) == list(range(1, 201)) for name in names)
