"""What lies on the clerks' desk for minutes and on no disk: pictures a resident agreed to show, questions and answers.

Knows requests by their ids only. One process serves all clerks of this reference platform; a platform of several would
put the same behind a cache without persistence. Safe from several threads.
"""

from __future__ import annotations

import datetime as dt
import secrets
import threading
from dataclasses import dataclass, field

KEPT = dt.timedelta(minutes=5)
MOST = 64  # requests with something on the desk: 64 of 1 MB are bearable
MOST_QUESTIONS = 5


@dataclass(frozen=True, repr=False)
class Pictures:
    """JPEG, JPEG 2000, PNG or BMP as they came."""

    probe: bytes
    reference: bytes


@dataclass(repr=False)
class Line:
    """A question of a clerk and what the resident said; None: not yet."""

    question_id: str
    text: str
    answer: str | None = None


@dataclass(repr=False)
class _Place:
    until: dt.datetime
    clearing: threading.Timer  # forgets it even when nobody looks at the desk any more
    pictures: Pictures | None = None
    lines: list[Line] = field(default_factory=list)


class Desk:
    """Everything is forgotten ``kept`` after the request came, and at once when it is decided or withdrawn."""

    def __init__(self, kept: dt.timedelta = KEPT) -> None:
        self._kept = kept
        self._places: dict[str, _Place] = {}
        self._lock = threading.Lock()

    def lay(self, request: str, now: dt.datetime, pictures: Pictures | None) -> None:
        """Begin for a request; the oldest gives way when the desk is full."""
        with self._lock:
            self._clear(now)
            while len(self._places) >= MOST:
                self._forget(next(iter(self._places)))
            clearing = threading.Timer(self._kept.total_seconds(), self.drop, (request,))
            clearing.daemon = True
            self._places[request] = _Place(now + self._kept, clearing, pictures)
            clearing.start()

    def pictures(self, request: str, now: dt.datetime) -> Pictures | None:
        with self._lock:
            place = self._place(request, now)
            return place.pictures if place else None

    def lines(self, request: str, now: dt.datetime) -> list[Line]:
        """What was asked and answered, in order."""
        with self._lock:
            place = self._place(request, now)
            return [Line(one.question_id, one.text, one.answer) for one in place.lines] if place else []

    def ask(self, request: str, now: dt.datetime, text: str) -> bool:
        """Put a question to the resident; False while one is open, after too many, or when the time is over."""
        with self._lock:
            place = self._place(request, now)
            if place is None or len(place.lines) >= MOST_QUESTIONS:
                return False
            if place.lines and place.lines[-1].answer is None:
                return False
            place.lines.append(Line(secrets.token_urlsafe(8), text))
            return True

    def answer(self, request: str, now: dt.datetime, question_id: str, answer: str) -> bool:
        """Take the resident's answer; False when nothing of that id is open."""
        with self._lock:
            place = self._place(request, now)
            if place is None or not place.lines:
                return False
            last = place.lines[-1]
            if last.question_id != question_id or last.answer is not None:
                return False
            last.answer = answer
            return True

    def open_line(self, request: str, now: dt.datetime) -> Line | None:
        """The question that waits for its answer."""
        lines = self.lines(request, now)
        return lines[-1] if lines and lines[-1].answer is None else None

    def drop(self, request: str) -> None:
        """Forget all of a request."""
        with self._lock:
            self._forget(request)

    def _forget(self, request: str) -> None:
        place = self._places.pop(request, None)
        if place is not None:
            place.clearing.cancel()

    def _place(self, request: str, now: dt.datetime) -> _Place | None:
        self._clear(now)
        return self._places.get(request)

    def _clear(self, now: dt.datetime) -> None:
        for request in [name for name, place in self._places.items() if place.until <= now]:
            self._forget(request)
