"""Check your answers before they are sent: row by row, each with where it came from. Answers None or a field id."""

from __future__ import annotations

from typing import Any

from screens.widgets.frame import QuestionScreen
from screens.widgets.rows import Row, RowData, RowList


class ReviewScreen(QuestionScreen):
    """``Review``."""

    def build(self) -> None:
        rows = [
            RowData(
                row.field_id, row.label, row.value, self.label(row.source),
                self.label("change") if row.can_change else "", row.is_private,
            )
            for row in self.question.rows
        ]  # fmt: skip
        self.rows = RowList()
        self.rows.offer(rows, self.kept.get("page", 0))
        for row in self.rows.rows:
            row.bind(on_chosen=self._read)
        self.rows.bind(on_change=lambda _, field_id: self.answer(field_id))
        self.add_widget(self.rows)

    def _read(self, row: Row) -> None:
        """A touch on a row reads it out; only its button changes it."""
        self.say(row.spoken, is_private=row.is_private, instead=self.look.text("{name}: filled in.", name=row.name))

    def state(self) -> dict[str, Any]:
        return {"page": self.rows.page}
