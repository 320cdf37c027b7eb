"""Arithmetic on the named curves, for the one thing OpenSSL does not offer: a generator that PACE makes up.

All eleven curves have cofactor 1, so a point that is on its curve and is not the identity is a good point; ``decode``
lets no other in. Not constant in time, but for ``times_base``, which OpenSSL does where it has the curve: use it for
keys that live for one session only. Knows no command and no file.
"""

from __future__ import annotations

import functools
import secrets
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec

from hardware.card_reader import CardUnreadable
from hardware.card_reader.emrtd.elliptic_table import CURVES

Point = tuple[int, int]
_Jacobian = tuple[int, int, int]  # x = X / Z^2, y = Y / Z^3; Z = 0 is the identity

_IDENTITY: _Jacobian = (1, 1, 0)
_WINDOW = 5

# Standardized domain parameters (Doc 9303-11, 9.5.1); 0 to 2 are groups modulo a prime and not here.
PARAMETER_IDS = {
    8: "secp192r1", 9: "brainpoolP192r1", 10: "secp224r1", 11: "brainpoolP224r1", 12: "secp256r1",
    13: "brainpoolP256r1", 14: "brainpoolP320r1", 15: "secp384r1", 16: "brainpoolP384r1", 17: "brainpoolP512r1",
    18: "secp521r1",
}  # fmt: skip

# Those the library has too.
LIBRARY_CURVES: dict[str, type[ec.EllipticCurve]] = {
    "secp192r1": ec.SECP192R1, "secp224r1": ec.SECP224R1, "secp256r1": ec.SECP256R1, "secp384r1": ec.SECP384R1,
    "secp521r1": ec.SECP521R1, "brainpoolP256r1": ec.BrainpoolP256R1, "brainpoolP384r1": ec.BrainpoolP384R1,
    "brainpoolP512r1": ec.BrainpoolP512R1,
}  # fmt: skip


