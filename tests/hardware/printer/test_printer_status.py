"""The status layer without a wire: fixed bits, one query outstanding, late replies, deadlines."""

from __future__ import annotations

import pytest

from hardware.device import Health
from hardware.printer import Exit, Paper
from hardware.printer.status import (
    CLEAR_BUFFERS,
    GS_R_PAPER,
    Kind,
    Reading,
    Replies,
    StatusRound,
    recognise,
)

FINE = Reading(0x12, 0x12, 0x12, 0x12)


def kinds(data: bytes) -> list[Kind]:
    return [reply.kind for reply in Replies().feed(data)]


def test_bytes_are_told_by_their_fixed_bits() -> None:
    # Epson, DLE EOT n, every status: "bit 0: fixed 0; bit 1: fixed 1; bit 4: fixed 1; bit 7: fixed 0".
    status = [byte for byte in range(256) if recognise(byte) is Kind.STATUS]
    assert len(status) == 16
    assert all(f"{byte:08b}"[0] == "0" and f"{byte:08b}"[3] == "1" and f"{byte:08b}"[6:] == "10" for byte in status)
    # Epson, GS r n = 1: "bits 0, 1: roll paper near-end sensor (00h or 03h); bits 2, 3: roll paper end sensor
    # (00h or 0Ch); bit 4: fixed 0; bit 7: fixed 0".
    assert [recognise(byte) for byte in (0x00, 0x03, 0x0C, 0x0F)] == [Kind.MARKER] * 4
    assert [recognise(byte) for byte in (0x01, 0x25, 0x80, 0xFF)] == [Kind.NOISE] * 4


def test_the_reply_to_clear_is_not_taken_for_a_marker() -> None:
    # Epson, DLE DC4 (fn = 8): "10h 14h 08h 01h 03h 14h 01h 06h 02h 08h"; reply "37h 25h 00h", which ends in a 00h.
    assert bytes.fromhex("10140801031401060208") == CLEAR_BUFFERS
    assert kinds(bytes.fromhex("37 25 00")) == [Kind.CLEARED]
    assert kinds(bytes.fromhex("12 37 25 00 00")) == [Kind.STATUS, Kind.CLEARED, Kind.MARKER]
    replies = Replies()
    assert [list(replies.feed(bytes([byte]))) for byte in b"\x37\x25"] == [[], []]
    assert [reply.kind for reply in replies.feed(b"\x00")] == [Kind.CLEARED]
    assert kinds(bytes.fromhex("37 12")) == [Kind.STATUS]


def test_queries_are_those_of_the_specification() -> None:
    # Epson, DLE EOT: "Hex 10 04 n"; GS r: "Hex 1D 72 n".
    asking = StatusRound(0.0)
    sent = []
    for _ in range(4):
        sent.append(asking.to_send(0.0))
        asking.take(0x12, 0.0)
    assert sent == [b"\x10\x04\x01", b"\x10\x04\x02", b"\x10\x04\x03", b"\x10\x04\x04"]
    assert GS_R_PAPER == b"\x1d\x72\x01"


