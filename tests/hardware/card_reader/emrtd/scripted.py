"""A chip that knows its part by heart: the commands it expects and its answers, in hex, as the standard prints them."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")


def of(text: str) -> bytes:
    return bytes.fromhex(text)


def play(protocol: Generator[bytes, bytes, T], *turns: tuple[str, str]) -> T:
    """Run a protocol against a script to its end; every command and the number of turns must be right."""
    command = next(protocol)
    for number, (expected, answer) in enumerate(turns, 1):
        assert command.hex().upper() == expected.replace(" ", "").upper(), f"command {number}"
        try:
            command = protocol.send(of(answer))
        except StopIteration as done:
            assert number == len(turns), f"ended after {number} of {len(turns)} turns"
            return done.value
    raise AssertionError(f"one more command: {command.hex()}")


def answers(protocol: Generator[bytes, bytes, T], *replies: str) -> T:
    """Run a protocol against answers, whatever it asks."""
    next(protocol)
    for reply in replies:
        try:
            protocol.send(of(reply))
        except StopIteration as done:
            return done.value
    raise AssertionError("it goes on asking")
