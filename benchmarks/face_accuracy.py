"""How well do the engines tell people apart? LFW pairs of the test photographs; and what a frame costs.

Ungated (LFW's eyes are 44 px apart, a booth wants 60), best threshold, in-sample: to compare engines and to notice that
one got worse, not to promise a booth's error rates. Rows beside the first two: three pictures fused, one picture cut
to a document's 102x126 px in at most 1 024 bytes of WebP (a stand-in for the cards' own codec), and bad light.
"""

from __future__ import annotations

import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from PIL import Image

from benchmarks.child import ROOT
from benchmarks.figure import Figure, Options, Unavailable
from hardware.face import FaceError
from hardware.face.engines import FaceEngine, Picture, Vector, load_engine
from hardware.face.engines.runtime import PROVIDERS, session_options, to_tensor
from hardware.face.pack import assemble, load
from hardware.face.portrait import recrop
from hardware.face.statistics import best_accuracy, equal_error_rate
from provisioning.face_calibration import Scored, Trial, cross_all, embed_picture, read_pairs

_RECIPES = ROOT / "hardware" / "face" / "packs"
_ENGINES = {"opencv": "lab-yunet-edgeface", "insightface": "lab-edgeface"}  # by what finds the face
_HOW = "best threshold, ungated, in-sample, 300 + 300 pairs"
_PORTRAIT_BYTES = 1024
_LEAST_ACCURACY, _MOST_EER = 99.3, 0.8

Change = Callable[[Picture], bytes]


def accuracy(options: Options) -> Iterator[Figure]:
    """Accuracy and EER of EdgeFace-XS behind both detectors, then the harder rows with the first."""
    faces = _folder("BOOTH_TEST_FACES")
    trials = read_pairs(faces / "pairs.csv")
    pictures = {path for trial in trials for path in (trial.reference, *trial.probe)}
    with tempfile.TemporaryDirectory(prefix="booth-accuracy-") as folder:
        engines = {name: _engine(recipe, Path(folder)) for name, recipe in _ENGINES.items()}
        for name, engine in engines.items():
            vectors = _embed(engine, pictures)
            yield from _rows(name, _pairs(trials, vectors), has_goal=True)
            if name == "opencv":
                plain = vectors
        single, fused = cross_all(trials, plain)
        yield Figure(
            "face.accuracy_fused_eer", 100 * _eer(fused), "%",
            f"single pictures, all crossed; fused: 3 of one person, {fused.genuine.size} + {fused.impostor.size}",
            100 * _eer(single),
        )  # fmt: skip
        probes = {path for trial in trials for path in trial.probe}
        for what, change in _changes(engines["opencv"]).items():
            harmed = _embed(engines["opencv"], probes, change)
            lost = sum(path not in harmed for path in probes)
            scored = _pairs(trials, harmed, plain)
            yield Figure(
                f"face.accuracy_{what}_eer", 100 * _eer(scored), "%",
                f"as it was, opencv; no face on {lost} of {len(probes)}", 100 * _eer(_pairs(trials, plain)),
            )  # fmt: skip


def frame_cost(options: Options) -> Iterator[Figure]:
    """All that is done with a frame, beside the three models alone, in turns."""
    frame = _frame()
    with tempfile.TemporaryDirectory(prefix="booth-cost-") as folder:
        engine = _engine(_ENGINES["opencv"], Path(folder))
        whole, bare = _whole(engine, frame), _bare(engine, frame)
        took: dict[str, list[float]] = {"whole": [], "bare": []}
        for turn in range(options.times(150) + 10):
            for name, work in (("whole", whole), ("bare", bare)):
                began_s = time.perf_counter()
                work()
                if turn >= 10:
                    took[name].append((time.perf_counter() - began_s) * 1000)
    yield Figure(
        "face.frame_cost", statistics.median(took["whole"]), "ms", "YuNet in OpenCV + EdgeFace-XS and passive in ORT",
        statistics.median(took["bare"]), at_most_times=1.1,
    )  # fmt: skip


# -- accuracy ---------------------------------------------------------------------------------------------------------


def _rows(name: str, scored: Scored, *, has_goal: bool) -> Iterator[Figure]:
    right, _at = best_accuracy(scored.genuine, scored.impostor)
    yield Figure(
        f"face.accuracy_{name}", 100 * right, "%", _HOW, at_least=_LEAST_ACCURACY if has_goal else None
    )  # fmt: skip
    yield Figure(
        f"face.accuracy_{name}_eer", 100 * _eer(scored), "%", _HOW, at_most=_MOST_EER if has_goal else None
    )  # fmt: skip


def _eer(scored: Scored) -> float:
    return equal_error_rate(scored.genuine, scored.impostor)[0]


