"""What a typeface can write: the code points of its character map, as ranges.

fontTools expands the map into a dictionary, which would stop the glass for a quarter of a second; the table itself is a
list of ranges (OpenType, cmap format 12) and is read as such. Knows files, no widget.
"""

from __future__ import annotations

import bisect
import struct
from collections.abc import Iterable
from pathlib import Path


class Coverage:
    """Code points with a glyph."""

    def __init__(self, ranges: Iterable[tuple[int, int]]) -> None:
        kept = sorted(ranges)
        self._starts = [start for start, _ in kept]
        self._ends = [end for _, end in kept]

    def __contains__(self, point: int) -> bool:
        at = bisect.bisect_right(self._starts, point) - 1
        return at >= 0 and point <= self._ends[at]


def coverage(file: Path) -> Coverage:
    """Read the character map of an OpenType file. ``ValueError`` when it has none of format 12."""
    with file.open("rb") as stream:
        (tables,) = struct.unpack(">4xH6x", stream.read(12))
        directory = struct.iter_unpack(">4s4xII", stream.read(16 * tables))
        place = next(((at, size) for tag, at, size in directory if tag == b"cmap"), (0, 0))
        stream.seek(place[0])
        table = stream.read(place[1])
    count = struct.unpack_from(">2xH", table)[0] if table else 0
    for _, _, at in struct.iter_unpack(">HHI", table[4 : 4 + 8 * count]):
        (kind,) = struct.unpack_from(">H", table, at)
        if kind == 12:
            (groups,) = struct.unpack_from(">12xI", table, at)
            rows = struct.iter_unpack(">III", table[at + 16 : at + 16 + 12 * groups])
            return Coverage((start, end) for start, end, glyph in rows if glyph)
    raise ValueError(f"{file}: no character map of format 12; run provisioning/setup.sh")
