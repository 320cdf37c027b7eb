"""Text of a chip in an old encoding -> text a screen may show. Knows encodings by name, no layout and no field."""

from __future__ import annotations

import unicodedata

_ORDERS = frozenset({"Cc", "Cf", "Zl", "Zp"})  # control and format characters, separators of lines and paragraphs


def printable(text: str) -> str:
    """Drop the characters that tell a screen or a printer to do something."""
    return "".join(character for character in text if unicodedata.category(character) not in _ORDERS)


def decode(raw: bytes, encoding: str) -> tuple[str, bool]:
    """Decode what can be decoded and shown, and tell whether every byte had a meaning and was kept.

    Blanks at both ends are no loss. A byte without a meaning becomes U+FFFD.
    """
    try:
        text, is_whole = raw.decode(encoding), True
    except UnicodeDecodeError:
        text, is_whole = raw.decode(encoding, errors="replace"), False
    kept = printable(text)
    return kept.strip(), is_whole and kept == text
