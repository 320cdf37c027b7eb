"""Full screen on a display of another size than the configured one: the window covers it."""

from __future__ import annotations

import sys
from typing import Any

from kiosk.config import DisplaySection
from screens import panel
from tests.screens.theatre import Theatre, play


async def main(theatre: Theatre) -> dict[str, Any]:
    window = theatre.glass._window
    await theatre.show("choose_service")
    width, height, pixels = theatre.glass.read_pixels()
    return {
        "panel": panel.size_px(),
        "glass": theatre.screen.size,
        "at": [window.left, window.top],
        "pixels": [width, height, len(set(pixels[::401])) > 1],
        "is SDL's full screen": bool(window.fullscreen),
    }


if __name__ == "__main__":
    play(main, display=DisplaySection(mode="fullscreen", width_px=int(sys.argv[1]), height_px=int(sys.argv[2])))
