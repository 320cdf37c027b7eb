"""Are all sentences translated? ``python -m provisioning.translations`` lists what is missing or left over.

Message ids are found where they are used: calls of ``text("...")`` in the sources, the tables of troubles, and the
service files. Exit status 1 when a language lacks a sentence or a catalogue holds one that nobody says.
"""

from __future__ import annotations

import ast
import string
import sys
from collections.abc import Iterator
from pathlib import Path

from kiosk.text import LANGUAGES, read_catalogue
from kiosk.visit import troubles
from kiosk.visit.services import load_services, messages

ROOT = Path(__file__).resolve().parent.parent
_NAMES = {"text", "later"}


def said_in(folder: Path) -> Iterator[str]:
    """Every literal message id in the Python sources below ``folder``."""
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[0]
            if name.removeprefix("_") in _NAMES and isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def wanted(root: Path) -> dict[str, set[str]]:
    """Message ids by catalogue: ``kiosk``, ``screens``, ``services``."""
    services = load_services(root / "assets" / "services").values()
    return {
        "kiosk": {*said_in(root / "kiosk"), *troubles.messages()} - {""},
        "screens": set(said_in(root / "screens")) - {""},
        "services": {m for service in services for m in messages(service)},
    }


def _places(message: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(message) if name is not None}


def findings(root: Path) -> list[str]:
    """One line for each sentence missing, left over, or with other places than its original."""
    found = []
    every = wanted(root)
    anywhere = set().union(*every.values())
    for language in LANGUAGES:
        if language == "en":
            continue  # message ids are the English sentences
        folder = root / "assets" / "translations" / language
        have = {file.stem: read_catalogue(file) for file in sorted(folder.glob("*.po"))}
        merged = {k: v for catalogue in have.values() for k, v in catalogue.items()}
        for name, ids in every.items():
            found += [f"{folder / name}.po: missing: {m!r}" for m in sorted(ids - merged.keys())]
        for name, catalogue in have.items():
            found += [f"{folder / name}.po: nobody says: {m!r}" for m in sorted(catalogue.keys() - anywhere)]
            for message, translation in catalogue.items():
                if _places(message) != _places(translation):
                    found.append(f"{folder / name}.po: other {{places}} than its original: {message!r}")
    return found


def main() -> int:
    lines = findings(ROOT)
    for line in lines:
        print(line)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
