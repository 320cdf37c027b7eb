"""A command to the barrier that comes twice, hours late, without a name, or from a stranger: one press, or none."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hardware.modbus.pdu import Function
from hardware.modbus.simulator import VirtualUnit
from hardware.modbus.virtual import Answer
from kiosk.site.messages import Do
from tests.booth.site_stand import SiteStand, until

pytestmark = pytest.mark.peer
OPEN = {"verb": "command", "output": "gate.gate", "act": "open", "who": "guard", "reason": "delivery"}


class Gate(VirtualUnit):
    """Counts presses of its buttons."""

    presses = 0

    def answer(self, request: bytes, now_s: float) -> Answer | None:
        self.presses += request[0] == Function.WRITE_COIL and request[3] == 0xFF
        return super().answer(request, now_s)


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[SiteStand]:
    stand = SiteStand(tmp_path)
    stand.gate = stand.gateways["yard"].units[1] = Gate(1, coils={0: 0, 1: 0, 2: 0}, contacts={0: 0, 1: 1, 2: 0, 3: 1})
    async with stand:
        await stand.start()
        yield stand


def presses(stand: SiteStand) -> int:
    assert isinstance(stand.gate, Gate)
    return stand.gate.presses


async def test_twice_is_once_also_over_a_restart(stand: SiteStand) -> None:
    do = Do(id="c-1", expires_at=time.time() + 60, **OPEN)  # type: ignore[arg-type]
    async with stand.listening() as ear:
        await ear.until(lambda: ear.health.get("gate") == "online")
        assert (await ear.line.do(do)).result == "done"
        again = await ear.line.do(do)
        assert (again.result, again.is_repeat) == ("done", True)
        await until(lambda: stand.gate.coils[0] == 0, lambda: "still pressed")
        await asyncio.sleep(0.5)  # journaled
    await stand.end()
    await stand.start()
    async with stand.listening() as ear:
        await ear.until(lambda: ear.health.get("gate") == "online")
        assert (await ear.line.do(do)).is_repeat
        another = Do(id="c-1", expires_at=time.time() + 60, **{**OPEN, "act": "close"})  # type: ignore[arg-type]
        assert (await ear.line.do(another)).result == "another_act"
    assert presses(stand) == 1


async def test_hours_late_it_is_not_done(stand: SiteStand) -> None:
    async with stand.listening("uplink") as ear:
        late = await ear.do(**OPEN, expires_at=time.time() - 7200)
        assert late.result == "expired"
        endless = await ear.do(**OPEN)  # from afar every command has an end
        assert endless.result == "expired"
    assert presses(stand) == 0


async def test_nobody_and_the_screen_move_nothing(stand: SiteStand) -> None:
    async with stand.listening() as ear, stand.listening("screen") as screen:
        await ear.until(lambda: ear.health.get("gate") == "online")
        assert (await screen.do(**OPEN)).result == "not_allowed"
        assert (await ear.do(**{**OPEN, "reason": ""})).result != "done"
        assert (await ear.do(**{**OPEN, "output": "release.doors", "act": "release"})).result != "done"
        stand.gate.contacts[2] = 1  # a vehicle beneath it
        await ear.until(lambda: ear.points["gate.vehicle"] == "occupied")
        assert (await ear.do(**{**OPEN, "act": "close"})).result != "done"
    assert presses(stand) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a stranger")
async def test_another_user_is_not_heard(stand: SiteStand) -> None:
    talk = (
        "import socket, sys\n"
        "line = socket.socket(socket.AF_UNIX)\n"
        "line.connect(sys.argv[1])\n"
        'line.sendall(b\'{"type":"hello","role":"staff"}\\n\')\n'
        "sys.exit(0 if line.recv(1) else 3)\n"
    )
    feed = str(stand.folder / "feed.sock")
    mine = ["/usr/bin/python3", "-I", "-c", talk, feed]
    assert subprocess.run(mine, check=False, timeout=30).returncode == 0
    stranger = subprocess.run(mine, check=False, timeout=30, user="nobody", capture_output=True, cwd="/")
    assert stranger.returncode == 1
    assert b"PermissionError" in stranger.stderr
    assert presses(stand) == 0
