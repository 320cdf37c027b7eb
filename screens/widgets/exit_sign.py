"""The way out over the whole glass: a running figure, an arrow, and the same words in two languages.

Letters are as large as they fit, whatever size was chosen: it is read from across a room, and by those who run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from screens.theme import PRIMARY_MM, SECONDARY_MM, TITLE_MM
from screens.widgets.part import Box, Part, inset

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from screens.theme import Look

LARGEST_MM = 34.0
STEP = 0.94  # each smaller size that is tried
LEAST_SCALE = 0.3
SHARES = {"title": {"zh": 1.0, "en": 0.56}, "way": {"zh": 0.72, "en": 0.5}}  # of the largest letters
Row = tuple[str, int, bool]  # words (or their label's key), font size in pixels, is bold


class ExitSign(Part):
    """``labels``: title, way, meet and card, each ``.zh`` and ``.en``; what is empty is not there."""

    zone = "upper"

    def __init__(self, *, direction: str, labels: Mapping[str, str], **properties: object) -> None:
        self.direction = direction
        self.labels = labels
        super().__init__(**properties)

    def natural(self, look: Look, width: float, room: float) -> float:
        return room

    def draw(self, look: Look) -> None:
        self.fill(self.box, look.theme.exit)
        edge, gap, most = look.mm(12), look.mm(12), look.mm(150)
        x, y, width, height = inset(self.box, edge)
        if look.is_portrait:
            extra = self._extra(look)
            rows = (
                self._fitting(look, width, height - min(most, height * 0.34) - self._height(look, extra, width)) + extra
            )
            words = self._height(look, rows, width)
            high = min(height - words - gap, most)
            top = y + height - (height - words - gap - high) / 3
            self._picture(look, (x, top - high, width, high))
            self._words(look, rows, (x, y, width, top - high - gap - y))
            return
        each = width * 0.44
        extra = self._extra(look)
        below = self._height(look, extra, each) + (gap if extra else 0)
        high = min(height - below, most)
        low = y + (height - high - below) / 2
        self._picture(look, (x, low + below, each, high))
        self._words(look, extra, (x, low, each, below - gap if extra else 0))
        rows = self._fitting(look, width - each - gap, height)
        spare = height - self._height(look, rows, width - each - gap)
        self._words(look, rows, (x + each + gap, y, width - each - gap, height - max(spare, 0) / 2))

    # -- the picture ------------------------------------------------------------------------------------------------

    def _picture(self, look: Look, box: Box) -> None:
        """A plate like the sign over a door: the figure, and beside it the arrow."""
        theme = look.theme
        self.plate(box, theme.on_exit, theme.on_exit, look, border=0, radius=look.mm(8))
        x, y, width, height = inset(box, look.mm(9))
        is_left = self.direction == "left"
        figure = "way_out_left" if is_left else "way_out"
        if not self.direction:
            self.sign(figure, (x, y, width, height), theme.exit, theme.on_exit)
            return
        side = min(height, width * 0.56)
        arrow = min(width - side - look.mm(6), side * 0.78)
        gap = (width - side - arrow) / 3
        signs = [(figure, side), (f"way_{self.direction}", arrow)]
        left = x + gap
        for name, wide in reversed(signs) if is_left else signs:
            self.sign(name, (left, y + (height - wide) / 2, wide, wide), theme.exit, theme.on_exit)
            left += wide + gap

    # -- the words --------------------------------------------------------------------------------------------------

    def _fitting(self, look: Look, width: float, room: float) -> list[Row]:
        """What happened and where to go, in the largest letters with which all of it fits into ``room``."""
        scale = 1.0
        while True:
            rows = self._main(look, scale)
            if self._height(look, rows, width) <= room or scale < LEAST_SCALE:
                return rows
            scale *= STEP

    def _main(self, look: Look, scale: float) -> list[Row]:
        least = look.font((TITLE_MM if look.is_portrait else SECONDARY_MM)[3])
        largest = look.font(LARGEST_MM)
        return self._present(
            (f"{key}.{language}", max(round(largest * scale * share), least), language == "zh")
            for key, letters in SHARES.items()
            for language, share in letters.items()
        )

    def _extra(self, look: Look) -> list[Row]:
        """Where to meet, and the card: smaller."""
        size = look.font(SECONDARY_MM[3] if look.is_portrait else PRIMARY_MM[1])
        return self._present((f"{key}.{one}", size, one == "zh") for key in ("meet", "card") for one in ("zh", "en"))

    def _present(self, rows: Iterable[Row]) -> list[Row]:
        found = [(self.labels.get(key, ""), size, bold) for key, size, bold in rows]
        return [row for row in found if row[0]]

    def _height(self, look: Look, rows: list[Row], width: float) -> float:
        return sum(
            self.text_height(look, words, size, width, bold=bold, balanced=True) + (0 if bold else look.mm(5))
            for words, size, bold in rows
        )

    def _words(self, look: Look, rows: list[Row], box: Box) -> None:
        theme = look.theme
        x, y, width, height = box
        top = y + height
        for words, size, bold in rows:
            high = self.text_height(look, words, size, width, bold=bold, balanced=True)
            self.write(words, (x, top - high, width, high), size, theme.on_exit, ground=theme.exit, bold=bold,
                       balanced=True)  # fmt: skip
            top -= high + (0 if bold else look.mm(5))
