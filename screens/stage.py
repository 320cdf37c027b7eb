"""The glass as the core sees it (``kiosk.visit.screen.Screen``), made with Kivy: one question, perhaps one overlay.

A new screen for every question, dropped when the next comes; what was typed stays with the same question. Knows which
screen shows which question, and no device.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kivy.lang import Builder

from hardware.keypad import Key
from kiosk.visit.questions import AskField, EnterCode, EnterKey, Welcome
from kiosk.visit.screen import Activity, Aids, Answer, Focused, GoBack, Reply, Tool
from screens.board import Board
from screens.plates import Plates
from screens.theme import PRIMARY_MM, SECONDARY_MM, THEMES, TITLE_MM, Look, font_px
from screens.widgets.banner import Banner

if TYPE_CHECKING:
    from datetime import datetime

    from kiosk.config import DisplaySection
    from kiosk.text import Text
    from kiosk.visit.questions import Overlay, Question
    from kiosk.visit.wording import Words
    from screens.lettering import Lettering
    from screens.widgets.frame import QuestionScreen
    from screens.widgets.part import Control

SCREENS = {  # question -> module (and layout) of its screen; AskField by its kind
    "Welcome": "welcome",
    "WayOut": "way_out",
    "Closed": "closed",
    "ChooseService": "choose_service",
    "Consent": "consent",
    "PresentCard": "present_card",
    "ChooseKey": "choose_key",
    "EnterKey": "enter_key",
    "ChooseWay": "choose_way",
    "GuardianConsent": "guardian_consent",
    "MatchFace": "match_face",
    "SharePictures": "share_pictures",
    "EnterCode": "enter_code",
    "WaitForClerk": "wait_for_clerk",
    "Review": "review",
    "Working": "working",
    "ShowReceipt": "show_receipt",
    "AlreadyDone": "already_done",
    "Trouble": "trouble",
    "TakeBelongings": "take_belongings",
    "Goodbye": "goodbye",
    "AskField.choice": "ask_choice",
    "AskField.yes_no": "ask_yes_no",
    "AskField.number": "ask_digits",
    "AskField.phone": "ask_digits",
    "AskField.id_number": "ask_digits",
    "AskField.date": "ask_digits",
    "AskField.text": "ask_text",
    "AskField.photo": "ask_photo",
}

_TOOL_KEYS = {Key.HELP: "help", Key.REPEAT: "repeat", Key.MORE_TIME: "more_time"}


class KivyScreen:
    """Implements ``kiosk.visit.screen.Screen``. All calls on the event loop."""

    def __init__(self, display: DisplaySection, lettering: Lettering, now: Callable[[], datetime]) -> None:
        self._display = display
        self._lettering = lettering
        self._plates = Plates()
        self._now = now
        self._loaded: dict[str, type[QuestionScreen]] = {}
        self._shown: tuple[Question, Words, Aids, str] | None = None
        self._reply: Callable[[Reply], None] = lambda reply: None
        self._overlay: Overlay | None = None
        self._aids = Aids()
        self._text: Text | None = None
        self.board = Board(display.dpi, lambda: self._reply(Activity()), self._note_update)
        self.on_news: Callable[[str], None] = lambda what: None  # "question", "overlay", "update": for the bench
        self.on_answer: Callable[[], None] = lambda: None  # something was chosen: another screen is about to come

    # -- what the core calls ----------------------------------------------------------------------------------------

    def show(self, question: Question, words: Words, aids: Aids, text: Text, reply: Callable[[Reply], None]) -> None:
        """Replace what is shown; the same question again keeps what was typed, the page and the focus."""
        self._reply = reply
        shown = (question, words, aids, text.language)
        if shown == self._shown:
            self.board.lay(None, self.look) if self._overlay else None
            self._overlay = None
            return
        old, kept, focus, caption = self.board.screen, None, "", ""
        if (
            old is not None
            and self._shown is not None
            and not self._overlay
            and (self._shown[2:] == shown[2:] and old.take(question, words))
        ):
            self._shown = shown
            self.on_news("update")
            return
        if old is not None and self._shown is not None and _is_same(self._shown[0], question):
            kept, focus, caption = old.state(), self.board.focus.id, old.caption.text
            if text.language != self._shown[3]:
                caption = ""
        self._shown, self._aids, self._text, self._overlay = shown, aids, text, None
        screen = self._screen_for(question)(
            question=question, words=words, look=self.look, kept=kept or {}, reply_to=self._answer
        )
        self.board.show(screen, self.look, focus)
        if caption:
            screen.caption.say(caption)
        self.on_news("question")

    def overlay(self, overlay: Overlay | None, words: Words | None) -> None:
        """Lay something over the question, or take it away."""
        self._overlay = overlay
        if overlay is None or words is None:
            self.board.lay(None, self.look)
        else:
            from screens.overlays import card_for  # noqa: PLC0415 - most visits show none

            self.board.lay(card_for(overlay, words, self.look, self._answer), self.look)
        self.on_news("overlay")

    def caption(self, text: str) -> None:
        """Exactly what is being said now."""
        if self.board.screen is not None:
            self.board.screen.caption.say(text)
        if self.board.card is not None:
            self.board.card.caption.say(text)

    def banner(self, text: str) -> None:
        """A sentence above the question, to be read only; "" takes it away."""
        if text or self.board.banner is not None:
            self.board.put_up(Banner(text) if text else None, self.look)
            self.on_news("update")

    def can_write(self, words: str) -> bool:
        """Tell whether the typeface has a glyph for every character."""
        return self._lettering.has(words)

    def status(self, text: str) -> None:
        """A short line about what a device does."""
        if self.board.screen is not None:
            self.board.screen.status(text)

    def press(self, key: Key) -> None:
        """A key of the keypad."""
        screen, card = self.board.screen, self.board.card
        if screen is None:
            return
        if key in _TOOL_KEYS:
            self._reply(Tool(_TOOL_KEYS[key]))
        elif isinstance(screen.question, Welcome) and card is None:
            self._reply(Answer(None))
        elif key in (Key.NEXT, Key.PREVIOUS):
            self._tell_focus(self.board.focus.move(+1 if key is Key.NEXT else -1))
        elif key is Key.SELECT:
            self._select()
        elif card is None and key is Key.BACK and screen.question.has_back:
            self._reply(GoBack())
        elif card is None and screen.type_key(key):
            self._note_update()
        elif not self._pick(key.value):
            self._reply(Activity())

    # -- for the window, the bench and the audit --------------------------------------------------------------------

    @property
    def look(self) -> Look:
        """Theme, sizes and words as they are now."""
        assert self._text is not None
        return Look(
            theme=THEMES[self._aids.theme], text_size=self._aids.text_size, width=self._display.width_px,
            height=self._display.height_px, dpi=self._display.dpi, lettering=self._lettering, plates=self._plates,
            text=self._text, now=self._now,
        )  # fmt: skip

    @property
    def shown(self) -> tuple[Question, Words] | None:
        """What is on the glass."""
        return self._shown[:2] if self._shown else None

    @property
    def question(self) -> Question | None:
        """The question on the glass, the object itself."""
        return self._shown[0] if self._shown else None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the glass in pixels."""
        return self._display.width_px, self._display.height_px

    @property
    def dpi(self) -> float:
        return self._display.dpi

    @property
    def overlaid(self) -> Overlay | None:
        return self._overlay

    def loads(self) -> Iterator[Callable[[], object]]:
        """Everything that would be loaded later, in small steps."""
        for bold in (True, False):
            for millimetres in (PRIMARY_MM[1], SECONDARY_MM[1], TITLE_MM[1]):
                size = font_px(millimetres, self._display.dpi)
                yield partial(self._lettering.texture, "0", size, bold=bold)
        for module in dict.fromkeys(SCREENS.values()):
            yield partial(self._load, module)
        yield partial(importlib.import_module, "screens.overlays")
        yield from self._lettering.loads()

    def tick(self) -> None:
        """Another minute: only the strip (and the welcome's clock) are drawn again."""
        if self.board.screen is not None:
            self.board.screen.tick()

    def wipe(self) -> None:
        """Drop the screen, what was typed, and every texture of a text."""
        self.board.close()
        self._shown = None
        self._overlay = None
        self._reply = lambda reply: None
        self._lettering.wipe()
        self._plates.wipe()

    # -- inside -----------------------------------------------------------------------------------------------------

    def _answer(self, reply: Reply) -> None:
        self.on_answer()
        self._reply(reply)

    def _screen_for(self, question: Question) -> type[QuestionScreen]:
        name = f"AskField.{question.kind}" if isinstance(question, AskField) else question.name
        return self._load(SCREENS[name])

    def _load(self, module: str) -> type[QuestionScreen]:
        if module not in self._loaded:
            code = importlib.import_module(f"screens.{module}")
            Builder.load_file(str(Path(code.__file__ or "").with_suffix(".kv")))
            self._loaded[module] = getattr(code, "".join(p.title() for p in module.split("_")) + "Screen")
        return self._loaded[module]

    def _select(self) -> None:
        selected = self.board.focus.select()
        if selected.control is None:
            self._tell_focus(self.board.focus.focused)
            return
        selected.control.choose()

    def _pick(self, number: str) -> bool:
        """Choose the control with this number; False when there is none."""
        for control in self.board.controls():
            if control.number == number:
                control.choose()
                return True
        return False

    def _tell_focus(self, focused: list[Control]) -> None:
        self.board.show_focus()
        self.on_news("update")
        if not focused or self._text is None:
            self._reply(Activity())
        elif len(focused) == 1:
            one = focused[0]
            self._reply(said_of(one, self._text))
        else:
            names = self._text(", ").join(c.name for c in focused)
            self._reply(Focused(self._text("A row: {names}. Press select to go in.", names=names)))

    def _note_update(self) -> None:
        self.on_news("update")


def said_of(control: Control, text: Text) -> Focused:
    """What is said when the focus comes to a control; nothing personal without a headset."""
    instead = (control.public or text("{name}: filled in.", name=control.name)) if control.is_private else ""
    return Focused(control.spoken, control.is_private, instead)


def _is_same(one: Question, other: Question) -> bool:
    if isinstance(one, AskField) and isinstance(other, AskField):
        return one.field_id == other.field_id and one.kind == other.kind
    if isinstance(one, EnterKey) and isinstance(other, EnterKey):
        return one.part == other.part
    if isinstance(one, EnterCode) and isinstance(other, EnterCode):
        return (one.trouble, one.attempts_left) == (other.trouble, other.attempts_left)  # a wrong code is typed anew
    return type(one) is type(other)
