"""Front door of the site's doors: readers on a bus (OSDP 2.2, IEC 60839-11-5), each with lock, contact and button.

What a reader is to be for the watch, as plain data. No card number leaves the process that reads it. Driver:
``osdp.OsdpLink`` (``field.Driver``). The other end: ``simulator.VirtualDoorBus``. Knows no alarm, no rule, no person.
"""

from __future__ import annotations

import msgspec

LONGEST_TIMED_S = 25.5  # the library passes one byte of the timer, in units of 100 ms
CARD_WORDS = ("granted", "denied", "read", "damaged", "face")
"""What a card event says. ``read``: nobody gave an allow-list, so nobody decided here."""


class Output(msgspec.Struct, frozen=True):
    """A relay of the reader. ``rest``: how it stands while nothing is asked, and by itself after ``longest_s``."""

    number: int
    longest_s: float
    rest: bool = False


class Measure(msgspec.Struct, frozen=True):
    """A number that the reader sends as a manufacturer-specific reply.

    ``vendor``: its 3 bytes, least significant first; then the byte ``code`` and ``size`` bytes, signed, least
    significant first. ``size`` 0: no number follows, the reply itself is the event.
    """

    vendor: int
    code: int
    size: int = 2


class Reader(msgspec.Struct, frozen=True):
    """One reader. Points by their names: ``inputs`` by the input's number; "" for what it does not have.

    ``key``: its SCBK, 16 bytes. ``card_key``: of the keyed hashes in ``allowed`` (see ``cards.digest``); without
    it a card is only ``read``. ``keyed``: the point that says ``secure``, or ``wrong`` when it has another key than we.
    ``answer_s``: its worst answer. ``every_s``: it is told at least so often; its inputs are read five times as often.
    """

    device: str
    address: int
    key: bytes
    inputs: dict[str, int] = {}
    outputs: dict[str, Output] = {}
    tamper: str = ""
    power: str = ""
    keyed: str = ""
    cards: str = ""
    face: Measure | None = None
    measures: dict[str, Measure] = {}
    card_key: bytes = b""
    allowed: frozenset[str] = frozenset()
    answer_s: float = 0.2
    every_s: float = 1.0

    def __repr__(self) -> str:
        """Without keys: this goes to logs."""
        return f"Reader({self.device!r}, address={self.address})"

    @property
    def states(self) -> tuple[str, ...]:
        """The points that always have a value: what is bad when the reader is lost."""
        own = tuple(point for point in (self.tamper, self.power, self.keyed) if point)
        return (*self.inputs, *self.outputs, *own)


class BusOptions(msgspec.Struct, frozen=True):
    """A bus: its serial port, by a path that survives replugging, and who is on it."""

    port: str
    readers: tuple[Reader, ...]
    baud: int = 115200
