"""The receipt: what was done, its number, what comes next. Answers "done", "read" or "large"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screens.widgets.choice import Choice
from screens.widgets.frame import QuestionScreen
from screens.widgets.pager import Pager
from screens.widgets.paper import Paper

if TYPE_CHECKING:
    from screens.theme import Look


class ShowReceiptScreen(QuestionScreen):
    """``ShowReceipt``; the paper takes several pages where letters are large."""

    def build(self) -> None:
        self.paper = Paper(self.question.lines, self.question.qr)
        self.paper.page = self.kept.get("page", 0)
        self.add_widget(self.paper)
        for answer, icon in (("read", "sound"), ("large", "large")):
            if self.label(answer):
                row = Choice(id=answer, text=self.label(answer), icon=icon)
                row.bind(on_chosen=lambda chosen: self.answer(chosen.control_id))
                self.add_widget(row)
        self.pager = Pager()
        self.pager.bind(on_turned=self._turn)

    def place_upper(self, look: Look, x: float, bottom: float, width: float, top: float) -> None:
        super().place_upper(look, x, bottom, width, top)
        pages = len(self.paper.pages(look, width, self.paper.height))
        if pages == 1:
            return
        low = self.pager.natural(look, width, 0)
        at = self.paper.y
        self.paper.place(look, x, at + low + look.gap, width, max(top - at - low - look.gap, 0))
        pages = len(self.paper.pages(look, width, self.paper.height))
        self.paper.page = min(self.paper.page, pages - 1)
        self.paper.redraw()
        self.pager.turn_to(self.paper.page, pages)
        if self.pager not in self.parts:
            self.parts.insert(self.parts.index(self.paper) + 1, self.pager)
            self.pager.zone = "frame"
            self.add_widget(self.pager)
        self.pager.place(look, x, at, width, low)

    def go_on(self) -> None:
        self.answer("done")

    def state(self) -> dict[str, Any]:
        return {"page": self.paper.page}

    def _turn(self, _pager: Pager, page: int) -> None:
        self.paper.page = page
        self.paper.redraw()
        self.pager.turn_to(page, self.pager.count)
        self.pager.redraw()
        self.controls_changed()
