"""Parts of a multipart body as it streams in (RFC 2046, 5.1): texts are kept within bounds, pictures dropped unread.

Bytes in, texts out; no socket. File names are read only for their ending and never used as names of files.
"""

from __future__ import annotations

import enum
import re

from hardware.field import Garbage

MOST_PARTS = 16
MOST_HEAD = 4096
_BOUNDARY = re.compile(r"""boundary\s*=\s*(?:"([^"]{1,70})"|([^\s";,]{1,70}))""", re.IGNORECASE)
_TYPE = re.compile(rb"^content-type:\s*([^\r\n;]{1,80})", re.IGNORECASE | re.MULTILINE)
_FILE = re.compile(rb"""filename="?[^"\r\n;]*?\.(?:xml|json)["\s;]""", re.IGNORECASE)
_TEXTS = frozenset({b"application/xml", b"text/xml", b"application/json", b"text/json"})


class _At(enum.Enum):
    PREAMBLE = "preamble"
    MARK = "mark"  # just behind a boundary
    HEAD = "head"
    TEXT = "text"
    DROPPED = "dropped"
    END = "end"


def boundary(content_type: str) -> bytes:
    """The boundary that a content type names. Raises ``Garbage``."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise Garbage("multipart without a boundary")
    try:
        return (found[1] or found[2]).encode("ascii")
    except UnicodeEncodeError:
        raise Garbage("multipart with a boundary that is no ASCII") from None


class Parts:
    """Feed what comes; ``texts`` are those kept. ``text_bytes``: of all of them together."""

    def __init__(self, mark: bytes, text_bytes: int) -> None:
        self.texts: list[bytes] = []
        self.dropped = 0
        self._mark = b"\r\n--" + mark
        self._left = text_bytes
        self._data = bytearray(b"\r\n")  # the first boundary needs no line before it
        self._at = _At.PREAMBLE
        self._count = 0
        self._text = bytearray()

    @property
    def is_whole(self) -> bool:
        """The closing boundary was seen."""
        return self._at is _At.END

    def feed(self, data: bytes) -> None:
        """Take what came. Raises ``Garbage`` past a bound."""
        if self._at is _At.END:
            return  # an epilogue means nothing
        self._data += data
        while self._step():
            pass

    def _step(self) -> bool:
        if self._at in (_At.PREAMBLE, _At.TEXT, _At.DROPPED):
            return self._until_mark()
        if self._at is _At.MARK:
            return self._behind_mark()
        if self._at is _At.HEAD:
            return self._head()
        self._data.clear()
        return False

    def _until_mark(self) -> bool:
        at = self._data.find(self._mark)
        ready = at if at >= 0 else max(0, len(self._data) - len(self._mark) + 1)
        if self._at is _At.TEXT:
            self._left -= ready
            if self._left < 0:
                raise Garbage("more text than is read")
            self._text += self._data[:ready]
        else:
            self.dropped += ready
        if at < 0:
            del self._data[:ready]
            return False
        del self._data[: at + len(self._mark)]
        if self._at is _At.TEXT:
            self.texts.append(bytes(self._text))
            self._text.clear()
        self._at = _At.MARK
        return True

    def _behind_mark(self) -> bool:
        if len(self._data) < 2:
            return False
        if self._data.startswith(b"--"):
            self._at = _At.END
        elif self._data.startswith(b"\r\n"):
            self._at = _At.HEAD  # the line's end stays: a part may have no head at all
            self._count += 1
            if self._count > MOST_PARTS:
                raise Garbage(f"more than {MOST_PARTS} parts")
        else:
            raise Garbage("multipart whose boundary goes on")
        return True

    def _head(self) -> bool:
        at = self._data.find(b"\r\n\r\n")
        if at < 0 and len(self._data) <= MOST_HEAD:
            return False
        if at < 0 or at > MOST_HEAD:
            raise Garbage("a part with a head that does not end")
        head = bytes(self._data[2 : max(2, at)])
        del self._data[: at + 4]
        self._at = _At.TEXT if _is_text(head) else _At.DROPPED
        return True


def _is_text(head: bytes) -> bool:
    named = _TYPE.search(head)
    kind = named[1].strip().lower() if named else b""
    if kind in _TEXTS or kind.endswith((b"+xml", b"+json")):
        return True
    if b"filename" in head.lower():
        return kind in (b"", b"text/plain", b"application/octet-stream") and _FILE.search(head + b"\r\n") is not None
    return kind in (b"", b"text/plain")
