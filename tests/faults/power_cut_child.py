"""A booth that commits and delivers as fast as it can, to be killed: ``python power_cut_child.py FOLDER PORT MODE``.

Prints each number as soon as it was promised. MODE ``again`` only delivers what is left and ends; ``fresh`` is the
control that makes a new key for every attempt, as a booth without durable keys would.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import uuid
from functools import partial
from pathlib import Path

from kiosk.clock import SystemClock
from kiosk.ledger.file import LedgerFile
from kiosk.ledger.journal import Journal
from kiosk.ledger.outbox import Outbox
from kiosk.ledger.schema import MIGRATIONS
from kiosk.ledger.vault import digest_of
from kiosk.uplink.bodies import Acknowledgement, AckState, Envelope, Reconciliation
from kiosk.uplink.courier import Courier
from kiosk.uplink.errors import Unreachable


class LineDoor:
    """The platform behind a TCP port: one JSON line there, one back."""

    def __init__(self, port: int, *, makes_fresh_keys: bool) -> None:
        self._port = port
        self._makes_fresh_keys = makes_fresh_keys

    async def _call(self, **ask: str) -> str:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            writer.write(json.dumps(ask).encode() + b"\n")
            answer = (await reader.readline()).decode().strip()
            writer.close()
        except OSError:
            answer = ""
        if not answer:
            raise Unreachable(ask["op"], "cut")
        return answer

    async def deliver(self, envelope: Envelope, *, within_s: float | None = None) -> Acknowledgement:
        key = str(uuid.uuid4()) if self._makes_fresh_keys else envelope.key
        await self._call(op="deliver", key=key, number=envelope.number)
        return _accepted(envelope.key, envelope.digest, envelope.number)

    async def outcome_of(
        self, key: str, digest: str, number: str, *, within_s: float | None = None
    ) -> Acknowledgement | None:
        if self._makes_fresh_keys:
            return None  # the key of the earlier attempt is gone
        answer = await self._call(op="outcome_of", key=key)
        return _accepted(key, digest, number) if answer == "known" else None

    async def reconcile(self, *_: object, within_s: float | None = None) -> Reconciliation:
        return Reconciliation(matches=True, missing=[])


def _accepted(key: str, digest: str, number: str) -> Acknowledgement:
    return Acknowledgement(
        key=key, digest=digest, number=number, state=AckState.ACCEPTED, accepted_at="", signature=b""
    )


def _commit(journal: Journal, key: str) -> str:
    sealed = random.randbytes(300)
    values = {"service": "report-problem", "schema": 1, "receipt": "{}"}
    visit = journal.open_visit("report-problem")
    return journal.commit(visit=visit, key=key, sealed=sealed, digest=digest_of(sealed), **values)


async def main(folder: Path, port: int, mode: str) -> None:
    clock = SystemClock()
    journal = Journal(
        LedgerFile(folder / "ledger.db", MIGRATIONS, min_free_bytes=0, ballast_bytes=4096), "B7", clock.today
    )
    outbox = Outbox(journal)

    async def desk(work):
        return await asyncio.to_thread(work)

    def note(event: str, *, level: str = "info", **fields: object) -> None: ...

    door = LineDoor(port, makes_fresh_keys=mode == "fresh")
    courier = Courier(outbox, door, clock, booth="B7", desk=desk, note=note, chance=random.Random(1))
    await courier.recover()
    delivering = asyncio.create_task(courier.run())
    if mode == "again" or (mode == "fresh" and journal.file.read("SELECT 1 FROM transactions LIMIT 1")):
        while outbox.waiting():
            await asyncio.sleep(0.01)
    else:
        while True:
            key = str(uuid.uuid4())
            number = await desk(partial(_commit, journal, key))
            print(number, flush=True)
            courier.nudge(key)
            await asyncio.sleep(0.002)
    delivering.cancel()
    await asyncio.gather(delivering, return_exceptions=True)
    journal.file.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
