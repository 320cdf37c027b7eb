"""Prepared sentences: sounds of fixed sentences, kept in a folder under the hash of all that shaped them.

A sentence that holds anything of a resident must never get here: private ones are refused by the speaker, and texts
with figures in them too, in case a caller forgot to say so. Knows files, no voices.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from pathlib import Path

_FIGURES = re.compile(r"[0-9０-９*＊]{4,}")
_SHAPERS = ("pronunciation.py", "numerals.py", "english.py", "phrases.toml", "synthesiser.py")


class Prepared:
    """The folder of prepared sentences. ``folder`` None keeps nothing. Made 0700 when first written."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        version = hashlib.sha256()  # another pronunciation or voice makes another sound: the key must change with it
        for name in _SHAPERS:
            version.update(Path(__file__).with_name(name).read_bytes())
        self._version = version.hexdigest()

    def path(self, text: str, language: str, rate_percent: int) -> Path | None:
        """Where this sentence's sound is or would be kept; None when nothing is kept."""
        if self._folder is None:
            return None
        key = "\0".join((self._version, language, str(rate_percent), text))
        return self._folder / f"{language}-{hashlib.sha256(key.encode()).hexdigest()[:32]}.wav"

    def find(self, text: str, language: str, rate_percent: int) -> Path | None:
        """The prepared sound, if it is there."""
        path = self.path(text, language, rate_percent)
        return path if path is not None and path.exists() else None

    def place(self, text: str, language: str, rate_percent: int) -> Path | None:
        """Where to keep a sentence heard for the first time; None when it must not be kept."""
        return None if _FIGURES.search(text) else self.path(text, language, rate_percent)


def store(path: Path, sound: bytes) -> None:
    """Write ``sound`` whole or not at all. A full or read-only disk only costs the next synthesis."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            draft.write_bytes(sound)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
