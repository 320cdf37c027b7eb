"""The face before the camera against the document's or the registry's portrait.

The camera opens only after the resident chose it and is closed on every path out; choosing another way closes it, which
withdraws the consent. A non-match is "could not confirm", never "you are not this person"; where the machine is unsure,
or does not believe that it saw a living person, a clerk decides.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date

from hardware.camera import CameraError, CameraStalled, CameraStatus, Picture
from hardware.device import DeviceError, DeviceStatus
from hardware.face import Challenge, Coaching, Comparison, Decision, Liveness, PortraitUnusable
from hardware.speech import Earcon, Priority
from kiosk.text import later
from kiosk.visit import questions as q
from kiosk.visit.offers import coaching_sentence, way_options
from kiosk.visit.services import Way
from kiosk.visit.way import Case, OtherWay

FACE_ATTEMPTS = 3  # R24
FACE_ATTEMPTS_A_DAY = 9  # of one card in all visits: nobody tries faces all night until one fits
ADULT_FACE_AGE = 14  # Facial Recognition Measures, 2025: below it a guardian consents
_ASKED_OF_WHO_MATCHED = frozenset(
    {Coaching.TURN_LEFT, Coaching.TURN_RIGHT, Coaching.NOD, Coaching.COME_CLOSER, Coaching.STAY_STILL}
)

LET_GO_S = 0.15  # a comparison that hangs is ended by its worker; the camera does not wait for it: 1 s in all
CAMERA_BACK_S = 5.0  # a cable that was touched, a camera that starts anew
CAMERA_TROUBLE = {
    Picture.UNPLUGGED: later("The camera is away. One moment, please."),
    Picture.STALLED: later("The camera is away. One moment, please."),
    Picture.FROZEN: later("The camera is away. One moment, please."),
    Picture.BLACK: later("The camera sees nothing. Is it covered?"),
}


class FaceWay:
    """``walk`` may be left and taken again: attempts, the chosen challenge and the helper's presence stay known."""

    def __init__(self, case: Case, others: Callable[[], list[Way]]) -> None:
        """``others``: the ways that are open beside this one."""
        self._case = case
        self._others = others
        self._attempts = 0
        self._challenge = Challenge.MOVEMENT
        self._has_company = False
        self._has_helper = False
        self._coached: Coaching | None = None
        self._is_recognised = False

    async def walk(self) -> None:
        case, stage = self._case, self._case.stage
        if await case.tries.attempts_today(case.resident.key.value) >= FACE_ATTEMPTS_A_DAY:
            raise OtherWay("face_limit", is_spent=True, then=Way.CLERK)
        await self._consent()
        portrait = case.portrait
        assert portrait is not None  # else this way was not offered
        try:
            working = q.Working(what="opening_camera", service=case.service.id, progress=(2, 5))
            await stage.show(working, self._open(portrait))
            await self._try()
        except PortraitUnusable:
            raise OtherWay("portrait_unusable", is_spent=True) from None
        except (CameraError, DeviceError) as error:
            stage.note(error)
            raise OtherWay("camera_trouble", is_spent=not error.retryable) from None
        finally:
            self._has_company = False
            await asyncio.shield(self._close())

    async def _consent(self) -> None:
        """Choosing the camera was the consent; below 14 a guardian gives it."""
        case = self._case
        birth = case.person.birth or case.resident.birth
        if age(birth, case.stage.clock.today().date()) >= ADULT_FACE_AGE:
            await case.audit("consent", purpose="face", by="resident")
            return
        if not await case.stage.ask(q.GuardianConsent(service=case.service.id, progress=(2, 5))):
            raise OtherWay(is_spent=True)
        await case.audit("consent", purpose="face", by="guardian")

    async def _open(self, portrait: bytes) -> None:
        booth = self._case.booth
        opening = asyncio.ensure_future(booth.camera.open())
        try:
            await booth.matcher.enrol(portrait)
            await opening
        finally:  # nothing may open the camera after ``_close``
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
        self._case.stage.sound(Earcon.CAMERA)

    async def _close(self) -> None:
        booth = self._case.booth
        await asyncio.gather(booth.camera.close(), booth.matcher.forget(), return_exceptions=True)

    async def _try(self) -> None:
        case, stage = self._case, self._case.stage
        while self._attempts < FACE_ATTEMPTS:
            said, used = await self._ask()
            if isinstance(said, Comparison):
                self._attempts += 1
                await case.audit(
                    "face", decision=said.decision.value, bucket=said.score_bucket, liveness=said.liveness.value,
                    reason=said.reason, pack=said.pack,
                )  # fmt: skip
                if said.decision is Decision.MATCH:
                    return
                if said.decision is Decision.UNSURE or said.liveness in (Liveness.NOT_LIVE, Liveness.UNSURE):
                    raise OtherWay("could_not_confirm", is_spent=True, then=Way.CLERK)
                stage.sound(Earcon.TROUBLE)
            else:
                await self._heed(said)  # costs none of the visit's attempts
            if used >= FACE_ATTEMPTS_A_DAY:
                raise OtherWay("face_limit", is_spent=True, then=Way.CLERK)
            if isinstance(said, Comparison) and self._attempts < FACE_ATTEMPTS:
                stage.tell(stage.text("I could not confirm it yet. Let us try again."), Priority.FOCUS)
        raise OtherWay("could_not_confirm", is_spent=True)

    async def _ask(self) -> tuple[object, int]:
        """Ask and compare; gives what was said or found, and how often this card was tried today.

        Whoever was asked for a movement has been recognised: leaving then counts for the day, or a print would be shown
        until the lot draws a movement that suits it.
        """
        case = self._case
        self._is_recognised = False
        try:
            said = await case.stage.ask(self._question, until=self._compare)
        except BaseException:
            if self._is_recognised:
                await asyncio.shield(case.tries.count_attempt(case.resident.key.value))
            raise
        is_used = isinstance(said, Comparison) or self._is_recognised
        return said, await case.tries.count_attempt(case.resident.key.value) if is_used else 0

    async def _heed(self, said: object) -> None:
        """What the resident pressed while the camera looked. Raises ``OtherWay``, which closes the camera."""
        if said == "still":
            self._challenge = Challenge.STILL
        elif said == "movement":
            self._challenge = Challenge.MOVEMENT
        elif said == "helper":
            self._has_helper = True
            await self._case.audit("helper_present")
        else:
            await self._case.audit("consent_withdrawn", purpose="face")
            raise OtherWay

    def _question(self) -> q.Question:
        return q.MatchFace(
            preview_ring=self._case.booth.preview_ring,
            ways=way_options([way.value for way in self._others()], self._case.stage.text),
            is_still=self._challenge is Challenge.STILL,
            has_company=self._has_company and not self._has_helper,
            service=self._case.service.id,
            progress=(2, 5),
        )

    async def _compare(self) -> Comparison:
        """One attempt. A camera that goes away ends it without cost and gets a moment to come back."""
        while (found := await self._look()) is None:
            await self._wait_for_camera()
        return found

    async def _look(self) -> Comparison | None:
        """Compare; None as soon as the camera shows no picture any more."""
        booth, times = self._case.booth, self._case.stage.times
        self._coached = None
        trouble = asyncio.Event()
        unwatch = booth.camera.watch(lambda status: _tell(trouble, status))
        work = booth.matcher.compare(
            self._coach, within_s=times.face_attempt_s, challenge=self._challenge, on_company=self._hear_company
        )
        comparing, losing = asyncio.ensure_future(work), asyncio.ensure_future(trouble.wait())
        try:
            await asyncio.wait({comparing, losing}, return_when=asyncio.FIRST_COMPLETED)
            return comparing.result() if comparing.done() else None
        finally:
            unwatch()
            for task in (comparing, losing):
                task.cancel()
            await asyncio.wait({comparing, losing}, timeout=LET_GO_S)
            comparing.add_done_callback(_let_go)

    async def _wait_for_camera(self) -> None:
        """Say what is wrong with the picture and wait for a good one. Raises ``CameraStalled`` when none comes."""
        case, stage = self._case, self._case.stage
        picture = case.booth.camera.status.picture
        stage.sound(Earcon.TROUBLE)
        stage.tell(stage.text(CAMERA_TROUBLE.get(picture, CAMERA_TROUBLE[Picture.UNPLUGGED])), Priority.FOCUS)
        until = stage.clock.now() + CAMERA_BACK_S
        while stage.clock.now() < until:
            await stage.clock.sleep(0.2)
            if case.booth.camera.status.picture is Picture.GOOD:
                return
        raise CameraStalled(f"the picture stayed {picture.value}", where="camera", cure="check cable, lens and power")

    def _coach(self, coaching: Coaching) -> None:
        self._is_recognised = self._is_recognised or coaching in _ASKED_OF_WHO_MATCHED
        if coaching is self._coached:
            return  # said once; the sentence stays on the glass
        self._coached = coaching
        self._case.stage.tell(coaching_sentence(coaching, self._case.stage.text), Priority.FOCUS)

    def _hear_company(self, is_there: bool) -> None:
        """Somebody looks over the resident's shoulder, or no longer: what is personal is covered, and it is asked."""
        self._has_company = is_there
        self._case.stage.refresh()


def _let_go(comparing: asyncio.Future[Comparison]) -> None:
    """Nobody waits for it any more: what it ends with is of no interest."""
    if not comparing.cancelled():
        comparing.exception()


def _tell(trouble: asyncio.Event, status: DeviceStatus) -> None:
    if isinstance(status, CameraStatus) and status.picture in CAMERA_TROUBLE:
        trouble.set()


def age(birth: date, today: date) -> int:
    """Whole years."""
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
