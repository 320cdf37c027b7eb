"""Somebody, or something, before a camera that exists in numbers only: frames of the simulated scene at their own time.

Runs the face worker's attempt itself, with its engine, in this process and in the time of the frames: what would take
ten seconds takes as long as it computes. SYNTHETIC: heads are reliefs made of photographs, attacks are flat prints;
figures from here say what the rules do, not what a site will see.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec
import numpy as np

from hardware.camera.relief import Pose
from hardware.camera.scene import Picture, Scene, Subject, View
from hardware.camera.simulator import MOVEMENTS, Movement
from hardware.face import Challenge
from hardware.face.attempt import Attempt
from hardware.face.engines import FaceEngine, Vector
from hardware.face.gates import check_place
from hardware.face.liveness import Policy
from hardware.face.messages import Advice, Compared, Start

FPS = 10.0
MOST_S = 30.0

Behaviour = Callable[[str, float, float], Pose]  # what is asked, since when (s), now (s) -> pose


@dataclass
class Stand:
    """One attempt's camera: draws ``view`` at ``FPS`` until ``MOST_S``; its own clock begins at 1000 s."""

    view: View
    behaviour: Behaviour
    seed: int = 1
    asked: str = ""
    asked_s: float = 0.0
    now_s: float = 1000.0
    current: Picture | None = None
    heard: list[str] = field(default_factory=list)

    def until(self, _deadline_s: float, cancelled: threading.Event) -> Iterator[tuple[Picture, float]]:
        """Frames with their stamps."""
        scene = Scene(seed=self.seed)
        composed = scene.compose(self.view)
        end_s = self.now_s + MOST_S
        while self.now_s < end_s and not cancelled.is_set():
            self.now_s += 1 / FPS
            pose = self.behaviour(self.asked, self.asked_s, self.now_s)
            self.current = scene.frame(self.view, composed, self.now_s + self.seed, pose)
            yield self.current, self.now_s

    def close(self) -> None:
        """Nothing is held."""

    def hear(self, coaching: str) -> None:
        """Take an advice of the booth."""
        self.heard.append(coaching)
        if coaching in MOVEMENTS:
            self.asked, self.asked_s = coaching, self.now_s


def obeys(asked: str, since_s: float, now_s: float) -> Pose:
    """Do what is asked, as the simulated person at the bench does."""
    return Movement(asked, since_s).pose(now_s)


def ignores(_asked: str, _since_s: float, _now_s: float) -> Pose:
    """Stand still: a photograph on a stick."""
    return Pose()


def waves(_asked: str, _since_s: float, now_s: float) -> Pose:
    """Move in every way, all the time, whatever is asked: what a print in a busy hand does."""
    return Pose(
        yaw_deg=32 * math.sin(now_s * 1.3), pitch_deg=22 * math.sin(now_s * 1.9), nearer=1.2 + 0.25 * math.sin(now_s)
    )


def attempt(
    engine: FaceEngine,
    reference: Vector,
    stand: Stand,
    *,
    challenge: Challenge = Challenge.MOVEMENT,
    policy: Policy = "challenge",
) -> Compared:
    """Run one attempt to its end."""
    ends: list[Compared] = []

    def emit(_name: str, body: msgspec.Struct) -> None:
        if isinstance(body, Advice):
            stand.hear(body.coaching)
        elif isinstance(body, Compared):
            ends.append(body)

    order = Start(1, MOST_S * 100, challenge.value)
    Attempt(engine, reference, stand, order, emit, policy=policy).run()
    return ends[0]


def seen_straight(engine: FaceEngine, photograph: Picture, eyes: tuple[float, float, float, float] | None) -> Vector:
    """Vector of the person of ``photograph`` as the scene shows them: a reference that certainly matches.

    Raises ``ValueError`` for a photograph on which nobody looks straight: it would never be compared.
    """
    scene = Scene(seed=99)
    composed = scene.compose(View(Subject(photograph, eyes)))
    face = max(engine.detect(composed), key=lambda one: one.area)
    height, width = composed.shape[:2]
    if check_place(face, width, height, engine.pack.manifest.gates) is not None:
        raise ValueError("nobody looks straight on this photograph")
    return np.asarray(engine.embed(engine.align(composed, face)), np.float32)
