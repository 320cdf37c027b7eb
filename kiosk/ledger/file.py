"""One SQLite file, one owner, no promise that a power cut can break. Knows no tables: they come as migrations.

WAL with ``synchronous=FULL``: of cut images replayed from a system-call log only FULL lost nothing. Every PRAGMA is
read back, because ``execute`` swallows a refused switch. After a disk I/O error the connection is dropped; the next
call opens the file anew or is refused. A ballast file is given up when the disk is full, so that what was promised
can still be marked as done.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

MIN_FREE_BYTES = 200 * 1024 * 1024  # below it nothing new is promised
BALLAST_BYTES = 8 * 1024 * 1024
_PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: a commit that returned is on the medium
    "foreign_keys": 1,
    "secure_delete": 1,
    "trusted_schema": 0,
    "cell_size_check": 1,
    "busy_timeout": 2000,  # ms; readers such as `booth ledger show`
    "cache_size": -256,  # KiB; the file is small, the process lives for months
}
_DISK = frozenset(
    {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CANTOPEN}
    | {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PROTOCOL}
)


class LedgerError(Exception):
    """The ledger did not do it. ``why`` is the word for the line and the log."""

    why = "ledger_error"


class InUse(LedgerError):
    why = "in_use"


class Closed(LedgerError):
    """After a disk error, or after ``close``: nothing is accepted."""

    why = "ledger_closed"


class DiskFull(LedgerError):
    why = "disk_full"


class Unusable(LedgerError):
    """Damaged, not ours, or written by a newer version; the text names file and cure."""

    why = "ledger_unusable"


class LedgerFile:
    """The owner's handle; any thread, one at a time. ``migrations``: SQL scripts, index + 1 = version.

    Raises InUse when another process owns ``path``, Unusable when it cannot be read or is newer than ``migrations``.
    """

    def __init__(
        self,
        path: Path,
        migrations: Sequence[str],
        *,
        min_free_bytes: int = MIN_FREE_BYTES,
        ballast_bytes: int = BALLAST_BYTES,
    ) -> None:
        self.path = path
        self._migrations = migrations
        self._min_free_bytes = min_free_bytes
        self._ballast_bytes = ballast_bytes
        self._connection: sqlite3.Connection | None = None
        self._is_closed = False
        self._turn = threading.RLock()
        self.reopened = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = _lock(path)
        except OSError as error:
            raise Unusable(f"{path}: {error.strerror}; give the booth's user a writable folder") from None
        try:
            self._connection = self._connect()
        except BaseException:
            os.close(self._lock)
            raise
        self.keep_ballast()

    def close(self) -> None:
        """Write the WAL back, let the file go. Idempotent."""
        if self._is_closed:
            return
        self._is_closed = True
        with contextlib.suppress(sqlite3.Error):
            if self._connection is not None:
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._drop()
        os.close(self._lock)

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Run one durable transaction: all of the block or nothing. Raises DiskFull, Closed."""
        with self._turn:
            connection = self._usable()
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except sqlite3.Error as error:
                self._roll_back(connection)
                raise self._named(error) from None
            except BaseException:
                self._roll_back(connection)
                raise

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Read rows. Raises Closed."""
        with self._turn:
            try:
                return self._usable().execute(sql, values).fetchall()
            except sqlite3.Error as error:
                raise self._named(error) from None

    def free_bytes(self) -> int:
        stat = os.statvfs(self.path.parent)
        return stat.f_bavail * stat.f_frsize

    def require_space(self) -> None:
        """Raise DiskFull when something new should not be promised any more."""
        if self.free_bytes() < self._min_free_bytes:
            raise DiskFull(f"{self.path.parent}: less than {self._min_free_bytes // 2**20} MB free; make room")

    def checkpoint(self) -> None:
        """Write the WAL back and truncate it, so that dropped values leave the medium; renew the ballast."""
        self.read("PRAGMA wal_checkpoint(TRUNCATE)")
        self.keep_ballast()

    def keep_ballast(self) -> None:
        """Have the ballast file when there is room for it."""
        if self.ballast.exists() or self.free_bytes() < self._min_free_bytes + self._ballast_bytes:
            return
        with contextlib.suppress(OSError):
            fd = os.open(self.ballast, os.O_CREAT | os.O_WRONLY, 0o600)
            try:
                os.posix_fallocate(fd, 0, self._ballast_bytes)
            finally:
                os.close(fd)

    @property
    def ballast(self) -> Path:
        return self.path.with_name(self.path.name + ".ballast")

    # -- inside -----------------------------------------------------------------------------------------------------

    def _usable(self) -> sqlite3.Connection:
        if self._is_closed:
            raise Closed(f"{self.path}: closed")
        if self._connection is None:
            try:
                self._connection = self._connect()
            except (sqlite3.Error, LedgerError) as error:
                raise Closed(f"{self.path}: cannot be opened again ({error}); look after the disk") from None
            self.reopened += 1
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = None
        try:
            connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
            connection.row_factory = sqlite3.Row
            os.chmod(self.path, 0o600)
            for name, wanted in _PRAGMAS.items():
                connection.execute(f"PRAGMA {name} = {wanted}").fetchall()
                got = connection.execute(f"PRAGMA {name}").fetchone()[0]
                if got != wanted:
                    raise Unusable(f"{self.path}: SQLite keeps {name} at {got}, {wanted} is needed; use a local disk")
            damage = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if damage != "ok":
                raise Unusable(f"{self.path}: damaged ({damage}); put the file aside for recovery and start anew")
            self._migrate(connection)
            _sync_folder(self.path.parent)
        except sqlite3.Error as error:
            if connection is not None:
                connection.close()
            raise Unusable(f"{self.path}: {error}; put the file aside for recovery or look after the disk") from None
        except BaseException:
            if connection is not None:
                connection.close()
            raise
        return connection

    def _migrate(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(self._migrations):
            raise Unusable(
                f"{self.path}: schema {version} is newer than this software ({len(self._migrations)}); install the "
                "version that wrote it, or a later one"
            )
        for number, script in enumerate(self._migrations[version:], version + 1):
            connection.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT;")

    def _named(self, error: sqlite3.Error) -> Exception:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            self.ballast.unlink(missing_ok=True)
            return DiskFull(f"{self.path.parent}: the disk is full; make room")
        if code in _DISK:
            self._drop()
            return Closed(f"{self.path}: {error}; look after the disk")
        return error

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        with contextlib.suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()


def read_only(path: Path) -> sqlite3.Connection:
    """Open a ledger for looking at, beside its owner. Raises Unusable."""
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        raise Unusable(f"{path}: {error}; start the booth once, or give the path of its ledger") from None
    return connection


def _lock(path: Path) -> int:
    """Own ``path`` through a file beside it (SQLite's own locks must not be touched by a second descriptor)."""
    fd = os.open(path.with_name(path.name + ".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        owner = os.read(fd, 20).decode("ascii", "replace").strip() or "unknown"
        os.close(fd)
        raise InUse(f"{path}: in use by process {owner}; stop that one first, or give another ledger folder") from None
    os.ftruncate(fd, 0)
    os.pwrite(fd, str(os.getpid()).encode(), 0)
    return fd


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
