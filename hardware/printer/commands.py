"""The grammar of ESC/POS, for the simulated printer: where one command ends and the next begins.

Sans-IO: bytes in, commands out. It knows how long each command is, not what it does. A length comes from the
command's own header and is bounded; what no table knows is named, counted as two bytes and skipped, as printers do.

Source: Epson, ESC/POS Command Reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

ESC, FS, GS, DLE = 0x1B, 0x1C, 0x1D, 0x10
_PREFIXES = {ESC: "ESC", FS: "FS", GS: "GS"}
MAX_PAYLOAD_BYTES = 4 * 1024 * 1024
MAX_TEXT_BYTES = 256

# How many parameter bytes follow the command's two bytes.
_PARAMETERS = {
    "ESC": {
        **dict.fromkeys("@2<LSimv\x0c", 0),
        **dict.fromkeys("! %-3=?EGJKMRTUVadert{u", 1),
        **dict.fromkeys("$\\Bc", 2),
        "p": 3,
        "W": 8,
    },
    "FS": {**dict.fromkeys("&.", 0), **dict.fromkeys("!-CW", 1), "S": 2, "p": 2, "2": 74},
    "GS": {
        **dict.fromkeys(":", 0),
        **dict.fromkeys("!/BEHITabcfhrw", 1),
        **dict.fromkeys("$LPW\\", 2),
        "^": 3,
        "g": 4,
    },
}
_CONTROLS = {0x09: "HT", 0x0A: "LF", 0x0C: "FF", 0x0D: "CR", 0x18: "CAN"}


@dataclass(frozen=True)
class Command:
    """One command. ``size`` bytes are its header, ``payload`` bytes of data follow them."""

    name: str  # "ESC @", "GS v 0", "GS ( k", "text", "unknown ESC 7A"
    size: int
    parameters: bytes = b""
    payload: int = 0

    @property
    def is_known(self) -> bool:
        return not self.name.startswith("unknown")


def next_command(data: bytes | bytearray) -> Command | None:
    """Read the command at the beginning of ``data``; None when its header is not complete yet."""
    if not data:
        return None
    first = data[0]
    if first in _CONTROLS:
        return Command(_CONTROLS[first], 1)
    if first == DLE:
        return _real_time(data)
    if first in _PREFIXES:
        return _prefixed(data, _PREFIXES[first]) if len(data) > 1 else None
    if first < 0x20:
        return Command(f"unknown {first:02X}", 1)
    size = 1
    while size < min(len(data), MAX_TEXT_BYTES) and data[size] >= 0x20:
        size += 1
    return Command("text", size, bytes(data[:size]))


def _prefixed(data: bytes | bytearray, prefix: str) -> Command | None:
    name = f"{prefix} {chr(data[1])}"
    reader = _READERS.get(name)
    if reader is not None:
        return reader(data)
    count = _PARAMETERS[prefix].get(chr(data[1]))
    if count is None:
        return Command(f"unknown {prefix} {data[1]:02X}", 2)
    if len(data) < 2 + count:
        return None
    return Command(name, 2 + count, bytes(data[2 : 2 + count]))


def _with_length(data: bytes | bytearray) -> Command | None:
    """``GS ( L pL pH``, ``GS 8 L p1 p2 p3 p4`` and their relatives: the header says how much follows."""
    size = 5 if data[1] == 0x28 else 7
    if len(data) < size:
        return None
    name = f"{_PREFIXES[data[0]]} {chr(data[1])} {chr(data[2])}"
    payload = int.from_bytes(data[3:size], "little")
    if payload > MAX_PAYLOAD_BYTES:
        return Command(f"unknown {name} (too large)", size)
    return Command(name, size, b"", payload)


def _columns(data: bytes | bytearray) -> Command | None:
    """``ESC * m nL nH``: columns of one or three bytes."""
    if len(data) < 5:
        return None
    columns = int.from_bytes(data[3:5], "little")
    return Command("ESC *", 5, bytes(data[2:5]), columns * (3 if data[2] in (32, 33) else 1))


def _tabs(data: bytes | bytearray) -> Command | None:
    """``ESC D n1 ... nk NUL``: at most 32 tab stops."""
    end = data.find(0, 2, 35)
    if end < 0:
        return None if len(data) < 35 else Command("unknown ESC 44", 2)
    return Command("ESC D", end + 1, bytes(data[2:end]))


def _raster(data: bytes | bytearray) -> Command | None:
    """``GS v 0 m xL xH yL yH``: rows of x bytes."""
    if len(data) < 8:
        return None
    payload = int.from_bytes(data[4:6], "little") * int.from_bytes(data[6:8], "little")
    if payload > MAX_PAYLOAD_BYTES:
        return Command("unknown GS v 0 (too large)", 8)
    return Command("GS v 0", 8, bytes(data[3:8]), payload)


def _download(data: bytes | bytearray) -> Command | None:
    """``GS * x y``: a bit image to keep."""
    return Command("GS *", 4, bytes(data[2:4]), data[2] * data[3] * 8) if len(data) > 3 else None


def _cut(data: bytes | bytearray) -> Command | None:
    """``GS V m [n]``: the feeding forms have one parameter more."""
    size = 3 if len(data) > 2 and data[2] in (0, 1, 48, 49) else 4
    return Command("GS V", size, bytes(data[2:size])) if len(data) >= size else None


def _bar_code(data: bytes | bytearray) -> Command | None:
    """``GS k m``: form A up to NUL, form B (m > 64) with a length byte."""
    if len(data) < 4:
        return None
    if data[2] > 64:
        return Command("GS k", 4, bytes(data[2:4]), data[3])
    end = data.find(0, 3, 260)
    if end < 0:
        return None if len(data) < 260 else Command("unknown GS 6B", 2)
    return Command("GS k", end + 1, bytes(data[2:end]))


_READERS: dict[str, Callable[[bytes | bytearray], Command | None]] = {
    **dict.fromkeys(("ESC (", "FS (", "GS (", "GS 8"), _with_length),
    "ESC *": _columns,
    "ESC D": _tabs,
    "GS v": _raster,
    "GS *": _download,
    "GS V": _cut,
    "GS k": _bar_code,
}


# Real-time commands: acted on when they arrive, skipped when their turn in the buffer comes.
_REAL_TIME = re.compile(
    rb"\x10(?:\x04(?:[\x01-\x06]|[\x07\x08\x12].)|\x05[\x00-\x03]|\x14(?:\x08.{7}|\x03.{5}|[\x01\x02]..|\x07.))",
    re.DOTALL,
)
_LONGEST_REAL_TIME = 10


def _real_time(data: bytes | bytearray) -> Command | None:
    match = _REAL_TIME.match(data)
    if match is not None:
        return Command({4: "DLE EOT", 5: "DLE ENQ", 20: "DLE DC4"}[data[1]], match.end(), match[0][2:])
    if len(data) < 2 or (data[1] in (4, 5, 20) and len(data) < _LONGEST_REAL_TIME):
        return None
    return Command(f"unknown DLE {data[1]:02X}", 2)


class RealTimeScanner:
    """Finds real-time commands in what arrives, wherever they stand: inside pictures too, as real printers do."""

    def __init__(self) -> None:
        self._tail = b""

    def feed(self, data: bytes) -> Iterator[tuple[bytes, int]]:
        """Yield (command, how many bytes of ``data`` were received up to its end), in order."""
        kept = len(self._tail)
        joined = self._tail + data
        done = 0
        for match in _REAL_TIME.finditer(joined):
            done = match.end()
            yield match[0], done - kept
        tail = joined[max(done, len(joined) - _LONGEST_REAL_TIME + 1) :]
        self._tail = tail if DLE in tail else b""
