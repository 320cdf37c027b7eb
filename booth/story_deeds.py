"""What a story does around the booth: cards, faces, paper, the platform's mood, a clerk, a code."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from booth.bench_client import BenchClient
from booth.story_site import around
from booth.storyfile import Deed

_POLL_S = 0.1
_WITHIN_S = 15.0
_SPEECH_WITHIN_S = 60.0


class Differs(Exception):
    """The visit went another way than written; the text says how."""


async def do(bench: BenchClient, deed: Deed) -> float:
    """Do all of it, in the order of ``Deed``; the time (CLOCK_MONOTONIC) just before the last one."""
    await around(bench, deed)
    if deed.backend is not None:
        await bench.do("backend", mode=deed.backend)
    if deed.face is not None:
        await bench.do("face", face=None if deed.face == "nobody" else deed.face)
    if deed.face_mode is not None:
        await bench.do("face", mode=deed.face_mode)
    printer = {
        "paper": deed.paper,
        "out_after_mm": deed.out_after_mm,
        "cover_open": deed.cover_open,
        "taken": deed.paper_taken,
    }
    for name, value in printer.items():
        if value is not None:
            await bench.do("printer", **{name: value})
    for device, plugged in ((deed.plug, True), (deed.unplug, False)):
        if device is not None:
            await bench.do(device, plugged=plugged)
    if deed.headset is not None:
        await bench.do("headset", plugged=deed.headset)
    if deed.approach:
        await bench.do("approach")
    last_s = time.monotonic()
    orders = {"ask": deed.clerk_asks} if deed.clerk_asks else {}
    for decision, words in (orders | ({deed.clerk: ""} if deed.clerk else {})).items():
        waiting = await _from_state(bench, "approvals", "nobody waits for a clerk")
        last_s = time.monotonic()
        await bench.do("approval", id=waiting[0]["id"], decision=decision, text=words)
    if deed.code is not None:
        code = str((await _from_state(bench, "messages", "no code was sent"))[0]["code"])
        last_s = time.monotonic()
        await bench.do("type", text=code if deed.code == "right" else _other(code))
    if deed.card is not None:
        last_s = time.monotonic()
        resident = None if deed.card == "none" else deed.card
        await bench.do("card", resident=resident, document=deed.document, fault=deed.card_fault, at=deed.card_at)
    return last_s


async def listen_to_the_end(bench: BenchClient) -> None:
    """Return when nothing is said any more. Raises ``Differs`` when that never comes."""
    deadline = time.monotonic() + _SPEECH_WITHIN_S
    while (await bench.state())["is_sounding"]:
        if time.monotonic() > deadline:
            raise Differs(f"the booth still speaks after {_SPEECH_WITHIN_S:g} s")
        await asyncio.sleep(_POLL_S)


async def _from_state(bench: BenchClient, what: str, failure: str) -> list[dict[str, Any]]:
    deadline = time.monotonic() + _WITHIN_S
    while not (found := (await bench.state())[what]):
        if time.monotonic() > deadline:
            raise Differs(f"{failure} within {_WITHIN_S:g} s")
        await asyncio.sleep(_POLL_S)
    return list(found)


def _other(code: str) -> str:
    """A code that is not the right one."""
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"
