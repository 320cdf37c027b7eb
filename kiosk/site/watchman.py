"""The process around the watch: drivers' samples in, orders out at once, then the journal, then who listens.

One loop, ten ticks a second. Between a sample and the order that follows from it nothing is waited for; the disk has a
thread of its own and listeners are dropped rather than waited for. Decides nothing: that is the watch.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from hardware.field import RawSample
from kiosk.config import ConfigError
from kiosk.site import seen
from kiosk.site.actions import Order
from kiosk.site.acts import Acts
from kiosk.site.alarm_states import Refused
from kiosk.site.alarms import Key
from kiosk.site.crew import Crew, MakeDrivers
from kiosk.site.escalation import Escalation
from kiosk.site.feed import Feed, Listener
from kiosk.site.health import DARK_PERCENT, FROZEN_S, Health, News
from kiosk.site.herald import Herald
from kiosk.site.messages import Answer, Delivered, Do, Measured
from kiosk.site.notify import ServiceManager
from kiosk.site.outputs import Outputs
from kiosk.site.plan import JOURNAL, QUARANTINED, STOPPED, UNCONFIRMED, Plan
from kiosk.site.points import Cause, Quality, Sample
from kiosk.site.remains import Remains
from kiosk.site.roll_call import Heard, RollCall, cause_of
from kiosk.site.scribe import Scribe
from kiosk.site.wall import Wall
from kiosk.site.watch import Outcome

TICK_S = 0.1
KEEP_S = 1.0  # outputs that stand are refreshed for so long after a tick
LOOK_S = 1.0
SETTLED_S = 10.0  # after this every point was read once: what lives until the end is not looked through again
Sign = Callable[[float, float, Health], News | None]
SIGNS: dict[str, Sign] = {  # points of this name, in s or %, say how their device is
    "clock_offset": lambda now, offset_s, health: health.clock(now, offset_s),
    "uptime": lambda now, uptime_s, health: health.uptime(now, uptime_s),
    "frame_age": lambda now, age_s, health: health.picture(now, is_frozen=age_s > FROZEN_S),
    "brightness": lambda now, percent, health: health.picture(now, is_dark=percent < DARK_PERCENT),
}


@dataclass(frozen=True)
class Ways:
    """What the process is given. ``read`` reads the site file again and raises ConfigError; it runs in a thread."""

    make: MakeDrivers
    read: Callable[[], Plan]
    feed: Path
    uids: Collection[int] = ()
    note: Callable[..., None] = lambda *_, **__: None
    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time


class Watchman:
    """``run`` until ``stop``. ``remains``: what the last run left; ``scribe`` is started and ended by the caller."""

    def __init__(
        self, plan: Plan, scribe: Scribe, boot: str, ways: Ways, remains: Remains, manager: ServiceManager
    ) -> None:
        self._ways = ways
        self._manager = manager
        now, wall_s = ways.now(), ways.wall()
        self.watch, self._trouble = remains.watch(plan, now, wall_s)
        self._wall = Wall(now, wall_s, plan.site.timezone)
        self._acts = Acts(remains.acts)
        self._scribe = scribe
        self._herald = Herald(self.watch, scribe, self._wall, boot, Escalation(remains.escalated), ways.now)
        self._roll = RollCall(plan, now)
        self._specs = plan.outputs()
        self._signs = _signs(plan)
        self._crew = Crew(
            plan, ways.make, self._take, on_news=self._quarantined, on_start=self._started, note=self._driver_note
        )
        self._outputs = Outputs(self._crew.driver_of, self._crew.broke, self._ordered)
        self._feed = Feed(ways.feed, self._herald.snapshot, self._said, uids=ways.uids, note=ways.note)
        self._herald.feed = self._feed
        self._looked_at = self._ticked_at = now
        self._reloading: asyncio.Task[Answer] | None = None
        self._disk = ""
        self._settles_at: float | None = now + SETTLED_S
        self.overruns = 0
        self.longest_tick_s = 0.0

    # -- life ---------------------------------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until ``stop`` is set, then let go of everything in order. Raises ConfigError, OSError at the start."""
        now = self._ways.now()
        self._herald.mark("start", now, site=self.watch.plan.site.id, trouble=self._trouble)
        await self._feed.open()
        self._crew.start()
        self._do(self.watch.begin(now), now)
        gc.freeze()
        self._manager.ready()
        self._ways.note("site_started", count=len(self.watch.plan.devices))
        try:
            await self._turn(stop)
        finally:
            self._manager.stopping()
            await self._close()

    def reload(self) -> asyncio.Task[Answer]:
        """Read the site file again; one reading at a time."""
        if self._reloading is None or self._reloading.done():
            self._reloading = asyncio.get_running_loop().create_task(self._read_again())
        return self._reloading

    async def _turn(self, stop: asyncio.Event) -> None:
        due = self._ways.now()
        while not stop.is_set():
            self._tick(self._ways.now())
            due += TICK_S
            late_s = self._ways.now() - due
            if late_s >= TICK_S:
                self.overruns += 1
                due += TICK_S * (late_s // TICK_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, due - self._ways.now())):
                    await stop.wait()

    async def _close(self) -> None:
        await self._feed.close()
        await self._outputs.close()
        await self._crew.close()
        self._herald.mark("end", self._ways.now(), overruns=self.overruns)
        self._herald.flush()

    # -- time ---------------------------------------------------------------------------------------------------------

    def _tick(self, now: float) -> None:
        try:
            gap_s, self._ticked_at = now - self._ticked_at, now
            self._crew.keep(KEEP_S)
            self._manager.turn(now)
            if gap_s > KEEP_S:  # outputs that stood were let go, for good unless ordered anew
                self._herald.mark("stall", now, gap_s=round(gap_s, 1))
                self._outputs.again(self.watch.plan.devices)
            if (step := self._wall.tick(now, self._ways.wall())) is not None:
                old, new = (datetime.fromtimestamp(one, UTC).isoformat(timespec="milliseconds") for one in step)
                self._herald.mark("clock_step", now, old=old, new=new)
            for heard in self._roll.tick(now, self._crew.answered_s):
                self._heard(heard, now)
            self._do(self.watch.tick(now, self._wall.minute), now)
            if now - self._looked_at >= LOOK_S:
                self._looked_at = now
                self._crew.look(now, lambda device: self._roll.heard_at.get(device, now))
                self._herald.escalate(now)
                self._look_at_disk(now)
                if self._settles_at is not None and now >= self._settles_at:
                    self._settles_at = None
                    gc.freeze()
            self._herald.tick(now)
        except Exception as error:  # the boundary: one tick that breaks must not end the watch
            self._defect("tick", error)
        self.longest_tick_s = max(self.longest_tick_s, self._ways.now() - now)

    def _look_at_disk(self, now: float) -> None:
        """An alarm while rows wait; the scribe journals how long it was, as soon as there is room."""
        before, self._disk = self._disk, self._scribe.trouble(time.monotonic())
        if bool(self._disk) != bool(before):
            self._alarm(Key(JOURNAL, STOPPED), self._disk)
            self._ways.note("journal_stopped" if self._disk else "journal_resumed", reason=self._disk or before)
        if self._disk and not before:
            self._herald.mark(self._disk, now, waiting=self._scribe.depth)

    # -- what comes ---------------------------------------------------------------------------------------------------

    def _take(self, samples: Sequence[RawSample]) -> None:
        """The drivers' ``Take``: orders leave within this call."""
        try:
            now = self._ways.now()
            for sample in samples:
                reference = f"{sample.device}.{sample.point}"
                if reference in self.watch.conditioners:
                    self._do(self.watch.take(reference, _conditionable(sample), self._wall.minute), now)
            for heard in self._roll.take(samples, now):
                self._heard(heard, now)
        except Exception as error:  # the boundary: what one answer breaks must not end the link that brought it
            self._defect("take", error)

    def _heard(self, heard: Heard, now: float) -> None:
        if heard.name not in self.watch.health:
            return
        if heard.cause is Cause.NONE:
            self._do(self.watch.answered(heard.name, now, heard.took_s), now)
        else:
            self._do(self.watch.missed(heard.name, now, heard.cause), now)

    def _do(self, outcome: Outcome, now: float) -> None:
        if not (outcome.steps or outcome.changes or outcome.points or outcome.health):
            return
        for step in outcome.steps:
            if isinstance(step, Order) and (spec := self._specs.get(step.output)) is not None:
                self._outputs.order(step, spec)
        self._herald.outcome(outcome, now)
        for reference, point in outcome.points:
            if reference in self._signs and isinstance(point.value, float) and point.quality is not Quality.BAD:
                device, look = self._signs[reference]
                self._herald.outcome(self.watch.note(device, partial(look, now, point.value)), now)

    def _said(self, listener: Listener, message: Do | Measured | Delivered) -> None:
        if isinstance(message, Delivered):
            self._scribe.delivered(message.seq)
        elif isinstance(message, Measured):
            self._crew.report(message.measures)
        elif message.verb != "reload":
            now = self._ways.now()
            done = self._acts.do(self.watch, message, listener.role, now, self._ways.wall(), self._wall.label(now))
            self._do(done.outcome, now)
            if done.acted is not None:
                self._herald.acted(seen.act_body(message, listener.role, done.answer), done.acted, now)
            listener.answer(done.answer)
        elif (known := self._acts.known(message)) is not None:
            listener.answer(known)
        elif listener.role == "staff":
            self.reload().add_done_callback(lambda task: self._reloaded(listener, message, task))
        else:
            listener.answer(Answer(message.id, "not_allowed", "the site file is read again at the booth only"))

    def _reloaded(self, listener: Listener, do: Do, task: asyncio.Task[Answer]) -> None:
        if task.cancelled():
            return
        result = task.result()
        answer = Answer(do.id, result.result, result.text)
        body = seen.act_body(do, listener.role, answer)
        self._herald.acted(body, self._acts.remember(do, answer), self._ways.now())
        listener.answer(answer)

    # -- the site file, again -----------------------------------------------------------------------------------------

    async def _read_again(self) -> Answer:
        try:
            return await self._adopt()
        except Exception as error:  # the boundary: a reading that breaks leaves the site as it is
            self._defect("reload", error)
            return Answer("", "defect", f"{type(error).__name__}; see the log, or start the watch anew")

    async def _adopt(self) -> Answer:
        try:
            plan = await asyncio.to_thread(self._ways.read)
            self._crew.try_out(plan)
        except ConfigError as error:
            self._herald.mark("reload_refused", self._ways.now(), reason=str(error)[:2000])
            self._ways.note("reload_refused", reason=str(error), level="warning")
            return Answer("", "refused", f"{error}; the site goes on as it was")
        now = self._ways.now()
        self._wall.move(plan.site.timezone)
        outcome = self.watch.reload(plan, now, self._wall.minute)
        before, specs = self._specs, plan.outputs()
        released = {output: spec for output, spec in before.items() if output in self.watch.actions.released}
        self._specs = {**released, **specs}
        self._outputs.adopt(self._specs)
        for step in self.watch.actions.start((), now):  # what is new begins as it would after a start
            if isinstance(step, Order) and before.get(step.output) != specs.get(step.output):
                outcome.steps.append(step)
        self._signs = _signs(plan)
        self._roll.adopt(plan, now)
        self._crew.adopt(plan)
        self._do(outcome, now)
        self._herald.mark("reload", now, devices=len(plan.devices), rules=len(plan.rules))
        self._herald.soon()
        self._ways.note("site_reloaded", count=len(plan.devices))
        return Answer("", "done")

    # -- drivers ------------------------------------------------------------------------------------------------------

    def _started(self, link: str) -> None:
        """Drivers are new: they know nothing of what stands."""
        devices = {name for name, device in self.watch.plan.devices.items() if device.link == link}
        self._crew.keep(KEEP_S)
        self._outputs.again(devices)

    def _quarantined(self, link: str, why: str) -> None:
        if link not in self.watch.plan.links:
            return
        if why:
            self._roll.gone(link)
        self._alarm(Key(link, QUARANTINED), why)
        self._ways.note("quarantine", reason=f"{link}: {why or 'over'}", level="error" if why else "info")

    def _ordered(self, order: Order, result: str) -> None:
        """What became of an order. A release that its device does not confirm is an alarm, and is repeated."""
        self._herald.journal("evt", seen.order_body(order, result), self._ways.now())
        spec = self._specs.get(order.output)
        wanted = order.act if spec is None else spec.words.get(str(int(order.is_energised)), order.act)
        self._alarm(Key(order.output, UNCONFIRMED), "" if result == "done" else f"not {wanted}: {result}")

    def _alarm(self, key: Key, why: str) -> None:
        """Raise (or with "" clear) an alarm of the process itself, where the plan has it."""
        now = self._ways.now()
        with contextlib.suppress(Refused):
            alarm = self.watch.alarms[key]
            if bool(why) != alarm.is_active:
                alarms = self.watch.alarms
                changes = alarms.raise_(key, now, why) if why else alarms.clear(key, now)
                self._do(Outcome(changes=changes), now)

    def _driver_note(self, link: str, text: str) -> None:
        self._ways.note("driver", reason=f"{link}: {text}", level="warning")

    def _defect(self, where: str, error: Exception) -> None:
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        line = "" if trace is None else f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
        self._ways.note("defect", reason=where, error=f"{type(error).__name__}{line}", level="error")


def _signs(plan: Plan) -> dict[str, tuple[str, Sign]]:
    """Points that say how a device itself is: (device, what it means for its health)."""
    return {
        f"{device}.{name}": (device, look)
        for device in plan.devices
        for name, look in SIGNS.items()
        if name in plan.profile(device).points
    }


def _conditionable(sample: RawSample) -> Sample:
    if sample.error is not None:
        return Sample(None, sample.at_s, cause_of(sample.error))
    return Sample(sample.value, sample.at_s)
