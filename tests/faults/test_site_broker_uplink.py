"""The platform's broker is killed after it has acknowledged, is down for an hour, drops again and again: each row is
at the platform once, and the booth knows it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.backend.site_rig import Rig, event, hurry, rig, until

pytestmark = pytest.mark.peer


@pytest.fixture
async def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    hurry(monkeypatch)
    async with rig(tmp_path) as made:
        yield made


async def test_a_broker_killed_after_its_puback_loses_nothing(there: Rig) -> None:
    booth = there.booth()
    booth.journal.write([event(n) for n in range(2000)])
    await there.ingest()
    booth.start()
    await booth.has_delivered()
    await there.no_ingest()  # the broker takes and acknowledges, nobody reads
    booth.journal.write([event(n) for n in range(2000)])
    await until(lambda: booth.uplink.cursor.sent == 4000)
    await asyncio.sleep(0.5)  # until the last PUBACK
    assert there.seqs() == list(range(1, 2001))
    there.broker.kill()
    there.broker.start()
    await there.ingest()
    await there.has_exactly(4000)


async def test_a_broker_that_was_down_for_an_hour(there: Rig) -> None:
    await there.ingest()
    there.broker.kill()
    booth = there.booth()
    booth.start()
    booth.journal.write([event(n) for n in range(3600)])  # one a second
    await asyncio.sleep(1.5)
    assert booth.uplink.cursor.acked is None
    there.broker.start()
    await there.has_exactly(3600)


async def test_a_broker_that_drops_again_and_again(there: Rig) -> None:
    booth = there.booth()
    await there.ingest(workers=2)
    booth.start()
    rows = 0
    for _ in range(5):
        booth.journal.write([event(n) for n in range(2500)])
        rows += 2500
        await asyncio.sleep(0.3)
        there.broker.kill()
        there.broker.start()
    await there.has_exactly(rows)
