"""From the welcome screen to the goodbye: one resident, one process.

Chooses the service, serves, and looks after a card or paper left behind before the next welcome. Knows no device
driver; the process around it ends when ``receive`` returns.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from hardware.device import DeviceError
from hardware.printer import Exit
from hardware.speech import Earcon
from kiosk.uplink.errors import UplinkError
from kiosk.visit import questions as q
from kiosk.visit.equipment import Equipment
from kiosk.visit.front import Front
from kiosk.visit.leaving import Back, Evacuated, Left
from kiosk.visit.offers import service_options
from kiosk.visit.serve import Outcome, Platform, serve
from kiosk.visit.services import Service
from kiosk.visit.stage import Stage


async def receive(
    stage: Stage,
    booth: Equipment,
    services: Mapping[str, Service],
    front: Front,
    begin: Callable[[], Awaitable[None]],
    ready: Awaitable[Platform],
) -> Outcome:
    """Welcome somebody, serve them, look after what they leave.

    ``begin`` starts what only a visit needs (camera and face); ``ready`` gives the platform once the devices of the
    welcome run: nobody waits for either to see the welcome.
    """
    preparing = asyncio.ensure_future(ready)
    tasks: list[asyncio.Future[Any]] = [
        asyncio.ensure_future(_notice_foreign_card(stage, booth, preparing)),
        asyncio.ensure_future(_know_devices(stage, front, preparing)),
        asyncio.ensure_future(stage.voice.cry(stage.clock, stage.times.way_out_again_s)),
    ]
    try:
        while not front.is_visited:
            await stage.ask(front.question, aside=lambda _: not front.is_open)
            front.is_visited = front.is_open  # the watch may have spoken between the touch and here
        tasks.append(asyncio.ensure_future(begin()))
        platform = await asyncio.shield(preparing)
        tasks.append(asyncio.ensure_future(_watch_platform(stage, booth, platform)))
        outcome = await _serve_chosen(stage, booth, platform, services)
        if outcome.name != Evacuated.outcome:
            stage.go_on()
            with contextlib.suppress(Left):  # a fire now: nobody stays for their belongings
                await _belongings(stage, booth)
    finally:
        front.close()
        for task in (*tasks, preparing):
            task.cancel()
        await asyncio.gather(*tasks, preparing, return_exceptions=True)
    if outcome.name != Evacuated.outcome:
        stage.sound(Earcon.DONE)
    return outcome


async def farewell(stage: Stage, outcome: Outcome) -> None:
    """All done, nothing kept: shown and said for some seconds, or until a touch. Not in a fire."""
    with contextlib.suppress(Left):
        await stage.ask(q.Goodbye(outcome=outcome.name), patience=stage.times.goodbye_s)


async def _serve_chosen(stage: Stage, booth: Equipment, platform: Platform, services: Mapping[str, Service]) -> Outcome:
    while True:
        await _refresh_paper(stage, booth)
        try:
            chosen = await stage.ask(lambda: _offer(stage, booth, services))
        except Left as left:
            return Outcome(left.outcome)
        service = services[str(chosen)]
        if booth.why_not(service):
            continue  # it became impossible meanwhile: the list says why
        try:
            return await serve(stage, booth, platform, service)
        except Back:
            continue


def _offer(stage: Stage, booth: Equipment, services: Mapping[str, Service]) -> q.ChooseService:
    notice = "" if booth.has_face_check else stage.text("Face check is not available. There are other ways.")
    return q.ChooseService(options=service_options(services, booth, stage.text), notice=notice)


async def _know_devices(stage: Stage, front: Front, ready: asyncio.Future[Platform]) -> None:
    """From now on the front says what the devices cannot do."""
    await asyncio.shield(ready)
    front.is_known = True
    if not front.is_visited:
        stage.refresh()


async def _notice_foreign_card(stage: Stage, booth: Equipment, ready: asyncio.Future[Platform]) -> None:
    """A card that lies on the reader when the welcome appears belongs to somebody who left: it opens nothing."""
    await asyncio.shield(ready)
    if not booth.has_card:
        return
    booth.has_foreign_card = True
    try:
        await booth.reader.wait_for_removal()
    except DeviceError as error:
        stage.note(error)
    finally:
        booth.has_foreign_card = False


async def _refresh_paper(stage: Stage, booth: Equipment) -> None:
    """Paper out and cover open are seen before a service that needs paper is offered."""
    try:
        await booth.printer.refresh()
    except DeviceError as error:
        stage.note(error)


async def _watch_platform(stage: Stage, booth: Equipment, platform: Platform) -> None:
    """Keep the readiness gate true: is the platform there, and which services does it take today?"""
    while True:
        try:
            catalogue = await platform.backend.catalogue(within_s=stage.times.acknowledgement_s)
            booth.is_backend_up = True
            booth.closed_services = frozenset(s.id for s in catalogue.services if not s.is_open)
        except UplinkError as error:
            stage.note(error)
            booth.is_backend_up = False
        stage.refresh()
        await stage.clock.sleep(stage.times.progress_again_s)


async def _belongings(stage: Stage, booth: Equipment) -> None:
    """A card or paper left behind is noticed, said and shown before the next welcome."""
    await _refresh_paper(stage, booth)
    has_card = booth.has_card
    has_paper = booth.printer.status.exit is Exit.PRESENT
    if not (has_card or has_paper):
        return

    async def taken() -> None:
        for waiting in ([booth.reader.wait_for_removal] if has_card else []) + (
            [booth.printer.wait_for_taken] if has_paper else []
        ):
            try:
                await waiting()
            except DeviceError as error:  # nobody can tell any more; the other thing still counts
                stage.note(error)

    stage.sound(Earcon.ALERT)
    question = q.TakeBelongings(has_card=has_card, has_paper=has_paper)
    await stage.ask(question, until=taken, patience=stage.times.belongings_s)
