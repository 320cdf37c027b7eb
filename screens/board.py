"""The board: the one widget on the window. Holds the screen and the overlay above it, the finger and the focus.

Knows parts and controls, neither questions nor devices.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kivy.clock import Clock
from kivy.graphics import Color, SmoothLine
from kivy.uix.widget import Widget

from screens.focus import FocusPath
from screens.theme import MM_PER_INCH, rgba
from screens.touch import Finger
from screens.widgets.part import Control, Part, inset

if TYPE_CHECKING:
    from screens.theme import Look
    from screens.widgets.frame import QuestionScreen
    from screens.widgets.overlay import OverlayCard

RELEASE_S = 0.06


class Board(Widget):
    """``missed`` is called for a touch that hits nothing; ``changed`` when other controls are there."""

    def __init__(self, dpi: float, missed: Callable[[], None], changed: Callable[[], None], **properties: Any) -> None:
        super().__init__(size_hint=(None, None), **properties)
        self.screen: QuestionScreen | None = None
        self.card: OverlayCard | None = None
        self.banner: Part | None = None
        self.focus: FocusPath[Control] = FocusPath()
        self.finger = Finger(self._control_at, missed, time.monotonic, dpi / MM_PER_INCH, self._release)
        self._changed = changed
        self._look: Look | None = None
        self._below = ""  # where the focus was under the overlay

    def show(self, screen: QuestionScreen, look: Look, keep_focus: str = "") -> None:
        """Put ``screen`` on the glass in place of the one before, which is closed."""
        self.finger.let_go()
        if self.screen is not None:
            self.remove_widget(self.screen)
            self.screen.close()
        if self.card is not None:
            self.lay(None, look)
        self.screen = screen
        self._look = look
        self.size = (look.width, look.height)
        self.on_parent()
        screen.changed = self._controls_changed
        screen.place(look, 0, 0, look.width, look.height)
        self.add_widget(screen)
        self._lift_banner(look)
        if not keep_focus:
            self.focus.clear()
        self.focus.follow(screen.controls(), keep_focus)
        self.show_focus()

    def on_parent(self, *_: object) -> None:
        """The window's own ground is the paper: cheaper than filling the whole glass once more."""
        window = self.get_parent_window()
        if window is not None and self._look is not None:
            window.clearcolor = rgba(self._look.theme.paper)

    def lay(self, card: OverlayCard | None, look: Look) -> None:
        """Lay ``card`` over the screen, or take it away."""
        self.finger.let_go()
        is_first = self.card is None
        if self.card is not None:
            self.remove_widget(self.card)
            self.card.close()
        self.card = card
        self._look = look
        if card is None:
            if self.screen is not None:
                self.focus.clear()
                self.focus.follow(self.screen.controls(), self._below)
        else:
            keep = "" if is_first else self.focus.id
            if is_first:
                self._below = self.focus.id
            self._blur()
            card.place(look, 0, 0, look.width, look.height)
            self.add_widget(card)
            self._lift_banner(look)
            self.focus.clear()
            self.focus.follow(card.controls(), keep)
        self.show_focus()

    def put_up(self, banner: Part | None, look: Look) -> None:
        """Show ``banner`` above everything, or take it down."""
        if self.banner is not None:
            self.remove_widget(self.banner)
        self.banner = banner
        self._lift_banner(look)

    def _lift_banner(self, look: Look) -> None:
        if self.banner is not None:
            self.remove_widget(self.banner)
            low = self.banner.natural(look, look.width, look.height)
            self.banner.place(look, 0, look.height - low, look.width, low)
            self.add_widget(self.banner)

    def controls(self) -> list[Control]:
        """What can be chosen now: the overlay's own, else the screen's."""
        if self.card is not None:
            return self.card.controls()
        return self.screen.controls() if self.screen is not None else []

    def show_focus(self) -> None:
        """Draw the ring where the focus is: around a control, or around a whole row."""
        focused = self.focus.focused
        for control in self._everything():
            control.focus_on(len(focused) == 1 and control is focused[0])
        self.canvas.after.clear()
        if len(focused) > 1 and self._look is not None:
            look = self._look
            left = min(c.x for c in focused)
            bottom = min(c.y for c in focused)
            box = (left, bottom, max(c.right for c in focused) - left, max(c.top for c in focused) - bottom)
            off, width = look.mm(0.8), look.mm(2.2)
            is_bar = focused[0].role == "tool" and look.theme.name == "default"
            with self.canvas.after:
                Color(*rgba(look.theme.human if is_bar else look.theme.focus))
                SmoothLine(rounded_rectangle=(*inset(box, -off), look.mm(5)), width=width / 2)

    def close(self) -> None:
        """Take everything down."""
        for part in (self.card, self.screen):
            if part is not None:
                part.close()
        self.clear_widgets()
        self.canvas.after.clear()
        self.card = self.screen = self.banner = None
        self.focus.follow([])

    def _blur(self) -> None:
        for control in self._everything():
            control.focus_on(False)

    def _everything(self) -> list[Control]:
        screen = self.screen.controls() if self.screen is not None else []
        return screen + (self.card.controls() if self.card is not None else [])

    def _controls_changed(self) -> None:
        self.finger.let_go()
        if self.card is None:
            self.focus.follow(self.controls())
            self.show_focus()
        self._changed()

    def _control_at(self, x: float, y: float) -> Control | None:
        for control in self.controls():
            left, bottom, width, height = control.box
            if left <= x <= left + width and bottom <= y <= bottom + height:
                return control
        return self.screen.anywhere if self.card is None and self.screen is not None else None

    def _release(self, control: Any) -> None:
        """Unpressed a moment later: when another screen comes, no frame is drawn for the old one on the way."""

        def unpress(_dt: float) -> None:
            if not self.finger.holds(control):
                control.press(False)

        Clock.schedule_once(unpress, RELEASE_S)

    # -- Kivy's touches ---------------------------------------------------------------------------------------------

    def on_touch_down(self, touch: Any) -> bool:
        if not touch.is_mouse_scrolling and getattr(touch, "button", None) in (None, "left"):
            self.finger.down(touch.uid, touch.x, touch.y)
        return True

    def on_touch_move(self, touch: Any) -> bool:
        self.finger.move(touch.uid, touch.x, touch.y)
        return True

    def on_touch_up(self, touch: Any) -> bool:
        self.finger.up(touch.uid, touch.x, touch.y)
        return True
