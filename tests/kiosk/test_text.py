"""Catalogues and the visit's language: what is translated, what is not, dates as people read them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from kiosk.text import LANGUAGES, NAMES, Catalogues, read_catalogue

PO = """
msgid ""
msgstr "Language: zh_Hans_CN\\n"

msgid "Yes"
msgstr "是"

msgid "Hello {name}"
msgstr "{name}，您好"

#, fuzzy
msgid "Doubtful"
msgstr "也许"

msgid "Untranslated"
msgstr ""

msgid "One"
msgid_plural "Many"
msgstr[0] "很多"
"""
DAY = dt.date(2027, 3, 31)
WHEN = dt.datetime(2027, 3, 31, 8, 5, tzinfo=dt.UTC)


@pytest.fixture
def catalogues(tmp_path: Path) -> Catalogues:
    (tmp_path / "zh").mkdir()
    (tmp_path / "zh" / "kiosk.po").write_text(PO, encoding="utf-8")
    (tmp_path / "zh" / "services.po").write_text('msgid "Lamp"\nmsgstr "路灯"\n', encoding="utf-8")
    return Catalogues(tmp_path)


def test_only_what_is_surely_translated_counts(catalogues: Catalogues, tmp_path: Path) -> None:
    assert read_catalogue(tmp_path / "zh" / "kiosk.po") == {"Yes": "是", "Hello {name}": "{name}，您好"}
    assert set(catalogues.messages("zh")) == {"Yes", "Hello {name}", "Lamp"}
    assert catalogues.messages("en") == {}


def test_sentences(catalogues: Catalogues) -> None:
    zh, en = catalogues.text("zh"), catalogues.text("en")
    assert (zh("Yes"), en("Yes"), zh("Lamp")) == ("是", "Yes", "路灯")
    assert (zh("Hello {name}", name="张"), en("Hello {name}", name="Li")) == ("张，您好", "Hello Li")
    assert (zh("Doubtful"), zh("Untranslated")) == ("Doubtful", "Untranslated")
    assert zh("") == ""  # not the catalogue's header


def test_braces_of_an_address_are_left_alone(catalogues: Catalogues) -> None:
    assert catalogues.text("zh")("3号楼{东}") == "3号楼{东}"


def test_a_value_is_not_a_place(catalogues: Catalogues) -> None:
    assert catalogues.text("zh")("Hello {name}", name="{name}{0}") == "{name}{0}，您好"


def test_the_languages_go_round(catalogues: Catalogues) -> None:
    text = catalogues.text(LANGUAGES[0])
    seen = [text.language]
    for _ in LANGUAGES:
        text = text.next_language()
        seen.append(text.language)
    assert seen == [*LANGUAGES, LANGUAGES[0]]
    assert text.in_language("en").language == "en"
    assert set(NAMES) == set(LANGUAGES)


def test_dates(catalogues: Catalogues) -> None:
    zh, en = catalogues.text("zh"), catalogues.text("en")
    assert (zh.date(DAY), en.date(DAY)) == ("2027年3月31日", "31 March 2027")
    assert (zh.moment(WHEN), en.moment(WHEN)) == ("2027年3月31日 08:05", "31 March 2027, 08:05")


def test_a_language_without_a_folder_has_no_words(tmp_path: Path) -> None:
    assert Catalogues(tmp_path).text("zh")("Yes") == "Yes"
