"""Who is served: the result of identification. Personal data; lives in the visit's locals only."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol


@dataclass(frozen=True, repr=False)
class Identity:
    """Who is served. ``by``: face | code | clerk | none. Lives in the visit's locals only."""

    by: str
    number: str = ""
    name: str = ""
    birth: date | None = None
    sex: str = ""
    address: str = ""
    address_source: str = ""
    phone: str = ""
    facts: dict[str, Any] | None = None
    source: str = "card"  # card | entered

    def __repr__(self) -> str:
        return f"<Identity by {self.by}>"


ANONYMOUS = Identity(by="none")


class Audit(Protocol):
    """What identification leaves in the audit chain: words, nothing personal."""

    def __call__(self, what: str, **detail: str) -> Awaitable[None]: ...
