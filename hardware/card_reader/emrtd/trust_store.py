"""The folder of country signing certificates (CSCA) a booth trusts: *.cer, *.der, *.pem (DER or PEM, several in one).

Who puts files there decides who is trusted; nothing is fetched. A file that is no certificate is passed over, so that
one bad file does not make every document untrusted.
"""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path

from hardware.card_reader import CardUnreadable
from hardware.card_reader.emrtd.certificates import Certificate, comparable_name, parse_certificate

SUFFIXES = frozenset({".cer", ".der", ".pem"})
MAX_FILES = 2048
MAX_FILE_BYTES = 4 << 20  # a file of PEM may be a whole list of countries

_ARMOUR = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")


def load(folder: Path, holding: bytes = b"") -> tuple[Certificate, ...]:
    """Give all certificates in ``folder``, in the order of file names; () where there is no such folder.

    ``holding``: only those in which these bytes are, a key identifier for one: decoding all countries' takes longer
    than reading the document's other files.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)[:MAX_FILES]
    except OSError:
        return ()
    return tuple(one for path in files for one in _certificates(path, holding))


def _certificates(path: Path, holding: bytes) -> list[Certificate]:
    found = []
    for data in _encoded(path):
        if holding not in data:
            continue
        try:
            one = parse_certificate(data)
            comparable_name(one.subject)  # one that cannot be compared must not make every document unreadable
            found.append(one)
        except CardUnreadable:
            continue
    return found


def _encoded(path: Path) -> list[bytes]:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            return []
        data = path.read_bytes()
    except OSError:
        return []
    if b"-----BEGIN" not in data:
        return [data]
    armoured = [found[1] for found in _ARMOUR.finditer(data)]
    try:
        return [base64.b64decode(b"".join(one.split()), validate=True) for one in armoured]
    except binascii.Error:
        return []
