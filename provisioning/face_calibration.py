"""Calibrates a model pack with a site's own pictures: how alike do one person's look here, how alike do two people's?

Thresholds of somebody else's photographs are worth little before other cameras, light and faces. Takes pairs of
pictures of people who agreed to it, compares them as the booth does, and chooses thresholds that the number of
comparisons can support; others are refused. Keeps counts and rates: no picture, no vector, no name.
"""

from __future__ import annotations

import csv
import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from hardware.face import FaceError
from hardware.face.calibration import Calibration, Curve
from hardware.face.engines import FaceEngine, Vector
from hardware.face.engines.pictures import decode
from hardware.face.manifest import Thresholds
from hardware.face.statistics import (
    Scores,
    TooFewTrials,
    accept_threshold,
    curve,
    reject_threshold,
)

FUSED_FRAMES = 3  # the fewest pictures that the booth decides upon
_SMALL_PX = 240  # pictures shorter than this are read as document portraits are
_COLUMNS = ["same", "a", "b"]
_ROWS = 1_000_000
_FTA_MAX_SHARE = 0.2

Progress = Callable[[int, int], None]


class CalibrationError(Exception):
    """These pairs cannot calibrate this pack; the text names file, row and cure."""


@dataclass(frozen=True)
class Trial:
    """One comparison: a reference picture and the pictures fused into its probe."""

    is_same: bool
    reference: Path
    probe: tuple[Path, ...]


@dataclass(frozen=True)
class Scored:
    """Scores of all trials with so many pictures a probe."""

    frames: int
    genuine: Scores
    impostor: Scores


def read_pairs(file: Path) -> list[Trial]:
    """Read PAIRS.csv: columns ``same`` (1 or 0), ``a`` and ``b``, picture files relative to it.

    ``b`` may name several pictures, separated by ``|``: they are fused into one probe. Raises ``CalibrationError``.
    """
    trials = []
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            if reader.fieldnames is None or not set(_COLUMNS) <= set(reader.fieldnames):
                raise CalibrationError(f"{file}: the first line must name the columns same,a,b")
            for row in reader:
                where = f"{file}: line {reader.line_num}"
                if row["same"] not in ("0", "1") or not row["a"] or not row["b"]:
                    raise CalibrationError(f"{where}: same must be 0 or 1, a and b name pictures")
                reference, *probe = (file.parent / name for name in (row["a"], *row["b"].split("|")))
                for picture in (reference, *probe):
                    if not picture.is_file():
                        raise CalibrationError(f"{where}: no such picture: {picture}")
                trials.append(Trial(row["same"] == "1", reference, tuple(probe)))
                if len(trials) > _ROWS:
                    raise CalibrationError(f"{file}: more than {_ROWS} rows")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CalibrationError(f"{file}: cannot be read: {error}") from None
    if not trials:
        raise CalibrationError(f"{file}: no pairs in it")
    return trials


def embed_pictures(engine: FaceEngine, pictures: Iterable[Path], progress: Progress) -> dict[Path, Vector]:
    """Turn pictures into vectors; those with no usable face are left out. Raises ``CalibrationError``."""
    wanted = sorted(set(pictures))
    vectors = {}
    for done, path in enumerate(wanted):
        progress(done, len(wanted))
        try:
            vectors[path] = embed_picture(engine, path.read_bytes())
        except FaceError:
            continue  # a failure to acquire; counted by its absence
        except OSError as error:
            raise CalibrationError(f"{path}: cannot be read: {error.strerror}") from None
    progress(len(wanted), len(wanted))
    lost = len(wanted) - len(vectors)
    if lost > _FTA_MAX_SHARE * len(wanted):
        raise CalibrationError(f"no usable face on {lost} of {len(wanted)} pictures: these calibrate nothing")
    return vectors


def embed_picture(engine: FaceEngine, data: bytes) -> Vector:
    """Embed the face nearest to the picture's middle. Raises ``FaceError`` for none or an unreadable picture."""
    frame = decode(data)
    if min(frame.shape[:2]) < _SMALL_PX:
        return engine.embed_portrait(data)
    height, width = frame.shape[:2]
    faces = engine.detect(frame)
    face = min(faces, key=lambda one: math.dist(one.centre, (width / 2, height / 2)), default=None)
    if face is None:
        raise FaceError("no face")
    return engine.embed(engine.align(frame, face))


