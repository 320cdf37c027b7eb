"""The tables of ledger.db, version by version. A migration that shipped is never edited: add one.

Nothing readable about a resident has a column here: ``sealed`` opens at the platform only and ``receipt`` is masked.
"""

from __future__ import annotations

_V1 = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
INSERT INTO meta VALUES ('sequence', '0');

CREATE TABLE visits (
    id TEXT PRIMARY KEY,
    service TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    closed_at TEXT,
    outcome TEXT
) STRICT;

CREATE TABLE transactions (
    key TEXT PRIMARY KEY,
    seq INTEGER NOT NULL UNIQUE CHECK (seq > 0),
    number TEXT NOT NULL UNIQUE,
    visit TEXT NOT NULL REFERENCES visits (id),
    service TEXT NOT NULL,
    schema INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN (
        'pending', 'sending', 'unknown', 'parked', 'acked', 'rejected',
        'receipted', 'receipt_owed', 'reversal_pending', 'reversed')),
    sealed BLOB,
    digest TEXT NOT NULL CHECK (length(digest) = 64),
    receipt TEXT NOT NULL,
    receipt_how TEXT CHECK (receipt_how IN ('printed', 'shown', 'owed')),
    copies INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL,
    sent_at TEXT,
    answered_at TEXT,
    reverses TEXT REFERENCES transactions (key),
    CHECK (sealed IS NOT NULL OR state NOT IN ('pending', 'sending', 'unknown', 'parked'))
) STRICT;
CREATE INDEX transactions_waiting ON transactions (seq) WHERE state IN ('pending', 'sending', 'unknown');

CREATE TABLE audit (
    n INTEGER PRIMARY KEY CHECK (n > 0),
    at TEXT NOT NULL,
    visit TEXT NOT NULL,
    what TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash TEXT NOT NULL CHECK (length(hash) = 64)
) STRICT;
"""

_V2 = """
CREATE TABLE attempts (
    tag TEXT PRIMARY KEY CHECK (length(tag) = 64),
    used INTEGER NOT NULL CHECK (used > 0)
) STRICT;
"""

MIGRATIONS = (_V1, _V2)
