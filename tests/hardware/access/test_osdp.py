"""The driver of the door bus before virtual readers with a secure channel of their own, on a pty."""

from __future__ import annotations

import asyncio
import os
import random
import signal

import pytest

from hardware.access.cards import digest
from hardware.access.frames import Frame, closed, head
from hardware.access.osdp import OsdpLink
from hardware.access.simulator import VirtualReader
from hardware.access.virtual import VirtualReader as Peripheral
from hardware.field import Command, Config, FieldError, Gone, Refused, Timeout
from tests.hardware.access.doors import CARD_KEY, KEY, doors, reader_at, until

pytestmark = pytest.mark.peer
CARD = (32, bytes((0x0B, 0x00, 0x71, 0x55)))
REST = {"contact": 0, "exit_button": 0, "lock": 0, "tamper": 0, "power": 0, "key": "secure"}


async def test_what_a_door_says() -> None:
    allowed = frozenset({digest(CARD_KEY, *CARD)})
    door = VirtualReader(1, KEY)
    async with doors([door], [reader_at(1, allowed=allowed)]) as (_bus, link, told):
        await until(lambda: told.values("door-1") == REST)
        assert door.is_secure
        door.open_contact()
        door.press_exit()
        door.tamper()
        await until(lambda: told.values("door-1") == REST | {"contact": 1, "exit_button": 1, "tamper": 1})
        door.present_card(*CARD, is_wiegand=False)
        await until(lambda: told.values("door-1").get("reader") == "granted")
        door.present_card(32, b"\0\0\0\1", is_wiegand=False)
        await until(lambda: told.values("door-1").get("reader") == "denied")
        door.present_card(26, b"\0\0\0\0")  # the second parity bit is wrong
        await until(lambda: told.values("door-1").get("reader") == "damaged")
        door.recognise_face()
        await until(lambda: told.values("door-1").get("reader") == "face")
        door.report_temperature(3780)
        await until(lambda: told.values("door-1").get("temperature") == 3780)
        await until(lambda: len(door.shown) == 6)
        # 6.11: LED of reader 0, temporary: on colour green (2), then red (1); 6.12: beeps
        assert [data[5] for what, data in door.shown if what == "led"] == [2, 1, 1]
        assert [data[4] for what, data in door.shown if what == "buzzer"] == [1, 3, 3]
        assert link.health()["door-1"].misses == 0
        said = repr([one for one in told.all if one.point == "reader"])
        assert CARD[1].hex() not in said
        assert repr(CARD[1]) not in said


async def test_a_lock_opens_for_a_time_and_its_reader_closes_it() -> None:
    door = VirtualReader(1, KEY)
    async with doors([door], [reader_at(1)]) as (bus, link, told):
        await until(lambda: told.values("door-1").get("lock") == 0)
        link.keep(60)
        await link.command(Command("door-1", "lock", 1, 0.5), within_s=5)
        assert bus.is_unlocked(1)
        await until(lambda: told.values("door-1")["lock"] == 1)
        os.kill(link._worker.pid or 0, signal.SIGSTOP)  # nobody speaks to the reader any more
        await until(lambda: not bus.is_unlocked(1))


async def test_a_lock_is_closed_when_the_watch_is_silent() -> None:
    async with doors([VirtualReader(1, KEY)], [reader_at(1)]) as (bus, link, told):
        await until(lambda: told.values("door-1").get("lock") == 0)
        link.keep(60)
        await link.command(Command("door-1", "lock", 1), within_s=5)
        assert bus.is_unlocked(1)
        link.keep(0.0)
        await until(lambda: not bus.is_unlocked(1), within_s=5)  # its own timer would need 10 s


async def test_ordered_back_before_its_time() -> None:
    async with doors([VirtualReader(1, KEY)], [reader_at(1)]) as (bus, link, told):
        await until(lambda: told.values("door-1").get("lock") == 0)
        link.keep(60)
        await link.command(Command("door-1", "lock", 1), within_s=5)
        await link.command(Command("door-1", "lock", 0), within_s=5)
        assert not bus.is_unlocked(1)


async def test_asked_out_of_turn() -> None:
    async with doors([VirtualReader(1, KEY)], [reader_at(1, every_s=60.0)]) as (_bus, link, told):
        await until(lambda: told.values("door-1") == REST)
        found = await link.poll("door-1", within_s=5)
        assert {one.point: one.value for one in found} == REST
        with pytest.raises(Config):
            await link.poll("door-9", within_s=1)


