"""Translations, the visit's language, and numbers as words.

Message ids are the English sentences; catalogues are gettext ``.po`` files in ``assets/translations/<language>/*.po``.
English needs none. Knows no screen.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

LANGUAGES = ("zh", "en")
NAMES = {"zh": "中文", "en": "English"}


def later(message: str) -> str:
    """Mark a message id in a table: it is translated where it is used, and the completeness check must find it."""
    return message


class Catalogues:
    """All translations, read once a process."""

    def __init__(self, folder: Path) -> None:
        self._messages: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}
        for language in LANGUAGES:
            for file in sorted((folder / language).glob("*.po")):
                self._messages[language] |= read_catalogue(file)

    def messages(self, language: str) -> Mapping[str, str]:
        return self._messages[language]

    def text(self, language: str) -> Text:
        return Text(self, language)


def read_catalogue(file: Path) -> dict[str, str]:
    """``{msgid: msgstr}`` of a .po file; untranslated and fuzzy entries are left out."""
    from babel.messages.pofile import read_po  # noqa: PLC0415 - the keeper reads no catalogue

    with file.open("rb") as stream:
        catalogue = read_po(stream)
    return {
        str(m.id): str(m.string) for m in catalogue if m.id and m.string and not m.fuzzy and isinstance(m.string, str)
    }


class Text:
    """The visit's language: ``text("Please wait")`` gives the words in it."""

    def __init__(self, catalogues: Catalogues, language: str) -> None:
        self._catalogues = catalogues
        self.language = language

    def __call__(self, message: str, **values: object) -> str:
        """The sentence in this language, with ``{name}`` places filled."""
        found = self._catalogues.messages(self.language).get(message, message) if message else ""
        return found.format(**values) if values else found

    def next_language(self) -> Text:
        at = LANGUAGES.index(self.language)
        return Text(self._catalogues, LANGUAGES[(at + 1) % len(LANGUAGES)])

    def in_language(self, language: str) -> Text:
        return Text(self._catalogues, language)

    def date(self, day: date) -> str:
        """A date as people read it: 2027年3月31日 / 31 March 2027."""
        if self.language == "zh":
            return f"{day.year}年{day.month}月{day.day}日"
        return f"{day.day} {day:%B} {day.year}"

    def moment(self, when: datetime) -> str:
        """Date and time of day: 2027年3月31日 20:47 / 31 March 2027, 20:47."""
        return f"{self.date(when)}{' ' if self.language == 'zh' else ', '}{when:%H:%M}"
