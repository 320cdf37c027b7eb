"""The driver of a door bus (``field.Driver``): a child serves it, this hands over samples and carries commands.

libosdp is native code and could hang or crash; the watch must not. So it runs behind ``worker.Worker``: no beat for
three seconds, and the child is ended and begun anew, while the readers relock by themselves. Knows no frame.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import Iterable, Mapping

import msgspec

from hardware.access import BusOptions, Reader
from hardware.access.messages import Beat, Done, Fault, Look, Order, Report
from hardware.access.openings import Openings, Switch
from hardware.device import DeviceError
from hardware.field import ERRORS, Command, Config, DeviceHealth, FieldError, Gone, RawSample, Take, Timeout
from hardware.worker import Worker

DRIVER = "hardware.access.bus:OsdpBus"
SILENT_S = 3.0  # without a beat
START_S = 8.0  # until the first one
CALL_S = 2.0  # an order is only put down there: longer means that the child hangs
_LOOK_S = 0.25
_WORDS: dict[str, type[FieldError]] = {kind.word: kind for kind in ERRORS}


class OsdpLink:
    """Use from one event loop. Raises ``Config`` for no reader, or an address or a device given twice."""

    def __init__(self, port: str, readers: Iterable[Reader], *, baud: int = 115200, driver: str = DRIVER) -> None:
        self.where = f"osdp {port}"
        found = tuple(readers)
        self._readers = {reader.device: reader for reader in found}
        if not found:
            raise Config("no reader", where=self.where)
        if len(self._readers) < len(found) or len({reader.address for reader in found}) < len(found):
            raise Config("a device or an address is there twice", where=self.where)
        self._worker = Worker(
            driver, BusOptions(port, found, baud), errors=ERRORS, on_event=self._event, on_restart=self._restarted
        )
        self._openings = Openings.of(found, self.where)
        self._health = {device: DeviceHealth() for device in self._readers}
        self._last: dict[str, dict[str, RawSample]] = {device: {} for device in self._readers}
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._take: Take = _nobody
        self._beat_s = 0.0
        self._is_served = False  # by the child that runs now
        self._kept_s = 0.0
        self._guard: asyncio.Task[None] | None = None

    @property
    def restarts(self) -> int:
        """How often the child was begun anew."""
        return self._worker.restarts

    async def open(self, take: Take) -> None:
        """Begin; samples go to ``take``."""
        self._take = take
        if self._guard is None:
            self._beat_s, self._is_served = time.monotonic(), False
            await self._worker.start()
            self._guard = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """End the child. Relays that stand open go back by the readers' own timers."""
        guard, self._guard = self._guard, None
        if guard is not None:
            guard.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await guard
        await self._worker.stop()
        self._abandon(Gone("the link was closed", where=self.where))

    def keep(self, for_s: float) -> None:
        """The watch is alive for so long."""
        self._kept_s = time.monotonic() + for_s

    def health(self) -> Mapping[str, DeviceHealth]:
        """Counts by device, of the child that runs now."""
        return self._health

    async def poll(self, device: str, *, within_s: float) -> tuple[RawSample, ...]:
        """Read all states of one reader now. Raises ``FieldError``."""
        reader = self._readers.get(device)
        if reader is None:
            raise Config(f"there is no device {device}", where=self.where)
        await self._asked("look", Look(number := next(self._numbers), device), number, within_s)
        return tuple(self._last[device][point] for point in reader.states if point in self._last[device])

    async def command(self, command: Command, *, within_s: float) -> None:
        """Switch a relay; returns when the reader confirmed."""
        now_s = time.monotonic()
        switch = self._openings.switch(command, now_s)
        try:
            await self._switch(command.device, switch, within_s)
        except FieldError as error:
            if not isinstance(error, Timeout):  # surely not done; else it may be, and counts
                self._openings.forget(command)
            raise

    async def _switch(self, device: str, switch: Switch, within_s: float) -> None:
        number = next(self._numbers)
        until_s = time.monotonic() + within_s
        order = Order(number, device, switch.output, switch.control, switch.tenths, until_s)
        await self._asked("order", order, number, within_s)

    async def _asked(self, verb: str, body: msgspec.Struct, number: int, within_s: float) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[number] = done
        try:
            async with asyncio.timeout(within_s):
                await self._worker.call(verb, body, within_s=CALL_S)
                await done
        except TimeoutError:
            raise Timeout("not done within the deadline", where=self.where) from None
        except FieldError:
            raise
        except DeviceError as broken:
            raise Gone(broken.message, where=self.where) from None
        finally:
            self._waiting.pop(number, None)
            if done.done() and not done.cancelled():
                done.exception()  # it may have come while nobody waited any more

    def _event(self, name: str, body: msgspec.Raw) -> None:
        if name == "report":
            self._report(msgspec.msgpack.decode(body, type=Report))
        elif name == "fault":
            self._fault(msgspec.msgpack.decode(body, type=Fault))
        elif name == "done":
            self._done(msgspec.msgpack.decode(body, type=Done))
        elif name == "beat":
            self._health = msgspec.msgpack.decode(body, type=Beat).health
            self._beat_s, self._is_served = time.monotonic(), True

    def _report(self, report: Report) -> None:
        wall_s = time.time()
        samples = [
            RawSample(report.device, point, value, None, report.at_s, wall_s, report.took_s)
            for point, value in report.values.items()
        ]
        self._last[report.device] |= {sample.point: sample for sample in samples}
        self._take(samples)

    def _fault(self, fault: Fault) -> None:
        error = _WORDS[fault.word](fault.text, where=f"{self.where} {fault.device}", cure=fault.cure)
        wall_s = time.time()
        self._take(
            [
                RawSample(fault.device, point, None, error, fault.at_s, wall_s, fault.took_s, fault.is_life)
                for point in fault.points
            ]
        )

    def _done(self, done: Done) -> None:
        waiting = self._waiting.get(done.number)
        if waiting is None or waiting.done():
            return
        if done.word:
            waiting.set_exception(_WORDS[done.word](done.text, where=self.where))
        else:
            waiting.set_result(None)

    def _restarted(self) -> None:
        self._beat_s, self._is_served = time.monotonic(), False
        self._abandon(Gone("the bus's process ended", where=self.where))

    def _abandon(self, error: FieldError) -> None:
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(error)
                waiting.exception()  # a caller that was cancelled meanwhile does not fetch it

    async def _watch(self) -> None:
        """End a child that does not beat, tell that nobody is served meanwhile, and relock when the watch is silent."""
        told_s = 0.0
        while True:
            await asyncio.sleep(_LOOK_S)
            now_s = time.monotonic()
            is_late = now_s - self._beat_s > (SILENT_S if self._is_served else START_S)
            if is_late:
                self._worker.kill()
                self._beat_s, self._is_served = now_s, False
            if not self._is_served and now_s - max(told_s, self._beat_s) >= 1.0:
                told_s = now_s
                self._lose(Gone("the bus is not served; its process is begun anew", where=self.where), now_s)
            if now_s > self._kept_s:
                await self._relock(now_s)

    async def _relock(self, now_s: float) -> None:
        for device, switch in self._openings.orphans(now_s):
            with contextlib.suppress(FieldError):  # the reader's own timer does it
                await self._switch(device, switch, 1.0)

    def _lose(self, error: FieldError, now_s: float) -> None:
        wall_s = time.time()
        for device, reader in self._readers.items():
            self._take([RawSample(device, point, None, error, now_s, wall_s) for point in reader.states or ("",)])


def _nobody(_samples: object) -> None:
    """Before the link is open."""
