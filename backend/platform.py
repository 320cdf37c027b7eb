"""What the platform's services share: database, clock, keys. Built once at the root and handed down."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy.orm import Session

from backend import tables
from backend.desk import Desk
from backend.numbers import masked_document
from backend.store import Store


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class Platform:
    """``clock`` gives aware UTC; tests inject their own."""

    store: Store
    seal_key: X25519PrivateKey
    sign_key: Ed25519PrivateKey
    clock: Callable[[], dt.datetime] = field(default=_now)
    desk: Desk = field(default_factory=Desk)

    def audit(
        self,
        session: Session,
        actor: str,
        what: str,
        outcome: str,
        *,
        visit: str | None = None,
        service: str | None = None,
        number: str | None = None,
    ) -> None:
        """Write who asked for what and how it ended; of a resident only the masked number."""
        session.add(
            tables.AuditRow(
                at=self.clock(),
                actor=actor,
                what=what,
                outcome=outcome,
                visit=visit,
                service=service,
                number_masked=masked_document(number) if number else None,
            )
        )
