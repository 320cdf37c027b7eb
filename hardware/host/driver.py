"""The driver of the booth's own computer (``field.Driver``).

What cannot be measured, or was not told for long, is that point's error and no other's: a computer without a
thermometer is not lost. Knows Linux by ``computer``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from hardware.field import Config, FieldError, RawSample, Take, Timeout, Value
from hardware.host import OWN, TOLD
from hardware.host.computer import Computer
from hardware.polled import PolledLink

STALE_S = 30.0  # what the screen's side told is believed so long
WITHIN_S = 1.0
_PAPER = {"paper_out": "out", "paper_low": "low", "paper_jammed": "jammed"}


class HostLink(PolledLink):
    """Use from one event loop. ``points``: by device, the measure (``OWN``, ``TOLD``) of each point. Raises ``Config``
    for an unknown measure."""

    def __init__(
        self,
        points: Mapping[str, Mapping[str, str]],
        every_s: Mapping[str, float],
        computer: Computer | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("booth computer", every_s, tuple(dict.fromkeys(p for its in points.values() for p in its)))
        if strange := {measure for its in points.values() for measure in its.values()} - OWN - TOLD:
            known = ", ".join(sorted(OWN | TOLD))
            raise Config(f"no such measure: {min(strange)}", where=self.where, cure=f"use one of {known}")
        self._points = {device: dict(its) for device, its in points.items()}
        self._computer = computer or Computer()
        self._now = now
        self._told: dict[str, tuple[Value, float]] = {}
        self._failed: dict[str, dict[str, FieldError]] = {}
        self._thread: ThreadPoolExecutor | None = None
        self._reading: asyncio.Future[Mapping[str, Value | FieldError]] | None = None

    def report(self, measures: Mapping[str, float | str]) -> None:
        """The screen's side tells of its devices. What is unknown here is passed over."""
        found = {name: value for name, value in measures.items() if name in TOLD}
        if "printer" in found and "paper" not in found:
            found["paper"] = _PAPER.get(str(found["printer"]), "unknown")
        self._told |= {name: (value, self._now()) for name, value in found.items()}

    async def open(self, take: Take) -> None:
        """Begin to look."""

        def with_failed(samples: Sequence[RawSample]) -> None:
            at_s, wall_s = time.monotonic(), time.time()
            failed = self._failed.pop(samples[0].device, {}) if samples else {}
            more = [
                RawSample(samples[0].device, point, None, error, at_s, wall_s, is_life=False)
                for point, error in failed.items()
            ]
            take([*samples, *more])

        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "host")
        await super().open(with_failed)

    async def look(self, device: str) -> Mapping[str, Value]:
        """One look: what is there. Raises ``Timeout`` while the computer hangs."""
        wanted = self._points[device]
        own = await self._own() if OWN & set(wanted.values()) else {}
        found = {**own, **self._of_others(set(wanted.values()) & TOLD)}
        values: dict[str, Value] = {}
        failed: dict[str, FieldError] = {}
        for point, measure in wanted.items():
            one = found[measure]
            if isinstance(one, FieldError):
                one.where = self.where
                failed[point] = one
            else:
                values[point] = one
        self._failed[device] = failed
        if failed and not values:
            self._failed[device] = {}
            raise next(iter(failed.values()))
        return values

    def let_go(self) -> None:
        """End the thread, unless it hangs."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.shutdown(wait=False, cancel_futures=True)

    async def _own(self) -> Mapping[str, Value | FieldError]:
        if self._thread is None:
            raise Config("not opened", where=self.where)
        reading = self._reading  # one that hangs is waited for, not asked again
        if reading is None or reading.done():
            loop = asyncio.get_running_loop()
            reading = self._reading = loop.run_in_executor(self._thread, self._computer.read, OWN)
        done, _ = await asyncio.wait({reading}, timeout=WITHIN_S)
        if not done:
            raise Timeout("the computer does not tell: a disk hangs", where=self.where, cure="look at the disk")
        return reading.result()

    def _of_others(self, wanted: set[str]) -> Mapping[str, Value | FieldError]:
        now = self._now()
        is_told = any(now - at_s <= STALE_S for _, at_s in self._told.values())
        found: dict[str, Value | FieldError] = {}
        for name in wanted:
            value, at_s = self._told.get(name, (0, float("-inf")))
            if now - at_s <= STALE_S:
                found[name] = value
            elif name not in self._told and is_told:
                found[name] = Config(f"this booth does not tell of its {name}", cure="remove the point")
            else:
                found[name] = Timeout(f"nothing was told of {name} for {STALE_S:g} s", cure="does the screen run?")
        return found
