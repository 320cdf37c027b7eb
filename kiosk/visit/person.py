"""Who is served: the result of identification. Personal data; lives in the visit's locals only."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from kiosk.uplink.bodies import RegistryKey


@dataclass(frozen=True, repr=False)
class Identity:
    """Who is served. ``by``: face | code | clerk | helper | none. Lives in the visit's locals only.

    ``key``: what the registry knows them by; None of somebody anonymous. ``latin_name``: beside a name in characters.
    ``helper``: who acted for them, by the helper's own document; None of everybody else.
    """

    by: str
    key: RegistryKey | None = None
    name: str = ""
    latin_name: str = ""
    birth: date | None = None
    sex: str = ""
    address: str = ""
    address_source: str = ""
    phone: str = ""
    facts: dict[str, Any] | None = None
    source: str = "card"  # card | entered
    helper: RegistryKey | None = None

    def __repr__(self) -> str:
        return f"<Identity by {self.by}>"


ANONYMOUS = Identity(by="none")


class Audit(Protocol):
    """What identification leaves in the audit chain: words, nothing personal."""

    def __call__(self, what: str, **detail: str) -> Awaitable[None]: ...
