"""Front door of the engines: detect, align, embed. Which one runs a pack is written in the pack's manifest.

An engine is pure: pictures in, numbers out. It knows no camera, no resident, no threshold and no decision. Pictures
are BGR, uint8, HxWx3 throughout; a model's own colour order is between its adapter and its manifest. Engines are not
for several threads, and load heavy packages: import this module in the face worker or a technician's command only.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hardware.face.gates import Face, Light
from hardware.face.pack import Pack

ALIGNED_PX = 112  # side of an aligned face: what every recogniser here was trained on

Picture = NDArray[np.uint8]
Vector = NDArray[np.float32]


class FaceEngine(Protocol):
    """One loaded pack."""

    @property
    def pack(self) -> Pack:
        """The pack it runs; thresholds and gates are there."""
        ...

    def detect(self, frame: Picture) -> list[Face]:
        """Find faces in a BGR frame, best score first. Raises ``FaceError`` for what is no uint8 HxWx3 picture."""
        ...

    def align(self, frame: Picture, face: Face) -> Picture:
        """Cut ``face`` out upright: 112x112x3 BGR. A tilted head is turned first and looked at again."""
        ...

    def embed(self, aligned: Picture) -> Vector:
        """Turn an aligned face into a unit vector, float32. Raises ``FaceError`` when the model gives nonsense."""
        ...

    def measure(self, aligned: Picture) -> Light:
        """Measure light and sharpness of an aligned face."""
        ...

    def embed_portrait(self, portrait: bytes) -> Vector:
        """Turn an encoded portrait (JPEG, JPEG 2000, PNG, BMP, WebP) into a unit vector.

        Raises ``PortraitUnusable`` saying what is wrong with it.
        """
        ...

    def live_score(self, frame: Picture, face: Face) -> float | None:
        """The passive model's vote, 0 (attack presentation) to 1 (bona fide); None when the pack has no such model."""
        ...

    def self_test(self) -> None:
        """Compute what the manifest promises. Raises ``NoModelPack``: then nobody may be compared."""
        ...


def load_engine(pack: Pack) -> FaceEngine:
    """Load the weights of ``pack`` into the engine its manifest names.

    Raises ``NoModelPack`` when they are no models of the kind the manifest says. Loads, and does not test: call
    ``self_test`` before anybody is compared.
    """
    from hardware.face.engines.loading import load_composed  # noqa: PLC0415 - a pack imports its own engine alone

    return load_composed(pack)
