"""A clerk at a distance: a way of equal rank without a face check.

The clerk sees what is masked; pictures, the camera's and the document's, only when the resident agrees to just that,
and else asks questions, which the resident answers at the booth. Pictures and answers are in the platform's memory for
minutes and in no file.
"""

from __future__ import annotations

import asyncio
from typing import Any

from hardware.camera import CameraError
from hardware.card_reader import masked_name
from hardware.device import DeviceError
from hardware.speech import Earcon
from kiosk.uplink.bodies import Approval, ApprovalState, ClerkQuestion, Pictures
from kiosk.uplink.errors import UplinkError
from kiosk.visit import questions as q
from kiosk.visit.documents import mask_key
from kiosk.visit.face_way import ADULT_FACE_AGE, age
from kiosk.visit.leaving import Back
from kiosk.visit.way import Case, OtherWay

ANSWER_LETTERS = 60


class ClerkWay:
    """``walk`` may be left and taken again; the consent to pictures is asked anew each time."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._position = 0

    async def walk(self) -> None:
        case, stage = self._case, self._case.stage
        pictures = await self._pictures()
        asking = case.backend.ask_approval(
            case.visit, case.service.id, masked_name(case.person.name), mask_key(case.resident.key), "identity",
            pictures=pictures, within_s=stage.times.lookup_s,
        )  # fmt: skip
        del pictures
        working = q.Working(what="asking_clerk", service=case.service.id, progress=(2, 5))
        approval: Approval = await stage.show(working, asking)
        self._position = approval.position
        state: Any = None
        try:
            answered = ""
            while True:
                state = await stage.ask(self._waiting, until=lambda: self._news(approval.approval_id, answered))  # noqa: B023
                if not isinstance(state, ClerkQuestion):
                    break
                answered = state.question_id
                await self._answer(approval.approval_id, state)
        finally:
            if not isinstance(state, ApprovalState):
                await asyncio.shield(self._withdraw(approval.approval_id))
        if state is ApprovalState.APPROVED:
            return
        if state is ApprovalState.REFUSED:
            raise OtherWay("clerk_refused", is_spent=True)
        raise OtherWay("" if state == "other_way" else "nobody_answered")

    # -- pictures, with a consent of their own -------------------------------------------------------------------------

    async def _pictures(self) -> Pictures | None:
        """What the clerk may see, or None: then they ask. Raises ``OtherWay`` when the resident goes back."""
        case, stage = self._case, self._case.stage
        portrait = case.portrait
        birth = case.person.birth or case.resident.birth
        is_adult = age(birth, stage.clock.today().date()) >= ADULT_FACE_AGE
        if portrait is None or not is_adult or not case.booth.camera.status.is_usable:
            return None
        try:
            agrees = await stage.ask(q.SharePictures(service=case.service.id, progress=(2, 5)))
        except Back:
            raise OtherWay from None
        await case.audit("consent" if agrees else "consent_refused", purpose="clerk_pictures", by="resident")
        if not agrees:
            return None
        working = q.Working(what="taking_photo", service=case.service.id, progress=(2, 5))
        try:
            return Pictures(probe=await stage.show(working, self._picture()), reference=portrait)
        except (CameraError, DeviceError) as error:  # a clerk can ask instead
            stage.note(error)
            return None

    async def _picture(self) -> bytes:
        camera = self._case.booth.camera
        try:
            await camera.open()
            self._case.stage.sound(Earcon.CAMERA)
            return await camera.snapshot()
        finally:
            await asyncio.shield(camera.close())

    # -- waiting, and what the clerk asks ------------------------------------------------------------------------------

    def _waiting(self) -> q.Question:
        return q.WaitForClerk(position=self._position, service=self._case.service.id, progress=(2, 5))

    async def _answer(self, approval_id: str, asked: ClerkQuestion) -> None:
        """Put the clerk's question to the resident. Skipping it is an answer, too."""
        case, stage = self._case, self._case.stage

        def question() -> q.Question:
            return q.AskField(
                field_id="clerk", kind="text", title=asked.text, help=stage.text("The clerk asks this."),
                is_required=False, is_first=True, is_private=True, max_length=ANSWER_LETTERS, service=case.service.id,
                progress=(2, 5),
            )  # fmt: skip

        said = await stage.ask(question)
        answering = case.backend.answer_clerk(
            approval_id, asked.question_id, str(said or ""), within_s=stage.times.lookup_s
        )
        await stage.show(q.Working(what="asking_clerk", service=case.service.id, progress=(2, 5)), answering)

    async def _news(self, approval_id: str, answered: str) -> ApprovalState | ClerkQuestion | None:
        """What the clerk decided or asks; None when nobody took it in time, or nothing was said for as long again."""
        case, stage = self._case, self._case.stage
        clock, times = stage.clock, stage.times
        until, is_taken = clock.now() + times.clerk_wait_s, False
        while clock.now() < until:
            await clock.sleep(times.clerk_poll_s)
            try:
                approval = await case.backend.approval(approval_id, within_s=times.lookup_s)
            except UplinkError as error:
                stage.note(error)
                continue
            if approval.state not in (ApprovalState.WAITING, ApprovalState.TAKEN):
                return approval.state
            if approval.question is not None and approval.question.question_id != answered:
                return approval.question
            if approval.state is ApprovalState.TAKEN and not is_taken:
                is_taken, until = True, clock.now() + times.clerk_wait_s
                stage.tell(stage.text("Someone is looking at it now."))
            self._position = approval.position
            stage.refresh()
        return None

    async def _withdraw(self, approval_id: str) -> None:
        try:
            await self._case.backend.cancel_approval(approval_id, within_s=self._case.stage.times.acknowledgement_s)
        except UplinkError as error:
            self._case.stage.note(error)
