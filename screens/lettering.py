"""Text as textures: line breaking for Chinese and Latin, exact measures, and a store of public lines.

Kivy breaks Chinese anywhere and sizes labels a frame late; here a screen is laid out in one pass. Lines with personal
data are never stored. Knows fonts and strings, no widget.
"""

from __future__ import annotations

import functools
import math
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from screens.typeface import Coverage, coverage

LINE_PITCH_EM = 1.28
ASCENT_EM = 1.16  # Noto Sans CJK, horizontal header
DESCENT_EM = 0.288
BODY_CENTRE_EM = 0.37  # above the baseline: middle of capitals and of Chinese characters

_NEVER_FIRST = set("，。、；：？！）」』”’》〉】%…·,.;:?!)")
_NEVER_LAST = set("（「『“‘《〈【(")
_STORED_LINES = 400
_WHOLE = (  # words of the residents' screens that a heading should not tear apart
    "身份证",
    "护照",
    "证件",
    "代用字",
    "社保卡",
    "读卡区",
    "摄像头",
    "验证码",
    "工作人员",
    "监护人",
    "养老金",
    "手机",
    "电话",
    "地址",
    "问题",
    "证明",
    "登记",
    "编号",
    "信息",
    "办法",
    "时间",
    "帮助",
    "申请",
    "确认",
    "核对",
    "本人",
    "什么",
    "怎样",
    "这里",
    "那里",
    "现在",
    "已经",
    "放在",
)


