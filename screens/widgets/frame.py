"""One screenful: strip, question, picture, choices, caption, actions, tool bar; the same anatomy for every question.

A screen's own parts come from its ``.kv`` or its ``.py``; the frame measures and places everything in one pass, keeps
what can be touched in the lower two thirds, and knows which control has the focus. Knows no question's meaning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kivy.properties import ObjectProperty

from kiosk.visit.screen import Answer, Focused, GoBack, Leave, Reply, Tool
from screens.widgets.actions import Actions
from screens.widgets.caption import Caption
from screens.widgets.header import Header
from screens.widgets.pager import Pager
from screens.widgets.part import Control, Part, stacked_height
from screens.widgets.strip import Strip
from screens.widgets.toolbar import ToolBar

if TYPE_CHECKING:
    from hardware.keypad import Key
    from kiosk.visit.questions import Question
    from kiosk.visit.wording import Words
    from screens.theme import Look


class QuestionScreen(Part):
    """Base of every screen. ``kept`` is what the same question showed before: typed text, page."""

    question: Question = ObjectProperty(None)
    words: Words = ObjectProperty(None)
    look: Look | None = ObjectProperty(None, allownone=True)
    kept: dict[str, Any] = ObjectProperty(None)

    has_leave = True  # False: leaving is among the screen's own choices

    def __init__(self, *, reply_to: Callable[[Reply], None], look: Look, **properties: Any) -> None:
        self.reply_to = reply_to
        self.anywhere: Control | None = None  # what a touch beside every control means
        self.parts: list[Part] = []
        self.status_text = ""
        self.changed: Callable[[], None] = lambda: None
        self._touched: list[Part] | None = None
        self._leaf_at = 0
        super().__init__(look=look, **properties)
        question, words, text = self.question, self.words, look.text
        done, steps = question.progress
        self.strip = Strip(title=words.strip or text("Community service, day and night"), done=done, steps=steps)
        self.header = Header(title=words.title, help=words.help, trouble=self.trouble())
        self.header.is_private = getattr(question, "is_help_private", False)
        self.caption = Caption()
        self.toolbar = ToolBar()
        self.actions = Actions(
            back=text("Back") if question.has_back else "",
            leave=text("Leave") if question.has_leave and self.has_leave else "",
            primary=words.primary,
        )
        self.toolbar.bind(on_tool=lambda _, name: self.reply(Tool(name)))
        self.actions.bind(
            on_back=lambda *_: self.reply(GoBack()),
            on_leave=lambda *_: self.reply(Leave()),
            on_primary=lambda *_: self.go_on(),
        )
        self.leaf_pager = Pager()
        self.leaf_pager.bind(on_turned=self._turn_leaf)
        self.build()
        self.parts = [*self.children_in_order(), self.strip, self.header, self.caption, self.actions, self.toolbar]
        for part in self.parts[-5:]:
            self.add_widget(part)

    # -- what a question's own screen says --------------------------------------------------------------------------

    def build(self) -> None:
        """Make the parts that come from data and ``add_widget`` them."""

    def go_on(self) -> None:
        """The primary action."""
        self.answer(None)

    def take(self, question: Question, words: Words) -> bool:
        """Show a question that differs a little from this one in place; False where a new screen is needed."""
        return False

    def trouble(self) -> str:
        """A sentence in place of the help: item, cause, remedy."""
        return self.words.help if getattr(self.question, "trouble", "") else ""

    def state(self) -> dict[str, Any]:
        """What the same question shown again wants back."""
        return {}

    def status(self, text: str) -> None:
        """A short line about what a device does."""
        self.status_text = text
        self.header.say(text)

    def type_key(self, key: Key) -> bool:
        """Take a digit or delete key; False when this screen types nothing."""
        return False

    def set_draft(self, text: str) -> None:
        """Put a whole text where one is typed (stories only)."""
        raise ValueError(f"{self.question.name} takes no text")

    def tick(self) -> None:
        """Another minute."""
        self.strip.redraw()

    def close(self) -> None:
        """The screen is going: let go of clocks, textures and rings."""
        self.caption.close()

    # -- replies ----------------------------------------------------------------------------------------------------

    def reply(self, reply: Reply) -> None:
        self.reply_to(reply)

    def answer(self, value: object) -> None:
        self.reply_to(Answer(value))

    def say(self, words: str, *, is_private: bool = False, instead: str = "") -> None:
        """Have a sentence said."""
        self.reply_to(Focused(words, is_private, instead))

    def label(self, key: str, default: str = "") -> str:
        """A word of this question by its answer."""
        return self.words.labels.get(key, default)

    # -- layout -----------------------------------------------------------------------------------------------------

    def children_in_order(self) -> list[Part]:
        return list(reversed(self.children))

    def arrange(self, look: Look) -> None:
        if not look.is_portrait:
            self._arrange_wide(look)
            return
        width, height = look.width, look.height
        inner = width - 2 * look.margin
        self.toolbar.place(look, 0, 0, width, self.toolbar.natural(look, width, height))
        y = self.toolbar.height + look.mm(5)
        low = self.actions.natural(look, inner, height)
        if low:
            self.actions.place(look, look.margin, y, inner, low)
            y += low + look.gap
        is_large = look.text_size >= 2  # then the caption is read above: the lower part is for the fingers
        if not is_large:
            y = self._place_caption(look, y, inner) + look.gap
        high = self.strip.natural(look, width, height)
        self.strip.place(look, 0, height - high, width, high)
        top = height - high - look.mm(4 if is_large else 9)
        top = self._place_header(look, inner, top, y, is_large=is_large)
        self.place_parts(look, look.margin, y, inner, top)

    def _arrange_wide(self, look: Look) -> None:
        """Two columns on a landscape panel: what is read at the left, what is touched at the right."""
        width, height = look.width, look.height
        inner = width - 2 * look.margin
        left = round(inner * 0.45)
        right = inner - left - 2 * look.gap
        self.toolbar.place(look, 0, 0, width, self.toolbar.natural(look, width, height))
        high = self.strip.natural(look, width, height)
        self.strip.place(look, 0, height - high, width, high)
        floor, ceiling = self.toolbar.height + look.mm(4), height - high - look.mm(5)
        low = self.actions.natural(look, inner, height)
        if low:
            self.actions.place(look, look.margin, floor, inner, low)
            floor += low + look.mm(4.2)
        beside = look.margin + left + 2 * look.gap
        above = self.place_lower(look, beside, floor, right, ceiling - floor)
        bottom = self._place_caption(look, floor, left) + look.gap
        needed = [p for p in self.parts if p.zone == "upper" and p.is_needed]
        heights = [p.natural(look, left, ceiling) for p in needed]
        self.header.is_short = False
        if self.header.natural(look, left, ceiling) + stacked_height(heights, look.gap) + look.gap > ceiling - bottom:
            self.header.is_short = True
        low = self.header.natural(look, left, ceiling)
        self.header.place(look, look.margin, ceiling - low, left, low)
        for part in needed:
            part.place(look, look.margin, bottom, left, max(ceiling - low - look.gap - bottom, 0))
        self.place_upper(look, beside, above, right, ceiling)

    def _place_caption(self, look: Look, y: float, inner: float) -> float:
        low = self.caption.natural(look, inner, 0)
        self.caption.place(look, look.margin, y, inner, low)
        return y + low

    def _place_header(self, look: Look, inner: float, top: float, bottom: float, *, is_large: bool) -> float:
        """Question and help; the help gives way to the caption where letters are large, and where room is short."""
        header = self.header
        header.is_short = is_large and not header.is_private  # a value that is asked about must be seen
        low = header.natural(look, inner, top)
        if not is_large and not self._has_room(look, inner, top - low - look.gap, bottom):
            header.is_short = True
            low = header.natural(look, inner, top)
        header.place(look, look.margin, top - low, inner, low)
        top -= low + look.gap
        if is_large:
            top -= self.caption.natural(look, inner, 0)
            self._place_caption(look, top, inner)
            top -= look.gap
        return top

    def _has_room(self, look: Look, width: float, top: float, bottom: float) -> bool:
        """Do the parts fit below ``top``, and can all that is touched lie within reach?"""
        lower = [p for p in self.parts if p.zone == "lower"]
        room = self._room(look, width, top, bottom)
        return stacked_height([p.least(look, width) for p in lower], look.gap) <= room

    def _room(self, look: Look, width: float, top: float, bottom: float) -> float:
        """Height for what is touched: within reach, and below what must be read above it."""
        if any(p.fills_upper for p in self.parts):
            return top - bottom
        needed = [p.natural(look, width, top) for p in self.parts if p.zone == "upper" and p.is_needed]
        return min(look.reach, top - stacked_height(needed, look.gap) - (look.gap if needed else 0)) - bottom

    def place_parts(self, look: Look, x: float, y: float, width: float, top: float) -> None:
        """What can be touched goes to the bottom of its zone; what is read gets the room above it."""
        bottom = self.place_lower(look, x, y, width, self._room(look, width, top, y))
        self.place_upper(look, x, bottom, width, top)

    def place_upper(self, look: Look, x: float, bottom: float, width: float, top: float) -> None:
        """What is only read: pictures, paper, entry."""
        for part in self.parts:
            if part.zone != "upper" or (part.is_needed and not look.is_portrait):
                continue
            part.place(look, x, bottom, width, max(top - bottom, 0))

    def place_lower(self, look: Look, x: float, y: float, width: float, room: float) -> float:
        """What is touched, one above the other; give back where the room above it begins."""
        lower = self._leaf(look, width, room)
        gap = look.gap
        fixed = [p.natural(look, width, room) for p in lower if not p.is_flexible]
        left = room - stacked_height(fixed, gap) - (gap if fixed and len(fixed) < len(lower) else 0)
        heights = [p.natural(look, width, left if p.is_flexible else room) for p in lower]
        at = y + stacked_height(heights, gap)
        for part, high in zip(lower, heights, strict=True):
            part.place(look, x, at - high, width, high)
            at -= high + gap
        return y + (stacked_height(heights, gap) + gap if lower else 0)

    def _leaf(self, look: Look, width: float, room: float) -> list[Part]:
        """The parts to touch that are shown now: all, or a page of them with a pager where letters are very large."""
        if self._touched is None:
            self._touched = [p for p in self.parts if p.zone == "lower"]
        leaves = _leaves(self._touched, [p.least(look, width) for p in self._touched], look.gap, room)
        shown = self._touched
        if len(leaves) > 1:
            room -= self.leaf_pager.natural(look, width, room) + look.gap
            leaves = _leaves(self._touched, [p.least(look, width) for p in self._touched], look.gap, room)
            self._leaf_at = min(self._leaf_at, len(leaves) - 1)
            self.leaf_pager.turn_to(self._leaf_at, len(leaves))
            shown = [*leaves[self._leaf_at], self.leaf_pager]
        rest = [p for p in self.parts if p.zone != "lower"]
        for part in [*self._touched, self.leaf_pager]:
            is_here, is_wanted = part.parent is not None, part in shown
            if is_here and not is_wanted:
                self.remove_widget(part)
            elif is_wanted and not is_here:
                self.add_widget(part)
        self.parts = [*shown, *rest]
        return shown

    def _turn_leaf(self, _pager: Pager, leaf: int) -> None:
        self._leaf_at = leaf
        assert self.look is not None
        self.arrange(self.look)
        self.controls_changed()

    # -- controls ---------------------------------------------------------------------------------------------------

    def controls(self) -> list[Control]:
        """Everything that can be chosen, in the order in which the focus moves."""
        return controls_in(self.parts)

    def controls_changed(self) -> None:
        """Other controls are here now."""
        self.changed()


def controls_in(parts: list[Part]) -> list[Control]:
    """All enabled controls in and under ``parts``, depth first, in order of making."""
    found: list[Control] = []
    for part in parts:
        if isinstance(part, Control):
            found.append(part)
        elif hasattr(part, "controls"):
            found += part.controls()
        else:
            found += controls_in(list(reversed(part.children)))
    return found


def _leaves(parts: list[Part], heights: list[float], gap: float, room: float) -> list[list[Part]]:
    """Parts that fit above one another, page by page."""
    leaves: list[list[Part]] = [[]]
    used = 0.0
    for part, height in zip(parts, heights, strict=True):
        if leaves[-1] and used + height > room:
            leaves.append([])
            used = 0.0
        leaves[-1].append(part)
        used += height + gap
    return leaves
