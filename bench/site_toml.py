"""site.toml of this run: the example's text with the addresses of the simulated peers, everything else as it is.

Changes lines, not data: comments and order stay, so that a person finds there what the example explains.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

Changes = Mapping[tuple[str, str], Mapping[str, Any]]  # (section, name) -> key -> value

_TABLE = re.compile(r"\[([a-z_]+)\.([a-z0-9-]+)\]\s*(?:#.*)?")
_KEY = re.compile(r"([A-Za-z_]+)\s*=")


def rewritten(text: str, changes: Changes) -> str:
    """``text`` with these keys. Raises KeyError for a table that is not there."""
    missing = set(changes)
    lines: list[str] = []
    due: dict[str, Any] = {}
    for line in text.splitlines():
        if table := _TABLE.fullmatch(line.strip()):
            where = (table[1], table[2])
            due = dict(changes.get(where, {}))
            missing.discard(where)
            lines.append(line)
            lines += [f"{key} = {toml(value)}" for key, value in due.items()]
        elif (key := _KEY.match(line)) and key[1] in due:
            continue  # the new one stands above
        else:
            lines.append(line)
    if missing:
        raise KeyError(", ".join(".".join(one) for one in sorted(missing)))
    return "\n".join(lines) + "\n"


def toml(value: Any) -> str:
    """One value as TOML."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml(one) for one in value) + "]"
    # A JSON text, number or truth value is the same in TOML.
    return json.dumps(value, ensure_ascii=False)
