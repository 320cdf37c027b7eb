"""kill -9 of the watch at random moments: valves close, the way out is open, and a fire is not forgotten."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hardware.modbus.simulator import Hold, VirtualUnit
from hardware.modbus.virtual import Answer
from tests.booth.site_stand import ALARM, FIRE, NORMAL, SiteStand, until
from tests.torture import is_torture

pytestmark = [pytest.mark.peer, pytest.mark.timeout(7200 if is_torture() else 240)]
HOLD_S = 2.0  # the longest that any profile's output may outlive the watch
VALVE = """
[device.valve]
link = "yard"
profile = "water-valve"
address = 13
"""
EACH = 10  # rounds of one test; tests/torture.py tries 20 seeds, which makes 200


class Relays(VirtualUnit):
    """Remembers whether anybody locked."""

    was_locked = False

    def answer(self, request: bytes, now_s: float) -> Answer | None:
        found = super().answer(request, now_s)
        self.was_locked |= bool(self.coils[0] or self.coils[1])
        return found


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[SiteStand]:
    stand = SiteStand(tmp_path)
    stand.relays = Relays(1, coils={0: 0, 1: 0}, holds=stand.relays.holds)
    stand.gateways["fire_out"].units[1] = stand.relays
    valve = VirtualUnit(13, coils={0: 0}, inputs={0: 0}, holds={("coils", 0): Hold(0, HOLD_S)})
    stand.gateways["yard"].units[13] = valve
    async with stand:
        stand.write(VALVE)
        yield stand


def outputs(stand: SiteStand) -> tuple[int, int, int]:
    """Doors, barriers, valve: all 0 is safe."""
    valve = stand.gateways["yard"].units[13]
    valve.move(asyncio.get_running_loop().time())
    return (*stand.locked, valve.coils[0])


async def kill(stand: SiteStand) -> None:
    await stand.end(signal.SIGKILL)
    await until(lambda: outputs(stand) == (0, 0, 0), lambda: f"outputs {outputs(stand)}", HOLD_S + 0.3)


@pytest.mark.parametrize("seed", range(20) if is_torture() else [0])
async def test_whatever_stood_lets_go_and_a_fire_stays(stand: SiteStand, seed: int) -> None:
    chance = random.Random(seed)
    is_burning = False
    for _ in range(EACH):
        relays = stand.relays
        assert isinstance(relays, Relays)
        relays.was_locked = False
        await stand.start()
        if chance.random() < 0.2:
            await asyncio.sleep(0.3 * chance.random())  # hardly begun
            await kill(stand)
            assert not (is_burning and relays.was_locked)
            continue
        async with stand.listening() as ear:
            if is_burning:
                await ear.until(lambda: ear.state(FIRE) in ("unack", "latched_unack"))
                await asyncio.sleep(0.2 * chance.random())
                assert set(ear.released) == {"release.doors", "release.barriers"}
                assert not relays.was_locked  # not even for a moment
                if chance.random() < 0.5:
                    stand.smoke.inputs[0] = NORMAL
                    await ear.until(lambda: ear.state(FIRE) == "latched_unack")
                    assert (await ear.do(verb="acknowledge", key=FIRE)).result == "done"
                    assert (await ear.do(verb="reset", key=FIRE)).result == "done"
                    is_burning = False
            if not is_burning:
                await stand.until_locked()
                if chance.random() < 0.5:
                    told = await ear.do(verb="command", output="valve.valve", act="water", for_s=60.0, reason="dry")
                    assert told.result == "done"
                    await until(lambda: outputs(stand)[2] == 1, lambda: "no water")
                if chance.random() < 0.7:
                    stand.smoke.inputs[0] = ALARM
                    await stand.until_released()
                    is_burning = True
                    if chance.random() < 0.5:
                        await ear.until(lambda: ear.state(FIRE) == "unack")
                        await asyncio.sleep(0.3)  # journaled
                        stand.smoke.inputs[0] = NORMAL  # and only its memory is left
            await asyncio.sleep(0.3 * chance.random())
        await kill(stand)


async def test_without_a_hold_time_the_last_value_would_have_stayed(stand: SiteStand) -> None:
    """The control: what lets go is the unit's hold time, not the test."""
    valve = stand.gateways["yard"].units[13] = VirtualUnit(13, coils={0: 0}, inputs={0: 0})
    await stand.start()
    await stand.until_locked()
    async with stand.listening() as ear:
        told = await ear.do(verb="command", output="valve.valve", act="water", for_s=60.0, reason="dry")
        assert told.result == "done"
        await until(lambda: valve.coils[0] == 1, lambda: "no water")
    await stand.end(signal.SIGKILL)
    await until(lambda: stand.locked == (0, 0), lambda: "locked")
    await asyncio.sleep(HOLD_S)
    assert valve.coils[0] == 1
