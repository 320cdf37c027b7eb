"""The platform does the work and answers 200 with a body cut in the middle: no receipt says "accepted" by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.uplink.bodies import AckState
from kiosk.uplink.errors import Nonsense
from tests.backend.serving import ZHANG, serving

pytestmark = pytest.mark.peer


async def test_backend_nonsense(tmp_path: Path) -> None:
    with serving(tmp_path) as platform:
        platform.bench("fault", {"mode": "nonsense"})
        async with platform.client() as client:
            envelope = platform.envelope(1)
            with pytest.raises(Nonsense):
                await client.deliver(envelope)
            with pytest.raises(Nonsense):
                await client.outcome_of(envelope.key, envelope.digest, envelope.number)
            with pytest.raises(Nonsense) as nonsense:
                await client.lookup("v1", ZHANG, "pension-alive")
            assert ZHANG not in str(nonsense.value)
            platform.bench("fault", {"mode": "none"})
            found = await client.outcome_of(envelope.key, envelope.digest, envelope.number)
            assert found is not None
            assert found.state is AckState.ACCEPTED
