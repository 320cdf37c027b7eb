"""Attacks on the two-camera check: synthetic heads and prints, rendered, detected and judged as in the booth.

Synthetic throughout: photographs laid over a mean head (bona fide), a sheet, bent and folded sheets, drawn for two
cameras with sensor noise. That shows that the geometry works and keeps working; it is no ISO/IEC 30107-3 evaluation,
which takes real artefacts and real people. Rates are of attempts of five pairs; a bona fide attempt that ends unsure
counts as an error. References: the same attempts judged by the detector's five points alone, or by the nose alone.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.figure import Figure, Options, Unavailable
from hardware.face import Liveness
from hardware.face.engines.detectors import YuNet
from hardware.face.gates import Face, pose_of
from hardware.face.manifest import Detector
from hardware.face.statistics import clopper_pearson
from hardware.face.stereo import View
from hardware.face.stereo.check import Limits, StereoCheck
from hardware.face.stereo.scene import Pairing, Pose, StereoScene
from hardware.face.stereo.shapes import Build, Portrait, Solid, bent, folded, head, portrait, sheet

BONA_FIDE, FLAT, BENT_150, BENT_80, FOLDED = SPECIES = ("bona_fide", "flat", "bent_150", "bent_80", "folded")
BASELINES_MM = (60.0, 100.0)
ATTEMPTS = 300  # a species: without an error they show a rate below 1 % (one-sided, 95 %)
PAIRS = 5
DETECTOR = "face_detection_yunet_2023mar.onnx"
_SHRINK = 0.5  # the booth looks for faces in a 1280 px picture at 640 px
_NOSE_ALONE_MM = 14.0
_WORKERS = 2
_A_SEED = 1_000_000  # numbers of attempts that one seed has to itself
_PART = 25  # attempts a task of a worker
_GOALS = {BONA_FIDE: 2.0, FLAT: 1.0}


@dataclass(frozen=True)
class Order:
    """One attempt: ``person`` names a photograph."""

    species: str
    person: Path
    number: int


@dataclass(frozen=True)
class Outcome:
    """How one attempt ended at one baseline: called live by the check, by the nose alone, by five points alone."""

    species: str
    baseline_mm: float
    is_live: bool
    is_live_by_nose: bool
    is_live_by_points: bool
    reasons: tuple[str, ...]


class Studio:
    """Renders attempts and has them judged. One a process."""

    def __init__(self, models: Path) -> None:
        cv2.setNumThreads(1)
        self._detector = YuNet(models / DETECTOR, Detector(DETECTOR, "", 640, 0.0, 1.0, 0.6, "yunet"))

    def find(self, picture: np.ndarray, shrink: float = _SHRINK) -> list[Face]:
        """Detect at the size the booth detects at."""
        small = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        return [_enlarged(face, 1 / shrink) for face in self._detector.find(small)]

    def sitter(self, photograph: Path) -> tuple[np.ndarray, Face] | None:
        """The photograph's face when it looks into the camera: a relief of a turned face would be no face."""
        picture = cv2.imread(str(photograph))
        faces = [] if picture is None else self.find(picture, 1.0)
        if not faces:
            return None
        face = max(faces, key=lambda one: one.area)
        pose = pose_of(face)
        is_frontal = abs(pose.yaw_share) <= 0.12 and abs(pose.roll_deg) <= 15 and 0.35 <= pose.pitch_share <= 0.7
        return (picture, face) if is_frontal and face.score >= 0.85 else None

    def attempt(self, order: Order, baselines_mm: Sequence[float] = BASELINES_MM) -> list[Outcome]:
        """Five pairs of one head or print before each pair of cameras, swaying a little; none when there is no face."""
        found = self.sitter(order.person)
        if found is None:
            return []
        rng = np.random.default_rng([SPECIES.index(order.species), order.number])
        solid = _solid(order.species, portrait(*found, float(np.clip(rng.normal(62, 3), 55, 70))), rng)
        pose = _pose(order.species, rng)
        scene = StereoScene(Pairing(640, 480), seed=order.number)
        checks = {b: StereoCheck(Pairing(640, 480, baseline_mm=b).calibration) for b in baselines_mm}
        for number in range(PAIRS):
            now = _swayed(pose, rng)
            at_s = 0.1 * (number + 1)
            left = self._view(scene.look(solid, now, 0.0), at_s)
            for baseline_mm, check in checks.items():
                check.update(left, self._view(scene.look(solid, now, baseline_mm), at_s))
        return [_judge(order.species, baseline_mm, check) for baseline_mm, check in checks.items()]

    def _view(self, picture: np.ndarray, at_s: float) -> View:
        return View(picture, self.find(picture), at_s)


def sitters(studio: Studio, faces: Path, count: int) -> list[Path]:
    """The first ``count`` near-frontal photographs; fewer when there are fewer."""
    found: list[Path] = []
    for photograph in sorted(faces.glob("lfw/*/*.jpg")):
        if len(found) == count:
            break
        if studio.sitter(photograph) is not None:
            found.append(photograph)
    return found


