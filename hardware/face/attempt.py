"""One comparison, as a thread of the face worker: identity first, then life, then the same person once more.

Looks at new frames until it can decide, the time is over, or it is cancelled; emits exactly one ``compared``. What is
asked of the resident and what is concluded is written in ``challenge``, ``liveness`` and ``policy``; here is the order.
Only a match is asked to show life: who is not matched needs no more trouble, and who is unsure meets a clerk anyway.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from random import SystemRandom
from typing import Protocol

import msgspec

from hardware.face import CameraRotated, Challenge, Coaching, Decision, FaceError, Liveness
from hardware.face.challenge import SHOWS_DEPTH, UNSEEN, FirstLook, Step
from hardware.face.challenge import Challenge as Movements
from hardware.face.coaching import Coach
from hardware.face.company import CompanyGuard
from hardware.face.engines import FaceEngine, Vector
from hardware.face.frames import Frames
from hardware.face.gates import Face
from hardware.face.liveness import NONE, Policy, Vote, combine, passive_vote
from hardware.face.messages import Advice, Company, Compared, Place, Start
from hardware.face.policy import SAME_PERSON, Probe, decide
from hardware.face.rotation import RotationProbe
from hardware.face.search import Framing
from hardware.face.sight import Eye, Sight

FRAME_DEADLINE_S = 0.3  # what takes longer shows what was, and is dropped
_BLIND_S = 1.0  # without a frame for so long the camera is the reason, not the person
_LOST_FRAMES = 8  # nobody found for so long: does the camera hang upside down?
_MOVEMENT_S = 8.0  # for one movement, then another is asked; old necks are slow
_BACK_S = 3.0  # a head that was turned comes back by itself
_STILL_S, _STILL_FRAMES = 2.0, 8
_STRANGER_FRAMES = 3
_STRAIGHT = 0.12  # parallax, in eye distances: another face's nose may stand so far from where the first one's did
NO_FRAMES, TOO_SLOW, TWO_PEOPLE_SWAPPED = "no_frames", "too_slow", "identity_changed"

Emit = Callable[[str, msgspec.Struct], None]


class Witness(Protocol):
    """Another check that sees every frame the person is in, such as a second camera."""

    def look(self, sight: Sight) -> None: ...

    def vote(self) -> Vote: ...

    def forget(self) -> None: ...


class Attempt(threading.Thread):
    """Runs once. ``busy_since_s``: when the frame in work was taken up (CLOCK_MONOTONIC), 0.0 between frames."""

    def __init__(
        self,
        engine: FaceEngine,
        reference: Vector,
        frames: Frames,
        order: Start,
        emit: Emit,
        *,
        policy: Policy,
        witness: Witness | None = None,
    ) -> None:
        super().__init__(name="attempt", daemon=True)
        self._engine = engine
        self._reference = reference
        self._frames = frames
        self._order = order
        self._emit = emit
        self._policy: Policy = policy
        self._witness = witness
        self._eye = Eye(engine)
        self._coach = Coach()
        self._probe = Probe()
        self._rotation = RotationProbe(engine)
        self._guard = CompanyGuard()
        self._framing = Framing()
        self._firsts: list[Face] = []
        self._live_scores: list[float] = []
        self._unmet: Counter[str] = Counter()
        self._fresh_s = time.monotonic()
        self.busy_since_s = 0.0
        self.cancelled = threading.Event()

    def run(self) -> None:
        """Compare and emit exactly one ``compared``, unless cancelled."""
        sights = self._sights()
        number = self._order.number
        try:
            result = self._compare(sights)
        except FaceError as error:
            result = Compared(number, error=error.message, error_kind=type(error).__name__, cure=error.cure)
        except Exception as error:  # the boundary of the thread: every failure becomes a named event
            result = Compared(number, error=f"{type(error).__name__} while comparing")
        finally:
            sights.close()
            self._probe.forget()
            self._live_scores.clear()
            self._firsts.clear()
            if self._witness is not None:
                self._witness.forget()
            self._frames.close()
        if not self.cancelled.is_set():
            self._emit("compared", result)

    def _compare(self, sights: Iterator[Sight]) -> Compared:
        verdict = self._identify(sights)
        if verdict is None:
            return self._result(Decision.FAILURE_TO_ACQUIRE, "", self._most_unmet())
        decision, bucket = verdict
        if decision is not Decision.MATCH:
            reason = {"suspicious": "portrait_itself", "middle": "middle_score"}.get(bucket, "")
            return self._result(decision, bucket, "mask_off" if self._eye.mask.was_covered else reason)
        vote = self._prove(sights)
        if vote.liveness in (Liveness.LIVE, Liveness.NOT_CHECKED):
            return self._result(decision, bucket, liveness=vote.liveness)
        return self._result(Decision.UNSURE, bucket, vote.reason, vote.liveness)

    # identity

    def _identify(self, sights: Iterator[Sight]) -> tuple[Decision, str] | None:
        """Collect gated frames until they say something; None when there were too few."""
        limits = self._engine.pack.manifest.thresholds
        lost = 0
        for sight in sights:
            self._say(sight.coaching, sight.at_s)
            lost = lost + 1 if sight.coaching is Coaching.LOOK_HERE else 0
            if lost >= _LOST_FRAMES:
                self._check_rotation(sight)
            if sight.vector is None:
                self._unmet[sight.coaching.value] += 1
                continue
            if not self._take(sight):
                continue
            verdict = decide(self._probe.score(self._reference), self._probe.frames, limits)
            if verdict is None:
                continue
            if verdict[0] is Decision.NON_MATCH and self._check_rotation(sight, at_once=True):
                continue  # suspected: one more frame makes sure
            return verdict
        return None

    def _take(self, sight: Sight) -> bool:
        """Count a good frame; False when somebody else stepped in, and the attempt begins anew with them."""
        assert sight.vector is not None
        is_same = self._probe.add(sight.vector)
        if not is_same:
            self._firsts.clear()
            self._live_scores.clear()
            if self._witness is not None:
                self._witness.forget()
        if sight.face is not None:
            self._firsts.append(sight.face)
        if sight.live_score is not None:
            self._live_scores.append(sight.live_score)
        return is_same

    def _check_rotation(self, sight: Sight, *, at_once: bool = False) -> bool:
        """Say whether the camera is suspected to hang wrongly. Raises ``CameraRotated`` when it is sure."""
        frame = self._frames.current
        if frame is None:
            return False
        turn_deg = self._rotation.look(frame, sight.face, sight.at_s, at_once=at_once)
        if turn_deg:
            raise CameraRotated(
                f"faces stand upright when the picture is turned by {turn_deg} degrees clockwise",
                where="camera",
                cure=f"hang the camera upright, or add {turn_deg} to camera.rotation in booth.toml",
            )
        return self._rotation.is_suspected

    # life

    def _prove(self, sights: Iterator[Sight]) -> Vote:
        """Gather the votes of one matched person."""
        challenge = Challenge(self._order.challenge)
        if self._policy == "off":
            return NONE
        movement = NONE
        if self._policy == "challenge":
            if challenge is Challenge.MOVEMENT:
                movement = self._move(sights)
                if movement.liveness is Liveness.LIVE and not self._is_same_again(sights):
                    movement = Vote(Liveness.UNSURE, TWO_PEOPLE_SWAPPED)
            elif not self._stay(sights):
                return Vote(Liveness.UNSURE, TWO_PEOPLE_SWAPPED)
        section = self._engine.pack.manifest.liveness
        passive = passive_vote(self._live_scores, section.live, section.not_live) if section else NONE
        stereo = self._witness.vote() if self._witness is not None else NONE
        return combine(self._policy, challenge, movement=movement, passive=passive, stereo=stereo)

    def _move(self, sights: Iterator[Sight]) -> Vote:
        """Ask for a movement and watch whether a rigid head makes it."""
        first = FirstLook(self._firsts)
        unseen = UNSEEN.get(self._engine.pack.manifest.detection.kind, frozenset())
        movements = Movements(first, SystemRandom(), unseen=unseen)
        asked_s, strangers, has_depth = 0.0, 0, False
        self._eye.is_moving = True
        for sight in sights:
            if sight.face is None or sight.vector is None:
                self._say(sight.coaching, sight.at_s)
            elif self._say(movements.movement, sight.at_s) and not asked_s:
                asked_s = sight.at_s
            if asked_s and sight.at_s - asked_s > _MOVEMENT_S:
                if not movements.can_draw:
                    break
                movements.draw()  # not seen: who did not understand is asked again
                asked_s = 0.0
            if sight.face is None or sight.vector is None:
                continue
            if self._probe.likeness(sight.vector) < SAME_PERSON:
                parallax = first.parallax(sight.face)
                strangers += parallax is not None and parallax.size < _STRAIGHT  # one turned away is like nobody
                if strangers >= _STRANGER_FRAMES:
                    return Vote(Liveness.UNSURE, TWO_PEOPLE_SWAPPED)
                continue
            strangers = 0
            if not asked_s:
                continue
            step = movements.update(sight.face)
            if step is Step.WAITING:
                continue
            if step is Step.DONE and movements.movement in SHOWS_DEPTH:
                has_depth = True
                break
            if not movements.can_draw:
                break
            movements.draw()
            asked_s = 0.0
        return Vote(*movements.verdict(has_shown_depth=has_depth))

    def _is_same_again(self, sights: Iterator[Sight]) -> bool:
        """Look at the straight face once more: who moved is who was compared."""
        self._eye.is_moving = False
        began_s, strangers = 0.0, 0
        for sight in sights:
            began_s = began_s or sight.at_s
            if sight.vector is None:
                if sight.at_s - began_s > _BACK_S:
                    self._say(sight.coaching, sight.at_s)
                continue
            if self._probe.likeness(sight.vector) >= SAME_PERSON:
                if sight.live_score is not None:
                    self._live_scores.append(sight.live_score)
                self._say(Coaching.GOOD, sight.at_s)
                return True
            strangers += 1
            if strangers >= _STRANGER_FRAMES:
                return False
        return False

    def _stay(self, sights: Iterator[Sight]) -> bool:
        """Look for longer, without asking anything; False when the person changed."""
        began_s, good, strangers = 0.0, 0, 0
        for sight in sights:
            began_s = began_s or sight.at_s
            self._say(Coaching.STAY_STILL if sight.vector is not None else sight.coaching, sight.at_s)
            if sight.vector is None:
                continue
            if self._probe.likeness(sight.vector) < SAME_PERSON:
                strangers += 1
                if strangers >= _STRANGER_FRAMES:
                    return False
                continue
            good += 1
            if sight.live_score is not None:
                self._live_scores.append(sight.live_score)
            if good >= _STILL_FRAMES and sight.at_s - began_s >= _STILL_S:
                break
        return True

    # every frame

    def _sights(self) -> Generator[Sight, None, None]:
        """Look at frame after frame; each is zeroed when the next is asked for."""
        deadline_s = time.monotonic() + self._order.within_s
        for frame, at_s in self._frames.until(deadline_s, self.cancelled):
            self.busy_since_s = began_s = time.monotonic()
            sight = self._eye.look(frame, at_s)
            self._fresh_s = time.monotonic()
            if self._fresh_s - began_s > FRAME_DEADLINE_S:
                self.busy_since_s = 0.0
                self._unmet[TOO_SLOW] += 1
                continue
            self._tell_place(sight, frame.shape[1], frame.shape[0])
            if self._witness is not None and sight.face is not None:
                self._witness.look(sight)
            yield sight
            self.busy_since_s = 0.0

    def _tell_place(self, sight: Sight, width_px: int, height_px: int) -> None:
        number = self._order.number
        if sight.found.is_whole and (change := self._guard.update(sight.found.faces, sight.at_s)) is not None:
            self._emit("company", Company(number, change))
        if (window := self._framing.update(sight.face, width_px, height_px, sight.at_s)) is not None:
            self._emit("place", Place(number, window))

    def _say(self, coaching: Coaching, at_s: float) -> bool:
        """Tell the resident, when it is time to; says whether it was told now."""
        advice = self._coach.advise(coaching, at_s)
        if advice is not None:
            self._emit("advice", Advice(self._order.number, advice.value))
        return advice is not None

    def _most_unmet(self) -> str:
        is_blind = not self._unmet or time.monotonic() - self._fresh_s > _BLIND_S
        return NO_FRAMES if is_blind else self._unmet.most_common(1)[0][0]

    def _result(
        self, decision: Decision, bucket: str, reason: str = "", liveness: Liveness = Liveness.NOT_CHECKED
    ) -> Compared:
        pack = self._engine.pack
        digest = pack.sha256[:16]
        return Compared(
            self._order.number, decision.value, bucket, pack.model, self._probe.frames, reason, liveness.value,
            "-".join(digest[i : i + 4] for i in range(0, 16, 4)),
        )  # fmt: skip
