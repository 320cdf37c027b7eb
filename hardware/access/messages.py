"""What the link and its child say to each other. Plain data; no card number, and no key after the start."""

from __future__ import annotations

import msgspec

from hardware.field import DeviceHealth


class Order(msgspec.Struct, frozen=True):
    """Switch a relay (6.10): ``control`` code and ``tenths`` of a second; not begun after ``until_s`` (monotonic)."""

    number: int
    device: str
    output: int
    control: int
    tenths: int
    until_s: float


class Look(msgspec.Struct, frozen=True):
    """Ask a reader for all its states, out of turn."""

    number: int
    device: str


class Done(msgspec.Struct, frozen=True):
    """An order or a look came to its end: ``word`` of a ``FieldError``, "" when it was confirmed."""

    number: int
    word: str = ""
    text: str = ""


class Report(msgspec.Struct, frozen=True):
    """What a reader said, as points; ``at_s`` monotonic, ``took_s`` 0.0 for what came unasked."""

    device: str
    values: dict[str, bool | int | str]
    at_s: float
    took_s: float


class Fault(msgspec.Struct, frozen=True):
    """What a reader should have said; ``points``: of which that is true. ``is_life``: see ``RawSample``."""

    device: str
    points: tuple[str, ...]
    word: str
    text: str
    cure: str
    at_s: float
    took_s: float
    is_life: bool = True


class Beat(msgspec.Struct, frozen=True):
    """The bus is being served; counts by device."""

    health: dict[str, DeviceHealth]
