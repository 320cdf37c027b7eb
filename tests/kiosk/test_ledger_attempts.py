"""Tries are counted per card and day without a number being kept, and forgotten with the day."""

import asyncio
import socket
from pathlib import Path

import pytest

from kiosk import line
from kiosk.counter import Counter, Session
from kiosk.keeper_line import KeeperLine, KeeperRefused
from kiosk.ledger.attempts import Attempts, BadTag, tag_of
from kiosk.ledger.file import LedgerFile
from kiosk.ledger.schema import MIGRATIONS
from tests.kiosk.ledgers import ROOMY, open_journal

NUMBER, OTHER = "11010519491231002X", "110105194912319024"


@pytest.fixture
def day() -> list[str]:
    return ["2026-11-22"]


@pytest.fixture
def counts(tmp_path: Path, day: list[str]):
    file = LedgerFile(tmp_path / "ledger.db", MIGRATIONS, **ROOMY)
    yield Attempts(file, lambda: day[0])
    file.close()


def test_each_card_and_purpose_has_its_own_count(counts: Attempts) -> None:
    face, code, other = (tag_of(counts.key(), *one) for one in (("face", NUMBER), ("code", NUMBER), ("face", OTHER)))
    assert [counts.used(face), counts.count(face), counts.count(face), counts.used(face)] == [0, 1, 2, 2]
    assert (counts.used(code), counts.used(other)) == (0, 0)


def test_a_restart_forgets_nothing(tmp_path: Path, day: list[str]) -> None:
    used = []
    for _ in range(2):
        file = LedgerFile(tmp_path / "ledger.db", MIGRATIONS, **ROOMY)
        counts = Attempts(file, lambda: day[0])
        used.append(counts.count(tag_of(counts.key(), "face", NUMBER)))
        file.close()
    assert used == [1, 2]


def test_the_next_day_begins_anew_and_leaves_no_trace(counts: Attempts, day: list[str], tmp_path: Path) -> None:
    key = counts.key()
    tag = tag_of(key, "face", NUMBER)
    counts.count(tag)
    on_disk = lambda: b"".join(file.read_bytes() for file in tmp_path.iterdir() if ".ballast" not in file.name)  # noqa: E731
    assert tag.encode() in on_disk()
    day[0] = "2026-11-23"
    counts.forget_old()
    assert tag.encode() not in on_disk()
    assert key.hex().encode() not in on_disk()
    assert counts.key() != key
    assert counts.used(tag_of(counts.key(), "face", NUMBER)) == 0


def test_the_number_is_nowhere(counts: Attempts, tmp_path: Path) -> None:
    counts.count(tag_of(counts.key(), "face", NUMBER))
    assert not any(NUMBER.encode() in file.read_bytes() for file in tmp_path.iterdir())


@pytest.mark.parametrize("tag", ["", NUMBER, "A" * 64, "0" * 63])
def test_what_is_no_tag_is_refused(counts: Attempts, tag: str) -> None:
    with pytest.raises(BadTag):
        counts.count(tag)


async def test_over_the_line_only_a_tag_travels(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=theirs)
    heard: list[line.Message] = []

    async def desk(work):
        return work()

    session = Session(Counter(journal, None, desk, lambda *_, **__: None), lambda reply: line.send(writer, reply))  # type: ignore[arg-type]

    async def listen() -> None:
        while (message := await line.receive(reader)) is not None:
            heard.append(message)
            session.put(message)

    listening = asyncio.create_task(listen())
    keeper = await KeeperLine.connect(ours.detach())
    with pytest.raises(KeeperRefused, match="not_active"):
        await keeper.count_attempt(NUMBER)
    session.is_active = True
    assert [await keeper.attempts_today(NUMBER), await keeper.count_attempt(NUMBER)] == [0, 1]
    assert [await keeper.count_attempt(NUMBER), await keeper.attempts_today(OTHER)] == [2, 0]
    assert not any(NUMBER in str(message) for message in heard)
    await keeper.close()
    await listening
    await session.end("cancelled")
    writer.close()
    journal.file.close()
