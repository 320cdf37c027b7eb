"""Messages of booths about their sites: bytes of a topic in, checked objects out; acks and commands as bytes.

The other end of the booth's wire, written apart from it on purpose. Knows no broker and no database.
"""

from __future__ import annotations

import re
import zlib
from typing import Any, Literal, TypeVar

import msgspec

T = TypeVar("T")
JSON, ZLIB = "application/json", "application/json+zlib"
MAX_BYTES = 8 * 1024 * 1024  # unfolded: 500 rows of 16 kB
SAID = ("birth", "death", "tel", "evt", "alm", "state")
_TOPIC = re.compile(r"^css/1/([0-9-]{6,30})/([A-Z][A-Z0-9]{0,7})/(birth|death|tel|evt|alm|state)$")
_MOST = 2**62  # a sequence number beyond it is damage


class WireError(ValueError):
    """A message that is none of ours. The text never holds what it held."""


class Row(msgspec.Struct, frozen=True):
    """One row of a booth's journal."""

    seq: int
    boot: str
    tmono: int
    time: str
    qtime: str
    class_: str = msgspec.field(name="class")
    body: dict[str, Any]


class Rows(msgspec.Struct, frozen=True):
    """A batch. With ``first`` and ``last`` it is everything that the booth still has of that span."""

    boot: str
    rows: tuple[Row, ...]
    first: int | None = None
    last: int | None = None


class Birth(msgspec.Struct, frozen=True):
    """A booth says who it is."""

    id: str
    boot: str
    session: str
    seq: int
    qtime: str
    site: str = ""
    digest: str = ""
    devices: tuple[dict[str, Any], ...] = ()
    links: tuple[dict[str, Any], ...] = ()
    outputs: tuple[dict[str, Any], ...] = ()


class State(msgspec.Struct, frozen=True):
    """A heartbeat. ``watch``: running, silent; ``trouble``: a word, "" for none."""

    boot: str
    session: str
    seq: int
    qtime: str
    watch: str = "running"
    trouble: str = ""


class Death(msgspec.Struct, frozen=True):
    """Said by the broker for a booth (``why`` lost) or by the booth (stopped)."""

    session: str
    why: Literal["lost", "stopped"]


class Heard(msgspec.Struct, frozen=True):
    """What one message said, and who said it by the broker's word (its ACL lets a booth write below its name only).

    ``said`` None: it could not be read.
    """

    grid: str
    booth: str
    kind: str
    said: Rows | Birth | State | Death | None


def heard(topic: str, payload: bytes, content_type: str) -> Heard | None:
    """None for a topic that is not a booth's."""
    if not (found := _TOPIC.match(topic)):
        return None
    grid, booth, kind = found.groups()
    shape: type[Rows | Birth | State | Death]
    shape = {"birth": Birth, "death": Death, "state": State}.get(kind, Rows)  # type: ignore[assignment]
    try:
        return Heard(grid, booth, kind, _checked(_decoded(unpacked(payload, content_type), shape)))
    except WireError:
        return Heard(grid, booth, kind, None)


def unpacked(payload: bytes, content_type: str, at_most_bytes: int = MAX_BYTES) -> bytes:
    """Raise WireError for what is damaged or larger than ``at_most_bytes`` when it is unfolded."""
    if content_type == ZLIB:
        unfold = zlib.decompressobj()
        try:
            payload = unfold.decompress(payload, at_most_bytes + 1)
        except zlib.error:
            raise WireError("not zlib") from None
        if unfold.unconsumed_tail or not unfold.eof:
            raise WireError("cut, or too large")
    if len(payload) > at_most_bytes:
        raise WireError("too large")
    return payload


def ack(seq: int, known: str, birth: str = "") -> bytes:
    """Everything up to ``seq`` is committed; ``birth``: id of the birth that this answers."""
    return msgspec.json.encode({"seq": seq, "known": known, "birth": birth})


def _checked(said: Rows | Birth | State | Death) -> Rows | Birth | State | Death:
    numbers = [row.seq for row in said.rows] if isinstance(said, Rows) else []
    if isinstance(said, Rows):
        if (said.first is None) != (said.last is None):
            raise WireError("half a span")
        if said.first is not None and said.last is not None:
            if not 1 <= said.first <= said.last < _MOST:
                raise WireError("no span")
            if any(not said.first <= seq <= said.last for seq in numbers):
                raise WireError("rows outside of their span")
        if any(not 1 <= seq < _MOST or not 0 <= row.tmono < _MOST for seq, row in zip(numbers, said.rows, strict=True)):
            raise WireError("no row number")
    elif not isinstance(said, Death) and not 0 <= said.seq < _MOST:
        raise WireError("no row number")
    return said


def _decoded(payload: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(payload, type=shape)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise WireError(str(error)) from None
