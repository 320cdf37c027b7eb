"""A photo just taken, or the place where it will be."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from kivy.graphics import Color, Rectangle
from kivy.graphics.texture import Texture

from screens.theme import rgba
from screens.widgets.part import Part, inset

if TYPE_CHECKING:
    from screens.theme import Look

LONGEST_SIDE_PX = 960


class Photo(Part):
    """``jpeg`` is decoded once, shown, and dropped with the screen."""

    zone = "upper"

    def __init__(self, jpeg: bytes | None, **properties: Any) -> None:
        self._texture: Any = None
        super().__init__(**properties)
        if jpeg:
            self._decode(jpeg)

    def natural(self, look: Look, width: float, room: float) -> float:
        return 0.0

    def close(self) -> None:
        """Overwrite and drop the texture."""
        if self._texture is not None:
            width, height = self._texture.size
            self._texture.blit_buffer(bytes(3 * width * height), colorfmt="rgb", bufferfmt="ubyte")
            self._texture = None
            self.canvas.before.clear()

    def draw(self, look: Look) -> None:
        theme = look.theme
        if self._texture is None:
            wide, high = min(look.mm(150), self.width), min(look.mm(100), self.height)
            if high < look.mm(20):
                return
            box = (self.center_x - wide / 2, self.center_y - high / 2, wide, high)
            self.fill(inset(box, look.border / 2), theme.sand, look.radius)
            self.dashes(box, theme.ink, look)
            side = min(look.mm(44), high * 0.6)
            self.sign("camera", (self.center_x - side / 2, self.center_y - side / 2, side, side), theme.ink, theme.sand)
            return
        width, height = self._texture.size
        frame = look.mm(2)
        scale = min((self.width - 2 * frame) / width, (self.height - 2 * frame) / height)
        size = (width * scale, height * scale)
        place = (self.center_x - size[0] / 2, self.center_y - size[1] / 2)
        self.fill(inset((*place, *size), -frame), theme.ink, look.mm(3))
        Color(*rgba("#FFFFFF"))
        Rectangle(texture=self._texture, pos=place, size=size)

    def _decode(self, jpeg: bytes) -> None:
        from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - only where a photo is taken

        try:
            image = Image.open(io.BytesIO(jpeg)).convert("RGB")
        except (UnidentifiedImageError, OSError):
            return  # the drawn place stays; the resident can take it again
        image.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
        self._texture = Texture.create(size=image.size, colorfmt="rgb")
        self._texture.flip_vertical()
        self._texture.blit_buffer(image.tobytes(), colorfmt="rgb", bufferfmt="ubyte")
