"""The self-test: wrong weights, wrong colour order, wrong input size, wrong scaling and NaN all still "run".

Colours swapped cost half a point of accuracy, pixels unscaled every third decision; nothing else would tell. So each
engine computes, before anybody is compared, what its manifest promises for a portrait that ships with it.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Protocol

import numpy as np

from hardware.face import FaceError, NoModelPack
from hardware.face.engines import FaceEngine, Picture, Vector
from hardware.face.gates import Face

PORTRAIT = Path(__file__).parent.parent / "selftest.jpg"  # NASA's photograph of an astronaut, public domain
_SCORE_OFF = 0.03
_VOTE_OFF = 0.02
_DARKER = 0.7


class FindsPortraits(FaceEngine, Protocol):
    """An engine that shows where it found a portrait's face."""

    def find_portrait(self, portrait: bytes) -> tuple[Picture, Face]:
        """Decode and detect."""
        ...


def check(engine: FindsPortraits) -> None:
    """Raise ``NoModelPack`` naming what the engine computes otherwise than its manifest promises."""
    promise = engine.pack.manifest.self_test
    try:
        framed, face = engine.find_portrait(PORTRAIT.read_bytes())
        if promise.detection_score is not None:
            _expect("the detection score", face.score, promise.detection_score, _SCORE_OFF)
        aligned = engine.align(framed, face)
        vector = engine.embed(aligned)
        _check_vector(vector, promise.embedding, promise.agreement)
        _check_sense(engine, aligned, vector)
        vote = engine.live_score(framed, face)
        if vote is not None and promise.live_score is not None:
            _expect("the passive vote", vote, promise.live_score, _VOTE_OFF)
    except FaceError as error:
        raise NoModelPack(
            f"the self-test failed: {error.message}",
            where=str(engine.pack.folder),
            cure="weights, colour order, scaling or runtime are wrong; install pack and software again",
        ) from None


def encode(vector: Vector) -> str:
    """Write an embedding as manifests hold it."""
    return base64.b64encode(vector.astype("<f2").tobytes()).decode("ascii")


def _check_vector(vector: Vector, embedding: str, agreement: float) -> None:
    if not embedding:
        return
    expected = np.frombuffer(base64.b64decode(embedding), "<f2").astype(np.float32)
    if expected.size != vector.size:
        raise FaceError(f"{vector.size} instead of {expected.size} dimensions")
    found = float(vector @ expected / max(float(np.linalg.norm(expected)), 1e-9))
    if not found >= agreement:
        raise FaceError(f"agreement {found:.3f} instead of {agreement:g} with the promised vector")


def _check_sense(engine: FaceEngine, aligned: Picture, vector: Vector) -> None:
    """Mirrored and darkened it is the same person; upside-down, or as noise, it is nobody."""
    promise = engine.pack.manifest.self_test
    same = np.ascontiguousarray((aligned[:, ::-1] * _DARKER).astype(np.uint8))
    score = float(engine.embed(same) @ vector)
    if not score >= promise.same_min:
        raise FaceError(f"the same face scores {score:.2f}, less than {promise.same_min:g}")
    noise = np.random.default_rng(7).integers(0, 256, aligned.shape, np.uint8)
    for picture in (np.ascontiguousarray(aligned[::-1]), noise):
        score = float(engine.embed(picture) @ vector)
        if not score <= promise.different_max:
            raise FaceError(f"what is no face scores {score:.2f}, more than {promise.different_max:g}")


def _expect(what: str, found: float, promised: float, off: float) -> None:
    if not abs(found - promised) <= off:
        raise FaceError(f"{what} is {found:.3f} instead of {promised:.3f}")
