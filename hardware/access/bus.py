"""The door bus in a child process (``worker.Driver``): one exchange at a time, every reader its turn.

Silent readers are probed on a budget, so that the others keep their pace; a frame that belongs to nobody's question is
dropped. Native code lives here and nowhere above: when it hangs, no beat comes and the parent ends this process.
"""

from __future__ import annotations

import os
import queue
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from hardware.access import BusOptions
from hardware.access.frames import Deframer, Frame
from hardware.access.messages import Beat, Look, Order
from hardware.access.panel import LONGEST_BYTES, NAK, hush
from hardware.access.port import Port, PortLost
from hardware.access.post import Post
from hardware.access.watchdog import Budget
from hardware.field import Gone

BEAT_S = 0.5
REOPEN_S = 0.5
_IDLE_S = 0.02
_SETTLE_S = 0.0002  # two characters of silence at 115 200 baud (5.4)
_BETWEEN_S = 0.03  # between the bytes of one answer: USB adapters hand over every 16 ms
_LONGEST_S = 0.6  # 511 bytes at 9600 baud
_CURE_PORT = "check the adapter's plug and the port's name (ls /dev/serial/by-id)"

Emit = Callable[[str, msgspec.Struct], None]


class OsdpBus:
    """Run by ``hardware.worker``."""

    options: type[msgspec.Struct] = BusOptions

    def __init__(self, options: BusOptions) -> None:
        self._given = options
        self._asked: queue.SimpleQueue[Order | Look] = queue.SimpleQueue()
        self._posts: dict[str, Post] = {}
        self._emit: Emit = _nobody
        self._beat_s = 0.0
        self._budget = Budget()
        self._deframer = Deframer()
        self._is_ended = threading.Event()
        self._thread = threading.Thread(target=self._guarded, name="door bus", daemon=True)

    def commands(self) -> Mapping[str, tuple[type[msgspec.Struct], Callable[[Any], None]]]:
        """``order`` and ``look``: both return at once; how they ended comes as the event ``done``."""
        return {"order": (Order, self._asked.put), "look": (Look, self._asked.put)}

    def begin(self, emit: Emit) -> None:
        """Serve the bus, on a thread of its own."""
        hush()
        self._emit = emit
        self._posts = {reader.device: Post(reader, emit) for reader in self._given.readers}
        self._thread.start()

    def end(self) -> None:
        """Stop."""
        self._is_ended.set()
        self._thread.join(0.4)

    def _guarded(self) -> None:
        try:
            while not self._is_ended.is_set():
                self._connect()
        except BaseException:  # the boundary: the parent starts this process anew
            traceback.print_exc()
            os._exit(70)

    def _connect(self) -> None:
        try:
            port = Port(self._given.port, self._given.baud)
        except PortLost as lost:
            self._lose(lost)
            return
        try:
            self._serve(port)
        except PortLost as lost:
            self._lose(lost)
        finally:
            port.close()

    def _lose(self, lost: PortLost) -> None:
        error = Gone(f"the port is not there: {lost}", cure=_CURE_PORT)
        now_s = time.monotonic()
        for post in self._posts.values():
            post.lose(error, now_s)
        self._take_asked()
        self._beat(now_s)
        self._is_ended.wait(REOPEN_S)

    def _serve(self, port: Port) -> None:
        self._deframer.clear()
        while not self._is_ended.is_set():
            now_s = time.monotonic()
            self._take_asked()
            self._beat(now_s)
            for post in self._posts.values():
                post.withdraw(now_s)
                post.remind(now_s)
            ready = sorted((self._due_s(post, now_s), at) for at, post in enumerate(self._posts.values()))
            due_s, at = ready[0]
            if due_s > now_s:
                self._hear(port, min(due_s - now_s, _IDLE_S))
                continue
            self._exchange(port, list(self._posts.values())[at])

    def _due_s(self, post: Post, now_s: float) -> float:
        due_s = post.due_s(now_s)
        return max(due_s, self._budget.free_s) if post.is_silent else due_s

    def _exchange(self, port: Port, post: Post) -> None:
        raw = post.turn(time.monotonic())
        if not raw:
            return
        self._hear(port, 0.0)
        began_s = time.monotonic()
        while not self._ask(port, post, raw, began_s):
            pass

    def _ask(self, port: Port, post: Post, raw: bytes, began_s: float) -> bool:
        """Send and wait; False: send it again."""
        self._deframer.clear()
        garbage = self._deframer.garbage
        port.write(raw)
        sent_s = now_s = time.monotonic()
        ends_s = sent_s + post.watchdog.wait_s + 10 * len(raw) / self._given.baud
        is_answered = False
        while not is_answered and now_s < ends_s:
            data = port.read(ends_s - now_s)
            now_s = time.monotonic()
            for frame in self._deframer.feed(data):
                if not is_answered and _answers(frame, post):
                    is_answered = True
                    post.take(frame, now_s, now_s - sent_s)
                else:
                    self._stray(frame, now_s)
            if self._deframer.is_within:  # an answer has begun: wait for its rest, but not for ever
                ends_s = max(ends_s, min(now_s + _BETWEEN_S, sent_s + _LONGEST_S))
        if is_answered:
            time.sleep(_SETTLE_S)
            return True
        was_garbage = self._deframer.garbage > garbage or self._deframer.is_within
        is_again = post.silent(now_s, began_s, now_s - sent_s, was_garbage=was_garbage)
        if post.is_silent:
            self._budget.spend(now_s - sent_s, now_s)
        return not is_again

    def _hear(self, port: Port, within_s: float) -> None:
        """What comes while nobody was asked: an answer that is late, or nothing that matters."""
        data = port.read(within_s)
        now_s = time.monotonic()
        for frame in self._deframer.feed(data):
            self._stray(frame, now_s)

    def _stray(self, frame: Frame, now_s: float) -> None:
        for post in self._posts.values():
            if frame.is_reply and frame.address == post.reader.address:
                post.health.late += 1
                if post.is_waiting and _answers(frame, post):
                    post.take(frame, now_s, post.reader.answer_s)

    def _take_asked(self) -> None:
        while not self._asked.empty():
            asked = self._asked.get()
            post = self._posts[asked.device]
            if isinstance(asked, Order):
                post.order(asked)
            else:
                post.look(asked)

    def _beat(self, now_s: float) -> None:
        if now_s - self._beat_s < BEAT_S:
            return
        self._beat_s = now_s
        for post in self._posts.values():
            post.health.is_sick = post.is_silent
        self._emit("beat", Beat({device: post.health for device, post in self._posts.items()}))


def _answers(frame: Frame, post: Post) -> bool:
    """Is it the answer to what this reader was asked last? libosdp would go offline over one that is not."""
    sent = post.panel.sent if post.panel is not None else None
    if sent is None or not frame.is_reply or frame.address != post.reader.address or frame.sequence != sent.sequence:
        return False
    if len(frame.raw) > LONGEST_BYTES:
        return False
    return frame.has_crc or not sent.has_crc or frame.code == NAK


def _nobody(_name: str, _body: msgspec.Struct) -> None:
    """Before the parent listens."""
