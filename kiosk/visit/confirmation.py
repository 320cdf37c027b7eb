"""Is this the person of the document: a face, a one-time code, a clerk or a helper, all of equal rank.

A face is never the only way. This module knows which ways are open and goes from one to the next; each way has a
module of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from hardware.speech import Earcon
from kiosk.uplink.bodies import RegistryKey
from kiosk.uplink.errors import UplinkError
from kiosk.visit import questions as q
from kiosk.visit.clerk_way import ClerkWay
from kiosk.visit.code_way import CodeWay
from kiosk.visit.face_way import FaceWay
from kiosk.visit.helper_way import HelperWay
from kiosk.visit.leaving import Back, NotVerified
from kiosk.visit.offers import way_options
from kiosk.visit.services import Way
from kiosk.visit.way import Case, OtherWay, Walk


@dataclass(frozen=True, repr=False)
class Confirmed:
    """``by``: the way that worked. ``helper``: who helped, where that was the way."""

    by: str
    helper: RegistryKey | None = None


@dataclass(repr=False)
class Confirmation:
    """One resident's ways to be confirmed; lives for the length of ``run``."""

    case: Case
    present_helper: Callable[[], Awaitable[RegistryKey]]
    _spent: set[Way] = field(default_factory=set)

    async def run(self) -> Confirmed:
        """Walk ways until one works. Raises ``NotVerified`` when none is left."""
        case, stage = self.case, self.case.stage
        helper = HelperWay(case, self.present_helper)
        walks: dict[Way, Walk] = {
            Way.FACE: FaceWay(case, lambda: [way for way in self._open() if way is not Way.FACE]),
            Way.CODE: CodeWay(case),
            Way.CLERK: ClerkWay(case),
            Way.HELPER: helper,
        }
        trouble = ""
        then: Way | None = None
        while True:
            ways = self._open()
            if not ways:
                await stage.trouble("no_way_left", ("leave",), service=case.service.id)
                raise NotVerified
            chosen = then if then is not None and then in ways else Way(await self._choose(ways, trouble))
            trouble, then = "", None
            try:
                await walks[chosen].walk()
            except OtherWay as other:
                trouble, then = other.trouble, other.then
                if other.is_spent:
                    self._spent.add(chosen)
                if then in self._open():
                    stage.tell(stage.text("I could not confirm it. A clerk can look at it now."))
            except Back:
                pass
            except UplinkError as error:
                stage.note(error)
                trouble = "backend_down"
            else:
                stage.sound(Earcon.DONE)
                return Confirmed(chosen.value, helper.helper)

    def _open(self) -> list[Way]:
        """Face needs a pack, a portrait and a presented document; a code a registered phone; a helper somebody who may.

        The order is the service's own.
        """
        case = self.case
        can = {
            Way.FACE: case.booth.has_face_check and case.portrait is not None and case.document is not None,
            Way.CODE: case.resident.has_phone,
            Way.CLERK: True,
            Way.HELPER: case.resident.has_helper and case.booth.reader.status.is_usable,
        }
        return [way for way in case.service.identification if can.get(way, False) and way not in self._spent]

    async def _choose(self, ways: list[Way], trouble: str) -> str:
        case = self.case

        def question() -> q.Question:
            options = way_options([way.value for way in ways], case.stage.text)
            return q.ChooseWay(ways=options, trouble=trouble, service=case.service.id, progress=(2, 5))

        return str(await case.stage.ask(question))
