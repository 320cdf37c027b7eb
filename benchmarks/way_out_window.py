"""The other process of ``way_out``: ``glass PATH`` a visit on the feed at PATH, ``bare PATH`` a listener without one.

Prints a line when it stands there, the time of sight of each fire, and a line when that is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.glass_window import _with_stage
from kiosk.site.feed import listen
from kiosk.site.messages import Changed


def _say(found: object) -> None:
    print(json.dumps(found), flush=True)


async def _bare(path: Path) -> None:
    async with listen(path, "screen", wants_points=False) as line:
        _say("ready")
        async for message in line:
            is_fire = isinstance(message, Changed) and "evacuate" in message.standing
            _say(time.monotonic() if is_fire else "over")


async def _visit(glass: Any, stage: Any, choose: Any, path: Path) -> None:
    """A question stands on the glass; a fire ends it, and after the fire it is asked again."""
    from hardware.card_reader.reader import PcscCardReader, ReaderOptions
    from kiosk.visit import questions as q
    from kiosk.visit.equipment import Equipment
    from kiosk.visit.front import Front, WayOutOfHere
    from kiosk.visit.leaving import Left
    from kiosk.visit.site_line import SiteLine
    from kiosk.visit.site_watch import Site

    absent: Any = None  # no other device is looked at in a fire
    booth = Equipment(PcscCardReader(ReaderOptions("", "")), absent, absent, absent)
    front = Front(stage, booth, {}, WayOutOfHere("left"), Site())
    front.is_visited = True
    changed = asyncio.Event()

    def hear(message: Any) -> None:
        front.heed(message)
        changed.set()

    def drawn(_is_changed: bool) -> None:
        nonlocal is_due
        if is_due and isinstance(glass.screen.question, q.WayOut):
            is_due = False
            _say(time.monotonic())  # the frame is complete: glFinish has returned

    is_due = False
    glass.on_frame(drawn)
    following = asyncio.ensure_future(SiteLine(path, hear, lambda: None, stage.clock, _say_error).follow())
    await changed.wait()
    word = "ready"
    while not following.done():
        asking = asyncio.ensure_future(stage.ask(choose))
        await glass.next_frame()
        is_due = True
        _say(word)
        word = "over"
        with contextlib.suppress(Left):
            await asking
        while front.site.is_evacuated:
            changed.clear()
            await changed.wait()
        stage.go_on()
    following.result()


def _say_error(error: Exception) -> None:
    print(error, file=sys.stderr)


if __name__ == "__main__":
    place = Path(sys.argv[2])
    if sys.argv[1] == "bare":
        asyncio.run(_bare(place))
    else:
        asyncio.run(_with_stage("offscreen", lambda *all_of: _visit(*all_of, place)))
