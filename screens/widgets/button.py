"""Buttons: the primary action, the quiet ones beside it, keys, and the tools of the tool bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screens.widgets.part import Box, Control, inset

if TYPE_CHECKING:
    from screens.theme import Look


class WordButton(Control):
    """A word on a plate. ``kind``: "primary" is the one that goes on, "plain" the others."""

    def __init__(self, *, text: str = "", kind: str = "plain", icon: str = "", **properties: Any) -> None:
        self.text = text
        self.kind = kind
        self.size_kind = "primary"
        self.icon = icon  # before the word; "next" comes after it
        properties.setdefault("name", text)
        super().__init__(**properties)

    def wanted_width(self, look: Look) -> float:
        """Width for the word on one line."""
        return look.lettering.width(self.text, self._size(look), bold=True) + self._icon_room(look) + 2 * look.mm(5)

    def natural(self, look: Look, width: float, room: float) -> float:
        inner = width - 2 * look.mm(4) - self._icon_room(look)
        text = self.text_height(look, self.text, self._size(look), inner, bold=True, balanced=True)
        return max(look.target, text + look.mm(5))

    def draw(self, look: Look) -> None:
        theme = look.theme
        ground, ink = (theme.primary, theme.on_primary) if self.kind == "primary" else (theme.surface, theme.ink)
        if not self.is_enabled:
            ground, ink = theme.sand, theme.ink
        if self.is_pressed:
            ground, ink = (theme.human, theme.on_human) if self.kind == "primary" else (theme.ink, theme.paper)
            if ground == theme.surface:
                ground, ink = theme.paper, theme.ink
        if self.is_enabled:
            self.plate(
                self.box, ground, theme.ink if self.kind != "primary" or self.is_pressed else theme.primary, look
            )
        else:
            self.fill(inset(self.box, look.border / 2), ground, look.radius)
            self.dashes(self.box, theme.ink, look)
        self._label(look, inset(self.box, look.mm(3)), ink, ground)
        self.draw_ring(look)

    def _label(self, look: Look, box: Box, ink: str, ground: str) -> None:
        x, y, width, height = box
        icon = self._icon_room(look)
        if not icon:
            self.write(self.text, box, self._size(look), ink, ground=ground, bold=True, align="center", balanced=True)
            return
        side = self._size(look) * 0.8
        lines = look.lettering.lines(self.text, self._size(look), width - icon, bold=True, balanced=True)
        text = max(look.lettering.width(line, self._size(look), bold=True) for line in lines)
        left = x + (width - text - icon) / 2
        is_after = self.icon == "next"
        at = left + text + icon - side if is_after else left
        self.sign(self.icon, (at, y + (height - side) / 2, side, side), ink, ground)
        room = (left + (0 if is_after else icon), y, text + 2, height)
        self.write("\n".join(lines), room, self._size(look), ink, ground=ground, bold=True, align="center")

    def _size(self, look: Look) -> int:
        return look.primary if self.size_kind == "primary" else look.secondary

    def _icon_room(self, look: Look) -> float:
        return self._size(look) * 0.8 + look.mm(2.5) if self.icon else 0.0


class Key(Control):
    """A key of a pad: a digit, a letter or a sign."""

    def __init__(self, *, text: str = "", icon: str = "", is_word: bool = False, **properties: Any) -> None:
        self.text = text
        self.icon = icon
        self.is_word = is_word  # a word instead of one sign: smaller
        self.is_chosen = False  # one of several, the present one
        properties.setdefault("name", text)
        properties.setdefault("role", "key")
        super().__init__(**properties)

    def draw(self, look: Look) -> None:
        theme = look.theme
        is_dark = self.is_pressed != self.is_chosen
        ground, ink = (theme.ink, theme.paper) if is_dark else (theme.surface, theme.ink)
        self.plate(self.box, ground, theme.ink, look, radius=look.mm(5))
        if self.icon:
            side = look.primary * 1.05
            x, y, width, height = self.box
            self.sign(self.icon, (x + (width - side) / 2, y + (height - side) / 2, side, side), ink, ground)
        else:
            size = self._size(look)
            x, y, width, height = inset(self.box, look.border)
            beside = look.lettering.width(self.number, look.secondary) if self.number else 0.0
            room = (x, y, width - beside, height)
            self.write(self.text, room, size, ink, ground=ground, bold=True, align="center")
            if self.number:
                room = (x, y, width - look.mm(1), height)
                self.write(self.number, room, look.secondary, ink, ground=ground, align="right", valign="bottom")
        self.draw_ring(look, radius=look.mm(5))

    def _size(self, look: Look) -> int:
        if not self.is_word:
            return look.primary
        room = self.width - 2 * look.mm(2)
        fits = look.lettering.width(self.text, look.primary, bold=True) <= room
        return look.primary if fits else look.secondary


class ToolButton(Control):
    """A sign with a word under it, in the tool bar. ``is_human`` is the way to a person, in amber."""

    def __init__(self, *, text: str = "", icon: str = "", is_human: bool = False, **properties: Any) -> None:
        self.text = text
        self.icon = icon
        self.is_human = is_human
        properties.setdefault("role", "tool")
        super().__init__(**properties)

    def draw(self, look: Look) -> None:
        theme = look.theme
        ground, ink = (theme.human, theme.on_human) if self.is_human else (theme.bar, theme.on_bar)
        if self.is_pressed:
            ground, ink = ink, ground
        if self.is_human or self.is_pressed:
            edge = theme.on_bar if self.is_human and ground == theme.bar else ground
            self.plate(self.box, ground, edge, look, radius=look.mm(5), border=look.border)
        x, y, width, height = self.box
        lines = look.lettering.lines(self.text, look.secondary, width, bold=self.is_human, balanced=True)
        words = look.lettering.pitch(look.secondary) * 0.92 * len(lines)
        side = look.secondary * 1.0
        rest = height - words - side
        bottom = y + rest * 0.42
        for number, line in enumerate(reversed(lines)):
            step = look.lettering.pitch(look.secondary) * 0.92
            room = (x, bottom + number * step, width, step)
            self.write(line, room, look.secondary, ink, ground=ground, bold=self.is_human, align="center")
        sign = (x, bottom + words + rest * 0.12, width, side)
        if len(self.icon) <= 2:
            self.write(self.icon, sign, look.secondary, ink, ground=ground, bold=True, align="center")
        else:
            self.sign(self.icon, sign, ink, ground)
        self.draw_ring(look, colour=theme.human if theme.name == "default" else theme.focus, radius=look.mm(5))
