"""When a reader is given up and tried again, how long a lock stands open, what a card says: all without a wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.access import Output, Reader
from hardware.access.cards import digest, is_intact, typed, word
from hardware.access.openings import Openings
from hardware.access.watchdog import FULL_EVERY, MISSES, REFUSED_S, SICK_SHARE, Budget, Watchdog
from hardware.field import Command, Config, Refused

KEY = bytes(range(1, 17))


def test_three_silences_in_a_row_end_it() -> None:
    dog = Watchdog(0.2)
    dog.answered(0.005)
    assert [dog.missed(1.0), dog.missed(2.0)] == [False, False]
    dog.answered(0.005)
    assert [dog.missed(float(at)) for at in range(MISSES)] == [False] * (MISSES - 1) + [True]


def test_a_quick_reader_is_not_waited_for_and_now_and_then_it_is() -> None:
    dog = Watchdog(0.2)
    assert dog.wait_s == 0.2  # nothing is known
    dog.answered(0.005)
    assert dog.wait_s == 0.06
    waits = []
    for at in range(FULL_EVERY * 2):
        waits.append(dog.wait_s)
        dog.missed(float(at))
    assert waits.count(0.2) == 2
    dog.answered(0.15)
    assert dog.wait_s > 0.15  # it may be so slow again
    for _ in range(20):
        dog.answered(0.005)
    assert dog.wait_s == 0.06  # it was once
    for _ in range(100):
        dog.answered(0.12)
    assert 0.12 < dog.wait_s < 0.2  # it is slow


def test_a_wrong_key_is_tried_ever_less_often() -> None:
    dog, times = Watchdog(0.2), []
    now_s = 0.0
    for _ in range(8):
        dog.refused(now_s)
        times.append(dog.retry_s - now_s)
        now_s = dog.retry_s
    assert times == [*REFUSED_S, 60.0, 60.0, 60.0]
    dog.settled()
    dog.refused(now_s)
    assert dog.retry_s - now_s == REFUSED_S[0]


def test_one_that_leaves_its_session_is_back_at_once_but_not_in_a_storm() -> None:
    dog, times = Watchdog(0.2), []
    for _ in range(5):
        dog.failed(10.0)
        times.append(dog.retry_s - 10.0)
    assert times == [0.0, 1.0, 2.0, 4.0, 4.0]


@given(st.lists(st.floats(0.01, 0.2), min_size=5, max_size=50))
def test_silent_ones_together_keep_to_their_share(probes: list[float]) -> None:
    budget, now_s = Budget(), 0.0
    for took_s in probes:
        now_s = max(now_s, budget.free_s) + took_s
        budget.spend(took_s, now_s)
    assert sum(probes) / budget.free_s == pytest.approx(SICK_SHARE)


def openings(rest: bool = False) -> Openings:
    return Openings.of([Reader("door", 1, KEY, outputs={"lock": Output(0, 10.0, rest)})], "bus")


def test_an_opening_is_timed_by_the_reader_itself() -> None:
    # 6.10: 0x05 temporary state on, with a timer in units of 100 ms; 0x01 permanent state off, ends what is timed
    doors = openings()
    opened = doors.switch(Command("door", "lock", 1, 3.0), 0.0)
    assert (opened.output, opened.control, opened.tenths) == (0, 5, 30)
    closed = doors.switch(Command("door", "lock", 0), 1.0)
    assert (closed.control, closed.tenths) == (1, 0)
    assert doors.switch(Command("door", "lock", 1), 1.0).tenths == 100


def test_a_relay_that_rests_energised_is_opened_by_switching_it_off() -> None:
    doors = openings(rest=True)
    assert doors.switch(Command("door", "lock", 0, 2.0), 0.0).control == 6
    assert doors.switch(Command("door", "lock", 1), 1.0).control == 2


def test_however_often_it_is_asked_it_does_not_last_longer() -> None:
    doors = openings()
    tenths = [doors.switch(Command("door", "lock", 1), now_s).tenths for now_s in (0.0, 4.0, 9.0)]
    assert tenths == [100, 60, 10]
    with pytest.raises(Refused):
        doors.switch(Command("door", "lock", 1), 9.95)
    assert doors.switch(Command("door", "lock", 1), 10.1).tenths == 100  # it was closed: a new opening


def test_when_the_watch_is_silent_what_has_no_end_is_ended() -> None:
    doors = openings()
    doors.switch(Command("door", "lock", 1, 5.0), 0.0)
    assert doors.orphans(1.0) == []  # it has an end of its own
    doors.switch(Command("door", "lock", 1), 1.0)
    assert [(device, one.control) for device, one in doors.orphans(2.0)] == [("door", 1)]
    assert doors.orphans(3.0) == []


def test_what_is_no_relay_is_refused() -> None:
    with pytest.raises(Config):
        openings().switch(Command("door", "contact", 1), 0.0)


CARD = 0b1_000010110000_000001110001_1  # 26 bits: even parity of the first half, odd parity of the second


def bits(number: int, count: int) -> bytes:
    return int(f"{number:0{count}b}".ljust(-(-count // 8) * 8, "0"), 2).to_bytes(-(-count // 8), "big")


def test_parity_of_26_bits() -> None:
    assert is_intact(26, bits(CARD, 26), is_wiegand=True)
    for at in range(26):
        assert not is_intact(26, bits(CARD ^ 1 << at, 26), is_wiegand=True)
    assert is_intact(26, bits(CARD ^ 1, 26), is_wiegand=False)  # raw: nobody knows its parity
    assert not is_intact(40, b"\x00" * 4, is_wiegand=False)
    assert not is_intact(0, b"", is_wiegand=False)


def test_a_card_is_a_word_and_a_hash_with_a_key() -> None:
    own = digest(KEY, 26, bits(CARD, 26))
    assert word(26, bits(CARD, 26), is_wiegand=True, key=KEY, allowed=[own]) == "granted"
    assert word(26, bits(CARD, 26), is_wiegand=True, key=KEY, allowed=["0" * 32]) == "denied"
    assert word(26, bits(CARD, 26), is_wiegand=True, key=b"", allowed=[]) == "read"
    assert word(26, bits(CARD ^ 2, 26), is_wiegand=True, key=KEY, allowed=[own]) == "damaged"
    assert digest(b"another key here", 26, bits(CARD, 26)) != own
    assert digest(KEY, 32, bits(CARD, 26)) != own  # a longer card that begins the same is another card


def test_a_card_as_a_technician_types_it() -> None:
    bits_typed, data = typed("91 34512")
    assert (bits_typed, f"{int.from_bytes(data, 'big') >> 6:026b}"[1:-1]) == (26, f"{91:08b}{34512:016b}")
    assert is_intact(bits_typed, data, is_wiegand=True)
    assert typed("32 0b007155") == (32, b"\x0b\x00\x71\x55")
    for wrong in ("", "256 1", "1 65536", "12", "32 xyz", "0B 007155"):
        with pytest.raises(ValueError):  # noqa: PT011 - any of them is one
            typed(wrong)


def test_no_key_is_in_what_a_log_gets() -> None:
    text = repr(Reader("door", 1, KEY, card_key=KEY))
    assert KEY.hex() not in text
    assert repr(KEY) not in text
