"""Public keys of the platform, as enrolment leaves them: 64 hex digits in a file. Light enough for the keeper."""

from __future__ import annotations

from pathlib import Path


def public_key(file: Path, setting: str) -> bytes:
    """The 32 raw bytes. Raises ``ValueError`` naming file, setting and cure."""
    try:
        key = bytes.fromhex(file.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        raise ValueError(f"{file}: {setting}: no key of 64 hex digits there; enrol the booth again") from None
    if len(key) != 32:
        raise ValueError(f"{file}: {setting}: {len(key)} bytes instead of 32; enrol the booth again")
    return key
