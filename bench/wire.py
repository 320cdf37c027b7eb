"""Framing of the booth's remote socket: u32be length, then one MessagePack map tagged by ``t``. Bytes in, maps out."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

import msgspec

_LENGTH = struct.Struct(">I")
MAX_MESSAGE_BYTES = 64 * 1024 * 1024  # a raw frame of a 4K panel and some


async def receive(reader: asyncio.StreamReader) -> dict[str, Any]:
    """The next message. Raises ``asyncio.IncompleteReadError`` at the end, ``ValueError`` for what is none."""
    (size,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    if size > MAX_MESSAGE_BYTES:
        raise ValueError(f"remote: message of {size} bytes, at most {MAX_MESSAGE_BYTES} are allowed")
    try:
        message = msgspec.msgpack.decode(await reader.readexactly(size))
    except msgspec.DecodeError as error:
        raise ValueError(f"remote: not MessagePack ({error})") from error
    if not isinstance(message, dict) or not isinstance(message.get("t"), str):
        raise ValueError("remote: a message is a map with a text under 't'")
    return message


def frame(message: dict[str, Any]) -> bytes:
    """One message as bytes."""
    data = msgspec.msgpack.encode(message)
    return _LENGTH.pack(len(data)) + data