def folders() -> tuple[Path, Path]:
    """Weights and photographs. Raises ``Unavailable``."""
    names = ("BOOTH_MODELS", "BOOTH_TEST_FACES")
    found = [Path(os.environ.get(name, "")) for name in names]
    if not (found[0] / DETECTOR).is_file() or not (found[1] / "lfw").is_dir():
        raise Unavailable("BOOTH_MODELS (with YuNet) and BOOTH_TEST_FACES (with lfw) are needed for synthetic attacks")
    return found[0], found[1]


def stereo(options: Options) -> Iterator[Figure]:
    """All species at both baselines; ``--rounds 0.1`` for a quick look, ``--seed 1`` for other people and draws."""
    models, faces = folders()
    count = options.times(ATTEMPTS, 10)
    people = sitters(Studio(models), faces, count * (options.seed + 1))[-count:]
    orders = [
        Order(species, people[number % len(people)], number + options.seed * _A_SEED)
        for species in SPECIES
        for number in range(count)
    ]
    parts = [(models, orders[start : start + _PART]) for start in range(0, len(orders), _PART)]
    with multiprocessing.get_context("spawn").Pool(_WORKERS) as pool:
        outcomes = [one for several in pool.starmap(_attempts, parts, 1) for one in several]
    for baseline_mm in BASELINES_MM:
        for species in SPECIES:
            yield from _figures(
                species, baseline_mm, [o for o in outcomes if (o.species, o.baseline_mm) == (species, baseline_mm)]
            )


def _figures(species: str, baseline_mm: float, outcomes: list[Outcome]) -> Iterator[Figure]:
    name = f"face.pad_stereo_{species}_{baseline_mm:.0f}"
    rate = "BPCER" if species == BONA_FIDE else "APCER"

    def errors(attribute: str) -> int:
        return sum(getattr(outcome, attribute) is not (species == BONA_FIDE) for outcome in outcomes)

    def percent(attribute: str) -> float:
        return 100 * errors(attribute) / len(outcomes)

    low, high = (100 * bound for bound in clopper_pearson(errors("is_live"), len(outcomes)))
    bounds = f"{rate}, synthetic, {errors('is_live')}/{len(outcomes)}, 95 %: {low:.2f}-{high:.2f} %"
    yield Figure(
        name,
        percent("is_live"),
        "%",
        f"five points alone ({bounds})",
        percent("is_live_by_points"),
        _GOALS.get(species),
    )
    yield Figure(
        f"{name}_by_nose", percent("is_live_by_nose"), "%", f"five points alone ({rate} without the cheeks)",
        percent("is_live_by_points"),
    )  # fmt: skip


def _solid(species: str, shown: Portrait, rng: np.random.Generator) -> Solid:
    if species == BONA_FIDE:
        return head(shown, Build(float(rng.normal(75, 3)), float(rng.normal(30, 2.5))))
    if species == FLAT:
        return sheet(shown)
    if species == FOLDED:
        return folded(shown, float(rng.uniform(20, 45)))
    return bent(shown, 150.0 if species == BENT_150 else 80.0, float(rng.uniform(-15, 15)))


def _pose(species: str, rng: np.random.Generator) -> Pose:
    """A person looks at the screen; a print is held as its holder likes."""
    turn_deg = {BONA_FIDE: 12.0, FLAT: 25.0}.get(species, 20.0)
    yaw, pitch = (float(angle) for angle in rng.uniform(-turn_deg, turn_deg, 2))
    x, y, distance = (float(part) for part in rng.uniform((15, -20, 440), (65, 20, 540)))
    return Pose(x, y, distance, yaw, pitch, float(rng.uniform(-5, 5)))


def _swayed(pose: Pose, rng: np.random.Generator) -> Pose:
    x, y, distance, yaw, pitch, roll = (float(part) for part in rng.normal(0, (2, 2, 2, 0.7, 0.7, 0.3)))
    return Pose(
        pose.x_mm + x, pose.y_mm + y, pose.distance_mm + distance,
        pose.yaw_deg + yaw, pose.pitch_deg + pitch, pose.roll_deg + roll,
    )  # fmt: skip


def _judge(species: str, baseline_mm: float, check: StereoCheck) -> Outcome:
    vote, found = check.vote, check.measures
    is_whole = found is not None and vote.pairs >= PAIRS
    nose_mm = found.nose_mm if found is not None else None
    return Outcome(
        species,
        baseline_mm,
        vote.liveness is Liveness.LIVE,
        is_whole and nose_mm is not None and nose_mm >= Limits().nose_live_mm,
        found is not None and is_whole and found.nose_points_mm >= _NOSE_ALONE_MM,
        tuple(reason.value for reason in vote.reasons),
    )


def _enlarged(face: Face, by: float) -> Face:
    left, top, right, bottom = (edge * by for edge in face.box)
    a, b, c, d, e = ((x * by, y * by) for x, y in face.points)
    return Face((left, top, right, bottom), (a, b, c, d, e), face.score)


def _attempts(models: Path, orders: Sequence[Order]) -> list[Outcome]:
    """In a process of the pool."""
    studio = Studio(models)
    return [outcome for order in orders for outcome in studio.attempt(order)]
