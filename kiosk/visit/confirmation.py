"""Is this the person of the document: a face, a one-time code or a clerk, all of equal rank.

A face is never the only way; the camera opens only after the resident chose it and is closed on every path out. A
non-match is "could not confirm", never "you are not this person".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from hardware.camera import CameraError
from hardware.card_reader import Document, number_birth
from hardware.device import DeviceError
from hardware.face import Coaching, Comparison, Decision, PortraitUnusable
from hardware.speech import Earcon, Priority
from kiosk.uplink.bodies import ApprovalState, CodeResult, CodeSent, Resident
from kiosk.uplink.errors import NotKnown, RateLimited, Refused, UplinkError
from kiosk.visit import questions as q
from kiosk.visit.equipment import Equipment
from kiosk.visit.forms import mask_name, mask_number, mask_phone
from kiosk.visit.offers import coaching_sentence, way_options
from kiosk.visit.person import Audit, Identity
from kiosk.visit.services import Service, Way
from kiosk.visit.stage import Back, NotVerified, Stage

if TYPE_CHECKING:
    from kiosk.uplink.client import Backend

FACE_ATTEMPTS = 3  # R24
CODE_ATTEMPTS = 3
ADULT_FACE_AGE = 14  # Facial Recognition Measures, 2025: below it a guardian consents


class _OtherWay(Exception):
    """The resident wants another way, or this one came to its end (``trouble`` says why; ``is_spent``: for good)."""

    def __init__(self, trouble: str = "", *, is_spent: bool = False) -> None:
        self.trouble = trouble
        self.is_spent = is_spent


@dataclass
class Confirmation:
    """One resident's ways to be confirmed; lives for the length of ``run``."""

    stage: Stage
    booth: Equipment
    backend: Backend
    visit: str
    service: Service
    audit: Audit
    person: Identity
    resident: Resident
    document: Document | None
    face_attempts: int = 0
    _coached: Coaching | None = None
    _sent: CodeSent | None = None
    _code_attempts: int = 0
    _position: int = 0

    async def run(self) -> str:
        """The way that worked. Raises NotVerified when none is left."""
        spent: set[Way] = set()
        trouble = ""
        while True:
            ways = [way for way in self._possible() if way not in spent]
            if not ways:
                await self.stage.trouble("no_way_left", ("leave",), service=self.service.id)
                raise NotVerified
            chosen = Way(await self._choose(ways, trouble))
            walk: dict[Way, Callable[[], Awaitable[None]]] = {
                Way.FACE: self._face, Way.CODE: self._code, Way.CLERK: self._clerk,
            }  # fmt: skip
            try:
                await walk[chosen]()
            except (_OtherWay, Back) as other:
                trouble = other.trouble if isinstance(other, _OtherWay) else ""
                if isinstance(other, _OtherWay) and other.is_spent:
                    spent.add(chosen)
            except UplinkError as error:
                self.stage.note(error)
                trouble = "backend_down"
            else:
                self.stage.sound(Earcon.DONE)
                return chosen.value

    def _possible(self) -> list[Way]:
        """Face needs a pack, a portrait and a presented document; a code needs a registered phone."""
        can = {
            Way.FACE: self.booth.has_face_check and self._portrait() is not None and self.document is not None,
            Way.CODE: self.resident.has_phone,
            Way.CLERK: True,
        }
        return [way for way in self.service.identification if can.get(way, False)]

    def _portrait(self) -> bytes | None:
        return (self.document.portrait if self.document else None) or self.resident.portrait

    async def _choose(self, ways: list[Way], trouble: str) -> str:
        def question() -> q.Question:
            options = way_options([w.value for w in ways], self.stage.text)
            return q.ChooseWay(ways=options, trouble=trouble, service=self.service.id, progress=(2, 5))

        return str(await self.stage.ask(question))

    # face

    async def _face(self) -> None:
        birth = self.person.birth or number_birth(self.person.number)
        if _age(birth, self.stage.clock.today().date()) < ADULT_FACE_AGE:
            agreed = await self.stage.ask(q.GuardianConsent(service=self.service.id, progress=(2, 5)))
            if not agreed:
                raise _OtherWay(is_spent=True)
            await self.audit("consent", purpose="face", by="guardian")
        else:
            await self.audit("consent", purpose="face", by="resident")
        portrait = self._portrait()
        assert portrait is not None
        try:
            await self.stage.show(
                q.Working(what="opening_camera", service=self.service.id, progress=(2, 5)), self._open(portrait)
            )
            await self._attempts()
        except PortraitUnusable:
            raise _OtherWay("portrait_unusable", is_spent=True) from None
        except (CameraError, DeviceError) as error:
            self.stage.note(error)
            raise _OtherWay("camera_trouble") from None
        finally:
            await asyncio.shield(self._close())

    async def _open(self, portrait: bytes) -> None:
        opening = asyncio.ensure_future(self.booth.camera.open())
        try:
            await self.booth.matcher.enrol(portrait)
            await opening
        finally:  # nothing may open the camera after ``_close``
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
        self.stage.sound(Earcon.CAMERA)

    async def _close(self) -> None:
        await asyncio.gather(self.booth.camera.close(), self.booth.matcher.forget(), return_exceptions=True)

    async def _attempts(self) -> None:
        others = [w.value for w in self._possible() if w is not Way.FACE]

        def question() -> q.Question:
            options = way_options(others, self.stage.text)
            return q.MatchFace(
                preview_ring=self.booth.preview_ring, ways=options, service=self.service.id, progress=(2, 5)
            )

        while self.face_attempts < FACE_ATTEMPTS:
            said = await self.stage.ask(question, until=self._compare)
            if not isinstance(said, Comparison):
                raise _OtherWay  # leaving a try costs none, and neither does Back
            self.face_attempts += 1
            await self.audit("face", decision=said.decision.value, bucket=said.score_bucket, model=said.model)
            if said.decision is Decision.MATCH:
                return
            if said.decision is Decision.UNSURE:
                raise _OtherWay("could_not_confirm", is_spent=True)
            self.stage.sound(Earcon.TROUBLE)
            if self.face_attempts < FACE_ATTEMPTS:
                self.stage.tell(self.stage.text("I could not confirm it yet. Let us try again."), Priority.FOCUS)
        raise _OtherWay("could_not_confirm", is_spent=True)

    async def _compare(self) -> Comparison:
        self._coached = None
        return await self.booth.matcher.compare(self._coach, within_s=self.stage.times.face_attempt_s)

    def _coach(self, coaching: Coaching) -> None:
        if coaching is self._coached:
            return  # said once; the sentence stays on the glass
        self._coached = coaching
        self.stage.tell(coaching_sentence(coaching, self.stage.text), Priority.FOCUS)

    # one-time code

    async def _code(self) -> None:
        masked = self.resident.phone_masked or mask_phone(self.person.phone)
        trouble = ""
        while True:
            if self._sent is None:
                self._sent = await self._send_code()
                self._code_attempts = CODE_ATTEMPTS
            question = q.EnterCode(
                phone_masked=masked, trouble=trouble, attempts_left=self._code_attempts, service=self.service.id,
                progress=(2, 5),
            )  # fmt: skip
            said = str(await self.stage.ask(question))
            if said == "other_way":
                raise _OtherWay  # the code that was sent still counts when the resident comes back
            if said == "resend":
                trouble = await self._send_again()
                continue
            try:
                result = await self._verify(self._sent.code_id, said)
            except Refused as refused:
                if refused.kind != "code-expired":
                    raise _OtherWay("code_dead", is_spent=True) from None
                self._sent, trouble = None, "code_expired"
                continue
            if result.is_right:
                return
            self.stage.sound(Earcon.TROUBLE)
            trouble, self._code_attempts = "code_wrong", result.attempts_left
            if self._code_attempts <= 0:
                raise _OtherWay("code_dead", is_spent=True)

    async def _send_code(self) -> CodeSent:
        try:
            return await self._ask_for_code()
        except RateLimited:
            raise _OtherWay("code_limit", is_spent=True) from None
        except NotKnown:
            raise _OtherWay("no_phone", is_spent=True) from None

    async def _send_again(self) -> str:
        """A new code in the old one's place; the words key of what became of it."""
        try:
            self._sent, self._code_attempts = await self._ask_for_code(), CODE_ATTEMPTS
        except RateLimited:
            return "code_wait"
        return "code_resent"

    async def _ask_for_code(self) -> CodeSent:
        working = q.Working(what="sending_code", service=self.service.id, progress=(2, 5))
        sending = self.backend.send_code(self.visit, self.person.number, within_s=self.stage.times.lookup_s)
        return await self.stage.show(working, sending)  # type: ignore[no-any-return]

    async def _verify(self, code_id: str, code: str) -> CodeResult:
        working = q.Working(what="checking_code", service=self.service.id, progress=(2, 5))
        checking = self.backend.verify_code(self.visit, code_id, code, within_s=self.stage.times.lookup_s)
        return await self.stage.show(working, checking)  # type: ignore[no-any-return]

    # a clerk

    async def _clerk(self) -> None:
        asking = self.backend.ask_approval(
            self.visit, self.service.id, mask_name(self.person.name), mask_number(self.person.number),
            "identity", within_s=self.stage.times.lookup_s,
        )  # fmt: skip
        approval = await self.stage.show(
            q.Working(what="asking_clerk", service=self.service.id, progress=(2, 5)), asking
        )
        self._position = approval.position

        def question() -> q.Question:
            return q.WaitForClerk(position=self._position, service=self.service.id, progress=(2, 5))

        decided = False
        try:
            state = await self.stage.ask(question, until=lambda: self._decision(approval.approval_id))
            decided = isinstance(state, ApprovalState)
        finally:
            if not decided:
                await asyncio.shield(self._withdraw(approval.approval_id))
        if state is ApprovalState.APPROVED:
            return
        if state is ApprovalState.REFUSED:
            raise _OtherWay("clerk_refused", is_spent=True)
        raise _OtherWay("" if state == "other_way" else "nobody_answered")

    async def _decision(self, approval_id: str) -> ApprovalState | None:
        """What the clerk said; None when nobody took it in time, or whoever took it said nothing for as long again."""
        clock, times = self.stage.clock, self.stage.times
        until, is_taken = clock.now() + times.clerk_wait_s, False
        while clock.now() < until:
            await clock.sleep(times.clerk_poll_s)
            try:
                approval = await self.backend.approval(approval_id, within_s=times.lookup_s)
            except UplinkError as error:
                self.stage.note(error)
                continue
            if approval.state not in (ApprovalState.WAITING, ApprovalState.TAKEN):
                return approval.state
            if approval.state is ApprovalState.TAKEN and not is_taken:
                is_taken, until = True, clock.now() + times.clerk_wait_s
                self.stage.tell(self.stage.text("Someone is looking at it now."))
            self._position = approval.position
            self.stage.refresh()
        return None

    async def _withdraw(self, approval_id: str) -> None:
        try:
            await self.backend.cancel_approval(approval_id, within_s=self.stage.times.acknowledgement_s)
        except UplinkError as error:
            self.stage.note(error)


def _age(birth: date, today: date) -> int:
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
