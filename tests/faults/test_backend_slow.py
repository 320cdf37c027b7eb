"""The platform does the work and answers too late: the booth asks what became of it instead of sending blindly."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.uplink.bodies import Acknowledgement, AckState, Envelope
from kiosk.uplink.client import Backend
from kiosk.uplink.errors import Refused, Slow
from tests.backend.serving import serving

pytestmark = pytest.mark.peer


async def outcome(client: Backend, envelope: Envelope) -> Acknowledgement:
    """Ask until it is there: the delivery that was cut may still be at work."""
    while True:
        try:
            found = await client.outcome_of(envelope.key, envelope.digest, envelope.number)
        except Refused as refused:
            if refused.kind != "being-processed":
                raise
        else:
            return found or await client.deliver(envelope)


async def test_backend_slow(tmp_path: Path) -> None:
    with serving(tmp_path) as platform:
        platform.bench("fault", {"mode": "slow", "delay_s": 600})
        async with platform.client() as client:
            envelope = platform.envelope(1)
            with pytest.raises(Slow) as slow:
                await client.deliver(envelope, within_s=2)
            assert slow.value.may_have_arrived
            platform.bench("fault", {"mode": "none"})
            found = await outcome(client, envelope)
            assert found.state is AckState.ACCEPTED
            assert await client.deliver(envelope) == found
