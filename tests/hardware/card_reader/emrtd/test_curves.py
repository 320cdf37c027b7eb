"""Curve arithmetic: the points of Doc 9303-11 G.1, OpenSSL as the judge of the rest, and points nobody may send."""

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.card_reader import CardUnreadable
from hardware.card_reader.emrtd.curves import PARAMETER_IDS, named, standardized

NAMES = sorted(PARAMETER_IDS.values())
OPENSSL = {
    "secp192r1": ec.SECP192R1, "secp224r1": ec.SECP224R1, "secp256r1": ec.SECP256R1, "secp384r1": ec.SECP384R1,
    "secp521r1": ec.SECP521R1, "brainpoolP256r1": ec.BrainpoolP256R1, "brainpoolP384r1": ec.BrainpoolP384R1,
    "brainpoolP512r1": ec.BrainpoolP512R1,
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_base_point_is_on_its_curve_and_has_its_order(name):
    curve = named(name)
    assert curve.contains(curve.base)
    assert curve.multiply(1) == curve.base
    # n - 1 times the base point is its negative: n times is the identity
    assert curve.multiply(curve.n - 1) == (curve.base[0], curve.p - curve.base[1])
    with pytest.raises(CardUnreadable, match="identity"):
        curve.multiply(curve.n)
    with pytest.raises(CardUnreadable, match="identity"):
        curve.add(curve.base, (curve.base[0], curve.p - curve.base[1]))


@pytest.mark.parametrize("name", sorted(OPENSSL))
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_openssl_finds_the_same_points(name, data):
    curve = named(name)
    scalar = data.draw(st.integers(1, curve.n - 1))
    try:
        numbers = ec.derive_private_key(scalar, OPENSSL[name]()).public_key().public_numbers()
    except UnsupportedAlgorithm:
        pytest.skip(f"this OpenSSL has no {name}")
    assert curve.multiply(scalar) == (numbers.x, numbers.y)


@pytest.mark.parametrize("name", NAMES)
def test_the_base_point_is_multiplied_alike_in_both_ways(name):
    curve = named(name)
    for scalar in (1, 2, curve.n // 3, curve.n - 1, curve.n + 5):
        assert curve.times_base(scalar) == curve.multiply(scalar)
    for scalar in (0, curve.n):
        with pytest.raises(CardUnreadable, match="identity"):
            curve.times_base(scalar)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_multiplying_is_adding_often(name, data):
    curve = named(name)
    one, other = (data.draw(st.integers(1, curve.n - 1)) for _ in range(2))
    if (one + other) % curve.n:
        assert curve.multiply(one + other) == curve.add(curve.multiply(one), curve.multiply(other))
    assert curve.multiply(one, curve.multiply(other)) == curve.multiply(one * other)
    assert curve.add(curve.base, curve.base) == curve.multiply(2)


def test_parameter_ids_of_9_5_1():
    # Doc 9303-11, 9.5.1: 8 NIST P-192, 12 NIST P-256, 13 BrainpoolP256r1, 17 BrainpoolP512r1, 18 NIST P-521
    assert [standardized(number).name for number in (8, 12, 13, 17, 18)] == [
        "secp192r1", "secp256r1", "brainpoolP256r1", "brainpoolP512r1", "secp521r1",
    ]  # fmt: skip


@pytest.mark.parametrize("number", [None, 0, 2, 3, 7, 19, 31])
def test_other_ids_name_no_curve(number):
    with pytest.raises(CardUnreadable, match="no curve"):
        standardized(number)


@pytest.mark.parametrize("name", NAMES)
def test_points_off_the_curve_are_refused(name):
    curve = named(name)
    x, y = curve.base
    good = curve.encode(curve.base)
    assert curve.decode(good) == curve.base
    assert curve.encode_x(curve.base) == good[1 : 1 + curve.size_bytes]
    for raw in (
        curve.encode((x, y ^ 1)),
        curve.encode((0, 0)),
        b"\x02" + good[1 : 1 + curve.size_bytes],
        b"\x00",
        b"",
        good[:-1],
        good + b"\x00",
        b"\x04" + b"\xff" * (2 * curve.size_bytes),
    ):
        with pytest.raises(CardUnreadable):
            curve.decode(raw)


def test_keys_differ_and_are_in_range():
    curve = named("secp256r1")
    keys = {curve.new_scalar() for _ in range(20)}
    assert len(keys) == 20
    assert all(0 < key < curve.n for key in keys)
