"""Clerks: passwords, lock-out, sessions. Knows no pages."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from backend import tables
from backend.platform import Platform

DEMO_CLERK = "clerk"
FREE_FAILURES = 5
FIRST_LOCK = dt.timedelta(seconds=15)
LONGEST_LOCK = dt.timedelta(hours=1)
IDLE = dt.timedelta(minutes=15)
LONGEST = dt.timedelta(hours=8)


class LockedError(Exception):
    """Too many wrong passwords: try again after ``retry_after_s``."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"locked for {retry_after_s} s")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class LoggedIn:
    clerk: str
    csrf: str


class Staff:
    """Log clerks in and out. Hashing is argon2id with the library's parameters."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._hasher = PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_hex())  # so that an unknown name takes as long as a known one

    def ensure(self, name: str, password: str) -> None:
        """Make the account, or give it this password when it has another."""
        with self._platform.store.begin() as session:
            clerk = session.get(tables.Clerk, name)
            if clerk is None:
                hashed = self._hasher.hash(password)
                session.add(tables.Clerk(name=name, password_hash=hashed, failures=0, locked_until=None))
            elif not self._fits(clerk.password_hash, password):
                clerk.password_hash = self._hasher.hash(password)

    def log_in(self, name: str, password: str) -> str | None:
        """Give a new session's cookie value; None when name or password is wrong. Raises LockedError.

        The failure is counted, durably, before the password is compared.
        """
        now = self._platform.clock()
        with self._platform.store.begin() as session:
            clerk = session.get(tables.Clerk, name, with_for_update=True)
            hashed = clerk.password_hash if clerk else self._nobody
            if clerk is not None:
                if clerk.locked_until and clerk.locked_until > now:
                    raise LockedError(int((clerk.locked_until - now).total_seconds()) + 1)
                clerk.failures += 1
                if clerk.failures >= FREE_FAILURES:
                    lock = FIRST_LOCK * 2 ** min(clerk.failures - FREE_FAILURES, 16)
                    clerk.locked_until = now + min(lock, LONGEST_LOCK)
        is_right = self._fits(hashed, password) and clerk is not None
        with self._platform.store.begin() as session:
            self._platform.audit(session, name if clerk else "unknown", "log_in", "right" if is_right else "wrong")
            if not is_right:
                return None
            session.execute(update(tables.Clerk).where(tables.Clerk.name == name).values(failures=0, locked_until=None))
            return self._open(session, name, now)

    def who(self, cookie: str) -> LoggedIn | None:
        """Give the clerk behind a cookie and keep the session alive; None when it ended."""
        now = self._platform.clock()
        with self._platform.store.begin() as session:
            row = session.get(tables.StaffSession, _digest(cookie))
            if row is None:
                return None
            if now - row.seen_at > IDLE or now - row.began_at > LONGEST:
                session.delete(row)
                return None
            row.seen_at = now
            return LoggedIn(row.clerk, row.csrf)

    def log_out(self, cookie: str) -> None:
        with self._platform.store.begin() as session:
            session.execute(delete(tables.StaffSession).where(tables.StaffSession.digest == _digest(cookie)))

    def _open(self, session: Session, name: str, now: dt.datetime) -> str:
        session.execute(delete(tables.StaffSession).where(tables.StaffSession.seen_at < now - IDLE))
        cookie = secrets.token_urlsafe(32)
        csrf = secrets.token_urlsafe(32)
        session.add(tables.StaffSession(digest=_digest(cookie), clerk=name, csrf=csrf, began_at=now, seen_at=now))
        return cookie

    def _fits(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()
