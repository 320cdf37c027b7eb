"""Plates: rounded rectangles with a border as small textures that are stretched in the middle (nine-patch).

Software GL pays for every pixel and most for filtered ones: one unfiltered nine-patch costs half of a filled shape with
a line around it, and its corners are smooth without multisampling. Knows colours and pixels, no widget.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from screens.theme import rgba

_KEPT = 200


class Plates:
    """Textures made once for each border, radius and pair of colours."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, int, str, str], Any] = {}
        self._blank: Any = None

    @property
    def blank(self) -> Any:
        """White and unfiltered, for plain rectangles."""
        if self._blank is None:
            self._blank = _texture(np.full((4, 4, 4), 255, np.uint8))
        return self._blank

    def plate(self, radius: float, border: float, ground: str, edge: str) -> tuple[Any, int]:
        """(texture, width of its fixed margin in pixels) of a plate filled with ``ground`` inside an ``edge``."""
        key = (max(round(radius), 1), round(border), ground, edge)
        if key not in self._made:
            if len(self._made) >= _KEPT:
                self._made.clear()
            self._made[key] = _texture(_pixels(*key))
        return self._made[key], max(key[0], key[1]) + 1

    def wipe(self) -> None:
        """Let the textures go."""
        self._made.clear()


def _pixels(radius: int, border: int, ground: str, edge: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """RGBA of a plate as small as it can be: distances to the rounded outline, half a pixel of softness."""
    margin = max(radius, border) + 1
    side = 2 * margin + 2
    at = np.abs(np.arange(side) + 0.5 - side / 2)
    outside = np.maximum(at - (side / 2 - radius), 0.0)
    corner = np.hypot(outside[:, None], outside[None, :])
    inner = np.maximum(at[:, None], at[None, :]) - side / 2
    distance = np.where((outside[:, None] > 0) & (outside[None, :] > 0), corner - radius, inner)
    whole = np.clip(0.5 - distance, 0.0, 1.0)
    filled = np.clip(0.5 - (distance + border), 0.0, 1.0) if border else whole
    colours = [np.array(rgba(colour)[:3]) * 255 for colour in (edge, ground)]
    mixed = colours[0] + (colours[1] - colours[0]) * filled[..., None]
    if not border:
        mixed = np.broadcast_to(colours[1], mixed.shape)
    return np.dstack([mixed, whole * 255]).round().astype(np.uint8)


def _texture(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> Any:
    from kivy.graphics.texture import Texture  # noqa: PLC0415 - only once a window is wanted

    height, width = pixels.shape[:2]
    texture = Texture.create(size=(width, height), colorfmt="rgba")
    texture.min_filter = texture.mag_filter = "nearest"
    texture.blit_buffer(pixels.tobytes(), colorfmt="rgba", bufferfmt="ubyte")
    return texture
