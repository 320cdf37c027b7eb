"""Arithmetic on the curves of eMRTD, in plain integers: the virtual chip's own, and not its terminal's.

Two pieces of arithmetic that agree on every point say more than one that agrees with itself. Slow and simple; not
constant in time: for a chip that has no secrets.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from hardware.card_reader.emrtd.elliptic_table import CURVES

Point = tuple[int, int] | None  # None: the point at infinity
_Jacobian = tuple[int, int, int]
_INFINITY: _Jacobian = (1, 1, 0)


@dataclass(frozen=True)
class Domain:
    """One named curve y² = x³ + ax + b over the field of p, with base point (x, y) of order n and cofactor 1."""

    name: str
    oid: bytes
    p: int
    a: int
    b: int
    x: int
    y: int
    n: int

    @property
    def field_bytes(self) -> int:
        return (self.p.bit_length() + 7) // 8

    @property
    def base(self) -> Point:
        return self.x, self.y

    def contains(self, x: int, y: int) -> bool:
        """Tell whether (x, y) is on the curve, with coordinates in the field's range."""
        return 0 <= x < self.p and 0 <= y < self.p and (y * y - x * (x * x + self.a) - self.b) % self.p == 0

    def encode(self, point: Point) -> bytes:
        """Encode uncompressed: 04 x y (SEC 1, 2.3.3). ``ValueError`` for the point at infinity."""
        if point is None:
            raise ValueError("the point at infinity has no coordinates")
        return b"\x04" + point[0].to_bytes(self.field_bytes) + point[1].to_bytes(self.field_bytes)

    def decode(self, data: bytes) -> tuple[int, int]:
        """Decode an uncompressed point. ``ValueError`` unless it is one and lies on the curve."""
        size = self.field_bytes
        if len(data) != 1 + 2 * size or data[0] != 0x04:
            raise ValueError("no uncompressed point of this curve")
        x, y = int.from_bytes(data[1 : 1 + size]), int.from_bytes(data[1 + size :])
        if not self.contains(x, y):
            raise ValueError("a point that is not on the curve")
        return x, y

    def add(self, one: Point, other: Point) -> Point:
        """Add two points of the curve."""
        return self._affine(self._add(_lift(one), _lift(other)))

    def multiply(self, factor: int, point: Point) -> Point:
        """Multiply a point of the curve by ``factor`` (any sign, any size)."""
        result, base = _INFINITY, _lift(point)
        for bit in bin(factor % self.n)[2:]:
            result = self._double(result)
            if bit == "1":
                result = self._add(result, base)
        return self._affine(result)

    def sign(self, key: int, nonce: int, digest: bytes) -> tuple[int, int]:
        """Make an ECDSA signature (FIPS 186-5, 6.4.1). ``nonce``: 1 .. n-1, never the same twice."""
        point = self.multiply(nonce, self.base)
        r = 0 if point is None else point[0] % self.n
        excess = max(0, 8 * len(digest) - self.n.bit_length())
        s = pow(nonce, -1, self.n) * ((int.from_bytes(digest) >> excess) + r * key) % self.n
        if not r or not s:
            raise ValueError("a nonce that makes no signature")
        return r, s

    def _double(self, point: _Jacobian) -> _Jacobian:
        x, y, z = point
        if not y or not z:
            return _INFINITY
        square = y * y % self.p
        s = 4 * x * square % self.p
        m = (3 * x * x + self.a * pow(z, 4, self.p)) % self.p
        new_x = (m * m - 2 * s) % self.p
        return new_x, (m * (s - new_x) - 8 * square * square) % self.p, 2 * y * z % self.p

    def _add(self, one: _Jacobian, other: _Jacobian) -> _Jacobian:
        (x1, y1, z1), (x2, y2, z2) = one, other
        if not z1 or not z2:
            return other if not z1 else one
        square1, square2 = z1 * z1 % self.p, z2 * z2 % self.p
        u1, u2 = x1 * square2 % self.p, x2 * square1 % self.p
        s1, s2 = y1 * square2 * z2 % self.p, y2 * square1 * z1 % self.p
        if u1 == u2:
            return self._double(one) if s1 == s2 else _INFINITY
        h, r = u2 - u1, s2 - s1
        h2 = h * h % self.p
        h3, v = h * h2 % self.p, u1 * h2 % self.p
        x = (r * r - h3 - 2 * v) % self.p
        return x, (r * (v - x) - s1 * h3) % self.p, h * z1 * z2 % self.p

    def _affine(self, point: _Jacobian) -> Point:
        x, y, z = point
        if not z:
            return None
        inverse = pow(z, -1, self.p)
        return x * inverse * inverse % self.p, y * pow(inverse, 3, self.p) % self.p


def _lift(point: Point) -> _Jacobian:
    return _INFINITY if point is None else (*point, 1)


@cache
def domain(name: str) -> Domain:
    """Give a named curve, e.g. ``secp256r1`` or ``brainpoolP320r1``. ``KeyError`` for another."""
    oid, figures = CURVES[name]
    data = bytes.fromhex(figures)
    size = len(data) // 6
    values = (int.from_bytes(data[at : at + size]) for at in range(0, len(data), size))
    return Domain(name, bytes.fromhex(oid), *values)
