"""Finds the model pack of this run: assembled from the loose weights of BOOTH_MODELS, when that is given.

Without weights the simulated booth runs as a booth without a model pack does: it offers the ways without a face.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import hardware.face
from bench.run_folder import RunFolder
from hardware.face import NoModelPack
from hardware.face.pack import assemble

RECIPES = Path(hardware.face.__file__).parent / "packs"
FIRST = "lab-yunet-edgeface"  # compares as well as the others and starts soonest
log = logging.getLogger("bench.face")


def face_pack(folder: RunFolder) -> str:
    """The pack's path relative to the run folder, "" when there are no weights to make one of.

    ``FIRST``, else the first recipe whose weights are all there; a pack that is already there and whole is left alone.
    """
    models = os.environ.get("BOOTH_MODELS", "")
    if not models:
        log.info("BOOTH_MODELS is not set: the booth offers the ways without a face")
        return ""
    for recipe in sorted(RECIPES.glob("*.toml"), key=lambda path: (path.stem != FIRST, path.stem)):
        try:
            return assemble(recipe, Path(models), folder.root / "face-pack").name
        except NoModelPack as error:
            log.info("%s: %s", recipe.name, error)
    log.warning("BOOTH_MODELS=%s holds the weights of no known pack: the ways without a face remain", models)
    return ""
