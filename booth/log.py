"""JSON lines for the technician, behind an allow-list of fields: what is not on it is not written.

So that a resident's data cannot reach a log by mistake, not even through a new field. Knows no rotation: that is the
service manager's.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, TextIO

import structlog

FIELDS = frozenset(
    {"event", "level", "at", "pid", "role", "number", "service", "state", "outcome", "reason", "error", "attempt"}
    | {"delay_s", "count", "sequence", "elapsed_ms", "frames", "crashes", "folder", "booth", "status", "rss_kb"}
)
_LONGEST = 200


def _allowed(_: Any, __: str, fields: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {
        name: value[:_LONGEST] if isinstance(value, str) else value
        for name, value in fields.items()
        if name in FIELDS and isinstance(value, str | int | float | bool | None)
    }


class Log:
    """``log(event, level="info", **fields)`` writes one line. ``file`` None: standard error."""

    def __init__(self, file: Path | None = None) -> None:
        self._stream: TextIO = sys.stderr if file is None else file.open("a", encoding="utf-8", buffering=1)
        self._log = structlog.wrap_logger(
            structlog.WriteLogger(self._stream),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
                _allowed,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )

    def __call__(self, event: str, *, level: str = "info", **fields: object) -> None:
        getattr(self._log, level)(event, **fields)

    def close(self) -> None:
        if self._stream is not sys.stderr:
            self._stream.close()
