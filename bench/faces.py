"""Photographs of people who may stand before the simulated camera. All are published photographs of public persons.

Knows files, not whose identity they prove.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent / "faces"
ASTRONAUT_EYES = (205.0, 99.2, 247.4, 103.3)  # of skimage.data.astronaut(), px
SECOND_PERSON = "astronaut"  # who joins as the second person when the first is somebody else
_KINDS = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}


@dataclass(frozen=True)
class Face:
    """One photograph. ``eyes`` (px) scale it; without them it is taken as a head-and-shoulders portrait."""

    id: str
    title: str
    file: Path
    eyes: tuple[float, float, float, float] | None = None

    @property
    def content_type(self) -> str:
        return _KINDS[self.file.suffix.lower()]


def load() -> dict[str, Face]:
    """The astronaut always; every photograph of BOOTH_TEST_FACES/publicdomain when that folder is there."""
    more = os.environ.get("BOOTH_TEST_FACES", "")
    found = {"astronaut": Face("astronaut", "Astronaut", HERE / "astronaut.jpg", ASTRONAUT_EYES)}
    folder = Path(more) / "publicdomain" if more else None
    if folder is not None and folder.is_dir():
        for file in sorted(folder.iterdir()):
            if file.suffix.lower() in _KINDS and file.stem not in found:
                found[file.stem] = Face(file.stem, file.stem.replace("_", " ").capitalize(), file)
    return found
