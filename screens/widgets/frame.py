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

    def __init__(self, *, reply_to: Callable[[Reply], None], look: Look, **properties: Any) -> None:
        self.reply_to = reply_to
        self.anywhere: Control | None = None  # what a touch beside every control means
        self.parts: list[Part] = []
        self.status_text = ""
        self.changed: Callable[[], None] = lambda: None
        self._is_built = False
        super().__init__(look=look, **properties)
        question, words, text = self.question, self.words, look.text
        done, steps = question.progress
        self.strip = Strip(title=words.strip or text("Community service, day and night"), done=done, steps=steps)
        self.header = Header(title=words.title, help=words.help, trouble=self.trouble())
        self.caption = Caption()
        self.toolbar = ToolBar()
        self.actions = Actions(
            back=text("Back") if question.has_back else "",
            leave=text("Leave") if question.has_leave else "",
            primary=words.primary,
        )
        self.toolbar.bind(on_tool=lambda _, name: self.reply(Tool(name)))
        self.actions.bind(
            on_back=lambda *_: self.reply(GoBack()),
            on_leave=lambda *_: self.reply(Leave()),
            on_primary=lambda *_: self.go_on(),
        )
        self.build()
        self._is_built = True
        self.parts = [*self.children_in_order(), self.strip, self.header, self.caption, self.actions, self.toolbar]
        for part in self.parts[-5:]:
            self.add_widget(part)

    # -- what a question's own screen says --------------------------------------------------------------------------

    def build(self) -> None:
        """Make the parts that come from data and ``add_widget`` them."""

    def go_on(self) -> None:
        """The primary action."""
        self.answer(None)

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
        width, height = look.width, look.height
        inner = width - 2 * look.margin
        self.toolbar.place(look, 0, 0, width, self.toolbar.natural(look, width, height))
        y = self.toolbar.height + look.mm(5)
        low = self.actions.natural(look, inner, height)
        if low:
            self.actions.place(look, look.margin, y, inner, low)
            y += low + look.gap
        low = self.caption.natural(look, inner, height)
        self.caption.place(look, look.margin, y, inner, low)
        y += low + look.gap
        high = self.strip.natural(look, width, height)
        self.strip.place(look, 0, height - high, width, high)
        top = self._place_header(look, inner, height - high - look.mm(9 if look.text_size < 2 else 5))
        self.place_parts(look, look.margin, y, inner, top)

    def _place_header(self, look: Look, inner: float, top: float) -> float:
        header = self.header
        header.is_short = False
        low = header.natural(look, inner, top)
        if top - low < look.reach - look.gap and look.is_portrait:
            header.is_short = True
            low = header.natural(look, inner, top)
        header.place(look, look.margin, top - low, inner, low)
        return top - low - look.gap

    def place_parts(self, look: Look, x: float, y: float, width: float, top: float) -> None:
        """What can be touched goes to the bottom of its zone; what is read gets the room above it."""
        lower = [p for p in self.parts if p.zone == "lower"]
        upper = [p for p in self.parts if p.zone == "upper"]
        gap = look.gap
        room = (top if any(p.fills_upper for p in lower) else min(look.reach, top)) - y
        fixed = [p.natural(look, width, room) for p in lower if not p.is_flexible]
        left = room - stacked_height(fixed, gap) - (gap if fixed and len(fixed) < len(lower) else 0)
        heights = [p.natural(look, width, left if p.is_flexible else room) for p in lower]
        at = y + stacked_height(heights, gap)
        for part, high in zip(lower, heights, strict=True):
            part.place(look, x, at - high, width, high)
            at -= high + gap
        bottom = y + (stacked_height(heights, gap) + gap if lower else 0)
        for part in upper:
            part.place(look, x, bottom, width, max(top - bottom, 0))

    def draw(self, look: Look) -> None:
        self.fill((0, 0, look.width, look.height), look.theme.paper)

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