async def test_a_lost_reader_is_told_and_is_back_while_the_other_one_works() -> None:
    gone, well = VirtualReader(1, KEY), VirtualReader(2, KEY)
    async with doors([gone, well], [reader_at(1), reader_at(2)]) as (_bus, link, told):
        await until(lambda: told.values("door-1") == REST == told.values("door-2"))
        gone.faults.is_silent = True
        await until(lambda: told.values("door-1")["contact"] == "timeout")
        misses = len(told.words("door-1"))
        assert link.health()["door-1"].timeouts >= 0
        with pytest.raises(Timeout):
            await link.command(Command("door-1", "lock", 1, 1.0), within_s=1)
        well.open_contact()
        await until(lambda: told.values("door-2")["contact"] == 1)
        await until(lambda: len(told.words("door-1")) > misses + 10)  # it is said again each second
        gone.faults.is_silent = False
        await until(lambda: all(told.values("door-1")[point] == raw for point, raw in REST.items()))
        assert told.words("door-2") == []


async def test_a_rebooted_reader_has_a_new_session() -> None:
    door = VirtualReader(1, KEY)
    async with doors([door], [reader_at(1)]) as (bus, _link, told):
        await until(lambda: told.values("door-1") == REST)
        bus.reboot(1)
        await until(lambda: "timeout" in told.words("door-1"))
        await until(lambda: door.is_secure and told.values("door-1").get("contact") == 0)
        assert door.challenges == 2


@pytest.mark.parametrize(
    ("knob", "value"), [("garbage", 1.0), ("truncate", 1.0), ("drop", 1.0), ("late", 20), ("delay_ms", 400.0)]
)
async def test_what_misbehaves_is_told_and_forgiven(knob: str, value: float) -> None:
    bad, well = VirtualReader(1, KEY), VirtualReader(2, KEY)
    async with doors([bad, well], [reader_at(1), reader_at(2)]) as (_bus, _link, told):
        await until(lambda: told.values("door-1") == REST == told.values("door-2"))
        setattr(bad.faults, knob, value)
        await until(lambda: told.values("door-1")["contact"] in ("garbage", "timeout"))
        assert knob not in ("garbage", "truncate") or "garbage" in told.words("door-1")
        setattr(bad.faults, knob, 0)
        await until(lambda: told.values("door-1")["contact"] == 0)
        assert told.words("door-2") == []


async def test_a_few_lost_frames_end_no_session() -> None:
    door = VirtualReader(1, KEY)
    async with doors([door], [reader_at(1)]) as (_bus, link, told):
        await until(lambda: told.values("door-1") == REST)
        for at in range(6):
            door.faults.late, door.faults.late_ms = 1, 90.0  # later than it is waited for, earlier than it is given up
            answers = link.health()["door-1"].answered
            await until(lambda answers=answers: link.health()["door-1"].answered > answers + 5)
            door.open_contact(at % 2 == 0)
            await until(lambda at=at: told.values("door-1")["contact"] == int(at % 2 == 0))
        assert door.challenges == 1
        assert [one.point for one in told.all if one.error is not None] == [""] * len(told.words("door-1"))


async def test_a_reader_without_secure_channel_is_not_spoken_to() -> None:
    async with doors([VirtualReader(1, KEY, capable=False)], [reader_at(1)]) as (_bus, _link, told):
        await until(lambda: told.values("door-1").get("contact") == "auth")
        assert all("secure channel" in str(one.error) for one in told.all if one.error is not None)


async def test_points_that_a_reader_has_not() -> None:
    async with doors([VirtualReader(1, KEY, inputs_count=1, outputs_count=1)], [reader_at(1)]) as (_b, _l, told):
        await until(lambda: told.values("door-1") == REST | {"exit_button": "misconfigured"})
        assert not any(one.is_life for one in told.all if one.point == "exit_button")


class Stubborn(Peripheral):
    """It does not know osdp_LSTAT."""

    def _done(self, code: int, data: bytes, now_s: float) -> tuple[int, bytes]:
        return (0x41, b"\x03") if code == 0x64 else super()._done(code, data, now_s)


async def test_what_a_reader_refuses_is_not_asked_again() -> None:
    door = Stubborn(1, KEY)
    async with doors([door], [reader_at(1)]) as (_bus, link, told):
        await until(lambda: door.challenges == 2 and told.values("door-1").get("tamper") == "refused")
        await until(lambda: told.values("door-1").get("contact") == 0)
        asked = link.health()["door-1"].answered
        await until(lambda: link.health()["door-1"].answered > asked + 60)
        assert door.challenges == 2


