"""``booth site ...`` against a running watch: what a technician types, sees, and is told when it does not go."""

from __future__ import annotations

import asyncio
import getpass
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.booth.site_stand import ALARM, FIRE, NORMAL, ROOT, SiteStand

pytestmark = pytest.mark.peer


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[SiteStand]:
    async with SiteStand(tmp_path) as stand:
        yield stand


async def booth(stand: SiteStand, *words: str) -> tuple[int, str, str]:
    """(status, standard output, standard error) of ``booth site WORDS``."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "booth", "site", *words, "--folder", str(stand.folder),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await child.communicate()
    assert child.returncode is not None
    return child.returncode, out.decode(), err.decode()


async def test_a_fire_from_the_alarm_to_the_reset_by_hand(stand: SiteStand) -> None:
    await stand.start()
    await stand.until_locked()
    assert (await booth(stand, "alarms"))[:2] == (0, "no alarms\n")
    stand.smoke.inputs[0] = ALARM
    await stand.until_released()
    async with stand.listening() as ear:
        await ear.until(lambda: ear.state(FIRE) == "unack")
        status, out, _ = await booth(stand, "status")
        assert status == 1
        assert out.splitlines()[1].startswith("EVACUATE")
        assert "FIRE" in out
        status, out, err = await booth(stand, "reset", FIRE)
        assert (status, out) == (2, "")
        assert "condition_active" in err
        assert "remove it" in err
        assert (await booth(stand, "ack", FIRE, "--as", "17"))[0] == 0
        stand.smoke.inputs[0] = NORMAL
        await ear.until(lambda: ear.state(FIRE) == "latched")
    assert (await booth(stand, "reset", FIRE))[0] == 0
    await stand.until_locked()
    status, out, _ = await booth(stand, "log", "--class", "cmd", "--json")
    rows = [json.loads(line)["body"] for line in out.splitlines()]
    assert [(row["verb"], row["result"]) for row in rows] == [
        ("reset", "condition_active"), ("acknowledge", "done"), ("reset", "done"),
    ]  # fmt: skip
    assert rows[1]["who"].startswith(getpass.getuser())
    assert "badge 17" in rows[1]["who"]
    _, out, _ = await booth(stand, "status")
    assert "EVACUATE" not in out
    assert "FIRE" not in out


async def test_each_verb_reaches_the_watch_and_is_answered(stand: SiteStand) -> None:
    await stand.start()
    await stand.until_locked()
    key = "hall-smoke.loop/loop-fault"
    for words, status, said in (
        (("shelve", key, "--for", "30m", "--reason", "repair"), 0, "done: shelve"),
        (("unshelve", key), 0, "done: unshelve"),
        (("shelve", FIRE, "--for", "30m", "--reason", "repair"), 2, "fire_is_never_covered"),
        (("out-of-service", FIRE, "--for", "1h", "--reason", "painting"), 0, "done: out of service"),
        (("in-service", FIRE), 0, "done: in service"),
        (("walk-test", "hall-smoke", "--for", "10m"), 0, "done: walk test hall-smoke"),
        (("end-walk-test",), 0, "done: end walk test"),
        (("open", "gate.gate", "--reason", "van"), 0, "done: command gate.gate"),
        (("open", "release.doors", "--reason", "van"), 2, "not_on_the_list"),
        (("reload",), 0, "done: reload"),
    ):
        got, out, err = await booth(stand, *words)
        assert (got, said in out + err) == (status, True), (words, out, err)
    status, out, _ = await booth(stand, "status", "--json")
    assert json.loads(out)["site"] == "b-0007"


async def test_without_a_watch_the_cure_is_named(stand: SiteStand) -> None:
    status, out, err = await booth(stand, "status")
    assert (status, out) == (2, "")
    assert "booth site run" in err
    status, _, err = await booth(stand, "log")
    assert status == 2
    assert "site.db" in err
