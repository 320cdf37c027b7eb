"""The check of the catalogues sees what is missing and what nobody says; controls break it on purpose."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning.translations import ROOT, findings, said_in, wanted


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The repository's sources, with catalogues of its own that can be broken."""
    for room in ("kiosk", "screens"):
        (tmp_path / room).symlink_to(ROOT / room)
    shutil.copytree(ROOT / "assets" / "translations", tmp_path / "assets" / "translations")
    shutil.copytree(ROOT / "assets" / "services", tmp_path / "assets" / "services")
    return tmp_path


def new(root: Path, before: list[str]) -> list[str]:
    """What ``findings`` says more than before, without the folder."""
    return [line.partition("/zh/")[2] for line in findings(root) if line not in before]


def change(root: Path, catalogue: str, edit: Callable[[str], str]) -> list[str]:
    before = findings(root)
    file = root / "assets" / "translations" / "zh" / f"{catalogue}.po"
    text = file.read_text(encoding="utf-8")
    edited = edit(text)
    assert edited != text
    file.write_text(edited, encoding="utf-8")
    return new(root, before)


def test_everything_is_translated() -> None:
    """Exactly what ``make check`` asks."""
    assert findings(ROOT) == []


def test_every_room_says_something() -> None:
    assert all(len(ids) > 20 for ids in wanted(ROOT).values())
    assert {"Please wait a moment.", "Are you still there?"} <= set(said_in(ROOT / "kiosk"))


# -- controls -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("catalogue", "message"), [("kiosk", "Please wait a moment."), ("kiosk", "Try again"), ("services", "Street lamp")]
)
def test_a_removed_sentence_is_missed(copy: Path, catalogue: str, message: str) -> None:
    entry = re.compile(rf'^msgid "{re.escape(message)}"\nmsgstr ".*"\n', re.MULTILINE)
    assert change(copy, catalogue, lambda t: entry.sub("", t)) == [f"{catalogue}.po: missing: {message!r}"]


def test_an_empty_and_a_doubtful_translation_are_missed(copy: Path) -> None:
    entry = 'msgid "Please wait a moment."\nmsgstr '
    assert change(copy, "kiosk", lambda t: re.sub(rf'{re.escape(entry)}".*"', f'{entry}""', t)) == [
        "kiosk.po: missing: 'Please wait a moment.'"
    ]
    assert change(
        copy, "services", lambda t: t.replace('msgid "Street lamp"\n', '#, fuzzy\nmsgid "Street lamp"\n')
    ) == ["services.po: missing: 'Street lamp'"]


def test_a_sentence_that_nobody_says_is_left_over(copy: Path) -> None:
    extra = '\nmsgid "Fly to the moon"\nmsgstr "上月球"\n'
    assert change(copy, "kiosk", lambda t: t + extra) == ["kiosk.po: nobody says: 'Fly to the moon'"]


def test_other_places_than_the_original(copy: Path) -> None:
    found = change(copy, "kiosk", lambda t: t.replace('msgstr "编号 {number}。"', 'msgstr "编号 {nummer}。"'))
    assert found == ["kiosk.po: other {places} than its original: 'Number {number}.'"]


def test_a_new_sentence_in_the_code_is_missed(tmp_path: Path, copy: Path) -> None:
    (copy / "kiosk").unlink()
    shutil.copytree(ROOT / "kiosk", copy / "kiosk", ignore=shutil.ignore_patterns("__pycache__"))
    before = findings(copy)
    (copy / "kiosk" / "more.py").write_text('def f(text):\n    return text("Fly to the moon", n=1)\n', encoding="utf-8")
    assert new(copy, before) == ["kiosk.po: missing: 'Fly to the moon'"]


def test_a_new_service_is_missed_until_it_is_translated(copy: Path) -> None:
    before = findings(copy)
    file = copy / "assets" / "services" / "report-problem.toml"
    file.write_text(
        file.read_text(encoding="utf-8").replace('"Where is it?"', '"Where on the moon?"'), encoding="utf-8"
    )
    assert new(copy, before) == [
        "services.po: missing: 'Where on the moon?'",
        "services.po: nobody says: 'Where is it?'",
    ]


def test_no_sentence_has_two_translations() -> None:
    """Catalogues are merged: two of them must not say the same thing in different words."""
    from kiosk.text import read_catalogue

    seen: dict[str, tuple[str, str]] = {}
    for file in sorted((ROOT / "assets" / "translations" / "zh").glob("*.po")):
        for message, words in read_catalogue(file).items():
            assert seen.get(message, ("", words))[1] == words, (message, file.name, seen[message][0])
            seen[message] = file.name, words
