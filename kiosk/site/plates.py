"""Plates of vehicles without the plates: two keyed hashes, and the list of those whom the barrier opens for.

A plate lives for the moment in which it is hashed. The allow-list holds marks under a key that stays, so that it goes
on working; what is journaled is a mark under a key of the day, so that nobody who reads a journal learns where a
vehicle was on another day. There are few enough plates to try them all, so both are worth what the secret is worth:
without it neither tells anything. Knows no camera and no barrier.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import re
import unicodedata
from datetime import date
from pathlib import Path

from kiosk.config import ConfigError

MOST_PLATES = 20_000
_LEAST_SECRET = 16
_PLATE = re.compile(r"[A-Z0-9\u3400-\u9fff]{4,12}")  # GA 36-2018: a province, letters and digits, a word at the end
_BETWEEN = re.compile(r"[\s\-_.·•・‧]+")
_HEAD = "# plates that open; keyed hashes, no plates; key "
_MARK = re.compile(r"[0-9a-f]{64}")


class NoPlate(ValueError):
    """A text that is no plate. Its own text does not repeat it."""


def normal(text: str) -> str:
    """One way to write a plate: wide letters narrow, small ones large, nothing between. Raises ``NoPlate``."""
    plate = _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper()
    if _PLATE.fullmatch(plate) is None:
        raise NoPlate("not a plate: 4 to 12 letters, digits and Chinese characters")
    return plate


class PlateKeys:
    """The keys that follow from one secret. Not in ``repr``, not in an error. Raises ConfigError for a short one."""

    def __init__(self, secret: str) -> None:
        if len(secret) < _LEAST_SECRET:
            raise ConfigError(f"secret for plates: shorter than {_LEAST_SECRET} characters; make one by chance")
        self._root = secret.encode()

    def listed(self, plate: str) -> str:
        """The mark of a normal plate in the allow-list: HMAC-SHA-256 under the key that stays."""
        return hmac.digest(self._key("plates: list"), plate.encode(), "sha256").hex()

    def of_day(self, plate: str, day: date) -> str:
        """The mark of a normal plate in the journal of one day, 64 bits: another one on every day."""
        return hmac.digest(self._key(f"plates: day {day.isoformat()}"), plate.encode(), "sha256")[:8].hex()

    @property
    def check(self) -> str:
        """Tells one secret from another, and nothing else."""
        return self._key("plates: check")[:4].hex()

    def _key(self, purpose: str) -> bytes:
        return hmac.digest(self._root, purpose.encode(), "sha256")


class AllowList:
    """A file of marks, one a line. Written by ``booth site plate``, read anew when it changed.

    Raises ConfigError with the cure for a file of another secret or one that is none of ours. No file: nobody.
    """

    def __init__(self, file: Path, keys: PlateKeys) -> None:
        self.file = file
        self._keys = keys
        self._marks: frozenset[str] = frozenset()
        self._seen: tuple[int, int, int] | None = None
        self._read()

    def __len__(self) -> int:
        return len(self._marks)

    def has(self, plate: str) -> bool:
        """Is it on the list as it is now? A list that became unreadable lists nobody. ``plate`` is normal."""
        if self._look() != self._seen:
            try:
                self._read()
            except ConfigError:
                self._marks, self._seen = frozenset(), self._look()
        return self._keys.listed(plate) in self._marks

    def add(self, plate: str) -> bool:
        """Put a plate on it; False when it was there. Raises ``NoPlate``, ConfigError, OSError."""
        mark = self._keys.listed(normal(plate))
        self._read()
        if mark in self._marks:
            return False
        if len(self._marks) >= MOST_PLATES:
            raise ConfigError(f"{self.file}: {MOST_PLATES} plates already; remove some")
        self._write(self._marks | {mark})
        return True

    def remove(self, plate: str) -> bool:
        """Take a plate off; False when it was not there. Raises ``NoPlate``, ConfigError, OSError."""
        mark = self._keys.listed(normal(plate))
        self._read()
        if mark not in self._marks:
            return False
        self._write(self._marks - {mark})
        return True

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self.file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> None:
        seen = self._look()
        try:
            lines = self.file.read_text(encoding="ascii").splitlines() if seen is not None else []
        except (OSError, UnicodeDecodeError):
            raise ConfigError(f"{self.file}: cannot be read as a list of plates; make it anew") from None
        if lines and lines[0] != _HEAD + self._keys.check:
            raise ConfigError(
                f"{self.file}: made with another secret, or no list of plates; give the secret it was made with, or"
                " remove it and add the plates again"
            )
        for number, line in enumerate(lines[1:], 2):
            if _MARK.fullmatch(line) is None:
                raise ConfigError(f"{self.file}:{number}: no keyed hash; remove the line, add plates by command")
        self._marks, self._seen = frozenset(lines[1:]), seen

    def _write(self, marks: frozenset[str]) -> None:
        """Whole or not at all, for its owner only; sorted, so that the order tells nothing.

        Written by root, it belongs to whom the folder does: the watch must be able to read it.
        """
        text = "\n".join([_HEAD + self._keys.check, *sorted(marks), ""])
        fresh = self.file.with_name(f".{self.file.name}.new")
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as stream:
            if os.geteuid() == 0:
                folder = self.file.parent.stat()
                os.fchown(stream.fileno(), folder.st_uid, folder.st_gid)
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(self.file)
        self._read()


class PlateJudge:
    """What a camera's reading becomes before it goes anywhere."""

    def __init__(self, keys: PlateKeys, allowed: AllowList) -> None:
        self._keys = keys
        self._allowed = allowed

    def word(self, text: str, *, is_late: bool) -> str:
        """``listed`` or ``unlisted``; ``late`` for what was read a while ago, ``read`` when no plate was made out."""
        try:
            plate = normal(text)
        except NoPlate:
            return "read"
        if is_late:
            return "late"
        return "listed" if self._allowed.has(plate) else "unlisted"

    def mark(self, text: str, day: date) -> str | None:
        """The day's mark; None when no plate was made out."""
        try:
            return self._keys.of_day(normal(text), day)
        except NoPlate:
            return None
