"""Plays a story: waits for each question, does what is written, compares what must be true.

It is a resident with a stopwatch. It knows what a screen says and what a bench can do; it knows no widget and no
driver.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from booth.bench_client import BenchClient
from booth.simulated_site import SiteError
from booth.story_checks import controls, is_plain, matches, problem, seen_instead
from booth.story_deeds import Differs, do, listen_to_the_end
from booth.story_log import Moment, StoryLog
from booth.story_site import site_unlike
from booth.storyfile import Expectation, Step, Story

_HOME_WITHIN_S = 30.0
_SETTLE_S = 0.3
_NEXT_PAGE = "page.next"
_PAGES = 6
_PRESS_GAP_S = 0.4  # a second touch at the same place within 0.3 s is taken for a trembling hand


async def play(story: Story, name: str, out: Path, url: str) -> list[str]:
    """Play it; give back the differences, [] when it ended as written. Raises ``SiteError`` when it cannot begin."""
    player = _Player(story, StoryLog(out))
    async with BenchClient(url, player.on_event) as bench:
        player.bench = bench
        differences = await player.play()
        player.log.receipts([await bench.paper(number) for number in player.papers])
        player.log.write(player.began_s, player.outcome(name, differences))
    return differences


class _Player:
    bench: BenchClient

    def __init__(self, story: Story, log: StoryLog) -> None:
        self.story = story
        self.log = log
        self.began_s = time.monotonic()
        self.papers: list[str] = []
        self.reference = ""
        self.transaction = "none"
        self._ended: dict[str, Any] | None = None
        self._now: dict[str, Any] | None = None  # the question on the glass, kept up to date
        self._coming: list[dict[str, Any]] = []  # questions not looked at yet
        self._news = asyncio.Event()
        self._moment: Moment | None = None
        self._deed_s: float | None = None
        self._pressed_s = 0.0
        self._spoken_from = 0
        self._before: set[str] = set()  # transactions the platform had before
        self._is_begun = False

    # -- what comes from the booth ----------------------------------------------------------------------------------

    def on_event(self, event: dict[str, Any]) -> None:
        kind = event["t"]
        if kind == "question":
            self._now = event
            self._coming.append(event)
        elif kind == "update" and self._now is not None:
            self._now |= {key: event[key] for key in ("controls", "status") if key in event}
        elif kind == "dark":
            self._now = None
        elif kind == "spoken" and self._is_begun:
            self.log.spoken.append(event)
        elif kind == "outcome" and self._is_begun and self._ended is None:
            self._ended = event  # of the first visit; a story may look at the beginning of the next
        self._news.set()

    async def _until(self, is_true: Callable[[], bool], within_s: float) -> bool:
        deadline = time.monotonic() + within_s
        while not is_true():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), min(left, 0.5))
        return True

    # -- the whole --------------------------------------------------------------------------------------------------

    async def play(self) -> list[str]:
        await self._prepare()
        try:
            at = 0
            while at < len(self.story.step):
                at = await self._step(at)
            differences = await self._compare_end()
            await self._go_home()
            return differences
        except Differs as difference:
            await self._collect()
            await self._go_home()
            return [str(difference)]
        finally:
            await self.bench.do("reset")

    async def _prepare(self) -> None:
        if not await self._until(lambda: is_plain(self._now, "Welcome"), _HOME_WITHIN_S):
            shown = self._now["name"] if self._now else "nothing"
            raise SiteError(f"the booth shows {shown} instead of the welcome screen: somebody is using it")
        await self.bench.do("reset")
        self._before = {one["number"] for one in await self.bench.transactions()}
        self._printed_before = (await self.bench.state())["printer"]["printed"]
        if self.story.setup is not None:
            await do(self.bench, self.story.setup)
        self._is_begun = True
        self.began_s = time.monotonic()
        del self._coming[:-1]

    def outcome(self, name: str, differences: list[str]) -> dict[str, Any]:
        """outcome.json."""
        return {
            "story": name,
            "title": self.story.title,
            "ended_as_written": not differences,
            "differences": differences,
            "outcome": self._ended["name"] if self._ended else None,
            "reference": self.reference or None,
            "transaction": self.transaction,
            "receipts": len(self.papers),
        }

    # -- one step ---------------------------------------------------------------------------------------------------

    async def _step(self, at: int) -> int:
        """Play step ``at`` (or a later one, when it is optional and was not seen); the next step's index."""
        at, event = await self._arrive(at)
        step = self.story.step[at]
        where = f"step {at + 1} ({step.label})"
        moment = self._record(event, step.label)
        try:
            if step.expect is not None:
                await self._expect(step.expect, step, event)
            await self._shoot(moment, event)
            self._spoken_from = len(self.log.spoken)
            await self._act(step, moment)
        except Differs as difference:
            await self._shoot(moment, event)
            raise Differs(f"{where}: {difference}") from None
        except SiteError as error:
            raise Differs(f"{where}: {error}") from None
        return at + 1

    async def _arrive(self, at: int) -> tuple[int, dict[str, Any]]:
        """Wait for the question of step ``at``; optional steps may be passed over."""
        wanted = self.story.step[at]
        deadline = time.monotonic() + wanted.within_s
        previous = self.story.step[at - 1] if at else None
        while True:
            while self._coming:
                event = self._coming.pop(0)
                for index in self._candidates(at):
                    if matches(event, self.story.step[index]):
                        return index, event
                if is_plain(event, "Working"):
                    self._take_working(event)
                elif previous is None or event["name"] != previous.question:
                    raise Differs(f"step {at + 1} ({wanted.label}): {seen_instead(event)}")
            left = deadline - time.monotonic()
            if left <= 0:
                seen = seen_instead(self._now) if self._now else "the booth's screen is dark"
                raise Differs(f"step {at + 1} ({wanted.label}): not there within {wanted.within_s:g} s; {seen}")
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), left)

    def _candidates(self, at: int) -> list[int]:
        found = [at]
        while self.story.step[found[-1]].optional and found[-1] + 1 < len(self.story.step):
            found.append(found[-1] + 1)
        return found

    def _record(self, event: dict[str, Any], label: str, *, is_working: bool = False) -> Moment:
        at_s = max(float(event.get("at_s") or time.monotonic()), self.began_s)  # the welcome stood there before us
        machine_ms = None if self._deed_s is None else round((at_s - self._deed_s) * 1000, 1)
        if machine_ms is not None and machine_ms < 0:
            machine_ms = 0.0  # the device was quicker than the story's own deed
        moment = self.log.add(label, at_s, str(event.get("title", "")), machine_ms, is_working=is_working)
        if not is_working:
            self._moment = moment
        return moment

    def _take_working(self, event: dict[str, Any]) -> None:
        moment = self._record(event, "Working", is_working=True)
        task = asyncio.create_task(self._shoot(moment, event))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _shoot(self, moment: Moment, event: dict[str, Any]) -> None:
        with contextlib.suppress(SiteError):
            self.log.picture(moment, await self.bench.shot())
            if self._now is None or (self._now["name"], self._now.get("overlay")) != (
                event["name"],
                event.get("overlay"),
            ):
                self.log.drop_picture(moment)  # it was gone before the picture was taken

    async def _act(self, step: Step, moment: Moment) -> None:
        acts = []
        deed_s = None
        if step.pause_s is not None:
            await asyncio.sleep(step.pause_s)
        if step.until_silence:
            await listen_to_the_end(self.bench)
        if step.before is not None:
            await self._has_control(step.before, step.within_s)
            await self._press(step.before)
            await asyncio.sleep(_SETTLE_S)
        if step.do is not None:
            deed_s = await do(self.bench, step.do)
            acts.append(", ".join(f"{key} {value}" for key, value in step.do.model_dump(exclude_defaults=True).items()))
        if step.type is not None:
            deed_s = time.monotonic()
            await self.bench.do("type", text=step.type)
            acts.append("type")
        if step.press is not None:
            await self._has_control(step.press, step.within_s)
            deed_s = await self._press(step.press)
            acts.append(f"press {step.press}")
        if step.key is not None:
            deed_s = time.monotonic()
            await self.bench.do("key", key=step.key)
            acts.append(f"key {step.key}")
        if step.skip_s is not None:
            await self.bench.do("skip", s=step.skip_s)
            deed_s = time.monotonic()
            moment.skipped_s = step.skip_s
            acts.append(f"skip {step.skip_s:g} s")
        self._deed_s = deed_s if deed_s is not None else moment.at_s  # without one a device answers by itself
        moment.deed = "; ".join(acts) or "a device answers"
        moment.waiting_ms = round(max(0.0, self._deed_s - moment.at_s) * 1000, 1)

    async def _press(self, control: str) -> float:
        """Touch it, no sooner after the touch before than a person would; the time of the touch."""
        shown_s = self._moment.at_s if self._moment is not None else 0.0  # the touch before ended before that
        await asyncio.sleep(max(0.0, max(self._pressed_s, shown_s) + _PRESS_GAP_S - time.monotonic()))
        self._pressed_s = time.monotonic()
        await self.bench.do("press", id=control)
        return self._pressed_s

    async def _has_control(self, control: str, within_s: float) -> None:
        """Wait until it can be pressed; turn the pages of a long list as far as they go."""

        def is_there(one: str = control) -> bool:
            return any(c["id"] == one and c.get("enabled", True) for c in controls(self._now))

        for _ in range(_PAGES):
            has_any = await self._until(lambda: is_there() or is_there(_NEXT_PAGE), within_s)
            if is_there() or not has_any:
                break
            await self._press(_NEXT_PAGE)
            await asyncio.sleep(_SETTLE_S)
        if not is_there():
            there = ", ".join(str(one["id"]) for one in controls(self._now) if one.get("enabled", True))
            raise Differs(f"no control {control!r} that can be pressed; there are: {there or 'none'}")

    # -- what must be true ------------------------------------------------------------------------------------------

    async def _expect(self, expected: Expectation, step: Step, event: dict[str, Any]) -> None:
        unlike = ""

        def holds() -> bool:
            nonlocal unlike
            if self._now is None or self._now["name"] != event["name"]:
                return False
            unlike = problem(expected, self._now, self.log.spoken[self._spoken_from :])
            return not unlike

        if not await self._until(holds, min(step.within_s, 10.0)):
            if self._now is None or self._now["name"] != event["name"]:
                raise Differs(f"it was gone before it said what was expected ({unlike or 'not looked at'})")
            raise Differs(unlike)
        if around := await site_unlike(self.bench, expected, step.within_s):
            raise Differs(around)
        if expected.transaction is not None:
            state, _ = await self._arrived()
            if state != expected.transaction:
                raise Differs(f"at the platform the transaction is {state}, not {expected.transaction}")

    async def _arrived(self) -> tuple[str, list[str]]:
        """State of this visit's transaction at the platform, and the numbers that are new there."""
        try:
            new = [one for one in await self.bench.transactions() if one["number"] not in self._before]
        except SiteError as error:
            raise Differs(str(error)) from None
        return (new[0]["state"] if new else "none"), [one["number"] for one in new]

    async def _compare_end(self) -> list[str]:
        end = self.story.end
        differences = []
        if not await self._until(lambda: self._ended is not None, 15.0):
            differences.append("end: the visit did not say how it ended")
        elif self._ended is not None and self._ended["name"] != end.outcome:
            differences.append(f"end: outcome is {self._ended['name']}, not {end.outcome}")
        if end.then is not None:
            try:
                await do(self.bench, end.then)
            except (SiteError, Differs) as error:
                differences.append(f"end: {error}")
        await self._collect()
        if bool(self.papers) != end.receipt:
            came = f"{len(self.papers)} came out" if self.papers else "none came out"
            differences.append(f"end: receipt: {'expected one' if end.receipt else 'expected none'}, {came}")
        differences += await self._compare_transaction()
        return differences

    async def _compare_transaction(self) -> list[str]:
        end = self.story.end
        deadline = time.monotonic() + end.transaction_within_s
        while True:
            try:
                self.transaction, numbers = await self._arrived()
            except Differs as difference:
                return [f"end: {difference}"]
            if self.transaction == end.transaction or time.monotonic() > deadline:
                break
            await asyncio.sleep(0.2)
        if self.transaction != end.transaction:
            return [f"end: at the platform the transaction is {self.transaction}, not {end.transaction}"]
        if len(numbers) > 1:
            return [f"end: {len(numbers)} transactions arrived instead of one: {', '.join(numbers)}"]
        if numbers and self.reference and numbers[0] != self.reference:
            return [f"end: the receipt's number is {self.reference}, the platform's is {numbers[0]}"]
        return []

    async def _collect(self) -> None:
        """Which paper is this visit's, and its number."""
        if self._ended is not None:
            self.reference = str(self._ended.get("reference") or "")
        with contextlib.suppress(SiteError):
            paper = (await self.bench.state())["paper"]
            self.papers = [number for number in paper if int(number) > self._printed_before]

    async def _go_home(self) -> None:
        """End a visit that is still open, by Leave or by its own time-outs: the next one finds the welcome screen."""
        deadline = time.monotonic() + _HOME_WITHIN_S
        with contextlib.suppress(SiteError):
            await self.bench.do("reset")
            while not is_plain(self._now, "Welcome") and time.monotonic() < deadline:
                with contextlib.suppress(SiteError):
                    if any(one["id"] == "leave" for one in controls(self._now)):
                        await self._press("leave")
                    else:
                        await self.bench.do("skip", s=400.0)
                await asyncio.sleep(_SETTLE_S)
