"""Who serves now and who is next: one visit process on the glass, one kept warm, and none that hangs.

The warm one is shown as soon as the active one says goodbye or dies; a new one is started once the glass is alive
again. Knows processes and their signs of life; what they commit passes by to the counter.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from booth.child import Child, Role
from hardware.ring import sweep
from kiosk import line
from kiosk.clock import Clock, within
from kiosk.counter import Counter, Session
from kiosk.uplink.courier import Note


@dataclass(frozen=True)
class Patience:
    """Seconds; each with its reason."""

    alive_s: float = 10.0  # no heartbeat for so long: a frozen screen, ended
    start_s: float = 30.0  # imports, window and fonts on a cold disk
    leave_s: float = 1.0  # goodbye was shown; wiping takes less
    quit_s: float = 1.5  # at the keeper's end
    next_after_show_s: float = 3.0  # start the next one even if the first frame does not come
    crash_first_s: float = 0.5  # pause before the next start after a crash, doubling ...
    crash_last_s: float = 30.0  # ... to this
    healthy_s: float = 60.0  # so long without a crash forgets the earlier ones
    look_s: float = 0.2  # how often all of this is looked after


class Rota:
    """Runs ``command`` as visit processes until ``stop`` is set."""

    def __init__(
        self, command: Sequence[str], counter: Counter, clock: Clock, note: Note, patience: Patience | None = None
    ) -> None:
        self._command = tuple(command)
        self._counter = counter
        self._clock = clock
        self._note = note
        self._patience = patience or Patience()
        self._children: dict[Child, Session] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_starting = False
        self._is_stopping = False
        self._standing: tuple[str, ...] = ()  # of the watch, as whoever is on the glass last heard it
        self._start_after = 0.0
        self._crashes = 0
        self._crashed_at = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the rota until ``stop``, then end every process."""
        try:
            while not stop.is_set():
                self._look()
                await within(self._clock, self._patience.look_s, stop.wait())
        finally:
            await self._end_all()

    # -- looking after ----------------------------------------------------------------------------------------------

    def _look(self) -> None:
        now = self._clock.now()
        patience = self._patience
        for child in self._children:
            if child.is_killed:
                continue
            silent_s = now - child.last_sign_at
            if child.leave_by is not None and now > child.leave_by:
                self._end(child, "overstayed")
            elif child.role is Role.STARTING and now - child.started_at > patience.start_s:
                self._end(child, "start_too_slow")
            elif silent_s > patience.alive_s and (
                child.role is Role.ACTIVE or (child.role is Role.WARM and child.has_beaten)
            ):
                self._end(child, "hung")
        self._fill()

    def _end(self, child: Child, reason: str) -> None:
        level = "warning" if child.role is Role.LEAVING else "error"
        self._note("visit_killed", level=level, pid=child.pid, role=child.role.value, reason=reason)
        child.kill()

    def _fill(self) -> None:
        """Have somebody on the glass and somebody warm."""
        if self._is_stopping:
            return
        now = self._clock.now()
        active = self._first(Role.ACTIVE)
        warm = self._first(Role.WARM)
        if active is None and warm is not None:
            active, warm = warm, None
            self._show(active)
        is_glass_settled = (
            active is None or active.has_shown or now - (active.shown_at or now) > self._patience.next_after_show_s
        )
        has_next = warm is not None or self._first(Role.STARTING) is not None or self._is_starting
        if not has_next and is_glass_settled and now >= self._start_after:
            self._is_starting = True
            self._go(self._start())

    def _first(self, role: Role) -> Child | None:
        return next((c for c in self._children if c.role is role and not c.is_killed), None)

    def _show(self, child: Child) -> None:
        child.role = Role.ACTIVE
        child.shown_at = child.last_sign_at = self._clock.now()
        self._children[child].is_active = True
        self._go(self._tell(child, line.Show(self._standing)))

    async def _tell(self, child: Child, message: line.Message) -> None:
        with contextlib.suppress(ConnectionError):  # its end is noticed where its messages are read
            await child.send(message)

    # -- one process ------------------------------------------------------------------------------------------------

    async def _start(self) -> None:
        try:
            child = await Child.start(self._command)
        except OSError as error:
            self._is_starting = False
            self._crashed()
            self._note("visit_not_started", level="error", error=type(error).__name__, crashes=self._crashes)
            return
        child.started_at = child.last_sign_at = self._clock.now()
        session = Session(self._counter, child.send)
        self._children[child] = session
        self._is_starting = False
        self._note("visit_started", pid=child.pid)
        if self._is_stopping:
            child.kill()
        try:
            async for message in child.messages():
                self._hear(child, session, message)
        except ValueError:
            self._note("line_broken", level="error", pid=child.pid)
            child.kill()
        if child.role is not Role.LEAVING and not self._is_stopping:
            child.kill()  # a visit process without a line is of no use
            self._fill_after_loss(child)
        await self._gone(child, session)

    def _fill_after_loss(self, child: Child) -> None:
        self._crashed()
        self._note("visit_lost", level="error", pid=child.pid, role=child.role.value, crashes=self._crashes)
        self._fill()  # it counts no more: kill() was called

    async def _gone(self, child: Child, session: Session) -> None:
        status = await child.ended()
        sweep()  # whoever was killed could not zero the pictures in its rings
        await session.end(child.outcome)
        del self._children[child]
        self._note("visit_ended", pid=child.pid, outcome=child.outcome, status=status)
        self._fill()

    def _hear(self, child: Child, session: Session, message: line.Message) -> None:
        now = child.last_sign_at = self._clock.now()
        if isinstance(message, line.Alive):
            child.has_beaten = True
        elif isinstance(message, line.Warm):
            if child.role is Role.STARTING:
                child.role = Role.WARM
                self._note("visit_warm", pid=child.pid, elapsed_ms=round((now - child.started_at) * 1000))
                self._fill()
        elif isinstance(message, line.Showing):
            child.has_shown = True
            self._note("visit_showing", pid=child.pid, elapsed_ms=round((now - (child.shown_at or now)) * 1000))
            for covered in self._children:
                if covered.role is Role.LEAVING:
                    self._go(self._tell(covered, line.Quit()))
            self._fill()
        elif isinstance(message, line.Stands):
            self._standing = message.standing
        elif isinstance(message, line.Leaving):
            child.role = Role.LEAVING
            child.outcome = message.outcome
            child.leave_by = now + self._patience.leave_s
            self._fill()
        else:
            session.put(message)

    def _crashed(self) -> None:
        now = self._clock.now()
        if now - self._crashed_at > self._patience.healthy_s:
            self._crashes = 0
        self._crashes += 1
        self._crashed_at = now
        pause = self._patience.crash_first_s * 2.0 ** min(self._crashes - 1, 10)
        self._start_after = now + min(pause, self._patience.crash_last_s)

    # -- ends -------------------------------------------------------------------------------------------------------

    def _go(self, work: object) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._note("defect", level="error", error=type(error).__name__)

    async def _end_all(self) -> None:
        self._is_stopping = True
        for child in self._children:
            child.outcome = child.outcome if child.role is Role.LEAVING else "stopped"
            self._go(self._tell(child, line.Quit()))
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=self._patience.quit_s)
        for child in self._children:
            child.kill()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=5.0)
