"""Where delivery stands: only the platform's word moves it, and what stands still is sent again."""

from __future__ import annotations

from kiosk.uplink.telemetry_cursor import (
    BATCH_ROWS,
    LONGEST_RESEND_S,
    PATIENCE,
    RESEND_S,
    START_BATCHES,
    WINDOW_BATCHES,
    Cursor,
)


def filled(cursor: Cursor, now: float = 0.0) -> int:
    """Send batches while there is room; how many went."""
    count = 0
    while cursor.has_room():
        cursor.went(cursor.sent + BATCH_ROWS, now)
        count += 1
    return count


def test_nothing_goes_before_the_platform_has_said_what_it_has() -> None:
    cursor = Cursor()
    assert not cursor.has_room()
    assert not cursor.look(1000.0)
    cursor.hear(0, 0.0)
    assert cursor.has_room()


def test_a_window_is_all_that_is_under_way_and_it_opens_with_every_ack() -> None:
    cursor = Cursor()
    cursor.hear(0, 0.0)
    assert filled(cursor) == START_BATCHES
    for _ in range(6):
        cursor.hear(cursor.sent, 0.1)
        most = filled(cursor)
    assert most == WINDOW_BATCHES
    cursor.hear(cursor.acked + BATCH_ROWS, 0.2)
    assert filled(cursor) == 1


def test_a_slow_platform_is_not_hurried() -> None:
    """Sent again while it is still working, everything would take it twice as long."""
    cursor = Cursor()
    cursor.hear(0, 0.0)
    now = 0.0
    for _ in range(40):
        cursor.went(cursor.sent + BATCH_ROWS, now)
        now += 4.0
        assert cursor.hear(cursor.sent, now)
    cursor.went(cursor.sent + BATCH_ROWS, now)
    assert not cursor.look(now + RESEND_S + 1)
    assert cursor.look(now + 4.0 * PATIENCE)


def test_an_ack_that_stands_still_takes_everything_back_once_per_wait() -> None:
    cursor = Cursor()
    cursor.hear(700, 0.0)
    filled(cursor, 10.0)
    assert not cursor.look(10.0 + RESEND_S - 0.1)
    assert cursor.look(10.0 + RESEND_S)
    assert cursor.sent == 700
    assert filled(cursor, 15.0) == 1  # by single batches until it moves
    assert not cursor.look(15.0 + RESEND_S)  # the second wait is longer
    assert cursor.look(15.0 + 2 * RESEND_S)
    cursor.hear(1200, 30.0)
    assert filled(cursor, 30.0) == 2


def test_waits_have_a_longest() -> None:
    cursor = Cursor()
    cursor.hear(0, 0.0)
    now, waits = 0.0, []
    for _ in range(8):
        cursor.went(cursor.sent + 1, now)
        began = now
        while not cursor.look(now):
            now += 1.0
        waits.append(now - began)
    assert waits[0] == RESEND_S
    assert max(waits) == waits[-1] == LONGEST_RESEND_S


def test_idle_time_is_no_wait() -> None:
    cursor = Cursor()
    cursor.hear(5, 0.0)
    cursor.went(6, 1000.0)
    assert not cursor.look(1001.0)


def test_acks_that_overtake_each_other_do_not_move_it_back_but_the_reply_to_our_birth_does() -> None:
    cursor = Cursor()
    cursor.hear(1000, 0.0)
    cursor.went(1500, 0.0)
    assert not cursor.hear(900, 0.1)
    assert (cursor.acked, cursor.sent) == (1000, 1500)
    assert cursor.hear(400, 0.2, is_reply=True)  # restored from a backup
    assert (cursor.acked, cursor.sent) == (400, 400)


def test_what_is_ahead_of_what_was_sent_is_not_sent() -> None:
    cursor = Cursor()
    cursor.hear(0, 0.0)
    cursor.went(10, 0.0)
    cursor.hear(5000, 1.0, is_reply=True)
    assert (cursor.acked, cursor.sent) == (5000, 5000)


def test_a_new_connection_begins_after_the_ack() -> None:
    cursor = Cursor()
    cursor.hear(100, 0.0)
    filled(cursor)
    cursor.look(100.0)
    cursor.reconnected(101.0)
    assert cursor.sent == 100
    assert filled(cursor, 101.0) == START_BATCHES
