"""Render every question off-screen to a PNG: ``python -m tests.screens.gallery DIR [NAME ...] [--size N] ...``.

For the documents, and for the eye of whoever changes a screen.
"""

from __future__ import annotations

import argparse
import asyncio
from datetime import datetime
from pathlib import Path

from kiosk.clock import ManualClock
from kiosk.config import DisplaySection
from screens.app import Glass, prepare

BANNERS = ("banner_call", "banner_power")  # above the question that stands for all
NOON = datetime(2026, 11, 22, 20, 47).astimezone()


async def render(
    glass: Glass, folder: Path, sizes: list[int], themes: list[str], languages: list[str], names: list[str]
) -> None:
    from kiosk.visit.screen import Aids
    from screens.remote import _png
    from tests.screens import samples

    grab: list[bytes] = []
    wanted = False

    def keep(_is_changed: bool) -> None:
        if wanted:
            grab.append(_png(*glass.read_pixels()))

    glass.on_frame(keep)
    texts = samples.catalogues()
    for language in languages:
        text = texts.text(language)
        overlays = samples.overlays(text)
        questions = samples.questions(text)
        for theme in themes:
            for size in sizes:
                aids = Aids(text_size=size, theme=theme)
                for name in [*questions, *overlays, *BANNERS]:
                    if names and name not in names:
                        continue
                    question = questions.get(name) or questions["present_card"]
                    words = samples.words(question, text)
                    glass.screen.show(question, words, aids, text, lambda reply: None)
                    glass.screen.caption(words.spoken[0].text if words.spoken else "")
                    if name in overlays:
                        glass.screen.overlay(*overlays[name])
                    glass.screen.banner(samples.banners(text)[BANNERS.index(name)] if name in BANNERS else "")
                    await glass.next_frame()
                    wanted = True
                    await glass.next_frame()
                    wanted = False
                    file = folder / language / f"{theme}-{size}" / f"{name}.png"
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(grab.pop())
                    grab.clear()


async def _main(args: argparse.Namespace) -> None:
    from tests.screens import samples

    display = DisplaySection(mode="offscreen", width_px=args.width, height_px=args.height, dpi=args.dpi)
    prepare(display)
    glass = Glass(display, assets=samples.ASSETS, clock=ManualClock(NOON))
    running = asyncio.ensure_future(glass.run())
    glass.appear()
    try:
        await render(glass, args.folder, args.size, args.theme, args.language, args.names)
    finally:
        glass.wipe()
        glass.stop()
        await running


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--size", type=int, action="append", choices=range(4))
    parser.add_argument("--theme", action="append")
    parser.add_argument("--language", action="append")
    parser.add_argument("--width", type=int, default=1080)
    parser.add_argument("--height", type=int, default=1920)
    parser.add_argument("--dpi", type=float, default=102.5)
    arguments = parser.parse_args()
    arguments.size = arguments.size or [1]
    arguments.theme = arguments.theme or ["default"]
    arguments.language = arguments.language or ["zh"]
    asyncio.run(_main(arguments))
