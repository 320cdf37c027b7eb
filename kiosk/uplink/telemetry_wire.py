"""What booth and platform say to each other over MQTT: topics, heads, rows, acks, commands. Bytes in, objects out.

A message is one JSON object with a flat head after CloudEvents 1.0 (``id``, ``source``, ``type``, ``time``) and what
orders it: ``boot`` and ``tmono`` (monotonic ms of that boot), ``seq`` (row of the journal) and ``qtime`` (how far the
wall clock is to be trusted). Knows no broker and no file.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import msgspec

JSON, ZLIB = "application/json", "application/json+zlib"
SQUEEZE_BYTES = 1000  # below it zlib's head outweighs what it saves
MAX_TOLD_BYTES = 64 * 1024  # ack or command
MAX_BODY_BYTES = 512 * 1024  # of one row
SYNCED = "synced"

T = TypeVar("T")
Kind = Literal["birth", "death", "tel", "evt", "alm", "state", "cmd", "ack"]


class WireError(ValueError):
    """A message that is none of ours; the text says what is wrong, never what it held."""


class Row(msgspec.Struct, frozen=True):
    """One row of the journal as it travels. ``body``: a JSON object, passed on as it was written."""

    seq: int
    boot: str
    tmono: int
    time: str
    qtime: str
    class_: str = msgspec.field(name="class")
    body: msgspec.Raw


class Ack(msgspec.Struct, frozen=True):
    """From the platform: every row up to ``seq`` is committed. ``birth``: id of the birth it answers, "" when none.

    ``known``: the boot of the last birth that the platform has.
    """

    seq: int
    birth: str = ""
    known: str = ""


class Ordered(msgspec.Struct, frozen=True):
    """A command. ``id`` is the idempotency key; ``issued`` and ``expires`` are wall time in Unix seconds."""

    id: str
    verb: str
    who: str
    reason: str
    issued: float
    expires: float
    key: str = ""
    output: str = ""
    act: str = ""
    for_s: float | None = None
    devices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stamp:
    """Where a message stands: ``seq`` of the journal, monotonic ms, wall time as ISO 8601, trust in that time."""

    seq: int
    tmono: int
    time: str
    qtime: str


class Sender:
    """Makes messages of one booth since one start of its watch. ``id`` is unique over all of them."""

    def __init__(self, grid: str, booth: str, boot: str, session: str) -> None:
        self.grid, self.booth, self.boot, self.session = grid, booth, boot, session
        self._numbers = itertools.count(1)

    def topic(self, kind: Kind) -> str:
        return topic(self.grid, self.booth, kind)

    def message(self, kind: Kind, stamp: Stamp, **body: Any) -> tuple[str, bytes]:
        """(id, JSON): the head with ``body`` beside it."""
        number = f"{self.session}-{next(self._numbers)}"
        head = {
            "id": number,
            "source": f"css/1/{self.grid}/{self.booth}",
            "type": f"css.{kind}.1",
            "time": stamp.time,
            "boot": self.boot,
            "session": self.session,
            "seq": stamp.seq,
            "tmono": stamp.tmono,
            "qtime": stamp.qtime,
        }
        return number, msgspec.json.encode(head | body)

    def rows(self, kind: Kind, rows: Sequence[Row], stamp: Stamp, span: tuple[int, int] | None) -> bytes:
        """A batch. ``span``: its first and last row; nothing that the journal still has is missing in between.

        None: these rows only; others before and between them come separately.
        """
        claimed = {} if span is None else {"first": span[0], "last": span[1]}
        return self.message(kind, stamp, **claimed, rows=rows)[1]


def topic(grid: str, booth: str, kind: Kind) -> str:
    return f"css/1/{grid}/{booth}/{kind}"


def packed(payload: bytes) -> tuple[bytes, str]:
    """(bytes to send, their content type)."""
    if len(payload) < SQUEEZE_BYTES:
        return payload, JSON
    return zlib.compress(payload, 1), ZLIB


def unpacked(payload: bytes, content_type: str, at_most_bytes: int = MAX_TOLD_BYTES) -> bytes:
    """Raise WireError for what is damaged or larger than ``at_most_bytes`` when it is unfolded."""
    if content_type == ZLIB:
        unfold = zlib.decompressobj()
        try:
            payload = unfold.decompress(payload, at_most_bytes + 1)
        except zlib.error:
            raise WireError("not zlib, though its content type says so") from None
        if unfold.unconsumed_tail or not unfold.eof:
            raise WireError(f"cut, or larger than {at_most_bytes} bytes")
    if len(payload) > at_most_bytes:
        raise WireError(f"larger than {at_most_bytes} bytes")
    return payload


def ack(payload: bytes) -> Ack:
    """Raise WireError."""
    said = _decoded(payload, Ack)
    if said.seq < 0:
        raise WireError("ack: a negative seq")
    return said


def ordered(payload: bytes) -> Ordered:
    """Raise WireError."""
    return _decoded(payload, Ordered)


def _decoded(payload: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(payload, type=shape)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        # msgspec's text names place and types, never a value
        raise WireError(f"{shape.__name__.lower()}: {error}") from None


def body_of(text: str, readable: Callable[[bytes], Any] = msgspec.json.decode) -> msgspec.Raw:
    """A row's body as it is embedded; one that is no JSON object, or longer than a broker takes, is told as such, so
    that it blocks nothing."""
    try:
        data = text.encode()
        if len(data) <= MAX_BODY_BYTES and isinstance(readable(data), dict):
            return msgspec.Raw(data)
    except (msgspec.DecodeError, UnicodeEncodeError):
        pass
    return msgspec.Raw(msgspec.json.encode({"unreadable": True, "characters": len(text)}))
