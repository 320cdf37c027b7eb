"""A fire: the way out, over the whole glass. Nothing can be chosen; everything on it is said, in two languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screens.widgets.exit_sign import ExitSign
from screens.widgets.frame import QuestionScreen

if TYPE_CHECKING:
    from screens.theme import Look


class WayOutScreen(QuestionScreen):
    """Without the strip, the caption and the tools: what is said stands there already (R11)."""

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        for part in (self.strip, self.header, self.caption, self.actions, self.toolbar):
            self.remove_widget(part)
        self.parts = [part for part in self.parts if isinstance(part, ExitSign)]

    def build(self) -> None:
        self.add_widget(ExitSign(direction=self.question.direction, labels=self.words.labels))

    def arrange(self, look: Look) -> None:
        for part in self.parts:
            part.place(look, 0, 0, look.width, look.height)
