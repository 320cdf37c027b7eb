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
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
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
            found = _try(engine, photographs, species, behaviour, options.times(ATTEMPTS, 6))
            print(f"  {species} (SYNTHETIC): {dict(found.reasons)}; not recognised: {found.others}", file=sys.stderr)
            what = "BPCER, synthetic people" if species == "bona_fide" else "APCER, synthetic flat prints"
            for kind, bound in (("", 0.0), ("_at_most", 1.0)):
                values = [
                    100 * (clopper_pearson(errors, found.trials)[1] if bound else errors / found.trials)
                    for errors in (found.errors, found.errors_of_movement)
                ]
                told = f"{what}, {found.trials} attempts{', upper bound' if bound else ''}; the movement alone"
                yield Figure(f"face.pad_one_camera_{species}{kind}", values[0], "%", told, values[1])


@dataclass
class _Found:
    """``errors_of_movement``: without the passive vote, which synthetic pictures can neither prove nor refute."""

    trials: int = 0
    errors: int = 0
    errors_of_movement: int = 0
    others: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


def _try(engine: FaceEngine, photographs: list[Path], species: str, behaviour: Behaviour, count: int) -> _Found:
    """Make ``count`` attempts of recognised faces."""
    found, is_person = _Found(), species == "bona_fide"
    for number, file in enumerate(photographs):
        picture = decode(file.read_bytes())
        reference = _reference(engine, picture)
        if reference is None:
            found.others += 1
            continue
        result = attempt(engine, reference, Stand(View(Subject(picture), is_print=not is_person), behaviour, number))
        if result.score_bucket != "high":
            found.others += 1
            continue
        found.trials += 1
        found.reasons[f"{result.liveness} {result.reason}".strip()] += 1
        is_live = result.liveness == Liveness.LIVE.value
        has_moved = is_live or (result.liveness == Liveness.UNSURE.value and result.reason == "passive")
        found.errors += is_live is not is_person
        found.errors_of_movement += has_moved is not is_person
        if found.trials == count:
            break
    return found


def _reference(engine: FaceEngine, picture: Picture) -> Vector | None:
    """The person's vector as another picture would give it; None for who looks elsewhere."""
    try:
        vector = seen_straight(engine, picture, None)
    except ValueError:
        return None
    noisy = vector + _LIKENESS * np.random.default_rng(1).normal(size=vector.size)
    return np.asarray(noisy / np.linalg.norm(noisy), np.float32)