class Lettering:
    """The two weights of the booth's typeface, and what was drawn with them lately."""

    def __init__(self, fonts: Path) -> None:
        self._files = {bold: str(fonts / f"NotoSansSC-{'Bold' if bold else 'Regular'}.otf") for bold in (False, True)}
        for file in self._files.values():
            if not Path(file).is_file():
                raise FileNotFoundError(f"{file}: no such typeface; run provisioning/setup.sh")
        self._labels: dict[tuple[int, bool], Any] = {}
        self._widths: dict[tuple[str, int, bool], float] = {}
        self._broken: dict[tuple[str, int, int, bool, bool], list[str]] = {}
        self._textures: OrderedDict[tuple[str, int, bool], Any] = OrderedDict()

    def has(self, text: str) -> bool:
        """Tell whether the typeface has a glyph for every character of ``text`` (R29)."""
        return all(ord(letter) in self._coverage for letter in text if not letter.isspace())

    def loads(self) -> Iterator[Callable[[], object]]:
        """What would be loaded later, in small steps."""
        yield lambda: self._coverage

    @functools.cached_property
    def _coverage(self) -> Coverage:
        return coverage(Path(self._files[False]))

    def width(self, text: str, size: int, *, bold: bool = False) -> float:
        """Advance width in pixels of one line at font size ``size`` pixels."""
        key = (text, size, bold)
        if key not in self._widths:
            if len(self._widths) > 8 * _STORED_LINES:
                self._widths.clear()
            self._widths[key] = float(self._label(size, bold).get_extents(text)[0])
        return self._widths[key]

    def pitch(self, size: int) -> float:
        """Distance of baselines in pixels."""
        return math.ceil(size * LINE_PITCH_EM)

    def lines(self, text: str, size: int, width: float, *, bold: bool = False, balanced: bool = False) -> list[str]:
        """Break ``text`` into lines of at most ``width`` pixels; ``balanced`` makes them about equally long."""
        key = (text, size, round(width), bold, balanced)
        if key not in self._broken:
            if len(self._broken) > 4 * _STORED_LINES:
                self._broken.clear()
            self._broken[key] = self._break(text, size, width, bold, balanced)
        return self._broken[key]

    def _break(self, text: str, size: int, width: float, bold: bool, balanced: bool) -> list[str]:
        found: list[str] = []
        for paragraph in text.split("\n"):
            atoms = _atoms(paragraph)
            widths = [self.width(a, size, bold=bold) for a in atoms]
            pieces = [p for a, w in zip(atoms, widths, strict=True) for p in self._cut(a, w, size, width, bold)]
            breaks = self._greedy(pieces, size, width, bold)
            if balanced and len(breaks) > 1:
                breaks = self._balance(pieces, len(breaks), size, width, bold)
            found += [line.strip() for line in breaks]
        return found or [""]

    def texture(self, line: str, size: int, *, bold: bool = False, private: bool = False) -> Any:
        """White letters on nothing; to be tinted. A private line is drawn anew and kept by nobody."""
        key = (line, size, bold)
        if key in self._textures:
            self._textures.move_to_end(key)
            return self._textures[key]
        from kivy.core.text import Label  # noqa: PLC0415 - only once a window is wanted

        label = Label(text=line, font_size=size, font_name=self._files[bold])
        label.refresh()
        label.texture.min_filter = label.texture.mag_filter = "nearest"  # drawn one to one: filtering only costs
        if not private:
            self._textures[key] = label.texture
            if len(self._textures) > _STORED_LINES:
                self._textures.popitem(last=False)
        return label.texture

    def wipe(self) -> None:
        """Forget all texts, measures and textures."""
        self._labels.clear()
        self._widths.clear()
        self._broken.clear()
        self._textures.clear()

    def _label(self, size: int, bold: bool) -> Any:
        if (size, bold) not in self._labels:
            from kivy.core.text import Label  # noqa: PLC0415

            label = Label(font_size=size, font_name=self._files[bold])
            label.resolve_font_name()
            self._labels[size, bold] = label
        return self._labels[size, bold]

    def _cut(self, atom: str, width: float, size: int, room: float, bold: bool) -> list[str]:
        """An atom wider than a line is cut where it must be."""
        if width <= room or len(atom) < 2:
            return [atom]
        pieces, piece = [], ""
        for letter in atom:
            if piece and self.width(piece + letter, size, bold=bold) > room:
                pieces.append(piece)
                piece = ""
            piece += letter
        return [*pieces, piece]

    def _greedy(self, atoms: list[str], size: int, room: float, bold: bool) -> list[str]:
        lines, line = [], ""
        for atom in atoms:
            if line and self.width((line + atom).strip(), size, bold=bold) > room:
                lines.append(line)
                line = ""
            line += atom
        return [*lines, line]

    def _balance(self, atoms: list[str], count: int, size: int, room: float, bold: bool) -> list[str]:
        """The break into ``count`` lines with the least raggedness; ends of clauses are good places to break."""
        memory: dict[tuple[int, int], tuple[float, list[str]]] = {}

        def best(at: int, left: int) -> tuple[float, list[str]]:
            if (at, left) in memory:
                return memory[at, left]
            result: tuple[float, list[str]] = (math.inf, [])
            for end in range(at + 1, len(atoms) + 1):
                line = "".join(atoms[at:end]).strip()
                width = self.width(line, size, bold=bold)
                if width > room:
                    break
                torn = 0.35 if _tears(atoms, end) else 0.0
                slack = torn + ((room - width) / room) ** 2 * (0.55 if line[-1:] in _NEVER_FIRST else 1.0)
                if left == 1:
                    if end == len(atoms):
                        result = min(result, (slack, [line]))
                    continue
                rest = best(end, left - 1)
                result = min(result, (slack + rest[0], [line, *rest[1]]))
            memory[at, left] = result
            return result

        cost, lines = best(0, count)
        return lines if math.isfinite(cost) else self._greedy(atoms, size, room, bold)


def _atoms(text: str) -> list[str]:
    """Pieces between which a line may break (a small part of UAX 14)."""
    atoms: list[str] = []
    for letter in text:
        last = atoms[-1][-1] if atoms else ""
        joins = bool(atoms) and (
            letter in _NEVER_FIRST
            or letter == " "
            or last in _NEVER_LAST
            or (not _is_wide(letter) and not _is_wide(last) and last not in {" ", "-", "/"})
        )
        if joins:
            atoms[-1] += letter
        else:
            atoms.append(letter)
    return atoms


def _is_wide(letter: str) -> bool:
    return ord(letter) >= 0x2E80


def _tears(atoms: list[str], at: int) -> bool:
    """Would a break before ``atoms[at]`` tear a word apart?"""
    before, after = "".join(atoms[max(at - 3, 0) : at]), "".join(atoms[at : at + 3])
    return any(
        before.endswith(word[:cut]) and after.startswith(word[cut:]) for word in _WHOLE for cut in range(1, len(word))
    ) or (bool(before) and before[-1] in "请您不把")
