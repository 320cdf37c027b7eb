"""Where on a document a part of its chip's key is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screens.widgets.part import Part
from screens.widgets.sketch import CARD_MM, PAGE_MM, draw_card, draw_page

if TYPE_CHECKING:
    from screens.theme import Look

_LEAST_MM = 26.0  # lower than this nothing is recognised on it


class KeyPicture(Part):
    """``part``: can, number, birth or expiry. Drawn as large as there is room, at most in true size."""

    zone = "upper"

    def __init__(self, part: str, **properties: Any) -> None:
        self.part = part
        super().__init__(**properties)

    def natural(self, look: Look, width: float, room: float) -> float:
        return 0.0

    def draw(self, look: Look) -> None:
        wide, high = (look.mm(size) for size in (CARD_MM if self.part == "can" else PAGE_MM))
        scale = min(1.0, self.height / high, self.width / wide)
        if high * scale < look.mm(_LEAST_MM):
            return
        wide, high = wide * scale, high * scale
        box = (self.center_x - wide / 2, self.center_y - high / 2, wide, high)
        (draw_card if self.part == "can" else draw_page)(self, look, box, self.part)
