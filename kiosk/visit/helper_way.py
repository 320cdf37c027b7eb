"""A helper who identifies with their own card: for residents who can use neither camera nor telephone themselves.

Offered by services that allow it, and only when the register has somebody who may act for this resident. The helper's
document is read like the resident's; the platform says whether this person may help. Who helped goes into the
transaction, sealed, and into the audit as the bare fact.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from kiosk.uplink.bodies import RegistryKey
from kiosk.uplink.errors import NotKnown, Refused
from kiosk.visit import questions as q
from kiosk.visit.way import Case, OtherWay

HELPER_ATTEMPTS = 3


class HelperWay:
    """``walk`` leaves in ``helper`` who it was."""

    def __init__(self, case: Case, present: Callable[[], Awaitable[RegistryKey]]) -> None:
        """``present``: read the helper's document; raises ``Back``, ``Left``."""
        self._case = case
        self._present = present
        self._attempts = 0
        self.helper: RegistryKey | None = None

    async def walk(self) -> None:
        case, stage = self._case, self._case.stage
        await case.audit("consent", purpose="helper", by="resident")
        while self._attempts < HELPER_ATTEMPTS:
            key = await self._present()
            self._attempts += 1
            working = q.Working(what="looking_up", service=case.service.id, progress=(2, 5))
            asking = case.backend.may_help(
                case.visit, case.resident.key, key, case.service.id, within_s=stage.times.lookup_s
            )
            try:
                await stage.show(working, asking)
            except (NotKnown, Refused):
                if await stage.trouble("helper_unknown", ("other_card", "leave"), service=case.service.id) == "leave":
                    break
                continue
            self.helper = key
            return
        raise OtherWay("helper_unknown", is_spent=True)
