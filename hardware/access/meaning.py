"""What a reader's answers mean as points of its plan. Pure; knows no panel, no bus and no time."""

from __future__ import annotations

from typing import Any

import osdp_sys  # type: ignore[import-not-found]

from hardware.access import Measure, Reader
from hardware.access.cards import word

Values = dict[str, bool | int | str]
INPUTS: int = osdp_sys.STATUS_REPORT_INPUT
RELAYS: int = osdp_sys.STATUS_REPORT_OUTPUT
LOCAL: int = osdp_sys.STATUS_REPORT_LOCAL


def places(reader: Reader, kind: int) -> dict[str, int]:
    """The points that a status report of ``kind`` carries, with their place in it (6.6, 6.7, 6.5)."""
    if kind == INPUTS:
        return dict(reader.inputs)
    if kind == RELAYS:
        return {point: one.number for point, one in reader.outputs.items()}
    if kind == LOCAL:
        return {point: at for at, point in enumerate((reader.tamper, reader.power)) if point}
    return {}


def status(reader: Reader, kind: int, report: bytes) -> Values:
    """A status report as points."""
    return {point: report[at] for point, at in places(reader, kind).items() if at < len(report)}


def card(reader: Reader, event: dict[str, Any]) -> str:
    """A card as a word; what was on it ends here."""
    data: bytes = event["data"]
    bits = int(event.get("length", 8 * len(data)))
    is_wiegand = event["format"] == osdp_sys.CARD_FMT_RAW_WIEGAND
    return word(bits, data, is_wiegand=is_wiegand, key=reader.card_key, allowed=reader.allowed)


def manufacturer(reader: Reader, vendor: int, data: bytes) -> Values:
    """A manufacturer-specific reply: a recognised face, a number."""
    found: Values = {}
    if reader.cards and reader.face is not None and _is_of(reader.face, vendor, data):
        found[reader.cards] = "face"
    for point, one in reader.measures.items():
        if _is_of(one, vendor, data):
            found[point] = int.from_bytes(data[1 : 1 + one.size], "little", signed=True)
    return found


def _is_of(one: Measure, vendor: int, data: bytes) -> bool:
    return vendor == one.vendor and len(data) == 1 + one.size and data[0] == one.code
