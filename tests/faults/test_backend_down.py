"""The platform refuses every connection, then is back: nothing is lost, nothing is doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.uplink.bodies import AckState
from kiosk.uplink.errors import Unreachable
from tests.backend.serving import ZHANG, serving

pytestmark = pytest.mark.peer


async def test_backend_down_and_back(tmp_path: Path) -> None:
    with serving(tmp_path) as platform:
        async with platform.client() as client:
            assert await client.catalogue()  # a connection that is kept alive goes down with the rest
            platform.bench("fault", {"mode": "down"})
            envelope = platform.envelope(1)
            for call in (lambda: client.deliver(envelope), lambda: client.lookup("v1", ZHANG, "pension-alive")):
                with pytest.raises(Unreachable) as down:
                    await call()
                assert ZHANG not in str(down.value)
            platform.bench("fault", {"mode": "none"})
            assert await client.outcome_of(envelope.key, envelope.digest, envelope.number) is None
            assert (await client.deliver(envelope)).state is AckState.ACCEPTED


async def test_backend_gone_altogether(tmp_path: Path) -> None:
    with serving(tmp_path) as platform:
        envelope = platform.envelope(1)
        client = platform.client()
        first = await client.deliver(envelope)
        platform.process.kill()
        platform.process.wait(20)
        with pytest.raises(Unreachable):
            await client.deliver(envelope)
        client.close()
    with serving(tmp_path) as platform:  # after a kill its database still knows the key
        async with platform.client() as client:
            assert await client.outcome_of(envelope.key, envelope.digest, envelope.number) == first
            assert await client.deliver(envelope) == first