@dataclass(frozen=True)
class Curve:
    """y^2 = x^3 + ax + b over the integers modulo the prime p, with base point ``base`` of prime order n."""

    name: str
    p: int
    a: int
    b: int
    base: Point
    n: int

    @property
    def size_bytes(self) -> int:
        """Bytes of one coordinate."""
        return (self.p.bit_length() + 7) // 8

    def new_scalar(self) -> int:
        """A secret key for one session: 1 .. n-1, from the system's random source."""
        return secrets.randbelow(self.n - 1) + 1

    def contains(self, point: Point) -> bool:
        """Tell whether a point is on the curve."""
        x, y = point
        return 0 <= x < self.p and 0 <= y < self.p and (y * y - (x * x + self.a) * x - self.b) % self.p == 0

    def encode(self, point: Point) -> bytes:
        """Uncompressed: 04, x, y (BSI TR-03111, 3.2.1)."""
        return b"\x04" + b"".join(value.to_bytes(self.size_bytes) for value in point)

    def encode_x(self, point: Point) -> bytes:
        """The x coordinate, as long as the field: what a shared secret is."""
        return point[0].to_bytes(self.size_bytes)

    def decode(self, raw: bytes) -> Point:
        """Decode an uncompressed point. Raises ``CardUnreadable`` for another form, and for a point off the curve."""
        size = self.size_bytes
        if len(raw) != 1 + 2 * size or raw[0] != 4:
            raise CardUnreadable(f"{len(raw)} bytes that are no uncompressed point of {self.name}")
        point = (int.from_bytes(raw[1 : 1 + size]), int.from_bytes(raw[1 + size :]))
        if not self.contains(point):
            raise CardUnreadable(f"a point that is not on {self.name}")
        return point

    def add(self, one: Point, other: Point) -> Point:
        """Add two points. ``CardUnreadable`` when the sum is the identity, which no honest chip brings about."""
        return self._affine(self._add((*one, 1), other))

    def multiply(self, scalar: int, point: Point | None = None) -> Point:
        """Give ``scalar`` times ``point`` (None: the base point). ``CardUnreadable`` when that is the identity.

        At most 521 doublings and 110 additions.
        """
        one = self.base if point is None else point
        odd = self._odd_multiples(one)
        total = _IDENTITY
        for digit in reversed(_signed_digits(scalar % self.n)):
            total = self._double(total)
            if digit:
                x, y = odd[abs(digit) >> 1]
                total = self._add(total, (x, y if digit > 0 else self.p - y))
        return self._affine(total)

    def times_base(self, scalar: int) -> Point:
        """Give ``scalar`` times the base point as ``multiply`` does, by the library where that has the curve."""
        kind = LIBRARY_CURVES.get(self.name)
        if kind is None or scalar % self.n == 0:
            return self.multiply(scalar)
        try:
            numbers = ec.derive_private_key(scalar % self.n, kind()).public_key().public_numbers()
        except UnsupportedAlgorithm:  # a build of the library without this curve
            return self.multiply(scalar)
        return numbers.x, numbers.y

    # -- Jacobian coordinates: no division but the last (Cohen, Miyaji, Ono 1998) -----------------------------------

    def _odd_multiples(self, point: Point) -> list[Point]:
        """1, 3, 5 .. 15 times the point, with one division for all."""
        x, y, z = self._double((*point, 1))
        if z == 0:
            raise CardUnreadable(f"a point of order two on {self.name}")
        twice = self._affine((x, y, z))
        multiples: list[_Jacobian] = [(*point, 1)]
        for _ in range((1 << (_WINDOW - 2)) - 1):
            multiples.append(self._add(multiples[-1], twice))
        return [self._affine(one) for one in multiples]

    def _affine(self, point: _Jacobian) -> Point:
        x, y, z = point
        if z == 0:
            raise CardUnreadable(f"the identity of {self.name} where a point is expected")
        inverse = pow(z, -1, self.p)
        square = inverse * inverse % self.p
        return x * square % self.p, y * square * inverse % self.p

    def _double(self, point: _Jacobian) -> _Jacobian:
        x, y, z = point
        p = self.p
        if z == 0 or y == 0:
            return _IDENTITY
        yy = y * y % p
        s = 4 * x * yy % p
        zz = z * z % p
        m = (3 * x * x + self.a * (zz * zz % p)) % p
        new_x = (m * m - 2 * s) % p
        return new_x, (m * (s - new_x) - 8 * yy * yy) % p, 2 * y * z % p

    def _add(self, one: _Jacobian, other: Point) -> _Jacobian:
        x, y, z = one
        p = self.p
        if z == 0:
            return (*other, 1)
        zz = z * z % p
        h = (other[0] * zz - x) % p
        r = (other[1] * zz * z - y) % p
        if h == 0:
            return self._double(one) if r == 0 else _IDENTITY
        hh = h * h % p
        hhh = h * hh % p
        v = x * hh % p
        new_x = (r * r - hhh - 2 * v) % p
        return new_x, (r * (v - new_x) - y * hhh) % p, z * h % p


def _signed_digits(scalar: int) -> list[int]:
    """Non-adjacent form of width 5, lowest digit first: zeros and odd digits from -15 to 15."""
    digits = []
    while scalar:
        digit = 0
        if scalar & 1:
            digit = scalar & ((1 << _WINDOW) - 1)
            if digit >= 1 << (_WINDOW - 1):
                digit -= 1 << _WINDOW
            scalar -= digit
        digits.append(digit)
        scalar >>= 1
    return digits


@functools.cache
def named(name: str) -> Curve:
    """Give a curve by its name in ``elliptic_table``; ``KeyError`` for others."""
    figures = "".join(CURVES[name][1].split())
    width = len(figures) // 6
    p, a, b, x, y, n = (int(figures[at : at + width], 16) for at in range(0, 6 * width, width))
    return Curve(name, p, a, b, (x, y), n)


def standardized(parameter_id: int | None) -> Curve:
    """Give the curve of a parameter id. Raises ``CardUnreadable`` for one that names no curve."""
    if parameter_id not in PARAMETER_IDS:
        raise CardUnreadable(f"domain parameters {parameter_id} name no curve that is known")
    return named(PARAMETER_IDS[parameter_id])
