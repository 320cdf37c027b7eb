"""Nothing grows while screens change, and nothing of a visit is left after the wipe."""

from __future__ import annotations

import asyncio
import gc
import os
from pathlib import Path
from typing import Any

import numpy as np

from hardware.ring import PREVIEW_BYTES, FrameRing
from tests.screens.theatre import Theatre, play

ROUNDS = 12
NAMES = ("choose_service", "ask_phone", "ask_text", "review", "show_receipt", "present_card")
SECRET = "13987654321"


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def _widgets() -> int:
    from kivy.uix.widget import Widget

    return sum(issubclass(type(one), Widget) for one in gc.get_objects())


async def main(theatre: Theatre) -> dict[str, Any]:
    from kivy.cache import Cache

    from kiosk.visit.questions import MatchFace

    found: dict[str, Any] = {}
    with FrameRing.create(max_bytes=PREVIEW_BYTES) as ring:
        await theatre.show(MatchFace(preview_ring=ring.name))
        ring.write(np.full((270, 480, 3), 200, np.uint8), 0.0)
        preview = theatre.screen.board.screen.preview
        for _ in range(40):
            if preview._texture is not None:
                break
            await asyncio.sleep(0.05)
        found["the preview shows frames"] = preview._texture is not None
        await theatre.show("choose_service")
        found["and forgets them"] = preview._texture is None and preview._ring is None

    async def change() -> None:
        for name in NAMES:
            await theatre.show(name)

    await change()
    await change()
    gc.collect()
    before = (_descriptors(), _widgets())
    for _ in range(ROUNDS):
        await change()
    gc.collect()
    after = (_descriptors(), _widgets())
    found["descriptors and widgets grew by"] = [after[0] - before[0], after[1] - before[1]]

    await theatre.show("ask_phone")
    theatre.screen.board.screen.set_draft(SECRET)
    theatre.glass.draw_again()
    await theatre.glass.next_frame()
    theatre.glass.wipe()
    gc.collect()
    found["caches"] = [c for c in ("textinput.label", "textinput.width", "kv.image", "kv.texture", "kv.loader")
                       if Cache._objects.get(c)]  # fmt: skip
    found["lines kept"] = len(theatre.screen._lettering._textures) + len(theatre.screen._lettering._widths)
    found["screens left"] = sum(type(o).__name__ == "AskDigitsScreen" for o in gc.get_objects())
    found["home"] = Path(os.environ["KIVY_HOME"]).stat().st_mode & 0o777
    return found


if __name__ == "__main__":
    play(main)
