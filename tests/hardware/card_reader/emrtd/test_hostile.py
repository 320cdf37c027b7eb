"""Hostile data groups and security objects: one error type and nothing else (the fuzz targets, without atheris)."""

from __future__ import annotations

import functools
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz import fuzz_dg, fuzz_sod
from hardware.card_reader import CardUnreadable

TARGETS = {"dg": fuzz_dg, "sod": fuzz_sod}
CORPUS = Path(fuzz_dg.__file__).parent / "corpus"
QUICK = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@functools.cache
def seeds(name: str) -> list[bytes]:
    return list(TARGETS[name].seeds().values())


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_the_kept_corpus(name):
    kept = {path.name: path.read_bytes() for path in (CORPUS / name).iterdir()}
    assert TARGETS[name].seeds().keys() <= kept.keys()
    for data in kept.values():
        TARGETS[name].one_input(data)


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_the_seeds_are_read_without_an_error(name):
    """Else mutating them would show nothing."""
    for title, data in TARGETS[name].seeds().items():
        if title not in ("nested", "long_length", "ber_nested", "ber_many"):
            TARGETS[name].WAYS[data[0]](data[1:])
        else:
            with pytest.raises(CardUnreadable):
                TARGETS[name].WAYS[data[0]](data[1:])


def mutated(name: str) -> st.SearchStrategy[bytes]:
    """A seed with bytes changed, cut out, put in or repeated."""

    @st.composite
    def one(draw: st.DrawFn) -> bytes:
        data = bytearray(draw(st.sampled_from(seeds(name))))
        for _ in range(draw(st.integers(1, 4))):
            at = draw(st.integers(1, max(1, len(data) - 1)))
            kind = draw(st.sampled_from(["change", "length", "cut", "insert", "repeat"]))
            if kind == "change" and at < len(data):
                data[at] ^= 1 << draw(st.integers(0, 7))
            elif kind == "length" and at < len(data):
                data[at] = draw(st.sampled_from([0x00, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xFF]))
            elif kind == "cut":
                del data[at : at + draw(st.integers(1, 40))]
            elif kind == "insert":
                data[at:at] = draw(st.binary(max_size=20))
            else:
                data[at:at] = data[at : at + draw(st.integers(1, 40))] * draw(st.integers(1, 20))
        return bytes(data)

    return one()


def never_breaks(target: ModuleType, strategy: st.SearchStrategy[bytes]) -> None:
    @QUICK
    @given(strategy)
    def feed(data: bytes) -> None:
        target.one_input(data)

    feed()


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_mutated_specimens(name):
    never_breaks(TARGETS[name], mutated(name))


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_noise(name):
    never_breaks(TARGETS[name], st.binary(max_size=300))