def _pairs(trials: list[Trial], probes: dict[Path, Vector], references: dict[Path, Vector] | None = None) -> Scored:
    """Score the pairs; a picture without a face scores -1: it is no match, whoever is on it."""
    references = probes if references is None else references
    found: tuple[list[float], list[float]] = ([], [])
    for trial in trials:
        one, other = references.get(trial.reference), probes.get(trial.probe[0])
        found[0 if trial.is_same else 1].append(-1.0 if one is None or other is None else float(one @ other))
    return Scored(1, np.array(found[0], "f4"), np.array(found[1], "f4"))


def _embed(engine: FaceEngine, pictures: set[Path], change: Change | None = None) -> dict[Path, Vector]:
    vectors = {}
    for path in sorted(pictures):
        data = path.read_bytes()
        try:
            if change is not None:
                data = change(np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.uint8))
            vectors[path] = embed_picture(engine, data)
        except FaceError:
            continue
    return vectors


def _changes(engine: FaceEngine) -> dict[str, Change]:
    noise = np.random.default_rng(5)

    def encode(picture: np.ndarray) -> bytes:
        return cv2.imencode(".png", np.clip(picture, 0, 255).astype(np.uint8))[1].tobytes()

    def dark(picture: Picture) -> bytes:
        return encode(picture * 0.15 + noise.normal(0, 1, picture.shape))

    def overexposed(picture: Picture) -> bytes:
        return encode(picture * 2.0)

    def sidelight(picture: Picture) -> bytes:
        ramp = np.geomspace(1.0, 0.05, picture.shape[1])[None, :, None]  # 20:1
        return encode(picture * ramp * 1.4)

    def document(picture: Picture) -> bytes:
        return _kilobyte(engine, picture)

    return {"102x126_1kb": document, "dark": dark, "overexposed": overexposed, "sidelight": sidelight}


def _kilobyte(engine: FaceEngine, picture: Picture) -> bytes:
    """Cut to a document's portrait and squeeze into a kilobyte. Raises ``FaceError`` where no face is found."""
    height, width = picture.shape[:2]
    faces = engine.detect(picture)
    if not faces:
        raise FaceError("no face")
    face = min(faces, key=lambda one: abs(one.centre[0] - width / 2) + abs(one.centre[1] - height / 2))
    left, right = face.points[:2]
    small = recrop(cv2.imencode(".png", picture)[1].tobytes(), (*left, *right), quality=98, softness_px=0.0)
    shown = Image.open(io.BytesIO(small)).convert("RGB")
    for quality in range(80, -1, -4):
        out = io.BytesIO()
        shown.save(out, "WEBP", quality=quality, method=6)
        if out.tell() <= _PORTRAIT_BYTES:
            return out.getvalue()
    raise FaceError("does not fit into a kilobyte")


# -- cost -------------------------------------------------------------------------------------------------------------


def _whole(engine: FaceEngine, frame: Picture) -> Callable[[], None]:
    def work() -> None:
        face = engine.detect(frame)[0]
        aligned = engine.align(frame, face)
        engine.measure(aligned)
        engine.embed(aligned)
        engine.live_score(frame, face)

    return work


def _bare(engine: FaceEngine, frame: Picture) -> Callable[[], None]:
    """The three models with their inputs made beforehand."""
    manifest, folder = engine.pack.manifest, engine.pack.folder
    found, makes, alive = manifest.detection, manifest.recognition, manifest.liveness
    assert alive is not None
    scale = found.size_px / max(frame.shape[:2])
    small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    detector = cv2.FaceDetectorYN.create(
        str(folder / found.file), "", (small.shape[1], small.shape[0]), found.score, 0.3, 500
    )
    aligned = engine.align(frame, engine.detect(frame)[0])
    runs = []
    for part in (makes, alive):
        session = onnxruntime.InferenceSession(str(folder / part.file), session_options(), providers=PROVIDERS)
        fitted = np.asarray(cv2.resize(aligned, (part.size_px, part.size_px)), np.uint8)
        given = {session.get_inputs()[0].name: to_tensor(fitted, part.mean, part.std, part.colour_order)}
        runs.append((session, given))

    def work() -> None:
        detector.detect(small)
        for session, given in runs:
            session.run(None, given)

    return work


def _frame() -> Picture:
    """1280x720 with a face of a good size."""
    shown = cv2.imread(str(ROOT / "bench" / "faces" / "astronaut.jpg"))
    scale = 720 / shown.shape[0]
    shown = cv2.resize(shown, None, fx=scale, fy=scale)[:, :1280]
    frame = np.full((720, 1280, 3), 128, np.uint8)
    left = (1280 - shown.shape[1]) // 2
    frame[:, left : left + shown.shape[1]] = shown
    return frame


def _engine(recipe: str, folder: Path) -> FaceEngine:
    pack = assemble(_RECIPES / f"{recipe}.toml", _folder("BOOTH_MODELS"), folder / recipe)
    engine = load_engine(load(pack, is_laboratory=True))
    engine.self_test()
    return engine


def _folder(variable: str) -> Path:
    if not os.environ.get(variable):
        raise Unavailable(f"{variable} is not set (see the Makefile)")
    return Path(os.environ[variable])
