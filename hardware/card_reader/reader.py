"""The PC/SC card reader: the driver ``pcsc`` behind the front door, with the families of the table.

Knows names of settings; what happens is told by ``worker_reader``, ``pcsc`` and ``detection``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from hardware.card_reader import detection
from hardware.card_reader.messages import Options
from hardware.card_reader.worker_reader import Wire, WorkerCardReader


@dataclass(frozen=True)
class ReaderOptions:
    """``reader``: part of the PC/SC reader's name, "" for any. ``socket``: the daemon's socket, "" for the system's.

    ``read_within_s``: deadline of one reading instead of the family's budget, None for that. ``extended``: parts of the
    names of readers that pass APDUs of extended length. ``trust_folder``: country signing certificates, or None.
    """

    reader: str = ""
    socket: str = ""
    read_within_s: float | None = None
    first_status_within_s: float = 3.0
    extended: tuple[str, ...] = ()
    trust_folder: Path | None = None


class PcscCardReader(WorkerCardReader):
    """``CardReader`` over PC/SC. Use from one event loop."""

    def __init__(self, options: ReaderOptions | None = None, *, today: Callable[[], date] = date.today) -> None:
        given = options or ReaderOptions()
        wire = Wire(
            driver="hardware.card_reader.pcsc:Driver",
            options=Options(given.reader, given.extended, str(given.trust_folder or "")),
            where=given.reader or "card reader",
            cure="check that pcscd runs and that the reader is plugged in",
            environment={"PCSCLITE_CSOCK_NAME": given.socket} if given.socket else {},
            read_within_s=given.read_within_s,
            first_status_within_s=given.first_status_within_s,
        )
        super().__init__(wire, detection.kinds(), today)
