"""The keeper as a real process with real visitors: somebody is always on the glass, nothing is lost, nobody stays."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from hardware.ring import FrameRing
from tests.booth.stand import ROOT, Stand, environment

pytestmark = pytest.mark.peer


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_one_is_shown_and_the_next_one_is_warm(stand: Stand) -> None:
    await stand.start()
    active, warm = await stand.pair()
    assert (active, warm) == tuple(stand.visitors)
    assert not warm.has("shown")
    assert await warm.ask("open") == "the keeper refused: not_active"


async def test_the_next_welcome_follows_the_goodbye(stand: Stand) -> None:
    await stand.start()
    for _ in range(3):
        active, warm = await stand.pair()
        active.order("leave")
        await stand.until(lambda: warm.has("shown"))  # noqa: B023
        await stand.until(lambda: active.is_gone)  # noqa: B023
    await stand.pair()
    assert len(stand.visitors) == 5
    assert [row["outcome"] for row in stand.lines("visit_ended")] == ["served"] * 3
    assert not stand.lines("visit_lost")


async def test_the_goodbye_is_told_when_the_next_welcome_covers_it(stand: Stand) -> None:
    await stand.start()
    active, warm = await stand.pair()
    active.order("leave", stay_s=600, is_deaf=False)
    await stand.until(lambda: active.is_gone)
    assert active.has("quit")
    assert active.at("quit") >= warm.at("shown")
    await stand.until(lambda: stand.lines("visit_ended"))
    assert not stand.lines("visit_killed")


async def test_a_visit_that_dies_is_replaced_at_once_and_its_transaction_goes_on(stand: Stand) -> None:
    await stand.start()
    active, warm = await stand.pair()
    done = await active.ask("commit", text="broken lamp", seal_pub=stand.seal_pub())
    active.order("die")
    await stand.until(lambda: warm.has("shown"))
    await stand.until(lambda: stand.lines("visit_ended"))
    assert stand.lines("visit_lost")[0]["role"] == "active"
    assert stand.lines("visit_ended")[0]["status"] == 3
    assert stand.rows("SELECT outcome FROM visits") == [("died",)]
    assert stand.rows("SELECT number, state FROM transactions") == [(done["number"], "pending")]
    _, third = await stand.pair()
    assert third.pid != warm.pid


async def test_a_visit_that_hangs_is_ended(stand: Stand) -> None:
    await stand.start()
    active, warm = await stand.pair()
    active.order("hang")
    await stand.until(lambda: warm.has("shown"))
    await stand.until(lambda: not is_running(active.pid))
    assert [(row["pid"], row["reason"]) for row in stand.lines("visit_killed")] == [(active.pid, "hung")]


async def test_the_pictures_of_a_visit_that_was_killed_are_gone(stand: Stand) -> None:
    await stand.start()
    active, _ = await stand.pair()
    name = await active.ask("film")
    ring = FrameRing.attach(name)  # what a worker that dies a little later still sees
    assert ring.newest() is not None
    os.kill(active.pid, signal.SIGKILL)
    await stand.until(lambda: not Path("/dev/shm", name).exists())
    assert ring.newest() is None
    ring.close()


async def test_a_visit_that_hangs_while_it_is_kept_warm_is_replaced_unseen(stand: Stand) -> None:
    await stand.start()
    active, warm = await stand.pair()
    warm.order("hang")
    await stand.until(lambda: len(stand.visitors) == 3 and stand.visitors[2].has("warm"))
    assert not is_running(warm.pid)
    assert not active.is_gone
    active.order("leave")
    await stand.until(lambda: stand.visitors[2].has("shown"))


async def test_a_visit_that_does_not_end_after_its_goodbye_is_ended(stand: Stand) -> None:
    await stand.start()
    active, warm = await stand.pair()
    active.order("leave", stay_s=600)
    await stand.until(lambda: warm.has("shown"))
    await stand.until(lambda: active.is_gone)
    assert [(row["pid"], row["reason"]) for row in stand.lines("visit_killed")] == [(active.pid, "overstayed")]
    await stand.until(lambda: stand.lines("visit_ended"))
    assert stand.lines("visit_ended")[0]["outcome"] == "served"
    assert not stand.lines("visit_lost")


async def test_a_visit_that_babbles_is_ended(stand: Stand) -> None:
    await stand.start()
    active, warm = await stand.pair()
    active.order("babble")
    await stand.until(lambda: warm.has("shown") and active.is_gone)
    assert stand.lines("line_broken")


async def test_visits_that_die_at_their_start_are_not_started_in_a_spin(stand: Stand) -> None:
    blocker = stand.folder / "die_at_start"
    blocker.touch()
    await stand.start()
    await stand.until(lambda: len(stand.lines("visit_lost")) >= 4)
    starts = stand.lines("visit_started")
    assert [row["crashes"] for row in stand.lines("visit_lost")][:4] == [1, 2, 3, 4]
    assert len(starts) <= 6
    blocker.unlink()
    await stand.pair()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
async def test_an_orderly_end_leaves_nobody_and_a_closed_ledger(stand: Stand, number: signal.Signals) -> None:
    await stand.start()
    active, warm = await stand.pair()
    await active.ask("open")
    assert await stand.stop(number) == 0
    assert active.has("quit")
    assert not is_running(active.pid)
    assert not is_running(warm.pid)
    ledger = stand.folder / "ledger" / "ledger.db"
    assert ledger.exists()
    assert not ledger.with_name("ledger.db-wal").exists()
    assert stand.rows("SELECT outcome FROM visits") == [("stopped",)]
    assert stand.lines("keeper_ended")


async def test_visitors_end_when_the_keeper_is_killed_and_the_next_keeper_goes_on(stand: Stand) -> None:
    await stand.start()
    active, warm = await stand.pair()
    done = await active.ask("commit", text="broken lamp", seal_pub=stand.seal_pub())
    assert await stand.stop(signal.SIGKILL) == -signal.SIGKILL
    await stand.until(lambda: active.is_gone and warm.is_gone)
    await stand.start()
    active, _ = await stand.pair()
    assert (await active.ask("commit", text="another", seal_pub=stand.seal_pub()))["number"].startswith("B7-000002-")
    assert stand.rows("SELECT number, state FROM transactions WHERE seq = 1")[0][0] == done["number"]
    assert stand.rows("SELECT outcome FROM visits ORDER BY rowid LIMIT 1") == [("interrupted",)]


async def test_a_second_keeper_on_the_same_ledger_says_so(stand: Stand) -> None:
    await stand.start()
    await stand.pair()
    second = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "booth", "run", "--config", stand.config),
        cwd=ROOT,
        env=environment(),
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await second.communicate()
    assert second.returncode == 2
    assert stand.keeper is not None
    assert f"in use by process {stand.keeper.pid}; stop that one first" in said.decode()
    assert said.count(b"\n") == 1


async def test_neither_ledger_nor_log_holds_what_a_resident_said(stand: Stand) -> None:
    planted = "PLANTED 张秀英 lives at 3-2-501"
    await stand.start()
    active, _ = await stand.pair()
    done = await active.ask("commit", text=planted, seal_pub=stand.seal_pub())
    assert await active.ask("wait", key=done["key"], within_s=0.2) == "pending"
    await active.ask("receipt", key=done["key"], how="printed")

    def everything() -> bytes:
        files = [path for path in stand.folder.rglob("*") if path.is_file()]
        assert len(files) >= 5
        return b"".join(path.read_bytes() for path in files)

    def assert_nothing_planted() -> None:
        found = everything()
        assert done["number"].encode() in found  # the scan sees what is there
        for part in ("PLANTED", "张秀英", "3-2-501"):
            assert part.encode() not in found

    assert_nothing_planted()
    assert stand.keeper is not None
    with open(f"/proc/{stand.keeper.pid}/maps") as maps, open(f"/proc/{stand.keeper.pid}/mem", "rb") as memory:
        for entry in maps:
            span, permissions, *_ = entry.split()
            if permissions.startswith("rw") and "[v" not in entry:
                first, last = (int(end, 16) for end in span.split("-"))
                memory.seek(first)
                assert b"PLANTED" not in memory.read(last - first)
    await stand.stop()
    assert_nothing_planted()


async def test_the_ledger_is_shown_beside_a_running_keeper(stand: Stand) -> None:
    await stand.start()
    active, _ = await stand.pair()
    done = await active.ask("commit", text="broken lamp", seal_pub=stand.seal_pub())
    show = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "booth", "ledger", "show", "--config", stand.config),
        cwd=ROOT,
        env=environment(),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await show.communicate()
    assert show.returncode == 0
    first, last = said.decode().splitlines()
    assert first.startswith(f"{done['number']}  ")
    assert "report-problem" in first
    assert last == "1 transactions; audit log whole"


async def test_the_keepers_log_has_only_allowed_fields(stand: Stand) -> None:
    await stand.start()
    active, _ = await stand.pair()
    await active.ask("commit", text="lamp", seal_pub=stand.seal_pub())
    active.order("die")
    await stand.until(lambda: stand.lines("visit_ended"))
    from booth.log import FIELDS

    for event in ("keeper_started", "visit_showing", "visit_lost", "visit_ended"):
        assert stand.lines(event)
        assert all(set(row) <= FIELDS for row in stand.lines(event))


def test_what_is_not_on_the_list_is_not_logged(tmp_path) -> None:
    from booth.log import Log

    log = Log(tmp_path / "log")
    log("answered", number="B7-000001-9", name="张秀英", sealed=b"x", reason={"a": 1}, state="y" * 1000)
    log.close()
    written = (tmp_path / "log").read_text()
    assert "B7-000001-9" in written
    assert "张秀英" not in written
    assert "sealed" not in written
    assert "reason" not in written
    assert "y" * 201 not in written
    assert os.linesep in written
