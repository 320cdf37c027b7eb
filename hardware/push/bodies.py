"""What a device sent, read without trusting it: XML and JSON as flat fields. Bytes in, fields out; no socket, no clock.

XML has no document type here, so no entity of its own: what could grow, or reach for a file, is refused before it is
read (CWE-776, CWE-611). Depth, fields and length are bounded. Texts of an error carry nothing of a body.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn
from xml.parsers import expat

from hardware.field import Garbage
from hardware.push import Fields, Scalar

MOST_DEPTH = 32
MOST_FIELDS = 1000
MOST_NAME = 64
MOST_TEXT = 4096  # characters of one field; what is longer (pictures as text) is left out
_MARK = b"\xef\xbb\xbf"  # of UTF-8
_CHINESE = frozenset({"gb2312", "gbk", "gb18030", "x-gbk"})
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_CHARSET = re.compile(r"""charset\s*=\s*"?([A-Za-z0-9._-]{1,40})""", re.IGNORECASE)


def read(data: bytes, content_type: str = "") -> dict[str, Scalar]:
    """Fields of one XML or JSON text, told apart by how it begins. Raises ``Garbage``."""
    named = _CHARSET.search(content_type)
    charset = named[1] if named else ""
    start = data.removeprefix(_MARK).lstrip()
    if start.startswith(b"<"):
        return read_xml(start, charset)
    if start.startswith(b"{"):
        return read_json(start, charset)
    raise Garbage("a body that is neither XML nor a JSON object")


def read_parts(texts: list[bytes]) -> Fields:
    """Fields of the parts that are XML or JSON; of one name the first counts. Raises ``Garbage``, also for none."""
    found: dict[str, Scalar] = {}
    readable = [text for text in texts if text.removeprefix(_MARK).lstrip()[:1] in (b"<", b"{")]
    if not readable:
        raise Garbage("parts of which none is XML or JSON")
    for text in reversed(readable):
        found.update(read(text))
    return found


def read_xml(data: bytes, charset: str = "") -> dict[str, Scalar]:
    """Leaves of an XML document by the names on the way to them, without prefixes. Raises ``Garbage``."""
    declared = _DECLARED.match(data)
    text = _decoded(data, charset or (declared[1].decode() if declared else ""))
    reader = _Xml()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        raise Garbage(f"XML that cannot be read ({expat.ErrorString(error.code)})") from None
    return reader.fields


def read_json(data: bytes, charset: str = "") -> dict[str, Scalar]:
    """Leaves of a JSON object by their keys; of a list the first entry. Raises ``Garbage``."""
    try:
        found = json.loads(_decoded(data, charset), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Garbage("JSON that cannot be read") from None
    if not isinstance(found, dict):
        raise Garbage("JSON that is no object")
    fields: dict[str, Scalar] = {}
    waiting: list[tuple[str, Any, int]] = [("", found, 0)]
    while waiting:
        path, value, depth = waiting.pop()
        while isinstance(value, list) and depth <= MOST_DEPTH:
            value, depth = value[0] if value else None, depth + 1
        if depth > MOST_DEPTH:
            raise Garbage(f"JSON deeper than {MOST_DEPTH}")
        if isinstance(value, Mapping):
            inner = [(key, one) for key, one in value.items() if len(key) <= MOST_NAME]
            waiting += [(f"{path}.{key}" if path else key, one, depth + 1) for key, one in inner]
            if len(waiting) + len(fields) > MOST_FIELDS:
                raise Garbage(f"more than {MOST_FIELDS} fields")
        elif value is not None and not (isinstance(value, str) and len(value) > MOST_TEXT):
            fields[path] = value
    return fields


class _Xml:
    """Collects the leaves."""

    def __init__(self) -> None:
        self.fields: dict[str, Scalar] = {}
        self._way: list[str] = []
        self._texts: list[list[str]] = []
        self._count = 0

    def begin(self, name: str, _attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._way) >= MOST_DEPTH or self._count > MOST_FIELDS:
            raise Garbage(f"XML deeper than {MOST_DEPTH} or of more than {MOST_FIELDS} elements")
        self._way.append(name.rpartition(":")[2][:MOST_NAME])
        self._texts.append([])

    def end(self, _name: str) -> None:
        text = "".join(self._texts.pop()).strip()
        if text and len(text) <= MOST_TEXT:
            self.fields.setdefault(".".join(self._way), text)
        self._way.pop()

    def text(self, data: str) -> None:
        if self._texts:
            self._texts[-1].append(data)


def _decoded(data: bytes, charset: str) -> str:
    name = charset.lower()
    if name and name not in _CHINESE and name not in ("utf-8", "utf8", "us-ascii", "ascii"):
        raise Garbage("a character set other than UTF-8 and GB 18030")
    try:
        return data.decode("gb18030" if name in _CHINESE else "utf-8-sig")
    except UnicodeDecodeError:
        raise Garbage("text that is not in the character set it says") from None


def _refuse(*_found: object) -> NoReturn:
    raise Garbage("a document type, an entity or a figure that is no number")
