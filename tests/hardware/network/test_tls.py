"""Certificates of gateways: days left, handshakes that fail, one that is asked by another driver, too."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.field import Config, FieldError, Garbage, Gone, RawSample, Timeout
from hardware.network import GatewayTarget, tls
from hardware.network.tls_simulator import VirtualGateway


@contextlib.asynccontextmanager
async def gateway(days: float = 200.0) -> AsyncIterator[VirtualGateway]:
    found = VirtualGateway(days=days)
    await found.start()
    try:
        yield found
    finally:
        await found.stop()


def target(found: VirtualGateway, within_s: float = 5.0) -> GatewayTarget:
    return GatewayTarget("gateway", found.host, found.port, within_s, within_s)


@pytest.mark.peer
@pytest.mark.parametrize("days", [200.0, 6.5, 0.2, -3.0])
async def test_days_left_of_one_that_signs_for_itself(days: float) -> None:
    async with gateway(days) as found:
        shown = await tls.certificate(target(found), tls.any_context())
        assert tls.days_left(shown, datetime.now(UTC).timestamp()) == pytest.approx(days, abs=0.01)


@pytest.mark.peer
async def test_a_link_tells_days_and_a_renewal() -> None:
    async with gateway(5.0) as found:
        link = tls.TlsLink([target(found)], names={"gateway": {"reachable": "handshake", "certificate": "days_left"}})
        seen = {sample.point: sample for sample in await link.poll("gateway", within_s=10)}
        assert seen["reachable"].value is True
        assert seen["certificate"].value == pytest.approx(5.0, abs=0.01)
        assert seen["certificate"].is_life
        await found.renew(90.0)
        seen = {sample.point: sample for sample in await link.poll("gateway", within_s=10)}
        assert seen["certificate"].value == pytest.approx(90.0, abs=0.01)
        await link.close()


@pytest.mark.peer
async def test_beside_another_driver_a_handshake_is_no_sign_of_life() -> None:
    async with gateway() as found:
        link = tls.TlsLink([target(found)], names={"gateway": {"certificate": "days_left"}})
        samples: list[RawSample] = []
        await link.open(samples.extend)
        async with asyncio.timeout(20):
            while not samples:
                await asyncio.sleep(0.01)
        await link.close()
        assert [(sample.point, sample.is_life) for sample in samples] == [("certificate", False)]


@pytest.mark.peer
@pytest.mark.parametrize(
    ("fault", "error"), [("is_silent", Timeout), ("is_garbage", Garbage), ("hangs_up", Gone)], ids=str
)
async def test_what_does_not_shake_hands(fault: str, error: type[FieldError]) -> None:
    async with gateway() as found:
        setattr(found.faults, fault, True)
        with pytest.raises(error):
            await tls.certificate(target(found, 0.5), tls.any_context())


@pytest.mark.peer
async def test_nobody_there_is_gone() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = GatewayTarget("gateway", "127.0.0.1", taken.getsockname()[1])
        with pytest.raises(Gone, match="no connection"):
            await tls.certificate(nowhere, tls.any_context())


@given(st.binary(max_size=400))
def test_any_bytes_are_a_certificate_or_garbage(data: bytes) -> None:
    with contextlib.suppress(Garbage):
        assert isinstance(tls.days_left(data, 0.0), float)


def test_targets_that_cannot_be() -> None:
    good = GatewayTarget("gateway", "127.0.0.1")
    for bad in ([good, good], [], [GatewayTarget("g", "")], [GatewayTarget("g", "127.0.0.1", 0)]):
        with pytest.raises(Config):
            tls.TlsLink(bad)
    with pytest.raises(Garbage):
        tls.days_left(bytes(tls.MOST_CERTIFICATE + 1), 0.0)
