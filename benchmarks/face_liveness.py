"""Who is called live before one camera: simulated people who do as asked, and prints that stand, obey or are waved.

SYNTHETIC: bona fide presentations are reliefs made of LFW photographs, attack presentations are flat prints of the same
photographs in a hand. It shows that the rules do what ``hardware.face.liveness`` says of them; it is no evaluation
after ISO/IEC 30107-3, which takes real artefacts and real people, and it says nothing about films and masks, against
which one camera has no defence. Rates are of attempts in which the face was recognised; an attempt of a bona fide
person that ends unsure counts as an error. ``_at_most``: the upper Clopper-Pearson bound, 95 % two-sided.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.child import ROOT
from benchmarks.face_stand import Behaviour, Stand, attempt, ignores, obeys, seen_straight, waves
from benchmarks.figure import Figure, Options, Unavailable
from hardware.camera.scene import Picture, Subject, View, decode
from hardware.face import Liveness
from hardware.face.engines import FaceEngine, Vector, load_engine
from hardware.face.pack import assemble, load
from hardware.face.statistics import clopper_pearson

RECIPE = ROOT / "hardware" / "face" / "packs" / "lab-edgeface.toml"
ATTEMPTS = 24  # a species; ``--rounds 13`` makes 300
SPECIES: dict[str, Behaviour] = {
    "bona_fide": obeys, "print_still": ignores, "print_obeying": obeys, "print_waved": waves,
}  # fmt: skip
_LIKENESS = 0.03  # noise on the reference: two pictures of one person are never the same


def one_camera(options: Options) -> Iterator[Figure]:
    """Attempt after attempt, each with another person of the collection."""
    models, faces = (os.environ.get(name) for name in ("BOOTH_MODELS", "BOOTH_TEST_FACES"))
    if not models or not faces:
        raise Unavailable("BOOTH_MODELS and BOOTH_TEST_FACES are needed: people and weights (see the Makefile)")
    photographs = sorted((Path(faces) / "lfw").rglob("*.jpg"))
    random.Random(3).shuffle(photographs)  # the same people every time
    with tempfile.TemporaryDirectory(prefix="booth-face-") as folder:
        pack = assemble(RECIPE, Path(models), Path(folder) / "pack")
        engine = load_engine(load(pack, is_laboratory=True))
        for species, behaviour in SPECIES.items():
            errors, trials, others = _try(engine, photographs, species, behaviour, options.times(ATTEMPTS, 6))
            print(f"  {species}: {errors} of {trials} (SYNTHETIC); not recognised: {others}", file=sys.stderr)
            what = "BPCER, synthetic people" if species == "bona_fide" else "APCER, synthetic flat prints"
            yield Figure(f"face.pad_one_camera_{species}", 100 * errors / trials, "%", f"{what}, {trials} attempts")
            bound = 100 * clopper_pearson(errors, trials)[1]
            yield Figure(f"face.pad_one_camera_{species}_at_most", bound, "%", f"{what}, upper bound")


def _try(
    engine: FaceEngine, photographs: list[Path], species: str, behaviour: Behaviour, count: int
) -> tuple[int, int, int]:
    """Make ``count`` attempts of recognised faces; gives errors, attempts, and those that were not recognised."""
    errors = trials = others = 0
    for number, file in enumerate(photographs):
        picture = decode(file.read_bytes())
        reference = _reference(engine, picture)
        if reference is None:
            others += 1
            continue
        view = View(Subject(picture), is_print=species != "bona_fide")
        result = attempt(engine, reference, Stand(view, behaviour, seed=number))
        if result.score_bucket != "high":
            others += 1
            continue
        trials += 1
        errors += (result.liveness == Liveness.LIVE.value) is not (species == "bona_fide")
        if trials == count:
            break
    return errors, trials, others


def _reference(engine: FaceEngine, picture: Picture) -> Vector | None:
    """The person's vector as another picture would give it; None for who looks elsewhere."""
    try:
        vector = seen_straight(engine, picture, None)
    except ValueError:
        return None
    noisy = vector + _LIKENESS * np.random.default_rng(1).normal(size=vector.size)
    return np.asarray(noisy / np.linalg.norm(noisy), np.float32)
