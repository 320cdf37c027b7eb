"""Loads a pack with the ``insightface`` package's ``FaceAnalysis``: from local files, one detection size, no words.

The package downloads models it does not find, takes every model it finds in a folder, and guesses an input's scaling
from the graph. So it is shown a folder with exactly the two hashed files, and the manifest's scaling goes before its
guess. Importing it costs 0.4 s and most of the worker's memory: only packs of this engine do.
"""

from __future__ import annotations

import contextlib
import io
import socket
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from hardware.face.engines.detectors import InsightFaceScrfd
from hardware.face.engines.recognisers import InsightFaceRecogniser
from hardware.face.engines.runtime import PROVIDERS, session_options, unloadable
from hardware.face.pack import Pack


def load_models(pack: Pack) -> tuple[InsightFaceScrfd, InsightFaceRecogniser]:
    """Load detector and recogniser. Raises ``NoModelPack`` when they are no models of these kinds."""
    found, makes = pack.manifest.detection, pack.manifest.recognition
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):  # it tells paths and deprecations
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            detector, recogniser = _analysis(pack)
        except Exception as error:  # whatever the package, the runtime or protobuf raise for a file they cannot use
            raise unloadable(pack.folder, f"insightface: {type(error).__name__}") from None
    detector.input_mean, detector.input_std = found.mean, found.std
    shape = list(recogniser.input_shape[2:])
    if shape != [makes.size_px, makes.size_px]:
        raise unloadable(pack.folder / makes.file, f"its input is {shape} px, the manifest says {makes.size_px}")
    return InsightFaceScrfd(detector), InsightFaceRecogniser(recogniser, makes)


def _analysis(pack: Pack) -> tuple[Any, Any]:
    with _no_probe():
        from insightface.app import FaceAnalysis  # noqa: PLC0415 - see above

    found, makes = pack.manifest.detection, pack.manifest.recognition
    with tempfile.TemporaryDirectory(prefix="booth-pack-") as view:
        for part in (found, makes):
            (Path(view) / part.file).symlink_to((pack.folder / part.file).resolve())
        models = FaceAnalysis(
            name=view,
            allowed_modules=["detection", "recognition"],
            providers=PROVIDERS,
            sess_options=session_options(),
        )
        models.prepare(ctx_id=-1, det_thresh=found.score, det_size=(found.size_px, found.size_px))
        # It opens the file again for the first picture of a size; from then on never.
        models.models["detection"].detect(np.zeros((found.size_px, found.size_px, 3), np.uint8))
    return models.models["detection"], models.models["recognition"]


@contextlib.contextmanager
def _no_probe() -> Iterator[None]:
    """Keep urllib3, which the package imports for its downloads, from opening an IPv6 socket to see whether it can."""
    had, socket.has_ipv6 = socket.has_ipv6, False
    try:
        yield
    finally:
        socket.has_ipv6 = had
