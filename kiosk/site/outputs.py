"""Orders on their way to the drivers: issued at once, confirmed or repeated; the newest of an output replaces others.

What releases (or locks again after a reset), and what stops a valve, is repeated until its device confirms it. A
barrier's push-button is pressed once: nobody wants it to move minutes later. Decides nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping

from hardware.field import Command, Config, Driver, FieldError, Gone, Timeout
from kiosk.site.actions import RELEASING, Order
from kiosk.site.orders import command_of, has_pulses
from kiosk.site.schema import PointSpec

WITHIN_S = 1.0  # a device's confirmation
GRACE_S = 0.5  # past this a driver has broken its deadline
PAUSE_S = 0.1
LONGEST_PAUSE_S = 1.0
TROUBLE_S = 1.0  # not confirmed for so long: somebody must know
GIVE_UP_S = 10.0  # for what is not repeated until confirmed

Result = Callable[[Order, str], None]
"""``(order, "done" or an error's word)``, on the loop; an error once, when it lasts or nothing more is tried."""


class Outputs:
    """Use from one event loop. ``driver_of``: who drives a device; ``broke``: a driver broke its promise."""

    def __init__(
        self, driver_of: Callable[[str], Driver | None], broke: Callable[[str, str], None], on_result: Result
    ) -> None:
        self._driver_of = driver_of
        self._broke = broke
        self._on_result = on_result
        self._orders: dict[str, tuple[Order, PointSpec]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._first: dict[str, asyncio.Task[None]] = {}  # first calls: their order may end before it has begun

    def order(self, order: Order, spec: PointSpec) -> None:
        """Issue it in this turn of the loop; what was ordered of this output before is given up."""
        self._give_up(order.output)
        self._orders[order.output] = order, spec
        command = command_of(order, spec)
        call = self._call(command)
        if not isinstance(call, FieldError):
            self._first[order.output] = call
        task = asyncio.get_running_loop().create_task(self._carry_out(order, spec, command, call))
        self._tasks[order.output] = task
        task.add_done_callback(lambda done: self._ended(order.output, done))

    def again(self, devices: Collection[str]) -> None:
        """Repeat what stands on these devices: their driver is a new one, or had let go."""
        for output, (order, spec) in list(self._orders.items()):
            if output.partition(".")[0] in devices and not has_pulses(spec) and not _is_timed(order, spec):
                self.order(order, spec)

    def adopt(self, specs: Mapping[str, PointSpec]) -> None:
        """Another site file: what stands is repeated as it says; outputs that it has no more are forgotten."""
        self.forget(self._orders.keys() - specs.keys())
        self._orders = {output: (order, specs[output]) for output, (order, _) in self._orders.items()}

    def forget(self, outputs: Collection[str]) -> None:
        """These are not in the site file any more."""
        for output in list(outputs):
            self._orders.pop(output, None)
            self._give_up(output)

    async def close(self) -> None:
        """Give up what is under way."""
        tasks, self._tasks = list(self._tasks.values()), {}
        for task in (*tasks, *self._first.values()):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _give_up(self, output: str) -> None:
        for tasks in (self._tasks, self._first):
            if (task := tasks.pop(output, None)) is not None:
                task.cancel()

    def _call(self, command: Command) -> asyncio.Task[None] | FieldError:
        driver = self._driver_of(command.device)
        if driver is None:
            return Gone("nobody drives this device", where=command.device)
        call = asyncio.get_running_loop().create_task(_commanded(driver, command))
        call.add_done_callback(_heed)
        return call

    async def _carry_out(
        self, order: Order, spec: PointSpec, command: Command, call: asyncio.Task[None] | FieldError
    ) -> None:
        loop = asyncio.get_running_loop()
        began, pause_s, is_told = loop.time(), PAUSE_S, False
        while True:
            error = await self._end_of(call, command.device)
            if error is None:
                self._on_result(order, "done")
                return
            is_over = not _must_be_done(order, spec) and (
                has_pulses(spec) or isinstance(error, Config) or loop.time() - began > GIVE_UP_S
            )
            if not is_told and (is_over or loop.time() - began >= TROUBLE_S):
                is_told = True
                self._on_result(order, error.word)
            if is_over:
                return
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            call = self._call(command)

    async def _end_of(self, call: asyncio.Task[None] | FieldError, device: str) -> FieldError | None:
        if isinstance(call, FieldError):
            return call
        try:
            await asyncio.wait({call}, timeout=WITHIN_S + GRACE_S)
        finally:
            if not call.done():
                call.cancel()  # and not waited for: it may swallow that, too
        if not call.done() or call.cancelled():
            self._broke(device, "a command did not end within its deadline")
            return Timeout("no word from the driver", where=device)
        error = call.exception()
        if error is None or isinstance(error, FieldError):
            return error
        self._broke(device, f"{type(error).__name__} in the driver")
        return Gone(f"{type(error).__name__} in the driver", where=device)

    def _ended(self, output: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(output) is task:
            del self._tasks[output]
            self._first.pop(output, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._broke(output.partition(".")[0], f"{type(error).__name__} while an order was carried out")


async def _commanded(driver: Driver, command: Command) -> None:
    await driver.command(command, within_s=WITHIN_S)


def _heed(call: asyncio.Task[None]) -> None:
    """An error that comes after its order was given up is nobody's."""
    if not call.cancelled():
        call.exception()


def _must_be_done(order: Order, spec: PointSpec) -> bool:
    return bool(RELEASING & set(spec.acts)) or (order.act == "stop" and not has_pulses(spec))


def _is_timed(order: Order, spec: PointSpec) -> bool:
    """Open for a while: its end is near, it is not opened anew."""
    return spec.longest_s is not None and order.act != "stop"
