"""A keyboard of real buttons: pinyin with numbered candidates, letters, digits with the words of an address.

Letters stand in the order of the alphabet: nobody has to know a typewriter, and keys are 26 mm wide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screens.pinyin import Candidate, PinyinTable
from screens.widgets.button import Key
from screens.widgets.part import Part

if TYPE_CHECKING:
    from screens.theme import Look

LETTERS = ("abcdefgh", "ijklmnop", "qrstuvwx", "yz")
FIGURES = ("12345678", "90-，。号楼栋", "单元室层门路街巷", "东西")
LATIN_FIGURES = ("12345678", "90-,.'/&", "()?:+#@!", "NS")
DOCUMENT = ("12345678", "90ABCDEF", "GHIJKLMN", "OPQRSTUV", "WXYZ")  # numbers of documents: capitals and digits
MODES = {"pinyin": "拼", "letters": "ab", "figures": "12"}
COLUMNS = 8
SHOWN = 6  # candidates at once


class Keyboard(Part):
    """``on_typed`` carries text to add, ``on_delete`` nothing, ``on_composed`` the letters so far."""

    __events__ = ("on_typed", "on_delete", "on_clear", "on_composed", "on_rebuilt")
    is_flexible = True

    def __init__(self, *, mode: str, words: dict[str, str], has_pinyin: bool, **properties: Any) -> None:
        self.mode = mode  # pinyin | letters | figures; document: capitals and digits, and nothing to change
        self.composing = ""
        self._words = words
        self._has_pinyin = has_pinyin
        self._table = PinyinTable() if has_pinyin else None
        self._first = 0
        self.candidates: tuple[Candidate, ...] = ()
        super().__init__(**properties)

    def on_typed(self, text: str) -> None:
        """Kivy's default handler."""

    def on_delete(self) -> None:
        """Kivy's default handler."""

    def on_clear(self) -> None:
        """Kivy's default handler."""

    def on_composed(self, letters: str) -> None:
        """Kivy's default handler."""

    def on_rebuilt(self) -> None:
        """Kivy's default handler."""

    def natural(self, look: Look, width: float, room: float) -> float:
        rows = self._rows
        return min(room, rows * look.mm(28) + (rows - 1) * look.mm(4.2))

    def least(self, look: Look, width: float) -> float:
        rows = self._rows
        return rows * max(look.key, look.lettering.pitch(look.primary) * 0.9) + (rows - 1) * look.mm(4.1)

    @property
    def _rows(self) -> int:
        return 5 if self._has_pinyin or self.mode == "document" else 4

    def arrange(self, look: Look) -> None:
        self.clear_widgets()
        gap = look.mm(4.1)
        rows = self._key_rows()
        if self._has_pinyin:
            rows.insert(0, self._candidate_row())
        high = (self.height - gap * (len(rows) - 1)) / len(rows)
        top = self.top
        for row in rows:
            wide = (self.width - gap * (COLUMNS - 1)) / COLUMNS
            x = self.x
            for key, span in row:
                width = wide * span + gap * (span - 1)
                if key is not None:
                    self.add_widget(key)
                    key.place(look, x, top - high, width, high)
                x += width + gap
            top -= high + gap

    # -- what is typed ----------------------------------------------------------------------------------------------

    def pick(self, place: int) -> bool:
        """Take the candidate with this number (1..); False when there is none."""
        at = self._first + place - 1
        if not self.composing or not 1 <= place <= SHOWN or at >= len(self.candidates):
            return False
        letter = self.candidates[at].letter
        self._compose("")
        self.dispatch("on_typed", letter)
        return True

    def delete(self) -> None:
        """The last letter of what is being composed, else of the text."""
        if self.composing:
            self._compose(self.composing[:-1])
        else:
            self.dispatch("on_delete")

    def _type(self, sign: str) -> None:
        if self.mode != "pinyin" or self._table is None or not sign.isalpha() or not sign.isascii():
            self.dispatch("on_typed", sign)
        elif self._table.may_follow(self.composing, sign):
            self._compose(self.composing + sign)
        elif self.composing and self.candidates and self._table.may_follow("", sign):
            self.pick(1)  # the syllable is over: its usual character, then the next one begins
            self._compose(sign)

    def _compose(self, letters: str) -> None:
        self.composing = letters
        self._first = 0
        self.candidates = self._table.candidates(letters) if self._table is not None else ()
        self.dispatch("on_composed", letters)
        self._rebuild()

    def _turn(self) -> None:
        self._first = self._first + SHOWN if self._first + SHOWN < len(self.candidates) else 0
        self._rebuild()

    def _set_mode(self, mode: str) -> None:
        self.mode = mode
        self._compose("")

    def _rebuild(self) -> None:
        if self.look is not None:
            self.arrange(self.look)
            self.dispatch("on_rebuilt")

    # -- keys -------------------------------------------------------------------------------------------------------

    def _key_rows(self) -> list[list[tuple[Key | None, int]]]:
        figures = FIGURES if self._has_pinyin else LATIN_FIGURES
        rows: list[list[tuple[Key | None, int]]] = []
        signs = {"figures": figures, "document": DOCUMENT}.get(self.mode, LETTERS)
        for place, row in enumerate(signs):
            keys: list[tuple[Key | None, int]] = []
            for sign in row:
                key = Key(id=f"key.{sign}", text=sign, row=f"letters{place}")
                key.bind(on_chosen=lambda _, s=sign: self._type(s))
                keys.append((key, 1))
            rows.append(keys)
        if self.mode == "document":
            delete = Key(id="delete", icon="delete", name=self._words["delete"], row="letters4")
            delete.bind(on_chosen=lambda *_: self.delete())
            clear = Key(id="clear", text=self._words["clear"], row="letters4", is_word=True)
            clear.bind(on_chosen=lambda *_: self.dispatch("on_clear"))
            rows[-1] += [(delete, 2), (clear, 2)]
            return rows
        space = Key(id="space", icon="space", name=self._words["space"], row="letters3")
        space.bind(on_chosen=lambda *_: self.dispatch("on_typed", " "))
        delete = Key(id="delete", icon="delete", name=self._words["delete"], row="letters3")
        delete.bind(on_chosen=lambda *_: self.delete())
        rows[-1] += [(space, 2 if len(self._modes()) == 3 else 3), (delete, 1), *self._mode_keys()]
        return rows

    def _modes(self) -> list[str]:
        return ["pinyin", "letters", "figures"] if self._has_pinyin else ["letters", "figures"]

    def _mode_keys(self) -> list[tuple[Key | None, int]]:
        keys: list[tuple[Key | None, int]] = []
        for mode in self._modes():
            key = Key(id=f"mode.{mode}", text=MODES[mode], name=self._words[mode], row="modes", is_word=True)
            key.is_chosen = mode == self.mode
            key.bind(on_chosen=lambda _, m=mode: self._set_mode(m))
            keys.append((key, 1))
        return keys

    def _candidate_row(self) -> list[tuple[Key | None, int]]:
        keys: list[tuple[Key | None, int]] = []
        shown = self.candidates[self._first : self._first + SHOWN]
        for place, candidate in enumerate(shown, 1):
            key = Key(id=f"candidate.{place}", text=candidate.letter, row="candidates")
            key.name = f"{place}，{candidate.letter}，{candidate.word}的{candidate.letter}"
            key.number = str(place)
            key.bind(on_chosen=lambda _, p=place: self.pick(p))
            keys.append((key, 1))
        keys += [(None, 1)] * (SHOWN - len(shown))
        more = Key(id="candidate.more", icon="more", name=self._words["more"], row="candidates")
        more.bind(on_chosen=lambda *_: self._turn())
        return [*keys, (more, 2) if len(self.candidates) > SHOWN else (None, 2)]
