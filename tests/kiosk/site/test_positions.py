"""Lines of keys in TOML: every key that tomllib finds has a line, and it stands there."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.site.positions import key_lines, line_of

ROOT = Path(__file__).resolve().parents[3]
TEXT = '''# a comment = "x"
[site]
id = "b-1" # trailing [not] = a header

[device.door-1]
link = 'lan'
"quoted.key" = { a = 1, b = [ { c = 2 } ] }
long = """
[no.header]
no = "key"
"""
list = [
  1, # one
  [2, "]"],
  { x = "}", y = 3 },
]
dotted.below . deep = 5

[[rule]]
id = "one"
[rule.more]
z = 1979-05-27T07:32:00
[[rule]]
id = "two"
when = [{ point = "a.b" }, { point = "c.d" }]
'''

LINES = {
    ("site",): 2, ("site", "id"): 3, ("device", "door-1"): 5, ("device", "door-1", "link"): 6,
    ("device", "door-1", "quoted.key"): 7, ("device", "door-1", "quoted.key", "b", 0, "c"): 7,
    ("device", "door-1", "long"): 8, ("device", "door-1", "list"): 12, ("device", "door-1", "list", 1): 14,
    ("device", "door-1", "list", 2, "y"): 15, ("device", "door-1", "dotted", "below", "deep"): 17,
    ("rule", 0): 19, ("rule", 0, "more", "z"): 22, ("rule", 1): 23, ("rule", 1, "id"): 24,
    ("rule", 1, "when", 1, "point"): 25,
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "line"), LINES.items(), ids=lambda v: ".".join(map(str, v)) if isinstance(v, tuple) else v
)
def test_a_key_stands_where_it_is_said_to(path: tuple[str | int, ...], line: int) -> None:
    assert key_lines(TEXT)[path] == line


def test_what_is_missing_is_named_at_the_nearest_thing_around_it() -> None:
    lines = key_lines(TEXT)
    assert line_of(lines, ("device", "door-1", "profile")) == 5
    assert line_of(lines, ("nothing", "at", "all")) == 1


def paths(data: Any, above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in pairs:
        yield (*above, key)
        yield from paths(value, (*above, key))


def test_every_key_of_every_toml_file_of_this_repository_has_its_line() -> None:
    files = [*ROOT.glob("assets/**/*.toml"), *ROOT.glob("provisioning/**/*.toml"), ROOT / "pyproject.toml"]
    assert len(files) > 20
    for file in files:
        text = file.read_text(encoding="utf-8")
        lines, rows = key_lines(text), text.split("\n")
        for path in paths(tomllib.loads(text)):
            if isinstance(path[-1], str):
                assert path[-1] in rows[lines[path] - 1], (file, path)


WORDS = st.text(st.sampled_from("ab-_\"'[]{}#=.\\, \n"), max_size=12)


def quoted(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


@given(st.lists(st.tuples(WORDS, WORDS, st.sampled_from(["{} = {}", "{} = [{}, 1]", "{} = {{ x = {} }}"])), max_size=8))
def test_whatever_stands_in_strings_the_lines_are_right(pairs: list[tuple[str, str, str]]) -> None:
    rows = {key: shape.format(quoted(key), quoted(value)) for key, value, shape in pairs}
    lines = key_lines("\n".join(rows.values()) + "\n")
    assert [lines[key,] for key in rows] == list(range(1, len(rows) + 1))
