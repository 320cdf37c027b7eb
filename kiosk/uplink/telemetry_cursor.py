"""Where delivery stands: what the platform has, what is under way, when to send it again. Pure; the time is given.

The queue of record is the booth's journal. A broker's PUBACK says that a broker has something in memory; only the
platform's ack, sent after its commit, lets the cursor move for good. Rows go out in order and are taken back as a whole
when the ack stands still (go back N); the platform drops what it has, so sending twice costs time and nothing else.
"""

from __future__ import annotations

from collections import deque

BATCH_ROWS = 500
START_BATCHES = 2  # after each connection; the window doubles with every ack: a fleet does not come back at once
WINDOW_BATCHES = 20  # at most so many rows are under way: bounds the memory of booth, broker and platform
RESEND_S = 5.0  # an ack that stands still for so long means that something was lost
PATIENCE = 4  # times the usual way to the platform and back, where that is more
LONGEST_RESEND_S = 60.0


class Cursor:
    """``acked``: highest row the platform has without a gap; None until it said so. ``sent``: last row under way."""

    def __init__(self) -> None:
        self.acked: int | None = None
        self.sent = 0
        self._window = START_BATCHES
        self._moved_at = 0.0
        self._wait_s = RESEND_S
        self._under_way: deque[tuple[int, float]] = deque(maxlen=WINDOW_BATCHES)  # (last row, when it went)
        self._usual_s = 0.0

    @property
    def is_known(self) -> bool:
        return self.acked is not None

    def hear(self, seq: int, now: float, *, is_reply: bool = False) -> bool:
        """The platform's word; returns whether it moved. Acks of several workers may overtake each other: the highest
        counts, but the reply to our birth always does (a platform restored from a backup has less than before).
        """
        if self.acked is not None and (seq == self.acked or (seq < self.acked and not is_reply)):
            return False
        self._measure(seq, now)
        if self.acked is None or seq < self.acked:
            self.sent = seq
            self._under_way.clear()
        else:
            self.sent = max(self.sent, seq)
            self._window = min(WINDOW_BATCHES, self._window * 2)
        self.acked, self._moved_at, self._wait_s = seq, now, self._first_wait_s()
        return True

    def has_room(self) -> bool:
        """Another batch may go out."""
        return self.acked is not None and len(self._under_way) < self._window

    def went(self, last: int, now: float) -> None:
        """Rows up to ``last`` are under way."""
        if self.sent == self.acked:
            self._moved_at = now  # nothing was outstanding: the wait begins here
        self.sent = last
        self._under_way.append((last, now))

    def look(self, now: float) -> bool:
        """Take back what is under way when the ack stood still for too long; then by single batches until it moves."""
        if self.acked is None or self.sent == self.acked or now - self._moved_at < self._wait_s:
            return False
        self.sent, self._window, self._moved_at = self.acked, 1, now
        self._under_way.clear()
        self._wait_s = min(LONGEST_RESEND_S, self._wait_s * 2)
        return True

    def reconnected(self, now: float) -> None:
        """What was under way may be gone: begin again after what the platform has."""
        if self.acked is not None:
            self.sent = self.acked
        self._under_way.clear()
        self._window, self._moved_at, self._wait_s = START_BATCHES, now, self._first_wait_s()

    def _first_wait_s(self) -> float:
        return min(LONGEST_RESEND_S, max(RESEND_S, PATIENCE * self._usual_s))

    def _measure(self, seq: int, now: float) -> None:
        """How long a batch takes to be acknowledged, smoothed; one that was sent again tells nothing."""
        took_s = None
        while self._under_way and self._under_way[0][0] <= seq:
            took_s = now - self._under_way.popleft()[1]
        if took_s is not None:
            self._usual_s += (took_s - self._usual_s) / 4
