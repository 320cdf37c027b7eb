"""``booth ledger``: look at the ledger beside a running booth, release what is parked. Shows no personal data: there
is none to show."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from booth.keeper import LEDGER_FILE
from kiosk.config import Config
from kiosk.ledger import audit
from kiosk.ledger.file import LedgerFile, read_only
from kiosk.ledger.journal import Journal
from kiosk.ledger.outbox import Outbox
from kiosk.ledger.schema import MIGRATIONS

_COLUMNS = ("number", "service", "state", "reason", "attempts", "created_at", "sent_at", "answered_at", "receipt_how")


def show(config: Config, *, as_json: bool, out: Callable[[str], None]) -> int:
    """List the transactions, newest last, and say whether the audit chain holds. Exit status 1 when it does not."""
    connection = read_only(Path(config.ledger.folder) / LEDGER_FILE)
    try:
        connection.execute("BEGIN")  # one view of everything
        rows = connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM transactions ORDER BY seq").fetchall()  # noqa: S608
        broken = audit.first_break(connection.execute("SELECT * FROM audit ORDER BY n"))
    finally:
        connection.close()
    if as_json:
        for row in rows:
            out(json.dumps(dict(row)))
    else:
        for row in rows:
            reason = f" ({row['reason']})" if row["reason"] else ""
            receipt = f", receipt {row['receipt_how']}" if row["receipt_how"] else ""
            tried = f", {row['attempts']} attempts" if row["attempts"] > 1 else ""
            out(f"{row['number']}  {row['created_at']}  {row['service']}  {row['state']}{reason}{receipt}{tried}")
        out(f"{len(rows)} transactions; audit log {'whole' if broken is None else f'BROKEN at event {broken}'}")
    return 0 if broken is None else 1


def release(config: Config, number: str, out: Callable[[str], None]) -> int:
    """Let a parked transaction go again; the booth must be stopped. Exit status 1 when none is parked there."""
    file = LedgerFile(Path(config.ledger.folder) / LEDGER_FILE, MIGRATIONS)
    try:
        state = Outbox(Journal(file, config.booth.id, lambda: datetime.now(UTC))).release(number)
    finally:
        file.close()
    out(f"{number}: {state.value}; it is delivered at the next start" if state else f"{number}: not parked")
    return 0 if state else 1
