"""Choices: one large row each, with a sign, words, and the number of the key that picks it; paged, never scrolled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screens.widgets.pager import Pager
from screens.widgets.part import Box, Control, Part, inset

if TYPE_CHECKING:
    from screens.theme import Look

MOST_A_PAGE = 6  # R25


class Choice(Control):
    """One row. Unavailable: dashed border, sand, the reason instead of the note; choosing it only says why."""

    def __init__(
        self, *, text: str = "", note: str = "", icon: str = "", reason: str = "", is_available: bool = True,
        number: str = "", **properties: Any,
    ) -> None:  # fmt: skip
        self.text = text
        self.icon = icon
        properties.setdefault("name", text)
        properties.setdefault("role", "choice")
        super().__init__(**properties)
        self.number = number
        self.show(note, reason, is_available=is_available)

    def show(self, note: str, reason: str, *, is_available: bool) -> None:
        """Take another note, or the reason why it cannot be chosen; drawn when it is placed next."""
        self.note = self.hint = note if is_available else (reason or note)
        self.is_enabled = is_available

    def natural(self, look: Look, width: float, room: float) -> float:
        inner = self._text_box(look, (0, 0, width, 0))[2]
        text = self.text_height(look, self.text, look.primary, inner, bold=True)
        note = self.text_height(look, self.note, look.secondary, inner)
        return max(look.target, text + note + look.mm(6 if look.text_size < 2 and look.is_portrait else 3))

    def draw(self, look: Look) -> None:
        theme = look.theme
        ground, ink, quiet = theme.surface, theme.ink, theme.quiet
        if not self.is_enabled:
            ground = theme.sand
        if self.is_pressed:
            ground, ink, quiet = theme.ink, theme.paper, theme.paper
        if self.is_enabled or self.is_pressed:
            self.plate(self.box, ground, theme.ink, look)
        else:
            self.fill(inset(self.box, look.border / 2), ground, look.radius)
            self.dashes(self.box, theme.ink, look)
        x, y, _, height = self.box
        if self._has_tile(look):
            self._tile(look, (x + look.mm(7), y, look.mm(20), height))
        box = self._text_box(look, self.box)
        text = self.text_height(look, self.text, look.primary, box[2], bold=True)
        note = self.text_height(look, self.note, look.secondary, box[2])
        top = y + (height + text + note) / 2
        self.write(self.text, (box[0], top - text, box[2], text), look.primary, ink, ground=ground, bold=True)
        self.write(self.note, (box[0], top - text - note, box[2], note), look.secondary, quiet, ground=ground)
        if self.number:
            self._number(look, ink, ground)
        self.draw_ring(look)

    def _has_tile(self, look: Look) -> bool:
        return bool(self.icon) and look.text_size < 2

    def _tile(self, look: Look, box: Box) -> None:
        x, y, side, height = box
        tile = (x, y + (height - side) / 2, side, side)
        theme = look.theme
        ground, ink = (theme.paper, theme.ink) if self.is_pressed else (theme.primary, theme.on_primary)
        self.fill(tile, ground, look.mm(4))
        if len(self.icon) == 1:
            self.write(self.icon, tile, look.primary, ink, ground=ground, bold=True, align="center")
        else:
            self.sign(self.icon, inset(tile, side * 0.22), ink, ground)

    def _number(self, look: Look, ink: str, ground: str) -> None:
        x, y, width, height = self.box
        side = max(look.mm(13), look.secondary * 1.35)
        box = (x + width - side - look.mm(6), y + (height - side) / 2, side, side)
        self.plate(box, ground, ink, look, border=max(2.0, look.mm(0.75)), radius=look.mm(3.2))
        self.write(self.number, box, look.secondary, ink, ground=ground, bold=True, align="center")

    def _text_box(self, look: Look, box: Box) -> Box:
        x, y, width, height = box
        left = look.mm(34) if self._has_tile(look) else look.mm(7 if look.text_size < 3 else 5)
        right = max(look.mm(13), look.secondary * 1.35) + look.mm(10) if self.number else look.mm(6)
        return (x + left, y, width - left - right, height)


class ChoiceList(Part):
    """All choices of a question, as many on a page as are comfortable."""

    is_flexible = True

    def __init__(self, **properties: Any) -> None:
        self.choices: list[Choice] = []
        self.page = 0
        self._pages: list[list[Choice]] = []
        self.pager = Pager()
        self.pager.bind(on_turned=self._turn)
        super().__init__(**properties)

    def offer(self, choices: list[Choice], page: int = 0) -> None:
        """Take the choices; they are numbered 1.. on each page."""
        self.choices = choices
        self.page = page

    def natural(self, look: Look, width: float, room: float) -> float:
        self._paginate(look, width, room)
        page = self._pages[self.page]
        pager = self.pager.natural(look, width, room) + look.gap if len(self._pages) > 1 else 0.0
        return min(room, sum(self._comfortable(look, width, page)) + look.gap * (len(page) - 1) + pager)

    def least(self, look: Look, width: float) -> float:
        """One choice and the pager."""
        needed = max((c.natural(look, width, 0) for c in self.choices), default=0.0)
        return needed + (self.pager.natural(look, width, 0) + look.gap if len(self.choices) > 1 else 0.0)

    def arrange(self, look: Look) -> None:
        if len(self._pages) == 0:
            self._paginate(look, self.width, self.height)
        self.clear_widgets()
        x, y, width, height = self.box
        if len(self._pages) > 1:
            low = self.pager.natural(look, width, height)
            self.pager.turn_to(self.page, len(self._pages))
            self.add_widget(self.pager)
            self.pager.place(look, x, y, width, low)
            y, height = y + low + look.gap, height - low - look.gap
        page = self._pages[self.page]
        heights = self._comfortable(look, width, page)
        needed = [c.natural(look, width, 0) for c in page]
        short = sum(heights) + look.gap * (len(page) - 1) - height
        if short > 0:  # rows give up their comfort alike
            give = sum(heights) - sum(needed)
            heights = [h - (h - n) * min(short / give, 1) if give else n for h, n in zip(heights, needed, strict=True)]
        top = y + sum(heights) + look.gap * (len(page) - 1)
        for number, (choice, high) in enumerate(zip(page, heights, strict=True), 1):
            choice.number = str(number)
            self.add_widget(choice)
            choice.place(look, x, top - high, width, high)
            top -= high + look.gap

    def _comfortable(self, look: Look, width: float, page: list[Choice]) -> list[float]:
        """Rows a little higher than they must be, all alike where that is possible."""
        needed = [c.natural(look, width, 0) for c in page]
        return [max(*needed, look.mm(43)) if look.text_size < 2 else n for n in needed]

    def _paginate(self, look: Look, width: float, room: float) -> None:
        for number, choice in enumerate(self.choices, 1):
            choice.number = str(min(number, MOST_A_PAGE))
        needed = [c.natural(look, width, 0) for c in self.choices]
        self._pages = _pages(self.choices, needed, look.gap, room)
        if len(self._pages) > 1:
            low = self.pager.natural(look, width, room) + look.gap
            self._pages = _pages(self.choices, needed, look.gap, room - low)
        self.page = min(self.page, len(self._pages) - 1)

    def _turn(self, pager: Pager, page: int) -> None:
        self.page = page
        if self.look is not None:
            self.arrange(self.look)
            self.screen_changed()

    def screen_changed(self) -> None:
        """Tell the screen that other controls are here now."""
        part = self.parent
        while part is not None and not hasattr(part, "controls_changed"):
            part = part.parent
        if part is not None:
            part.controls_changed()


def _pages(choices: list[Choice], heights: list[float], gap: float, room: float) -> list[list[Choice]]:
    """Fill pages in order, then even them out: 3 + 3 reads better than 5 + 1."""
    pages: list[list[Choice]] = [[]]
    used = 0.0
    for choice, height in zip(choices, heights, strict=True):
        if pages[-1] and (used + height > room or len(pages[-1]) == MOST_A_PAGE):
            pages.append([])
            used = 0.0
        pages[-1].append(choice)
        used += height + gap
    if len(pages) > 1:
        size = -(-len(choices) // len(pages))
        even = [choices[i : i + size] for i in range(0, len(choices), size)]
        height_of = dict(zip(map(id, choices), heights, strict=True))
        if all(sum(height_of[id(c)] for c in p) + gap * (len(p) - 1) <= room for p in even):
            return even
    return pages
