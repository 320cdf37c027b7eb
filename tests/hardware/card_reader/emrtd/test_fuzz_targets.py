"""The fuzz targets of access and messaging without atheris: seeds that hypothesis changes, and bytes it makes up."""

from __future__ import annotations

import functools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz import fuzz_mrz, fuzz_secure_messaging, fuzz_tlv

TARGETS = {"tlv": fuzz_tlv, "mrz": fuzz_mrz, "secure_messaging": fuzz_secure_messaging}


@functools.cache
def seeds(name: str) -> list[bytes]:
    return list(TARGETS[name].seeds().values())


@pytest.mark.parametrize("name", sorted(TARGETS))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_changed_seeds(name, data):
    seed = data.draw(st.sampled_from(seeds(name)))
    at = data.draw(st.integers(0, len(seed) - 1))
    size = data.draw(st.integers(0, 6))
    TARGETS[name].one_input(seed[:at] + data.draw(st.binary(max_size=6)) + seed[at + size :])


@pytest.mark.parametrize("name", sorted(TARGETS))
@settings(max_examples=60, deadline=None)
@given(raw=st.binary(max_size=400))
def test_any_bytes(name, raw):
    TARGETS[name].one_input(raw)
