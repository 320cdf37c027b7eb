"""The keypad's decoder, and the driver against the simulator over a real FIFO."""

import asyncio
import gc
import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.device import Health
from hardware.keypad import Approach, HeadsetChanged, Key, KeyPress
from hardware.keypad.evdev_file import EV_KEY, EV_SW, EV_SYN, SYN_DROPPED, Decoder, EvdevKeypad, KeypadOptions
from hardware.keypad.simulator import DOWN, REPEAT, UP, KeypadFifo

NEXT, SELECT, PRESENCE = 15, 28, 200
KEYS = {NEXT: Key.NEXT, SELECT: Key.SELECT}


def options(*devices, **more) -> KeypadOptions:
    return KeypadOptions(tuple(map(str, devices)), KEYS, presence_code=PRESENCE, look_every_s=0.02, **more)


def record(kind, code, value, at_ms=0) -> bytes:
    # input.h: struct input_event { struct timeval time; __u16 type; __u16 code; __s32 value; }
    return struct.pack("<qqHHi", at_ms // 1000, at_ms % 1000 * 1000, kind, code, value)


def decode(*records) -> list:
    return Decoder(options()).feed(b"".join(records))


def test_a_record_has_24_bytes():
    assert len(record(EV_KEY, NEXT, DOWN)) == 24


def test_only_key_down_is_a_press():
    assert decode(record(EV_KEY, NEXT, DOWN)) == [KeyPress(Key.NEXT)]
    assert decode(record(EV_KEY, NEXT, UP)) == []
    assert decode(record(EV_KEY, NEXT, REPEAT)) == []


def test_codes_the_configuration_does_not_name_are_ignored():
    assert decode(record(EV_KEY, 30, DOWN), record(EV_SW, NEXT, 1), record(0x04, 4, 458795)) == []


@pytest.mark.parametrize(("gap_ms", "presses"), [(0, 1), (299, 1), (300, 2), (1000, 2)])
def test_a_double_strike_within_300_ms_is_one_press(gap_ms, presses):
    events = decode(record(EV_KEY, NEXT, DOWN, 5000), record(EV_KEY, NEXT, DOWN, 5000 + gap_ms))
    assert events == [KeyPress(Key.NEXT)] * presses


def test_two_keys_in_quick_order_are_two_presses():
    events = decode(record(EV_KEY, NEXT, DOWN, 5000), record(EV_KEY, SELECT, DOWN, 5010))
    assert events == [KeyPress(Key.NEXT), KeyPress(Key.SELECT)]


def test_a_clock_set_back_does_not_deafen_a_key():
    events = decode(record(EV_KEY, NEXT, DOWN, 9_000_000), record(EV_KEY, NEXT, DOWN, 5000))
    assert events == [KeyPress(Key.NEXT)] * 2


def test_the_headset_switch_and_the_presence_sensor():
    # input-event-codes.h: SW_HEADPHONE_INSERT 0x02
    assert decode(record(EV_SW, 2, 1), record(EV_SW, 2, 0)) == [HeadsetChanged(True), HeadsetChanged(False)]
    assert decode(record(EV_KEY, PRESENCE, 1), record(EV_KEY, PRESENCE, 0)) == [Approach()]
    assert decode(record(EV_SW, PRESENCE, 1)) == [Approach()]


def test_records_after_an_overrun_are_dropped_until_the_next_report():
    # Documentation/input/event-codes.rst, SYN_DROPPED: ignore everything up to and including the next SYN_REPORT
    lost = (record(EV_SYN, SYN_DROPPED, 0), record(EV_KEY, NEXT, DOWN), record(EV_SYN, 0, 0))
    assert decode(*lost, record(EV_KEY, SELECT, DOWN)) == [KeyPress(Key.SELECT)]


def test_a_record_may_come_in_pieces():
    decoder, data = Decoder(options()), record(EV_KEY, NEXT, DOWN)
    assert decoder.feed(data[:7]) == []
    assert decoder.feed(data[7:] + data[:1]) == [KeyPress(Key.NEXT)]


@given(st.lists(st.binary(max_size=100), max_size=10))
def test_any_bytes_are_survived_and_cutting_changes_nothing(parts):
    pieces = Decoder(options())
    assert [event for part in parts for event in pieces.feed(part)] == Decoder(options()).feed(b"".join(parts))


@pytest.fixture
async def fifo(tmp_path):
    fifo = KeypadFifo(tmp_path / "keypad")
    fifo.plug()
    return fifo


@pytest.fixture
async def keypad(fifo):
    keypad = EvdevKeypad(options(fifo.path))
    await keypad.start()
    yield keypad
    await keypad.stop()


async def status_of(keypad, is_right):
    """Wait until the status is right."""
    right = asyncio.Event()
    forget = keypad.watch(lambda status: is_right(status) and right.set())
    if not is_right(keypad.status):
        await asyncio.wait_for(right.wait(), 5)
    forget()


async def test_keys_of_the_simulator_arrive_once_each(fifo, keypad):
    events = keypad.events()
    assert fifo.press(NEXT, repeats=5)
    assert fifo.press(SELECT)
    assert fifo.approach(PRESENCE)
    assert [await asyncio.wait_for(anext(events), 5) for _ in range(3)] == [
        KeyPress(Key.NEXT),
        KeyPress(Key.SELECT),
        Approach(),
    ]


async def test_the_headset_shows_in_status_and_events(fifo, keypad):
    events = keypad.events()
    fifo.set_headset(True)
    assert await asyncio.wait_for(anext(events), 5) == HeadsetChanged(True)
    assert keypad.status.has_headset
    assert keypad.status.health is Health.ONLINE


async def test_each_listener_gets_all_events_from_its_call_on(fifo, keypad):
    first = keypad.events()
    fifo.press(NEXT)
    assert await asyncio.wait_for(anext(first), 5) == KeyPress(Key.NEXT)
    second = keypad.events()
    fifo.press(SELECT)
    assert await asyncio.wait_for(anext(first), 5) == KeyPress(Key.SELECT)
    assert await asyncio.wait_for(anext(second), 5) == KeyPress(Key.SELECT)


async def test_unplugging_is_seen_the_headset_counts_as_out_and_events_go_on(fifo, keypad):
    events = keypad.events()
    fifo.set_headset(True)
    assert await asyncio.wait_for(anext(events), 5) == HeadsetChanged(True)
    fifo.unplug()
    await status_of(keypad, lambda status: status.health is Health.OFFLINE)
    assert "keypad" in keypad.status.reason
    assert not keypad.status.has_headset
    assert await asyncio.wait_for(anext(events), 5) == HeadsetChanged(False)
    assert not fifo.press(NEXT)
    fifo.plug()
    await status_of(keypad, lambda status: status.health is Health.ONLINE)
    fifo.press(NEXT)
    assert await asyncio.wait_for(anext(events), 5) == KeyPress(Key.NEXT)


async def test_keys_struck_while_nobody_listened_are_not_the_next_residents(fifo):
    held = os.open(fifo.path, os.O_RDWR | os.O_NONBLOCK)  # keeps what is written in the pipe
    assert fifo.press(NEXT)
    keypad = EvdevKeypad(options(fifo.path))
    await keypad.start()
    events = keypad.events()
    fifo.press(SELECT)
    assert await asyncio.wait_for(anext(events), 5) == KeyPress(Key.SELECT)
    await keypad.stop()
    os.close(held)


async def test_stop_ends_events_and_closes_everything(fifo):
    before = set(os.listdir("/proc/self/fd"))
    keypad = EvdevKeypad(options(fifo.path))
    await keypad.start()
    events = keypad.events()
    await keypad.stop()
    await keypad.stop()
    assert [event async for event in events] == []
    assert set(os.listdir("/proc/self/fd")) <= before
    assert keypad.status.health is Health.OFFLINE


async def test_a_forgotten_listener_is_forgotten(keypad):
    keypad.events()
    gc.collect()
    assert len(keypad._streams) == 0


async def test_no_device_configured_is_said():
    keypad = EvdevKeypad(options())
    await keypad.start()
    assert keypad.status.health is Health.NO_DEVICE
    await keypad.stop()


async def test_a_path_that_is_no_device_is_said(tmp_path):
    (tmp_path / "note").write_text("no keypad")
    keypad = EvdevKeypad(options(tmp_path / "note", tmp_path / "absent"))
    await keypad.start()
    assert keypad.status.health is Health.OFFLINE
    assert "note: " in keypad.status.reason
    assert "absent: No such file" in keypad.status.reason
    await keypad.stop()
