"""Door buses of site.toml: readers on a serial port that speak OSDP with secure channel.

A profile's ``at``: ``input`` or ``output`` (a number), ``status`` (tamper, power, key), ``event = "card"`` (with
``vendor`` and ``face``: the manufacturer's reply for a recognised face), or ``event`` with ``vendor``, ``code`` and
``bytes`` for a number in a manufacturer's reply. ``settings`` of a device: ``secret`` (name of its own key; default:
the link's), ``cards`` (name of the key of card hashes) and ``allowed`` (the hashes).
"""

from __future__ import annotations

import re

from booth.site_links import Wanted
from hardware.access import LONGEST_TIMED_S, Measure, Output, Reader
from hardware.access.osdp import OsdpLink
from hardware.field import Driver, FieldError
from kiosk.config import ConfigError
from kiosk.site.schema import PointSpec

KEY_HEX = 32
DEFAULT_KEY = bytes(range(0x30, 0x40))  # SCBK-D (annex D): every reader of the world has it
_SETTINGS = {"secret", "cards", "allowed"}
_KEYS = {
    "state": ({"input"}, {"status"}), "output": ({"output"},), "number": ({"event", "vendor", "code", "bytes"},),
    "event": ({"event"}, {"event", "vendor", "face"}),
}  # fmt: skip
_STATUS = ("tamper", "power", "key")


def make(wanted: Wanted) -> tuple[Driver, ...]:
    """One driver for the link. Raises ``ConfigError``."""
    if not wanted.link.where.startswith("/"):
        raise ConfigError(
            f"link {wanted.name}: where: {wanted.link.where!r} is no serial port; write for example"
            " /dev/serial/by-id/usb-FTDI_B"
        )
    readers = [reader_of(wanted, name) for name in wanted.devices]
    try:
        return (OsdpLink(wanted.link.where, readers, baud=wanted.link.baud),)
    except FieldError as error:
        raise ConfigError(f"link {wanted.name}: {error.message}; {error.cure or 'correct it'}") from None


def reader_of(wanted: Wanted, device: str) -> Reader:
    """A device's points, keys and allow-list. Raises ``ConfigError`` naming what is wrong, never a key."""
    placed, profile = wanted.devices[device], wanted.plan.profile(device)
    settings = placed.settings
    if strange := set(settings) - _SETTINGS:
        raise ConfigError(f"device {device}: settings.{min(strange)}: is unknown; use {', '.join(sorted(_SETTINGS))}")
    card_secret = str(settings.get("cards", ""))
    allowed = _allowed(device, settings.get("allowed", ()))
    if allowed and not card_secret:
        raise ConfigError(f"device {device}: settings.allowed: needs cards, the name of their key; add it")
    points: dict[str, PointSpec] = dict(profile.points)
    for point, spec in points.items():
        try:
            _check(spec)
        except ValueError as error:
            raise ConfigError(f"profile {profile.id}: points.{point}: {error}") from None
    cards = next((point for point, spec in points.items() if spec.kind == "event"), "")
    return Reader(
        device,
        int(placed.address),
        _key(wanted, device, str(settings.get("secret", "") or wanted.link.secret)),
        inputs={point: int(spec.at["input"]) for point, spec in points.items() if "input" in spec.at},
        outputs={point: _output(spec) for point, spec in points.items() if spec.kind == "output"},
        tamper=_status(points, "tamper"),
        power=_status(points, "power"),
        keyed=_status(points, "key"),
        cards=cards,
        face=_face(points[cards]) if cards else None,
        measures={point: _measure(spec) for point, spec in points.items() if spec.kind == "number"},
        card_key=_hex(wanted, card_secret) if card_secret else b"",
        allowed=allowed,
        answer_s=wanted.plan.answer_s(device),
        every_s=wanted.plan.every_s(device),
    )


def _key(wanted: Wanted, device: str, name: str) -> bytes:
    """The SCBK. Nothing of it is repeated in an error."""
    if not name:
        raise ConfigError(
            f"device {device}: has no key; write secret on link {wanted.name}, or in the device's settings"
            " (readers are never spoken to in the clear)"
        )
    key = _hex(wanted, name)
    if key == DEFAULT_KEY or len(set(key)) == 1:
        raise ConfigError(f"secret {name}: is a key that everybody has; take another (openssl rand -hex 16)")
    return key


def _hex(wanted: Wanted, name: str) -> bytes:
    text = wanted.secret(name).replace(" ", "").replace(":", "")
    if not re.fullmatch(rf"[0-9A-Fa-f]{{{KEY_HEX}}}", text):
        raise ConfigError(f"secret {name}: is no key; write {KEY_HEX} hexadecimal digits (openssl rand -hex 16)")
    return bytes.fromhex(text)


def _allowed(device: str, given: object) -> frozenset[str]:
    listed = (given,) if isinstance(given, str) else given
    if not isinstance(listed, tuple) or not all(re.fullmatch(r"[0-9a-f]{32}", str(one)) for one in listed):
        raise ConfigError(f"device {device}: settings.allowed: give hashes of 32 digits (docs/site.md), no numbers")
    return frozenset(str(one) for one in listed)


def _check(spec: PointSpec) -> None:
    known = _KEYS.get(spec.kind)
    if known is None:
        raise ValueError(f"a door bus has no point of kind {spec.kind}; use {', '.join(sorted(_KEYS))}")
    if not any(set(spec.at) == keys for keys in known):
        ways = " or ".join(", ".join(sorted(keys)) for keys in known)
        raise ValueError(f"at has {', '.join(sorted(spec.at)) or 'nothing'}; write {ways}")
    if spec.at.get("status", "tamper") not in _STATUS:
        raise ValueError(f"at.status is {spec.at['status']}; use tamper, power or key")
    if spec.kind == "output" and not 0 < (spec.longest_s or 0.0) <= LONGEST_TIMED_S:
        raise ValueError(f"longest_s is needed, at most {LONGEST_TIMED_S:g}: the reader itself goes back after it")


def _output(spec: PointSpec) -> Output:
    return Output(int(spec.at["output"]), float(spec.longest_s or 0.0), spec.energised_when == "healthy")


def _status(points: dict[str, PointSpec], word: str) -> str:
    return next((point for point, spec in points.items() if spec.at.get("status") == word), "")


def _face(spec: PointSpec) -> Measure | None:
    return Measure(int(spec.at["vendor"]), int(spec.at["face"]), 0) if "face" in spec.at else None


def _measure(spec: PointSpec) -> Measure:
    return Measure(int(spec.at["vendor"]), int(spec.at["code"]), int(spec.at["bytes"]))