class Hostile(Peripheral):
    """It answers every third question with something else: framed as it should be, of any kind and length."""

    def receive(self, frame: Frame, now_s: float) -> tuple[float, bytes] | None:
        honest = super().receive(frame, now_s)
        if honest is None or self.chance.random() > 0.3:
            return honest
        data = self.chance.randbytes(self.chance.choice((0, 1, 4, 12, 16, 32, 64, 255, 600, 1200)))
        block = self.chance.choice((b"", b"", b"\x12\x01", b"\x14\x01", b"\x16", b"\x18", b"\x55\x00\x00"))
        begun = head(self.address, frame.sequence, block, 1 + len(data), is_reply=True)
        return 0.0, closed(
            begun + bytes((self.chance.choice((0x40, 0x41, 0x46, 0x49, 0x50, 0x76, 0x78, 0x79, 0x90)),)) + data
        )


async def test_a_hostile_reader_harms_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    hostile, well = Hostile(1, KEY, chance=random.Random(21)), VirtualReader(2, KEY)
    async with doors([hostile, well], [reader_at(1), reader_at(2)]) as (_bus, link, told):
        await until(lambda: told.values("door-2") == REST)
        await until(lambda: hostile.answers > 6 and well.answers > 80)
        assert told.words("door-2") == []
        assert link.restarts == 0
        assert {"granted", "face"}.isdisjoint(one.value for one in told.all)
    assert "offline" not in capfd.readouterr().err  # libosdp would write a line for each of these


async def test_the_adapter_is_unplugged_and_comes_back_under_another_name() -> None:
    async with doors([VirtualReader(1, KEY)], [reader_at(1)]) as (bus, link, told):
        await until(lambda: told.values("door-1") == REST)
        bus.unplug()
        await until(lambda: told.values("door-1")["contact"] == "gone")
        with pytest.raises(Gone):
            await link.command(Command("door-1", "lock", 1, 1.0), within_s=1)
        bus.plug()
        await until(lambda: told.values("door-1")["contact"] == 0)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_child_that_ends_or_hangs_is_begun_anew(number: int) -> None:
    door = VirtualReader(1, KEY)
    async with doors([door], [reader_at(1)]) as (_bus, link, told):
        await until(lambda: told.values("door-1") == REST)
        os.kill(link._worker.pid or 0, number)
        with pytest.raises(FieldError):
            await link.command(Command("door-1", "lock", 1, 1.0), within_s=5)
        seen = len(told.all)
        await until(lambda: link.restarts == 1 and door.challenges == 2)
        await until(lambda: any(one.value == 0 and one.point == "contact" for one in told.all[seen:]))


async def test_a_command_that_is_too_late_is_not_done() -> None:
    door = VirtualReader(1, KEY)
    async with doors([door], [reader_at(1)]) as (bus, link, told):
        await until(lambda: told.values("door-1") == REST)
        link.keep(60)
        door.faults.is_silent = True
        with pytest.raises(FieldError):
            await link.command(Command("door-1", "lock", 1, 5.0), within_s=0.1)
        await asyncio.sleep(0.1)  # what was on the wire already
        door.faults.is_silent = False
        seen = len(told.all)
        await until(lambda: any((one.point, one.value) == ("lock", 0) for one in told.all[seen:]))
        await asyncio.sleep(1.2)  # libosdp would repeat a command after one second
        assert not bus.is_unlocked(1)
        assert not any((one.point, one.value) == ("lock", 1) for one in told.all)


async def test_the_other_end_of_a_bus_that_is_not_there() -> None:
    link = OsdpLink("/dev/serial/by-id/none", [reader_at(1)])
    seen: list[str] = []
    await link.open(lambda samples: seen.extend(one.error.word for one in samples if one.error is not None))
    await until(lambda: len(seen) > 5)
    await link.close()
    assert set(seen) == {"gone"}


def test_readers_that_do_not_fit() -> None:
    with pytest.raises(Config):
        OsdpLink("/dev/null", [])
    with pytest.raises(Config):
        OsdpLink("/dev/null", [reader_at(1), reader_at(1)])


async def test_a_relay_is_not_held_longer_than_it_may() -> None:
    async with doors([VirtualReader(1, KEY)], [reader_at(1)]) as (_bus, link, told):
        await until(lambda: told.values("door-1").get("lock") == 0)
        with pytest.raises(Config):
            await link.command(Command("door-1", "contact", 1), within_s=1)
        with pytest.raises(Refused):
            await link.command(Command("door-1", "lock", 1, 0.01), within_s=1)
