"""The one thread that writes site.db, so that neither a full nor a hung disk holds up a fire.

The loop hands over what happened and goes on; what waits for the disk is bounded, and telemetry, events and alarms have
bounds of their own: no alarm goes because of telemetry. What had to go is counted and said when there is room again.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from kiosk.ledger.file import DiskFull, LedgerError
from kiosk.site.journal import Acted, Clock, Kind, Row, SiteJournal

WAITING = {"alm": 50_000, "cmd": 5_000, "mark": 5_000, "evt": 20_000, "state": 20_000, "tel": 2_000}
HUNG_S = 5.0  # a write that takes so long: the disk hangs
AGAIN_S = 1.0  # a disk that refused is asked again after this
RETAIN_S = 3600.0
TRIAL = 100  # rows of each class
END_WITHIN_S = 5.0


class Entry(msgspec.Struct, frozen=True):
    """A row that is not encoded yet. ``body``: JSON-ready; must not be changed afterwards."""

    kind: Kind
    body: Mapping[str, Any]
    mono_s: float
    wall_s: float
    clock: Clock


class Scribe:
    """``put`` from one thread; ``on_state(word)`` is called on the writing one: "" written, else why it could not."""

    def __init__(self, journal: SiteJournal, boot: str, on_state: Callable[[str], None] = lambda _: None) -> None:
        self._journal = journal
        self._boot = boot
        self._on_state = on_state
        self._wake = threading.Condition()
        self._waiting: dict[str, deque[tuple[int, Entry]]] = {kind: deque() for kind in WAITING}
        self._kept: dict[str, object] = {}
        self._acts: list[Acted] = []
        self._delivered = 0
        self._number = itertools.count()
        self._is_ending = False
        self._ended = False
        self.state = ""  # why nothing is written now: "", disk_full, ledger_closed, ...
        self._began = 0.0  # of the write that is under way; 0.0: none is
        self._owed = ""  # what kept rows from being written, until that is journaled
        self.lost = 0  # rows that had to go since the last row was written
        self._thread = threading.Thread(target=self._run, name="scribe", daemon=True)

    @property
    def last_seq(self) -> int:
        return self._journal.last_seq

    @property
    def depth(self) -> int:
        """Rows that wait for the disk."""
        return sum(len(one) for one in self._waiting.values())

    def trouble(self, now: float) -> str:
        """Why rows wait: "", disk_full, disk_hung, ... ``now``: CLOCK_MONOTONIC."""
        began = self._began
        return "disk_hung" if began and now - began >= HUNG_S else self.state

    def start(self) -> None:
        self._thread.start()

    def put(
        self, entries: Iterable[Entry], kept: Mapping[str, object] | None = None, acts: Iterable[Acted] = ()
    ) -> None:
        """Hand over what belongs together: it is written in one transaction. Never waits for the disk.

        ``kept``: JSON-ready values by name; of those that wait only the newest is written.
        """
        with self._wake:
            for entry in entries:
                waiting = self._waiting[entry.kind]
                if len(waiting) >= WAITING[entry.kind]:
                    waiting.popleft()
                    self.lost += 1
                waiting.append((next(self._number), entry))
            self._kept.update(kept or {})
            self._acts.extend(acts)
            self._wake.notify()

    def delivered(self, seq: int) -> None:
        """The platform has everything up to ``seq``."""
        with self._wake:
            self._delivered = max(self._delivered, seq)
            self._wake.notify()

    def end(self, within_s: float = END_WITHIN_S) -> bool:
        """Write what waits and stop; False when the disk did not let it."""
        with self._wake:
            self._is_ending = True
            self._wake.notify()
        if self._thread.ident is not None:
            self._thread.join(within_s)
        return self._ended

    # -- the thread ----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        retain_at = time.monotonic() + AGAIN_S
        while True:
            with self._wake:
                while not (self._has_work() or self._is_ending):
                    patience_s = AGAIN_S if self._owed else max(0.0, retain_at - time.monotonic())
                    if not self._wake.wait(patience_s):
                        break
                is_last = self._is_ending
            self._began = began = time.monotonic()
            is_written = self._write()
            self._began = 0.0
            if is_written and time.monotonic() - began >= HUNG_S:
                self._owed = self._owed or "disk_hung"
            if is_last and not (is_written and self._has_work()):
                self._ended = is_written
                return
            if not is_written:
                with self._wake:  # what comes meanwhile waits with the rest
                    self._wake.wait_for(lambda: self._is_ending, AGAIN_S)
            if time.monotonic() >= retain_at:
                retain_at = time.monotonic() + self._retain()

    def _has_work(self) -> bool:
        return bool(self._kept or self._acts or self._delivered or any(self._waiting.values()))

    def _write(self) -> bool:
        has_room = self._has_room()
        with self._wake:
            most = TRIAL if self._owed else None  # a bad disk is tried with a little
            taken = {kind: list(itertools.islice(rows, most)) for kind, rows in self._waiting.items() if rows}
            if not has_room and "tel" in taken:  # what room there is belongs to alarms
                self.lost += len(self._waiting["tel"])
                self._waiting["tel"].clear()
                del taken["tel"]
            kept, acts, lost = self._kept, self._acts, self.lost
            self._kept, self._acts = {}, []
        entries = [entry for _, entry in heapq.merge(*taken.values(), key=_number)]
        if self._owed and has_room:
            entries.append(self._resumed(entries, lost))
        try:
            if entries or kept or acts:
                text = {name: msgspec.json.encode(value).decode() for name, value in kept.items()}
                self._journal.write([self._row(entry) for entry in entries], text, acts)
        except Exception as error:  # the boundary: whatever the disk does, the watch goes on without it
            with self._wake:
                self._kept = {**kept, **self._kept}
                self._acts = (acts + self._acts)[-WAITING["cmd"] :]
            self._owed = error.why if isinstance(error, LedgerError) else type(error).__name__
            self._say(self._owed)
            return False
        with self._wake:
            for kind, rows in taken.items():
                self._forget(kind, rows[-1][0])
            if has_room:
                self.lost -= lost
            delivered, self._delivered = self._delivered, 0
        with contextlib.suppress(Exception):  # the platform says it again
            self._journal.delivered(delivered)
        self._owed = "" if has_room else DiskFull.why
        self._say(self._owed)
        return True

    def _has_room(self) -> bool:
        try:
            self._journal.file.require_space()
        except (LedgerError, OSError):
            return False
        return True

    def _forget(self, kind: str, last: int) -> None:
        waiting = self._waiting[kind]
        while waiting and waiting[0][0] <= last:
            waiting.popleft()

    def _resumed(self, entries: list[Entry], lost: int) -> Entry:
        body = {"what": self._owed, "is_over": True, "lost_rows": lost}
        return Entry("mark", body, time.monotonic(), time.time(), entries[-1].clock if entries else "free-running")

    def _row(self, entry: Entry) -> Row:
        at = datetime.fromtimestamp(entry.wall_s, UTC).isoformat(timespec="milliseconds")
        body = msgspec.json.encode(entry.body).decode()
        return Row(
            boot=self._boot, mono_ms=int(entry.mono_s * 1000), at=at, clock=entry.clock, kind=entry.kind, body=body
        )

    def _retain(self) -> float:
        """Clean up one bite; give the seconds until the next."""
        with contextlib.suppress(Exception):  # the next write says what the disk has
            if self._journal.retain(datetime.now(UTC)):
                return AGAIN_S
            self._journal.file.keep_ballast()  # given up on a full disk
        return RETAIN_S

    def _say(self, state: str) -> None:
        self.state = state
        self._on_state(state)


def _number(pair: tuple[int, Entry]) -> int:
    return pair[0]
