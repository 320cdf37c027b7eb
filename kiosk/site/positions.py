"""Where in a TOML text each key stands, so that a mistake can be named with its line.

Walks a text that ``tomllib`` has accepted; so it may be simple: it knows how tokens end, not what is allowed. Values
are not interpreted here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

Path = tuple[str | int, ...]

_BLANK = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\r?\n)?")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BASIC = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_LITERAL = re.compile(r"'[^'\n]*'")
_LONG = re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}', re.DOTALL)
_SCALAR = re.compile(r"[^,\]}#\n]+")


def key_lines(text: str) -> dict[Path, int]:
    """Give the line (from 1) of every table, key and entry of a list. ``text`` must be valid TOML."""
    return _Walk(text).lines


def line_of(lines: Mapping[Path, int], path: Path) -> int:
    """The line of ``path``, or of the nearest thing around it that is written down; 1 when there is none."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


class _Walk:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line, self._counted = 1, 0
        self._lists: dict[Path, int] = {}  # how many entries each [[list]] has so far
        self.lines: dict[Path, int] = {}
        table: Path = ()
        self._skip()
        while self._at < len(text):
            table = self._header() if text[self._at] == "[" else self._pair(table)
            self._skip()

    def _header(self) -> Path:
        is_list = self._text.startswith("[[", self._at)
        start, self._at = self._at, self._at + (2 if is_list else 1)
        path = self._resolved(self._keys(), is_list=is_list)
        self._at += 2 if is_list else 1
        for length in range(1, len(path) + 1):
            self._note(path[:length], start)
        return path

    def _resolved(self, keys: list[str], *, is_list: bool) -> Path:
        """A header's keys with the numbers of the list entries it lies in."""
        path: Path = ()
        for number, key in enumerate(keys):
            path += (key,)
            if is_list and number == len(keys) - 1:
                self._lists[path] = self._lists.get(path, 0) + 1
            if path in self._lists:
                path += (self._lists[path] - 1,)
        return path

    def _pair(self, table: Path) -> Path:
        start = self._at
        path = table
        for key in self._keys():
            path += (key,)
            self._note(path, start)
        self._at += 1  # the equals sign
        self._skip()
        self._value(path)
        return table

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._skip()
            keys.append(self._key())
            self._skip()
            if self._text[self._at] != ".":
                return keys
            self._at += 1

    def _key(self) -> str:
        for pattern in (_BASIC, _LITERAL):
            if found := pattern.match(self._text, self._at):
                self._at = found.end()
                return str(tomllib.loads(f"k = {found.group()}")["k"])
        found = _BARE.match(self._text, self._at)
        self._at = found.end() if found else self._at + 1
        return found.group() if found else ""

    def _value(self, path: Path) -> None:
        head = self._text[self._at]
        if head == "[":
            self._at += 1
            self._array(path)
        elif head == "{":
            self._at += 1
            self._inline(path)
        else:
            for pattern in (_LONG, _BASIC, _LITERAL, _SCALAR):
                if found := pattern.match(self._text, self._at):
                    self._at = found.end()
                    return
            self._at += 1

    def _array(self, path: Path) -> None:
        number = 0
        while True:
            self._skip()
            if self._text[self._at] == "]":
                self._at += 1
                return
            self._note((*path, number), self._at)
            self._value((*path, number))
            number += 1
            self._comma()

    def _inline(self, path: Path) -> None:
        while True:
            self._skip()
            if self._text[self._at] == "}":
                self._at += 1
                return
            self._pair(path)
            self._comma()

    def _comma(self) -> None:
        self._skip()
        if self._text[self._at] == ",":
            self._at += 1

    def _skip(self) -> None:
        """Over blanks, comments and ends of lines."""
        while (found := _BLANK.match(self._text, self._at)) and found.end() > self._at:
            self._at = found.end()

    def _note(self, path: Path, at: int) -> None:
        self._line += self._text.count("\n", self._counted, at)
        self._counted = at
        self.lines.setdefault(path, self._line)
