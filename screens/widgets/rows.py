"""Check your answers: row by row, each with its source, the changeable ones with a button; paged, never scrolled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from screens.widgets.button import WordButton
from screens.widgets.pager import Pager
from screens.widgets.part import Control, Part

if TYPE_CHECKING:
    from screens.theme import Look


@dataclass(frozen=True)
class RowData:
    """What one row shows, in words."""

    field_id: str
    label: str
    value: str
    source: str
    change: str  # "" = locked
    is_private: bool


class Row(Control):
    """A row can be focused, so that it is read out; only its button changes anything."""

    def __init__(self, data: RowData, place: int, **properties: Any) -> None:
        self.data = data
        super().__init__(id=f"row.{data.field_id or place}", name=data.label, role="row", **properties)
        self.value, self.hint, self.is_private = data.value, data.source, data.is_private
        self.button: WordButton | None = None
        if data.change:
            self.button = WordButton(id=f"change.{data.field_id}", text=data.change)
            self.button.name = f"{data.change} {data.label}"

    def natural(self, look: Look, width: float, room: float) -> float:
        label, value, source = self._heights(look, width)
        text = value + source if self._is_wide(look) else label + value + source
        return max(text + look.mm(7), self._button_low(look) + look.mm(6) if self.button else 0)

    def comfortable(self, look: Look, width: float) -> float:
        """Height where there is room to spare."""
        return max(self.natural(look, width, 0), look.mm(41))

    def arrange(self, look: Look) -> None:
        if self.button is not None:
            wide, low = self._button_wide(look), self._button_low(look)
            self.button.place(look, self.right - wide, self.y + (self.height - low) / 2 + 1, wide, low)

    def draw(self, look: Look) -> None:
        theme = look.theme
        x, y, width, height = self.box
        label, value, source = self._heights(look, width)
        self.fill((x, y, width, max(2.0, look.mm(0.75))), theme.ink)
        left, room = self._columns(look, width)
        if self._is_wide(look):
            self.write(self.data.label, (x, y, left - look.mm(3), height), look.secondary, theme.quiet)
            top = y + (height + value + source) / 2
        else:
            top = y + (height + label + value + source) / 2
            self.write(self._caption, (x, top - label, room, label), look.secondary, theme.quiet)
            top -= label
        at = x + left
        self.write(self.data.value, (at, top - value, room, value), look.primary, theme.ink,
                   private=self.data.is_private)  # fmt: skip
        if source:
            self.write(self.data.source, (at, top - value - source, room, source), look.secondary, theme.quiet)
        self.draw_ring(look, off_mm=3.0)

    def _is_wide(self, look: Look) -> bool:
        return look.text_size < 2

    def _columns(self, look: Look, width: float) -> tuple[float, float]:
        """Left edge and width of the value."""
        left = width * 0.27 if self._is_wide(look) else 0.0
        button = self._button_wide(look) + look.mm(5) if self.button else 0.0
        return left, width - left - button

    def _heights(self, look: Look, width: float) -> tuple[float, float, float]:
        left, room = self._columns(look, width)
        value = self.text_height(look, self.data.value, look.primary, room)
        if not self._is_wide(look):
            return self.text_height(look, self._caption, look.secondary, room), value, 0.0
        label = self.text_height(look, self.data.label, look.secondary, left)
        return label, value, self.text_height(look, self.data.source, look.secondary, room)

    @property
    def _caption(self) -> str:
        """Label and source on one line."""
        return f"{self.data.label} · {self.data.source}" if self.data.source else self.data.label

    def _button_wide(self, look: Look) -> float:
        return self.button.wanted_width(look) if self.button else 0.0

    def _button_low(self, look: Look) -> float:
        return max(look.mm(24), look.key, look.lettering.pitch(look.primary) + look.mm(4))


class RowList(Part):
    """``on_change`` carries the field's id. Locked rows come first, so that buttons stay within reach."""

    __events__ = ("on_change",)
    is_flexible = True
    fills_upper = True

    def __init__(self, **properties: Any) -> None:
        self.rows: list[Row] = []
        self.page = 0
        self._pages: list[list[Row]] = [[]]
        self.pager = Pager()
        super().__init__(**properties)
        self.pager.bind(on_turned=self._turn)

    def on_change(self, field_id: str) -> None:
        """Kivy's default handler."""

    def offer(self, rows: list[RowData], page: int = 0) -> None:
        self.rows = [Row(data, place) for place, data in enumerate(sorted(rows, key=lambda r: bool(r.change)), 1)]
        self.page = page
        for row in self.rows:
            if row.button is not None:
                row.button.bind(on_chosen=lambda b: self.dispatch("on_change", b.control_id.removeprefix("change.")))

    def controls(self) -> list[Control]:
        """Rows and their buttons, in reading order."""
        found: list[Control] = []
        for row in self._pages[self.page]:
            found += [row] if row.button is None else [row, row.button]
        return found + ([self.pager.previous, self.pager.next] if len(self._pages) > 1 else [])

    def natural(self, look: Look, width: float, room: float) -> float:
        return room

    def least(self, look: Look, width: float) -> float:
        return max(row.natural(look, width, 0) for row in self.rows) + self.pager.natural(look, width, 0) + look.gap

    def arrange(self, look: Look) -> None:
        x, y, width, height = self.box
        low = self.pager.natural(look, width, height) + look.gap
        self._pages = self._paginate(look, width, height, y)
        if len(self._pages) > 1:
            self._pages = self._paginate(look, width, height - low, y + low)
        self.page = min(self.page, len(self._pages) - 1)
        self.clear_widgets()
        if len(self._pages) > 1:
            self.pager.turn_to(self.page, len(self._pages))
            self.add_widget(self.pager)
            self.pager.place(look, x, y, width, low - look.gap)
            y += low
        page = self._pages[self.page]
        heights = [row.natural(look, width, 0) for row in page]
        roomy = [row.comfortable(look, width) for row in page]
        if len(self._pages) == 1 and sum(roomy) <= self.top - y and self._is_reachable(look, page, roomy, y):
            heights = roomy
        at = self._top(look, page, heights, y)
        for row, high in zip(page, heights, strict=True):
            at -= high
            self.add_widget(row)
            row.place(look, x, at, width, high)
            if row.button is not None:
                self.add_widget(row.button)

    def _top(self, look: Look, page: list[Row], heights: list[float], y: float) -> float:
        """Top of the first row: as high as the buttons' reach allows."""
        top = self.top
        at = 0.0
        for row, high in zip(page, heights, strict=True):
            if row.button is not None:
                top = min(top, look.reach + at + (high - row._button_low(look)) / 2)
            at += high
        return max(top, y + sum(heights))

    def _paginate(self, look: Look, width: float, room: float, y: float) -> list[list[Row]]:
        pages: list[list[Row]] = [[]]
        used = 0.0
        for row in self.rows:
            high = row.natural(look, width, 0)
            if pages[-1] and (used + high > room or not self._fits(look, [*pages[-1], row], width, y)):
                pages.append([])
                used = 0.0
            pages[-1].append(row)
            used += high
        return pages

    def _fits(self, look: Look, page: list[Row], width: float, y: float) -> bool:
        return self._is_reachable(look, page, [row.natural(look, width, 0) for row in page], y)

    def _is_reachable(self, look: Look, page: list[Row], heights: list[float], y: float) -> bool:
        """Can this page stand so that every button lies in the lower two thirds?"""
        at = y + sum(heights)
        for row, high in zip(page, heights, strict=True):
            if row.button is not None and at - (high - row._button_low(look)) / 2 > look.reach:
                return False
            at -= high
        return True

    def _turn(self, pager: Pager, page: int) -> None:
        self.page = page
        if self.look is not None:
            self.arrange(self.look)
            part = self.parent
            while part is not None and not hasattr(part, "controls_changed"):
                part = part.parent
            if part is not None:
                part.controls_changed()