@pytest.mark.parametrize(
    ("reading", "paper", "is_cover_open", "health"),
    [
        (FINE, Paper.FULL, False, Health.ONLINE),
        # n = 4: "bits 2, 3: roll paper near-end sensor, paper near-end: 0Ch"
        (Reading(0x12, 0x12, 0x12, 0x1E), Paper.LOW, False, Health.ONLINE),
        # n = 4: "bits 5, 6: roll paper end sensor, paper not present: 60h"; n = 1: "bit 3: offline"
        (Reading(0x1A, 0x32, 0x12, 0x7E), Paper.OUT, False, Health.ONLINE),
        # n = 2: "bit 5: printing stops due to a paper-end" while the sensor below already sees the new roll
        (Reading(0x1A, 0x32, 0x12, 0x12), Paper.OUT, False, Health.ONLINE),
        # n = 2: "bit 2: cover is open"
        (Reading(0x1A, 0x16, 0x12, 0x12), Paper.FULL, True, Health.ONLINE),
        # n = 3: "bit 3: autocutter error"
        (Reading(0x1A, 0x52, 0x1A, 0x12), Paper.JAMMED, False, Health.HARDWARE_ERROR),
        # n = 3: "bit 5: unrecoverable error"
        (Reading(0x1A, 0x52, 0x32, 0x12), Paper.FULL, False, Health.HARDWARE_ERROR),
        (Reading(0x1A, 0x12, 0x12, 0x12), Paper.FULL, False, Health.OFFLINE),
    ],
)
def test_a_reading_becomes_the_doors_words(reading: Reading, paper: Paper, is_cover_open: bool, health: Health) -> None:
    status = reading.status(has_exit_sensor=False)
    assert (status.paper, status.is_cover_open, status.health, status.exit) == (
        paper,
        is_cover_open,
        health,
        Exit.UNKNOWN,
    )
    assert status.can_print == (reading is FINE or paper is Paper.LOW)
    assert bool(status.reason) == (reading is not FINE)


def test_the_presenters_sensor_is_bit_6() -> None:
    # Citizen, PPU-700 command reference, DLE EOT n = 4: "bit 5: paper not found by paper-end sensor (20h)"; "bit 6:
    # paper found by presenter sensor (40h)".
    waiting = Reading(0x12, 0x12, 0x12, 0x52).status(has_exit_sensor=True)
    assert (waiting.exit, waiting.paper) == (Exit.PRESENT, Paper.FULL)
    assert FINE.status(has_exit_sensor=True).exit is Exit.NOT_PRESENT
    assert Reading(0x1A, 0x32, 0x12, 0x32).status(has_exit_sensor=True).paper is Paper.OUT


def test_one_query_is_outstanding_at_a_time() -> None:
    asking = StatusRound(10.0)
    assert asking.to_send(10.0)
    assert asking.to_send(10.1) == b""
    asking.take(0x12, 10.2)
    assert asking.to_send(10.2)


def test_a_mute_printer_ends_the_round_at_its_deadline() -> None:
    asking = StatusRound(10.0, within_s=1.0)
    asking.to_send(10.0)
    assert asking.wait_s(10.4) == pytest.approx(0.6)
    assert asking.wait_s(11.0) == 0.0
    assert asking.reading() is None


def test_a_slow_printer_does_not_stretch_the_deadline() -> None:
    asking = StatusRound(0.0, within_s=1.0)
    for now in (0.0, 0.3, 0.6):
        asking.to_send(now)
        asking.take(0x12, now + 0.3)
    assert asking.wait_s(0.9) == pytest.approx(0.1)
    asking.to_send(0.9)
    asking.take(0x12, 0.95)
    assert asking.wait_s(0.95) == pytest.approx(0.05)  # it settles no longer than the deadline allows


def test_a_late_reply_spoils_the_round_it_falls_into() -> None:
    """The reply to an earlier query shifts all others by one: paper would be read from the error byte."""
    asking = StatusRound(0.0)
    for late_or_shifted in (0x12, 0x12, 0x16, 0x12):
        assert asking.to_send(0.0)
        asking.take(late_or_shifted, 0.01)
    assert asking.wait_s(0.01) > 0.0  # it goes on listening
    asking.take(0x7E, 0.02)  # the true answer to the fourth query: paper out
    assert asking.is_out_of_step
    assert asking.wait_s(0.02) == 0.0
    assert asking.reading() is None


def test_a_quiet_line_after_four_replies_gives_the_reading() -> None:
    asking = StatusRound(0.0)
    for byte in (0x12, 0x12, 0x12, 0x1E):
        asking.to_send(0.0)
        asking.take(byte, 0.004)
    assert 0.0 < asking.wait_s(0.004) <= 0.02
    assert asking.wait_s(0.03) == 0.0
    assert asking.reading() == Reading(0x12, 0x12, 0x12, 0x1E)
