"""Public keys of the platform, as enrolment leaves them: 64 hex digits in a file. Light enough for the keeper."""

from __future__ import annotations

from pathlib import Path


def public_key(file: Path, setting: str) -> bytes:
    """The 32 raw bytes. Raises ``ValueError`` naming file, setting and cure."""
    try:
        key = bytes.fromhex(file.read_text(encoding="ascii").strip())
    except OSError as error:
        raise ValueError(f"{file}: {setting}: {error.strerror}; enrol the booth, or correct the path") from None
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ValueError(f"{file}: {setting}: not a public key of 64 hex digits; enrol the booth again")
    return key
