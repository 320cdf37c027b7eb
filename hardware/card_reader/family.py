"""What a family of cards is to the reader: a generator that reads one card, and what it may be told.

A family is one folder (``ssse``, ``emrtd``, ``thai_id``, ``nhi``) with a ``read(task)`` and a virtual card beside it,
and one row of the table in ``detection``. Knows no wire: command bytes are yielded, response bytes are sent back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from hardware.card_reader import AccessKey, Document, Progress
from hardware.card_reader.apdu import Exchange


def _silent(_progress: Progress) -> None:
    """Nobody is listening."""


@dataclass(frozen=True)
class Task:
    """What one reading is given. ``today`` decides the check ``expired``."""

    today: date
    key: AccessKey | None = None
    report: Callable[[Progress], None] = field(default=_silent, repr=False)
    trust_folder: Path | None = None  # country signing certificates (CSCA): *.cer, *.der, *.pem; None: no trust anchor
    allows_extended: bool = False  # the reader passes APDUs of extended length
    atr: bytes = b""  # what the card said when it was powered: a hint, never a proof


Read = Callable[[Task], Exchange[Document]]
"""Reads one card. Raises ``CardUnknown`` when the card is of another family (and then has changed nothing on it),
``KeyNeeded``, ``KeyRefused``, ``CardProtected`` or ``CardUnreadable``."""
