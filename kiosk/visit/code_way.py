"""A one-time code to the registered telephone: a way of equal rank without a face."""

from __future__ import annotations

from hardware.speech import Earcon
from kiosk.uplink.bodies import CodeResult, CodeSent
from kiosk.uplink.errors import NotKnown, RateLimited, Refused
from kiosk.visit import questions as q
from kiosk.visit.forms import mask_phone
from kiosk.visit.way import Case, OtherWay

CODE_ATTEMPTS = 3


class CodeWay:
    """``walk`` may be left and taken again: a code that was sent still counts."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._sent: CodeSent | None = None
        self._attempts = 0

    async def walk(self) -> None:
        case, stage = self._case, self._case.stage
        masked = case.resident.phone_masked or mask_phone(case.person.phone)
        trouble = ""
        while True:
            if self._sent is None:
                self._sent = await self._send()
                self._attempts = CODE_ATTEMPTS
            question = q.EnterCode(
                phone_masked=masked, trouble=trouble, attempts_left=self._attempts, service=case.service.id,
                progress=(2, 5),
            )  # fmt: skip
            said = str(await stage.ask(question))
            if said == "other_way":
                raise OtherWay  # the code that was sent still counts when the resident comes back
            if said == "resend":
                trouble = await self._send_again()
                continue
            try:
                result = await self._verify(self._sent.code_id, said)
            except Refused as refused:
                if refused.kind != "code-expired":
                    raise OtherWay("code_dead", is_spent=True) from None
                self._sent, trouble = None, "code_expired"
                continue
            if result.is_right:
                return
            stage.sound(Earcon.TROUBLE)
            trouble, self._attempts = "code_wrong", result.attempts_left
            if self._attempts <= 0:
                raise OtherWay("code_dead", is_spent=True)

    async def _send(self) -> CodeSent:
        try:
            return await self._ask_for_code()
        except RateLimited:
            raise OtherWay("code_limit", is_spent=True) from None
        except NotKnown:
            raise OtherWay("no_phone", is_spent=True) from None

    async def _send_again(self) -> str:
        """A new code in the old one's place; the words key of what became of it."""
        try:
            self._sent, self._attempts = await self._ask_for_code(), CODE_ATTEMPTS
        except RateLimited:
            return "code_wait"
        return "code_resent"

    async def _ask_for_code(self) -> CodeSent:
        case = self._case
        working = q.Working(what="sending_code", service=case.service.id, progress=(2, 5))
        sending = case.backend.send_code(case.visit, case.resident.key, within_s=case.stage.times.lookup_s)
        return await case.stage.show(working, sending)  # type: ignore[no-any-return]

    async def _verify(self, code_id: str, code: str) -> CodeResult:
        case = self._case
        working = q.Working(what="checking_code", service=case.service.id, progress=(2, 5))
        checking = case.backend.verify_code(case.visit, code_id, code, within_s=case.stage.times.lookup_s)
        return await case.stage.show(working, checking)  # type: ignore[no-any-return]
