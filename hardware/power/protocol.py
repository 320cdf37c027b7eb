"""NUT's network protocol, version 1.3 (RFC 9271): lines in, objects out. Knows no socket."""

from __future__ import annotations

import math
import re

from hardware.field import Auth, Busy, Config, FieldError, Garbage, Gone, Refused, Timeout, Value

MAX_LINE = 1024
MAX_LINES = 512
_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_ERRORS: dict[str, type[FieldError]] = {  # RFC 9271, error responses
    "ACCESS-DENIED": Auth, "INVALID-USERNAME": Auth, "INVALID-PASSWORD": Auth, "USERNAME-REQUIRED": Auth,
    "PASSWORD-REQUIRED": Auth, "UNKNOWN-UPS": Config, "DRIVER-NOT-CONNECTED": Gone, "DATA-STALE": Timeout,
    "INSTCMD-FAILED": Refused, "TLS-NOT-ENABLED": Config, "TOO-MANY-CONNECTIONS": Busy,
}  # fmt: skip
_NUMBERS = {
    "battery.charge": "charge", "battery.runtime": "runtime", "ups.load": "load", "input.voltage": "input_voltage",
    "battery.temperature": "temperature", "ups.temperature": "temperature",
}  # fmt: skip
POINTS = ("mains", "battery_low", "battery_bad", "overload", "status")


def list_variables(name: str) -> bytes:
    """The question for all variables of a supply. Raises ``Config`` for a name that would break the line."""
    if not _NAME.fullmatch(name):
        raise Config(f"{name!r} is no supply's name", cure="letters, digits, _ . : -")
    return f"LIST VAR {name}\n".encode()


def words(line: str) -> list[str]:
    """Split a line: words, and texts in double quotes with backslash escapes. Raises ``Garbage``."""
    found: list[str] = []
    at = 0
    while at < len(line):
        if line[at] == " ":
            at += 1
        elif line[at] == '"':
            text, at = _quoted(line, at + 1)
            found.append(text)
        else:
            ends = line.find(" ", at)
            ends = len(line) if ends < 0 else ends
            found.append(line[at:ends])
            at = ends
    return found


def _quoted(line: str, at: int) -> tuple[str, int]:
    text = ""
    while at < len(line):
        if line[at] == '"':
            return text, at + 1
        if line[at] == "\\" and at + 1 < len(line):
            at += 1
        text += line[at]
        at += 1
    raise Garbage("a text that does not end")


def quoted(text: str) -> str:
    """The reverse."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class ListReader:
    """Reads the answer to ``list_variables`` from a stream."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._data = b""
        self._lines = 0
        self._is_begun = False
        self._found: dict[str, str] = {}

    def feed(self, data: bytes) -> dict[str, str] | None:
        """Take what came; give the variables when the list is whole.

        Raises ``Garbage`` (the connection cannot be trusted any more), or what the ERR line says.
        """
        self._data += data
        while (at := self._data.find(b"\n")) >= 0:
            line, self._data = self._data[:at], self._data[at + 1 :]
            if self._line(words(line[:MAX_LINE].decode("utf-8", "replace").rstrip("\r"))):
                if self._data:
                    raise Garbage("something follows the list")
                return self._found
        if len(self._data) > MAX_LINE:
            raise Garbage("a line that does not end")
        return None

    def _line(self, found: list[str]) -> bool:
        self._lines += 1
        if self._lines > MAX_LINES:
            raise Garbage("a list that does not end")
        if found[:1] == ["ERR"]:
            code = found[1] if len(found) > 1 else ""
            raise _ERRORS.get(code, Refused)(f"upsd says {code[:40] or 'ERR'}")
        if not self._is_begun:
            self._is_begun = found == ["BEGIN", "LIST", "VAR", self._name]
            if not self._is_begun:
                raise Garbage("the answer is to another question")
            return False
        if found == ["END", "LIST", "VAR", self._name]:
            return True
        if len(found) != 4 or found[:2] != ["VAR", self._name]:
            raise Garbage("a line that is no variable of this supply")
        self._found[found[2]] = found[3]
        return False


def points(variables: dict[str, str]) -> dict[str, Value]:
    """What the variables say. Raises ``Garbage`` without a status, ``Timeout`` while upsd waits for its driver."""
    status = variables.get("ups.status", "").split()
    if not status:
        raise Garbage("the supply tells no status")
    if "WAIT" in status:
        raise Timeout("upsd waits for its driver")
    if "OFF" not in status and not {"OL", "OB"} & set(status):
        raise Garbage(f"the status says neither mains nor battery: {' '.join(status)[:40]}")
    found: dict[str, Value] = {
        "mains": "OL" in status, "battery_low": "LB" in status, "battery_bad": "RB" in status,
        "overload": "OVER" in status, "status": " ".join(status)[:80],
    }  # fmt: skip
    for name, point in _NUMBERS.items():
        if name in variables:
            number = _number(variables[name])
            if number is not None:
                found[point] = number
    return found


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
