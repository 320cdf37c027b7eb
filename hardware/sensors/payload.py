"""A radio message's bytes: bounded, read, and looked into by path. Knows no topic, no device and no clock.

Reads what ChirpStack v4 publishes as an uplink (JSON: ``time``, ``deduplicationId``, ``fCnt``, ``object``) and what
Zigbee2MQTT publishes of a device (JSON with ``last_seen``, or a plain word).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from hardware.field import Garbage, Value

MAX_BYTES = 64 * 1024  # an uplink that sixteen gateways heard has 10 kB
MAX_DEPTH = 16
MAX_TEXT = 256
LARGEST = 2.0**63
_PLAIN_BYTES = 64


@dataclass(frozen=True)
class Message:
    """One message. ``sent_s``: Unix time, by the sender's clock; ``number`` counts a device's uplinks; ``identity`` is
    the same in every delivery of one uplink. None and "" where it says nothing of that."""

    body: object
    sent_s: float | None = None
    number: int | None = None
    identity: str = ""


def read(payload: bytes, *, is_plain: bool = False) -> Message:
    """Read one message. ``is_plain``: it may be a word or a number instead of an object. Raises ``Garbage``."""
    if len(payload) > MAX_BYTES:
        raise Garbage(f"{len(payload)} bytes, at most {MAX_BYTES} are read")
    try:
        body = msgspec.json.decode(payload)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        if is_plain and len(payload) <= _PLAIN_BYTES:
            return Message(_plain(payload))
        raise Garbage("no JSON", cure="let the device's messages be published as JSON") from None
    if not isinstance(body, dict):
        if is_plain and isinstance(body, (str, int, float)):
            return Message(body)
        raise Garbage("no JSON object")
    _check_depth(body)
    number, identity = body.get("fCnt"), body.get("deduplicationId")
    return Message(
        body,
        unix_s(body.get("time", body.get("last_seen"))),
        number if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 2**32 else None,
        identity if isinstance(identity, str) and len(identity) <= MAX_TEXT else "",
    )


def value_at(body: object, path: str) -> Value | None:
    """What is at ``path`` (names and list places with dots between); None for nothing. Raises ``Garbage``."""
    here = body
    for step in path.split(".") if path else ():
        if isinstance(here, dict):
            here = here.get(step)
        elif isinstance(here, list) and step.isdecimal() and len(step) < 6 and int(step) < len(here):
            here = here[int(step)]
        else:
            return None
    if here is None or isinstance(here, bool):
        return here
    if isinstance(here, (int, float)) and abs(here) <= LARGEST:  # which no NaN is
        return here
    if isinstance(here, str) and len(here) <= MAX_TEXT and here.isprintable():
        return here
    raise Garbage(f"{path or 'the message'} is neither a number nor a word")


def _plain(payload: bytes) -> str:
    try:
        word = payload.decode()
    except UnicodeDecodeError:
        raise Garbage("neither JSON nor text") from None
    if not word.isprintable() or not word:
        raise Garbage("neither JSON nor a word")
    return word


def _check_depth(body: object) -> None:
    level: list[object] = [body]
    for _ in range(MAX_DEPTH):
        level = [child for one in level for child in _children(one) if isinstance(child, (dict, list))]
        if not level:
            return
    raise Garbage(f"nested deeper than {MAX_DEPTH}")


def _children(one: object) -> Iterable[object]:
    return one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()


def unix_s(said: object) -> float | None:
    """Unix time of ISO 8601 with its offset (ChirpStack; Zigbee2MQTT ISO_8601) or of milliseconds (Zigbee2MQTT epoch);
    None for what is no time."""
    if isinstance(said, str) and len(said) <= 64:
        try:
            at = datetime.fromisoformat(said)
            return at.timestamp() if at.tzinfo is not None else None
        except (ValueError, OverflowError):
            return None
    if isinstance(said, (int, float)) and not isinstance(said, bool) and 0 <= said < 1e14:
        return said / 1000
    return None
