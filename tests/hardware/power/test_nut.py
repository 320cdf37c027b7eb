"""The driver of upsd before a simulated one, and the protocol on its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.field import Auth, Command, Config, FieldError, Garbage, Gone, RawSample, Refused, Timeout
from hardware.power import Supply, protocol
from hardware.power.nut import NutLink
from hardware.power.simulator import VirtualSupply, VirtualUpsd


def test_a_list() -> None:
    # RFC 9271: LIST VAR <upsname> is answered by BEGIN LIST VAR, VAR lines and END LIST VAR.
    variables = b'VAR su700 ups.mfr "APC"\nVAR su700 ups.model "a \\"b\\" \\\\ c"\n'
    text = b"BEGIN LIST VAR su700\n" + variables + b"END LIST VAR su700\n"
    reader = protocol.ListReader("su700")
    found = [done for byte in text if (done := reader.feed(bytes((byte,)))) is not None]
    assert found == [{"ups.mfr": "APC", "ups.model": 'a "b" \\ c'}]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"ERR UNKNOWN-UPS\n", Config), (b"ERR DATA-STALE\n", Timeout), (b"ERR DRIVER-NOT-CONNECTED\n", Gone),
        (b"ERR ACCESS-DENIED\n", Auth), (b"ERR WHATEVER\n", Refused), (b"ERR\n", Refused),
        (b"BEGIN LIST VAR other\n", Garbage), (b"VAR ups a b\n", Garbage), (b"\xff\n", Garbage),
        (b"x" * 5000, Garbage), (b"BEGIN LIST VAR ups\n" + b'VAR ups a "1"\n' * 1000, Garbage),
        (b'BEGIN LIST VAR ups\nVAR ups a "1\n', Garbage), (b"BEGIN LIST VAR ups\nEND LIST VAR ups\nmore", Garbage),
    ],
)  # fmt: skip
def test_what_is_no_list(text: bytes, error: type[FieldError]) -> None:
    with pytest.raises(error):
        protocol.ListReader("ups").feed(text)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=60))
def test_any_text_passes_quoted(text: str) -> None:
    assert protocol.words(f"VAR ups name {protocol.quoted(text)}") == ["VAR", "ups", "name", text]


@given(st.binary(max_size=300))
def test_any_bytes_are_a_list_or_a_named_failure(data: bytes) -> None:
    with contextlib.suppress(FieldError):
        assert protocol.ListReader("ups").feed(data) is None


@pytest.mark.parametrize(
    ("status", "mains", "low"),
    [("OL", True, False), ("OL CHRG", True, False), ("OB DISCHRG", False, False), ("OB LB", False, True)],
)
def test_status(status: str, mains: bool, low: bool) -> None:
    found = protocol.points({"ups.status": status, "battery.charge": "81.5", "ups.load": "nan", "input.voltage": "x"})
    assert (found["mains"], found["battery_low"], found["charge"]) == (mains, low, 81.5)
    assert "load" not in found
    assert "input_voltage" not in found


@pytest.mark.parametrize(("status", "error"), [("", Garbage), ("CHRG", Garbage), ("WAIT", Timeout)])
def test_a_status_that_says_nothing_is_not_taken_for_well(status: str, error: type[FieldError]) -> None:
    with pytest.raises(error):
        protocol.points({"ups.status": status})


class Samples:
    def __init__(self) -> None:
        self.last: dict[str, RawSample] = {}
        self.words: list[str] = []

    def take(self, samples: Iterable[RawSample]) -> None:
        self.last |= {sample.point: sample for sample in samples}
        self.words += [sample.error.word for sample in samples if sample.error is not None]

    def value(self, point: str) -> object:
        return self.last[point].value if point in self.last else None


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[tuple[VirtualUpsd, NutLink, Samples]]:
    upsd = VirtualUpsd({"booth": VirtualSupply()})
    await upsd.start()
    link = NutLink([Supply("ups", "booth", 0.02)], port=upsd.port, within_s=0.3)
    samples = Samples()
    await link.open(samples.take)
    try:
        yield upsd, link, samples
    finally:
        await link.close()
        await upsd.stop()


async def until(is_so: object) -> None:
    """The test's own time-out ends what never comes."""
    assert callable(is_so)
    while not is_so():
        await asyncio.sleep(0.01)


@pytest.mark.peer
async def test_mains_fail_and_come_back() -> None:
    async with running() as (upsd, link, samples):
        await until(lambda: samples.value("mains") is True)
        upsd.supplies["booth"].fail_mains(20, is_low=True)
        await until(lambda: samples.value("mains") is False)
        assert samples.value("battery_low") is True
        assert samples.value("runtime") == 360
        upsd.supplies["booth"].restore_mains()
        await until(lambda: samples.value("mains") is True)
        assert upsd.connections == 1
        assert link.health()["ups"].misses == 0


@pytest.mark.peer
@pytest.mark.parametrize(
    ("fault", "value", "word"),
    [("is_silent", True, "timeout"), ("is_garbage", True, "garbage"), ("is_cut", True, "timeout"),
     ("error", "DATA-STALE", "timeout"), ("error", "ACCESS-DENIED", "auth"), ("delay_s", 0.5, "timeout")],
)  # fmt: skip
async def test_faults_are_named_and_pass(fault: str, value: object, word: str) -> None:
    async with running() as (upsd, _link, samples):
        await until(lambda: samples.value("mains") is True)
        before = getattr(upsd.faults, fault)
        setattr(upsd.faults, fault, value)
        await until(lambda: word in samples.words)
        assert samples.value("charge") is None  # every point that it had, not only the first ones
        setattr(upsd.faults, fault, before)
        await until(lambda: samples.value("mains") is True)


@pytest.mark.peer
async def test_a_daemon_that_ends_and_starts_again() -> None:
    async with running() as (upsd, link, samples):
        await until(lambda: samples.value("mains") is True)
        await upsd.stop()
        await until(lambda: "gone" in samples.words)
        with pytest.raises(Gone):
            await link.poll("ups", within_s=1.0)
        await upsd.start()
        await until(lambda: samples.value("mains") is True)
        assert {sample.point for sample in await link.poll("ups", within_s=1.0)} >= {"mains", "charge"}


@pytest.mark.peer
async def test_what_it_refuses() -> None:
    async with running() as (_upsd, link, _samples):
        with pytest.raises(Config):
            await link.poll("other", within_s=1.0)
        with pytest.raises(Refused):
            await link.command(Command("ups", "off", True), within_s=1.0)
    with pytest.raises(Config):
        NutLink([Supply("ups", "two words")])
