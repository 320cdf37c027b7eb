"""Where on a document the parts of its chip's key are printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screens.widgets.part import Part
from screens.widgets.sketch import CARD_MM, PAGE_MM, draw_card, draw_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from screens.theme import Look

_LEAST_MM = 26.0  # lower than this nothing is recognised on it


class KeyPicture(Part):
    """One document a group of parts (can, number, birth, expiry), side by side, at most in true size."""

    zone = "upper"

    def __init__(self, *groups: Sequence[str], **properties: Any) -> None:
        self.groups = groups
        super().__init__(**properties)

    def natural(self, look: Look, width: float, room: float) -> float:
        return 0.0

    def draw(self, look: Look) -> None:
        column = self.width / len(self.groups)
        sizes = [[look.mm(size) for size in (CARD_MM if "can" in group else PAGE_MM)] for group in self.groups]
        scale = min(1.0, *(self.height / high for _, high in sizes), *((column - look.mm(6)) / w for w, _ in sizes))
        if min(high for _, high in sizes) * scale < look.mm(_LEAST_MM):
            return
        for number, (group, (wide, high)) in enumerate(zip(self.groups, sizes, strict=True)):
            middle = self.x + column * (number + 0.5)
            box = (middle - wide * scale / 2, self.center_y - high * scale / 2, wide * scale, high * scale)
            (draw_card if "can" in group else draw_page)(self, look, box, *group)
