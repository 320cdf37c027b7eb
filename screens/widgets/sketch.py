"""Documents drawn plainly: a card and an open passport, with the place on them that is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kivy.graphics import Color, SmoothEllipse

from screens.theme import rgba

if TYPE_CHECKING:
    from screens.theme import Look
    from screens.widgets.part import Box, Part

CARD_MM = (85.6, 54.0)  # ISO/IEC 7810 ID-1
PAGE_MM = (125.0, 88.0)  # ID-3, a passport's page
Spot = tuple[float, float, float, float]  # x, y, width, height in hundredths of the document, origin bottom left

# Where a part of a chip's key is printed (Doc 9303-4, -5: number above, dates below it; the CAN stands alone).
SPOTS: dict[str, Spot] = {
    "number": (64, 76, 30, 13), "birth": (40, 50, 30, 12), "expiry": (40, 33, 30, 12), "can": (66, 10, 28, 15),
}  # fmt: skip


def draw_card(part: Part, look: Look, box: Box, *spots: str) -> None:
    """A card with a portrait at the left and lines beside it."""
    theme = look.theme
    x, y, width, height = box
    part.plate(box, theme.surface, theme.ink, look, radius=look.mm(5))
    unit = width / 100
    _portrait(part, look, (x + 8 * unit, y + height - 40 * unit, 26 * unit, 32 * unit))
    for line, length in enumerate((44, 34, 40)):
        part.fill((x + 42 * unit, y + height - (16 + line * 11) * unit, length * unit, 4.2 * unit), theme.ink, 2 * unit)
    for spot in spots:
        _mark(part, look, box, spot)


def draw_page(part: Part, look: Look, box: Box, *spots: str) -> None:
    """A passport's photo page: portrait, lines, and the two machine readable ones along the bottom."""
    theme = look.theme
    x, y, width, height = box
    part.plate(box, theme.surface, theme.ink, look, radius=look.mm(3))
    unit = width / 100
    _portrait(part, look, (x + 6 * unit, y + height * 0.34, 26 * unit, height * 0.56))
    for at, left, length in ((0.84, 40, 18), (0.68, 40, 44), (0.53, 40, 26), (0.37, 40, 26)):
        part.fill((x + left * unit, y + height * at - unit, length * unit, 3 * unit), theme.ink, unit)
    for at in (0.19, 0.09):
        for column in range(22):
            part.fill((x + (6 + 4 * column) * unit, y + height * at - unit, 2.6 * unit, 2.6 * unit), theme.ink)
    for spot in spots:
        _mark(part, look, box, spot)


def draw_booklet(part: Part, look: Look, box: Box) -> None:
    """An open passport as it lies on a reader: its photo page down, the covers up."""
    theme = look.theme
    x, y, width, height = box
    for left in (x, x + width / 2):
        part.plate((left, y, width / 2, height), theme.primary, theme.ink, look, radius=look.mm(3))
    side = min(width * 0.16, height * 0.4)
    Color(*rgba(theme.on_primary))
    SmoothEllipse(pos=(x + width * 0.75 - side / 2, y + height * 0.5 - side / 2), size=(side, side))
    Color(*rgba(theme.primary))
    SmoothEllipse(pos=(x + width * 0.75 - side * 0.34, y + height * 0.5 - side * 0.34), size=(side * 0.68,) * 2)


def _portrait(part: Part, look: Look, box: Box) -> None:
    theme = look.theme
    x, y, width, height = box
    part.plate(box, theme.sand, theme.ink, look, border=max(2.0, look.mm(0.8)), radius=look.mm(2))
    head = min(width * 0.42, height * 0.34)
    Color(*rgba(theme.ink))
    SmoothEllipse(pos=(x + (width - head) / 2, y + height * 0.5), size=(head, head))
    wide, high = width * 0.68, height * 0.62
    SmoothEllipse(pos=(x + (width - wide) / 2, y - high * 0.42), size=(wide, high), angle_start=-90, angle_end=90)


def _mark(part: Part, look: Look, box: Box, spot: str) -> None:
    """A frame around the place that is meant, filled so that it is seen in greys too."""
    x, y, width, height = box
    left, low, wide, high = SPOTS[spot]
    place = (x + width * left / 100, y + height * low / 100, width * wide / 100, height * high / 100)
    theme = look.theme
    part.plate(place, theme.human, theme.focus, look, border=max(3.0, look.mm(1.2)), radius=look.mm(1.5))
    inner = (place[0] + place[2] * 0.14, place[1] + place[3] * 0.38, place[2] * 0.72, place[3] * 0.24)
    part.fill(inner, theme.on_human, inner[3] / 2)