def score_pairs(trials: Iterable[Trial], vectors: dict[Path, Vector]) -> list[Scored]:
    """Score the trials whose pictures all have a vector, by the number of pictures a probe."""
    found: dict[int, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for trial in trials:
        if trial.reference in vectors and all(path in vectors for path in trial.probe):
            score = float(_fused([vectors[path] for path in trial.probe]) @ vectors[trial.reference])
            found[len(trial.probe)][0 if trial.is_same else 1].append(score)
    return [Scored(n, np.array(same, "f4"), np.array(other, "f4")) for n, (same, other) in sorted(found.items())]


def cross_all(trials: Iterable[Trial], vectors: dict[Path, Vector]) -> list[Scored]:
    """Cross all pictures with each other; each person's pictures lie in a folder of their own.

    Gives single comparisons (each pair once), and fused ones where a person has pictures enough: three of them against
    each further one of the same person, and against everybody else's. Raises ``CalibrationError`` where a row of the
    pairs contradicts the folders.
    """
    for trial in trials:
        for path in trial.probe:
            if (path.parent == trial.reference.parent) != trial.is_same:
                kind = "one person" if trial.is_same else "two people"
                raise CalibrationError(
                    f"{path}: its row says {kind}, the folders say otherwise; --all-pairs needs a folder a person"
                )
    paths = sorted(vectors)
    people = np.unique([str(path.parent) for path in paths], return_inverse=True)[1]
    matrix = np.stack([vectors[path] for path in paths])
    is_same = people[:, None] == people[None, :]
    scores = matrix @ matrix.T
    upper = np.triu(np.ones_like(is_same), 1)
    single = Scored(1, scores[is_same & upper], scores[~is_same & upper])
    fused = [group[:FUSED_FRAMES] for group in _by_person(people.tolist()) if len(group) >= FUSED_FRAMES]
    if not fused:
        return [single]
    probes = np.stack([_fused(list(matrix[group])) for group in fused])
    owner = np.array([people[group[0]] for group in fused])
    used = np.zeros((len(fused), len(paths)), bool)
    for row, group in enumerate(fused):
        used[row, group] = True
    fused_scores = probes @ matrix.T
    mates = owner[:, None] == people[None, :]
    return [single, Scored(FUSED_FRAMES, fused_scores[mates & ~used], fused_scores[~mates])]


def calibrate(engine: FaceEngine, scored: list[Scored], *, fmr: float, fnmr: float, on: date) -> Calibration:
    """Choose thresholds from ``scored`` that keep ``fmr`` and ``fnmr``, for single and fused probes alike.

    The booth fuses; fused impostors score a little higher. So ``accept`` is the higher one of both where the fused
    comparisons are enough to show ``fmr``. Raises ``CalibrationError`` where the pairs cannot support it.
    """
    manifest = engine.pack.manifest
    accepts, rejects = [], []
    refusal: TooFewTrials | None = None
    for one in scored:
        try:
            accepts.append(accept_threshold(one.impostor, fmr))
            rejects.append(reject_threshold(one.genuine, fnmr))
        except TooFewTrials as error:
            refusal = error
    if not accepts or not rejects:
        raise CalibrationError(f"{refusal}; cross all pictures (--all-pairs), take more people, or ask for less")
    accept, reject = max(accepts), min(rejects)
    suspicious = manifest.thresholds.suspicious
    if accept >= suspicious:
        raise CalibrationError(f"the threshold would be {accept:.3f}: this model does not tell these people apart")
    limits = Thresholds(accept, min(reject, accept), suspicious)
    curves = tuple(
        _curve(one, (limits.reject, limits.accept)) for one in scored if one.genuine.size * one.impostor.size
    )
    return Calibration(
        pack=engine.pack.model,
        scoring=manifest.scoring,
        recogniser_sha256=manifest.recognition.sha256,
        made_on=on.isoformat(),
        wanted_fmr=fmr,
        thresholds=limits,
        curves=curves,
    )


def _curve(one: Scored, thresholds: tuple[float, ...]) -> Curve:
    return curve(one.genuine, one.impostor, one.frames, thresholds)


def _fused(vectors: list[Vector]) -> Vector:
    """Fuse as the booth does: the mean, of unit length again."""
    mean = np.mean(vectors, axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), np.float32)


def _by_person(people: list[int]) -> list[list[int]]:
    order = sorted(range(len(people)), key=lambda index: (people[index], index))
    return [list(group) for _, group in itertools.groupby(order, key=lambda index: people[index])]
