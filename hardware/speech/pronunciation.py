"""What a voice is fed so that it says a sentence right.

Debian's Mandarin voice reads characters with the wrong polyphones, so Chinese goes to it as tone-numbered pinyin
(``yin2 hang2``): our own phrase list first, then pypinyin. The English voice gets figures spelt and dates in words.
Pure text to text; refuses to know voices, sound and who is spoken to.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pypinyin import Style, lazy_pinyin
from pypinyin.constants import PHRASES_DICT

from hardware.speech.english import write_out_english
from hardware.speech.numerals import write_out

_HANZI = "一-鿿㐀-䶿"
_TITLE = re.compile(
    rf"[{_HANZI}]{{0,2}}?(?:先生|女士|同志|师傅|老师|阿姨|叔叔|大爷|大妈|奶奶|爷爷|老人家|医生|主任|小姐)"
)

_BEFORE_NAMES = ("您好", "你好", "我是", "您是", "我叫", "名叫", "居民", "姓名", "姓名是", "感谢")
_NAME_EXPECTED = re.compile(r"(?:您好|你好|欢迎|我是|您是|我叫|居民)[：:，,、 ]*$")
_NAME_FOLLOWS = re.compile(r"(?:姓名|姓名是|名字|名叫|户主|联系人|监护人)[：:，,、 ]*$")
_STOPS = {
    **dict.fromkeys("，、；：,;:（）()—…", ","),
    **dict.fromkeys("。.", "."),
    "！": "!",
    "!": "!",
    "？": "?",
    "?": "?",
}
_TOKEN = re.compile(rf"([{_HANZI}]+)|([A-Za-z]+)|(.)", re.DOTALL)


@dataclass(frozen=True)
class Phrases:
    """Readings of our own, from ``phrases.toml``: words, family names and letters to space-separated syllables."""

    words: dict[str, str]
    surnames: dict[str, str]
    letters: dict[str, str]

    @property
    def longest(self) -> int:
        return max(map(len, self.words))


def load_phrases(path: Path | None = None) -> Phrases:
    """Read the phrase list. Raises ValueError naming the phrase whose syllables do not fit its characters."""
    path = path or Path(__file__).with_name("phrases.toml")
    tables = tomllib.loads(path.read_text("utf-8"))
    phrases = Phrases(tables["words"], tables["surnames"], tables["letters"])
    for phrase, reading in (*phrases.words.items(), *phrases.surnames.items()):
        syllables = reading.split()
        if len(syllables) != len(phrase) or not all(re.fullmatch(r"[a-zü]+[1-5]", s) for s in syllables):
            raise ValueError(f"{path}: {phrase!r} = {reading!r}: one tone-numbered syllable a character is needed")
    return phrases


class Pronouncer:
    """Turns sentences into what the voices read. Holds the phrase list; keeps no sentence."""

    def __init__(self, phrases: Phrases | None = None) -> None:
        self._phrases = phrases or load_phrases()

    def feed(self, text: str, language: str) -> str:
        """Give back what the voice of ``language`` ("zh" or "en") is fed. Empty when nothing can be spoken."""
        return self.to_pinyin(text) if language == "zh" else self.to_english(text)

    def to_english(self, text: str) -> str:
        """Write figures out for the English voice; Chinese names become pinyin without tones."""

        def romanise(found: re.Match[str]) -> str:
            syllables = [re.sub(r"\d", "", s) for _, s in self._read(found[0], found.string, found.start())]
            return " " + "".join(syllables[:1]).capitalize() + " " + "".join(syllables[1:]).capitalize() + " "

        return re.sub(r"\s+", " ", re.sub(rf"[{_HANZI}]+", romanise, write_out_english(text))).strip()

    def to_pinyin(self, text: str) -> str:
        """Chinese to tone-numbered pinyin: ``您好。`` -> ``nin2 hao3 .``; 5 is the neutral tone, ü is ``v``."""
        text = write_out(text)
        parts: list[str] = []
        for token in _TOKEN.finditer(text):
            hanzi, letters, other = token.groups()
            if hanzi:
                parts += [s for _, s in _bend(list(self._read(hanzi, text, token.start())), text, token.end())]
            elif letters:
                parts += [self._phrases.letters[letter] for letter in letters.upper()]
            elif other in _STOPS and parts:
                if parts[-1] in _STOPS.values():
                    parts.pop()
                parts.append(_STOPS[other])
        return " ".join(parts) if any(part not in _STOPS.values() for part in parts) else ""

    def _read(self, hanzi: str, text: str, place: int) -> Iterator[tuple[str, str]]:
        """Yield (character, syllable) of a run of characters; ``text`` and ``place`` give its surroundings."""
        rest = ""
        index = 0
        while index < len(hanzi):
            found = self._surname(hanzi, index, text, place) or self._word(hanzi, index)
            if found is None:
                rest += hanzi[index]
                index += 1
                continue
            yield from _pypinyin(rest)
            rest = ""
            phrase, reading = found
            yield from zip(phrase, reading.split(), strict=True)
            index += len(phrase)
        yield from _pypinyin(rest)

    def _word(self, hanzi: str, index: int) -> tuple[str, str] | None:
        for size in range(min(self._phrases.longest, len(hanzi) - index), 0, -1):
            phrase = hanzi[index : index + size]
            if phrase in self._phrases.words:
                return phrase, self._phrases.words[phrase]
        return None

    def _surname(self, hanzi: str, index: int, text: str, place: int) -> tuple[str, str] | None:
        """A family name: before a title, after 姓, or as a name by itself where a name is expected."""
        known = self._phrases.surnames
        surname = next((hanzi[index : index + size] for size in (2, 1) if hanzi[index : index + size] in known), "")
        if not surname:
            return None
        before, after = hanzi[:index], hanzi[index + len(surname) :]
        is_word = len(surname) == 1 and hanzi[index : index + 2] in PHRASES_DICT
        starts = not before or before.endswith(_BEFORE_NAMES)
        has_title = starts and _TITLE.match(after) is not None
        lead = text[:place] + before
        is_name = len(after) <= 2 and (_NAME_EXPECTED.search(lead) is not None or not re.sub(r"\W", "", lead))
        is_told = before.endswith("姓") or (0 < len(after) <= 3 and _NAME_FOLLOWS.search(lead) is not None)
        if is_told or (not is_word and (has_title or (starts and after and is_name))):
            return surname, known[surname]
        return None


def _pypinyin(hanzi: str) -> Iterator[tuple[str, str]]:
    if hanzi:
        syllables = lazy_pinyin(hanzi, style=Style.TONE3, neutral_tone_with_five=True)
        yield from zip(hanzi, syllables, strict=True)


def _bend(read: list[tuple[str, str]], text: str, end: int) -> list[tuple[str, str]]:
    """Tone changes of 不 and 一 that the voice does not make itself (two third tones in a row it does).

    不 is bú before a fourth tone. 一 is yí before a fourth, yì before other tones, but stays yī in numbers, in
    ordinals, in dates and at the end.
    """
    bent = []
    for index, (character, syllable) in enumerate(read):
        before = read[index - 1][0] if index else ""
        after, tone = (read[index + 1][0], read[index + 1][1][-1]) if index + 1 < len(read) else ("", "")
        if character == "不" and syllable == "bu4" and tone == "4":
            syllable = "bu2"  # noqa: PLW2901
        elif character == "一" and syllable == "yi1":
            is_figure = bool(before) and before in "第十百千万零点周期统唯之专初〇二三四五六七八九"
            is_figure = is_figure or (bool(after) and after in "月日号楼层二三四五六七八九零点级")
            if tone and not is_figure:
                syllable = "yi2" if tone == "4" else "yi4"  # noqa: PLW2901
        bent.append((character, syllable))
    return bent
