"""The watch as a process, on simulated Modbus gateways: fire to relay, acts of staff, restart, reload, a full disk."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kiosk.site.journal import SITE_FILE
from tests.booth.site_stand import ALARM, CUT, FIRE, NORMAL, SiteStand, until

pytestmark = pytest.mark.peer
FAULT = "hall-smoke.loop/loop-fault"


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[SiteStand]:
    async with SiteStand(tmp_path) as stand:
        yield stand


def journal(stand: SiteStand, kind: str) -> list[dict[str, object]]:
    with contextlib.closing(sqlite3.connect(stand.folder / SITE_FILE)) as connection:
        rows = connection.execute("SELECT body FROM events WHERE class = ? ORDER BY seq", (kind,)).fetchall()
    return [json.loads(body) for (body,) in rows]


async def test_fire_goes_its_whole_way(stand: SiteStand) -> None:
    await stand.start()
    await stand.until_locked()
    async with stand.listening() as ear, stand.listening("screen") as screen:
        stand.smoke.inputs[0] = ALARM
        await stand.until_released()
        await screen.until(lambda: "evacuate" in screen.standing)
        await ear.until(lambda: ear.state(FIRE) == "unack" and "evacuate" in [one.act for one in ear.told])
        assert (await ear.do(verb="reset", key=FIRE)).result == "condition_active"
        stand.smoke.inputs[0] = NORMAL
        await ear.until(lambda: ear.state(FIRE) == "latched_unack")
        assert (await ear.do(verb="acknowledge", key=FIRE)).result == "done"
        await ear.until(lambda: ear.state(FIRE) == "latched")
        assert stand.locked == (0, 0)
        assert (await ear.do(verb="reset", key=FIRE)).result == "done"
        await stand.until_locked()
        await screen.until(lambda: not screen.standing and not screen.released)
    assert await stand.end() == 0
    assert '"defect"' not in stand.log_text()
    lives = [row["what"] for row in journal(stand, "alm") if row["rule"] == "fire"]
    assert lives == ["raise", "clear", "acknowledge", "reset"]
    assert [row["result"] for row in journal(stand, "cmd")] == ["condition_active", "done", "done"]
    assert [row["what"] for row in journal(stand, "mark")] == ["start", "end"]


async def test_killed_in_a_fire_it_lets_go_by_itself_and_the_next_run_knows(stand: SiteStand) -> None:
    await stand.start()
    await stand.until_locked()
    await stand.end(signal.SIGKILL)
    await stand.until_released()  # the relays' own hold time
    await stand.start()
    await stand.until_locked()
    stand.smoke.inputs[0] = ALARM
    await stand.until_released()
    async with stand.listening() as ear:
        await ear.until(lambda: ear.state(FIRE) == "unack")
        await until(lambda: bool(journal(stand, "alm")), lambda: "not journaled")
    await stand.end(signal.SIGKILL)
    stand.smoke.inputs[0] = NORMAL
    await stand.start()
    async with stand.listening("screen") as screen:
        await screen.until(lambda: screen.state(FIRE) == "latched_unack")
        assert screen.standing == ("evacuate",)
        assert stand.locked == (0, 0)
    async with stand.listening() as ear:
        await ear.do(verb="acknowledge", key=FIRE)
        assert (await ear.do(verb="reset", key=FIRE)).result == "done"
    await stand.until_locked()


async def test_a_reload_keeps_shelves_and_drivers_and_a_mistake_changes_nothing(stand: SiteStand) -> None:
    await stand.start()
    await stand.until_locked()
    async with stand.listening() as ear:
        stand.smoke.inputs[0] = CUT
        await ear.until(lambda: ear.state(FAULT) == "unack")
        assert (await ear.do(verb="shelve", key=FAULT, for_s=600, reason="repair")).result == "done"
        before = {name: gateway.connections for name, gateway in stand.gateways.items()}
        stand.write('[device.nobody]\nlink = "none"\nprofile = "smoke-loop"\naddress = 1\n')
        refused = await ear.do(verb="reload")
        assert refused.result == "refused"
        assert "nobody" in refused.text
        stand.write('[rule.gate-up]\nwhen = [{ point = "gate.up", is = ["reached"] }]\nseverity = "info"\n')
        assert (await ear.do(verb="reload")).result == "done"
        stand.gate.contacts[0] = 1
        await ear.until(lambda: ear.state("gate.up/gate-up") == "unack")
        assert ear.alarms[FAULT].covers == ("shelved",)
        assert {name: gateway.connections for name, gateway in stand.gateways.items()} == before
        assert stand.locked == (1, 1)
        stand.write()
        assert stand.process is not None
        stand.process.send_signal(signal.SIGHUP)
        await ear.until(lambda: "gate.up/gate-up" not in ear.alarms or ear.state("gate.up/gate-up") == "rtn_unack")


async def test_doors_that_a_reload_brings_are_locked_and_those_of_before_stay_so(stand: SiteStand) -> None:
    await stand.start()
    await stand.until_locked()
    async with stand.listening() as ear:
        stand.write('[device.release-2]\nlink = "fire-out"\nprofile = "release-output"\naddress = 2\n')
        assert (await ear.do(verb="reload")).result == "done"
        await until(lambda: stand.more_relays.coils == {0: 1, 1: 1}, stand.log_text)
        assert stand.locked == (1, 1)
        await stand.gateways["fire_in"].stop()  # no fire, only a fault: nothing is released
        await ear.until(lambda: ear.health["hall-smoke"] == "lost")
        assert stand.locked == (1, 1)


async def test_a_release_that_is_not_confirmed_is_an_alarm_and_is_repeated(stand: SiteStand) -> None:
    await stand.start()
    await stand.until_locked()
    async with stand.listening() as ear:
        await stand.gateways["fire_out"].stop()
        stand.smoke.inputs[0] = ALARM
        await ear.until(lambda: ear.state("release.doors/unconfirmed") == "unack")
        await stand.gateways["fire_out"].start()
        await ear.until(lambda: ear.state("release.doors/unconfirmed") != "unack")
    assert stand.locked == (0, 0)
    assert stand.relays.coils[0] == 0


async def test_a_gateway_that_is_gone_is_one_alarm_and_comes_back(stand: SiteStand) -> None:
    await stand.start()
    async with stand.listening() as ear:
        await ear.until(lambda: ear.health["gate"] == "online" and ear.health["yard"] == "online")
        await stand.gateways["yard"].stop()
        await ear.until(lambda: ear.health["yard"] == "lost" and ear.state("yard/lost") == "unack")
        await stand.gateways["yard"].start()
        await ear.until(lambda: ear.health["yard"] == "online" and ear.health["gate"] == "online")
        assert "gate/lost" not in ear.alarms or not ear.alarms["gate/lost"].is_announced


@pytest.mark.parametrize("kind", ["fire_from_the_start", "walk_test"])
async def test_a_fire_that_is_there_at_the_start_acts_and_a_tested_one_does_not(stand: SiteStand, kind: str) -> None:
    if kind == "fire_from_the_start":
        stand.smoke.inputs[0] = ALARM
        await stand.start()
        async with stand.listening("screen") as screen:
            await screen.until(lambda: screen.standing == ("evacuate",))
            assert set(screen.released) == {"release.doors", "release.barriers"}
        return
    await stand.start()
    await stand.until_locked()
    async with stand.listening() as ear:
        assert (await ear.do(verb="walk_test", devices=["hall-smoke"], for_s=600)).result == "done"
        stand.smoke.inputs[0] = ALARM
        await ear.until(lambda: ear.state(FIRE) == "unack")
        assert (stand.locked, ear.standing) == ((1, 1), ())
        assert (await ear.do(verb="end_walk_test")).result == "done"
        await stand.until_released()
        await ear.until(lambda: ear.standing == ("evacuate",))


async def test_the_service_manager_hears_the_loop_turn_and_its_end(stand: SiteStand) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(stand.folder / "notify"))
        manager.setblocking(False)
        heard: list[bytes] = []

        def listen() -> list[bytes]:
            with contextlib.suppress(BlockingIOError):
                while True:
                    heard.append(manager.recv(100))
            return heard

        await stand.start(NOTIFY_SOCKET=str(stand.folder / "notify"), WATCHDOG_USEC="1000000")
        await until(lambda: {b"READY=1", b"WATCHDOG=1"} <= set(listen()), lambda: str(heard))
        assert stand.process is not None
        stand.process.send_signal(signal.SIGSTOP)  # it hangs
        await asyncio.sleep(0.1)
        listen()
        heard.clear()
        await asyncio.sleep(0.5)
        assert listen() == []
        stand.process.send_signal(signal.SIGCONT)
        await until(lambda: b"WATCHDOG=1" in listen(), lambda: str(heard))
        assert await stand.end() == 0
        assert b"STOPPING=1" in listen()


async def test_it_brings_no_screen_and_no_pictures_with_it(stand: SiteStand) -> None:
    await stand.start()
    await stand.until_locked()
    assert stand.process is not None
    maps = Path(f"/proc/{stand.process.pid}/maps").read_text(encoding="utf-8")
    libraries = {Path(line.split()[-1]).name.lower() for line in maps.splitlines() if ".so" in line}
    assert any("sqlite" in one for one in libraries)
    assert not [one for one in libraries if any(word in one for word in ("kivy", "numpy", "cv2", "sdl", "onnx"))]


async def test_two_watches_in_one_folder_are_one_too_many(stand: SiteStand) -> None:
    await stand.start()
    second = await asyncio.create_subprocess_exec(
        *stand.command(), cwd=stand.root, env=dict(os.environ), stderr=asyncio.subprocess.PIPE
    )
    _, said = await second.communicate()
    assert second.returncode == 2
    assert b"in use" in said
    async with stand.listening() as ear:
        assert ear.snapshot.site == "b-0007"


async def test_a_site_file_with_mistakes_does_not_start(stand: SiteStand) -> None:
    stand.file.write_text("[site]\nid = 1\n", encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *stand.command(), cwd=stand.root, env=dict(os.environ), stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 2
    assert b"site.toml:2: site.id" in said
