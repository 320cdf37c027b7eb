"""The row of actions: Back and Leave at the left, the one primary action at the right and twice as wide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screens.widgets.button import WordButton
from screens.widgets.part import Part

if TYPE_CHECKING:
    from screens.theme import Look


class Actions(Part):
    """``on_back``, ``on_leave``, ``on_primary``. What a question does not have is not there."""

    __events__ = ("on_back", "on_leave", "on_primary")
    zone = "frame"

    def __init__(self, *, back: str = "", leave: str = "", primary: str = "", **properties: Any) -> None:
        super().__init__(**properties)
        self.quiet: list[WordButton] = []
        if back:
            self.quiet.append(WordButton(id="back", text=back, icon="back", row="actions"))
        if leave:
            self.quiet.append(WordButton(id="leave", text=leave, row="actions"))
        self.primary = WordButton(id="primary", text=primary, kind="primary", row="actions") if primary else None
        for button in (*self.quiet, *([self.primary] if self.primary else [])):
            button.bind(on_chosen=lambda chosen: self.dispatch(f"on_{chosen.control_id}"))
            self.add_widget(button)
        self._rows: list[list[tuple[WordButton, float]]] = []

    def on_back(self) -> None:
        """Kivy's default handler."""

    def on_leave(self) -> None:
        """Kivy's default handler."""

    def on_primary(self) -> None:
        """Kivy's default handler."""

    def natural(self, look: Look, width: float, room: float) -> float:
        self._rows = self._arrangement(look, width)
        return sum(self._height(look, row) for row in self._rows) + look.gap * max(len(self._rows) - 1, 0)

    def arrange(self, look: Look) -> None:
        top = self.top
        for row in self._rows:
            height = self._height(look, row)
            x = self.x
            for button, width in row:
                button.place(look, x, top - height, width, height)
                x += width + look.gap
            top -= height + look.gap

    def _height(self, look: Look, row: list[tuple[WordButton, float]]) -> float:
        return max((button.natural(look, width, 0) for button, width in row), default=0.0)

    def _arrangement(self, look: Look, width: float) -> list[list[tuple[WordButton, float]]]:
        for button in self.quiet:
            button.icon = "back" if button.control_id == "back" and look.text_size < 2 else ""
        quiet = [b.wanted_width(look) for b in self.quiet]
        gap = look.gap
        if self.primary is None:
            if not self.quiet:
                return []
            each = min((width - gap * (len(quiet) - 1)) / len(quiet), max(*quiet, width * 0.3))
            return [[(b, each) for b in self.quiet]]
        if not self.quiet:
            return [[(self.primary, width)]]
        comfortable = max([*quiet, width * (0.235 if len(quiet) == 2 else 0.32)])
        for each in (comfortable, max(quiet)):
            left = width - sum([each + gap for _ in quiet])
            longest = max(look.lettering.width(w, look.primary, bold=True) for w in _words(self.primary.text))
            lines = look.lettering.lines(self.primary.text, look.primary, max(left - look.mm(8), 1), bold=True)
            if left >= each * 1.5 and len(lines) <= 2 and longest <= left - look.mm(8):
                return [[*((b, each) for b in self.quiet), (self.primary, left)]]
        each = (width - gap * (len(quiet) - 1)) / len(quiet)
        return [[(self.primary, width)], [(b, each) for b in self.quiet]]


def _words(text: str) -> list[str]:
    return text.split() or [""]
