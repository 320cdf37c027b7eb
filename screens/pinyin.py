"""Pinyin to characters: which characters a syllable may mean, the usual ones first, each with a word to tell it by.

The table (``pinyin.txt``) is made from pypinyin's dictionaries by ``python -m screens.pinyin`` and kept in the
repository, because building it takes a second and a resident waits for none. GB 2312 level 1, 3 755 characters.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("pinyin.txt")

# The five hundred most used characters, by falling use; others follow by the number of words they occur in.
_USUAL = (
    "的一是不了在有人我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去"
    "法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点"
    "正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿"
    "原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德"
    "资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交"
    "规万取拉格望觉术领共确传师观清今切院让识候带导争运楼灯坏井盖垃圾噪音堵"
)


@dataclass(frozen=True)
class Candidate:
    """A character, and a word it stands in: "shen, as in shenti"."""

    letter: str
    word: str


class PinyinTable:
    """Read once a screen; a look-up takes microseconds."""

    def __init__(self, file: Path = TABLE) -> None:
        self._rows = dict(
            line.split(" ", 1) for line in file.read_text(encoding="utf-8").splitlines()
        )  # parsed when asked for: the screen must not wait
        self._starts = {syllable[:end] for syllable in self._rows for end in range(1, len(syllable) + 1)}

    def candidates(self, typed: str) -> tuple[Candidate, ...]:
        """For a whole syllable its characters; for the beginning of one the usual characters of what may follow."""
        if typed in self._rows:
            return self._parsed(typed)
        if not typed or typed not in self._starts:
            return ()
        follow = [self._parsed(s, most=3) for s in sorted(self._rows) if s.startswith(typed)]
        return tuple(one[place] for place in range(3) for one in follow if place < len(one))

    def _parsed(self, syllable: str, most: int = -1) -> tuple[Candidate, ...]:
        tokens = self._rows[syllable].split(" ", most)[: most if most > 0 else None]
        return tuple(Candidate(token[0], token[1:] or token[0]) for token in tokens)

    def may_follow(self, typed: str, letter: str) -> bool:
        """Is there a syllable that begins like this?"""
        return typed + letter in self._starts


def make_table() -> str:
    """The text of ``pinyin.txt``, from pypinyin's dictionaries."""
    from pypinyin import Style, pinyin  # noqa: PLC0415 - only when the table is made
    from pypinyin.constants import PHRASES_DICT  # noqa: PLC0415

    letters = [bytes((0xA0 + row, 0xA0 + cell)).decode("gb2312") for row in range(16, 56) for cell in range(1, 95)
               if not (row == 55 and cell > 89)]  # fmt: skip
    count = Counter(letter for phrase in PHRASES_DICT for letter in phrase)
    usual = {letter: place for place, letter in enumerate(dict.fromkeys(_USUAL))}

    def rank(letter: str) -> tuple[int, int]:
        return usual.get(letter, len(usual)), -count[letter]

    known = set(letters)
    words: dict[str, str] = {}
    pairs = [p for p in PHRASES_DICT if len(p) == 2 and p[0] != p[1] and known.issuperset(p)]
    for phrase in sorted(pairs, key=lambda p: (sum(rank(letter)[0] for letter in p), -sum(count[c] for c in p), p)):
        for letter in phrase:
            words.setdefault(letter, phrase)
    table: dict[str, dict[str, int]] = {}
    for letter in letters:
        readings = pinyin(letter, style=Style.NORMAL, heteronym=True, v_to_u=False)[0]
        for place, syllable in enumerate(readings):
            plain = syllable.replace("ü", "v")
            if plain.isascii() and plain.isalpha():
                table.setdefault(plain, {}).setdefault(letter, min(place, 1))
    lines = []
    for syllable in sorted(table):
        order = sorted(table[syllable], key=lambda c: (table[syllable][c], *rank(c)))
        lines.append(f"{syllable} {' '.join(c + words.get(c, '') for c in order)}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    TABLE.write_text(make_table(), encoding="utf-8")
