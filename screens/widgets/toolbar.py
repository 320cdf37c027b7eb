"""The tool bar: help, repeat, more time, bigger, sound, language, find someone; the same place on every screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiosk.text import NAMES, later
from screens.widgets.button import ToolButton
from screens.widgets.part import Part

if TYPE_CHECKING:
    from screens.theme import Look

TOOLS = (
    ("help", "?", later("Help")),
    ("repeat", "repeat", later("Repeat")),
    ("more_time", "more_time", later("More time")),
    ("bigger", "A+", later("Bigger")),
    ("sound", "sound", later("Sound")),
    ("language", "EN", later("Language")),
    ("find_someone", "telephone", later("Find someone")),
)
SIGNS = {"zh": "中", "en": "EN"}  # the language one gets, readable to those who want it


class ToolBar(Part):
    """Seven tools in one row, or in two where the words are large. ``on_tool`` carries the tool's name."""

    __events__ = ("on_tool",)
    zone = "frame"

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        self._rows: list[list[ToolButton]] = []
        self._widths: dict[str, float] = {}
        self.tools = [
            ToolButton(id=f"tool.{name}", icon=icon, is_human=name == "find_someone", row="tools")
            for name, icon, _ in TOOLS
        ]
        for tool in self.tools:
            tool.bind(on_chosen=lambda chosen: self.dispatch("on_tool", chosen.control_id.removeprefix("tool.")))
            self.add_widget(tool)

    def on_tool(self, name: str) -> None:
        """Kivy's default handler."""

    def natural(self, look: Look, width: float, room: float) -> float:
        self._prepare(look, width)
        return sum(self._row_height(look, row) for row in self._rows) + self._gap(look) * (len(self._rows) - 1) + (
            2 * look.mm(2)
        )  # fmt: skip

    def arrange(self, look: Look) -> None:
        gap, edge = self._gap(look), look.mm(2.5)
        top = self.top - look.mm(2)
        for row in self._rows:
            height = self._row_height(look, row)
            spare = self.width - 2 * edge - sum(self._widths[t.control_id] for t in row) - gap * (len(row) - 1)
            x = self.x + edge
            for tool in row:
                width = self._widths[tool.control_id] + spare / len(row)
                tool.place(look, x, top - height, width, height)
                tool.ground = look.theme.bar
                x += width + gap
            top -= height + gap

    def draw(self, look: Look) -> None:
        self.fill(self.box, look.theme.bar)
        if look.theme.bar == look.theme.paper:
            self.fill((self.x, self.top - look.border, self.width, look.border), look.theme.on_bar)

    def _gap(self, look: Look) -> float:
        return look.mm(4.1)

    def _row_height(self, look: Look, row: list[ToolButton]) -> float:
        lines = max(
            len(look.lettering.lines(t.text, look.secondary, self._words_width(look, t), bold=t.is_human)) for t in row
        )
        return max(look.key, look.secondary * (1.0 + 0.2) + look.lettering.pitch(look.secondary) * 0.92 * lines)

    def _words_width(self, look: Look, tool: ToolButton) -> float:
        return self._widths[tool.control_id] - look.mm(0.5)

    def _prepare(self, look: Look, width: float) -> None:
        """The first arrangement that fits: one line of words, two lines of words, two rows."""
        for tool, (name, _, words) in zip(self.tools, TOOLS, strict=True):
            tool.text = tool.name = look.text(words)
            if name == "language":
                other = look.text.next_language().language
                tool.icon = SIGNS[other]
                tool.name = f"{tool.text} {NAMES[other]}"
        room = width - 2 * look.mm(2.5)
        gap = self._gap(look)
        everyone = self.tools
        for lines, rows in ((1, [everyone]), (2, [everyone]), (1, [everyone[:4], everyone[4:]])):
            self._widths = {t.control_id: self._tool_width(look, t, lines) for t in everyone}
            self._rows = rows
            if all(sum(self._widths[t.control_id] for t in r) + gap * (len(r) - 1) <= room for r in rows):
                return
        self._rows = [everyone[:2], everyone[2:4], everyone[4:6], everyone[6:]]

    def _tool_width(self, look: Look, tool: ToolButton, lines: int) -> float:
        letters, bold = look.lettering, tool.is_human
        words = letters.width(tool.text, look.secondary, bold=bold)
        if lines == 2 and words > look.secondary * 2.9:
            latin = [w for w in tool.text.split() if w.isascii()]  # a Chinese word may be broken, a Latin one not
            width = max([words * 0.5, *(letters.width(w, look.secondary, bold=bold) for w in latin)])
            while len(letters.lines(tool.text, look.secondary, width, bold=bold)) > 2:
                width += 2
            words = max(
                letters.width(line, look.secondary, bold=bold)
                for line in letters.lines(tool.text, look.secondary, width, bold=bold)
            )
        spare = 2.2 if look.text_size < 3 else 0.6  # the gaps keep words apart
        return max(words + look.mm(spare + (1.2 if bold else 0)), look.key)
