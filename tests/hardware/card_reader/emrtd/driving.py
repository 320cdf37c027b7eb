"""Let a terminal's generator talk to a virtual chip, and make a portrait for it. Shared by the tests of this folder."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from typing import TypeVar

from hardware.card_reader.apdu import Exchange
from hardware.card_reader.emrtd.virtual import VirtualChip

T = TypeVar("T")
MAX_COMMANDS = 20_000


def run(exchange: Exchange[T], chip: VirtualChip, see: Callable[[bytes, bytes], None] | None = None) -> T:
    """Drive the terminal to its end; ``see`` is shown every command and its response."""
    answer: bytes | None = None
    for _ in range(MAX_COMMANDS):
        try:
            command = next(exchange) if answer is None else exchange.send(answer)
        except StopIteration as done:
            return done.value
        answer = chip.respond(command)
        if see is not None:
            see(command, answer)
    raise AssertionError("the terminal does not come to an end")


@functools.cache
def portrait(kind: str = "JPEG", width: int = 102, height: int = 126) -> bytes:
    """A photograph in the public domain (NASA), cropped to a face."""
    import skimage.data
    from PIL import Image

    whole = Image.fromarray(skimage.data.astronaut())
    encoded = io.BytesIO()
    whole.crop((150, 0, 300, 185)).resize((width, height)).save(encoded, kind)
    return encoded.getvalue()
