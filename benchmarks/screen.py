"""How quickly the screen follows the finger: inside (to the completed frame), outside (to the pixel).

References in the same run: a bare Kivy window, as Kivy comes, and a Chromium kiosk with the same screen.
"""

from __future__ import annotations

import contextlib
import random
import statistics
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.child import environment, module, said
from benchmarks.display import HEIGHT, WIDTH, Box, Display, xvfb
from benchmarks.figure import Figure, Options, percentile
from benchmarks.page import kiosk

OFFSCREEN = {"SDL_VIDEODRIVER": "offscreen", "DISPLAY": ""}
TOUCH_MS, CHANGE_MS, FIRST_CHANGE_MS = 33.0, 100.0, 250.0  # R18, R19
TIMES_A_PAGE = 2.0
_SETTLES_S, _STANDS_S = 0.5, 1.3  # the second screen stands for 0.7 s; then the first one settles
_PATCH = 24  # pixels: small enough to look at in half a millisecond


def inside(options: Options) -> Iterator[Figure]:
    """A finger's tour through a visit's questions, and bare Kivy's button and ten buttons, in turns.

    The figure is the median of the turns' 95th percentiles: one turn beside somebody else's work does not decide.
    """
    env = environment(**OFFSCREEN)
    found: dict[str, list[float]] = {"press": [], "ten": [], "touch": [], "change": [], "first_change": []}
    for _ in range(3):
        found["press"].append(percentile(_run(env, "bare_window", "press", str(options.times(20))), 95))
        found["ten"].append(percentile(_run(env, "bare_window", "change", str(options.times(20))), 95))
        for what, values in _run(env, "glass_window", "inside", str(1 + options.times(4, 1))).items():
            found[what].append(percentile(values, 95))
    p95 = {what: statistics.median(values) for what, values in found.items()}
    yield Figure("screen.touch", p95["touch"], "ms", "bare Kivy button, p95", p95["press"], TOUCH_MS)
    yield Figure("screen.change", p95["change"], "ms", "bare Kivy ten buttons, p95", p95["ten"], CHANGE_MS)
    yield Figure(
        "screen.first_change", p95["first_change"], "ms", "bare Kivy ten buttons, p95", p95["ten"], FIRST_CHANGE_MS
    )


def _run(env: dict[str, str], name: str, *arguments: str) -> Any:
    with module(f"benchmarks.{name}", *arguments, env=env) as child:
        return said(child)


class _Clicked:
    """A window with a button, and the two patches that show what a click did."""

    def __init__(self, display: Display, button: Box, settles_s: float) -> None:
        self.display, self.button = display, button
        time.sleep(settles_s)
        display.point(*button.centre)
        time.sleep(_SETTLES_S)
        first = display.look()
        display.button(True)
        time.sleep(_SETTLES_S)
        pressed = display.look()
        display.button(False)
        time.sleep(_SETTLES_S)
        second = display.look()
        time.sleep(_STANDS_S)
        back = display.look()
        self.press_at = _patch(first, pressed, back)
        self.change_at = _patch(first, second, back, without=button, before=pressed)

    def press_ms(self) -> float:
        """Finger down to the pressed button's pixel."""
        before = self.display.look(self.press_at)
        began_s = time.monotonic()
        self.display.button(True)
        try:
            took_ms = (self.display.until_changed(self.press_at, before) - began_s) * 1000
        finally:
            time.sleep(0.1)
            self.display.button(False)
            time.sleep(_STANDS_S)
        return took_ms

    def click_ms(self) -> float:
        """Finger down and up to the next screen's pixel."""
        before = self.display.look(self.change_at)
        began_s = time.monotonic()
        self.display.button(True, False)
        took_ms = (self.display.until_changed(self.change_at, before) - began_s) * 1000
        time.sleep(_STANDS_S)
        return took_ms


def _patch(one: Any, other: Any, back: Any, without: Box | None = None, before: Any = None) -> Box:
    """Where the two pictures differ most, and are the same again afterwards: nothing that moves by itself."""
    differs = np.abs(one.astype(np.int16) - other).sum(axis=2).astype(np.int64)
    differs[np.any(one != back, axis=2)] = 0
    if before is not None:
        differs[np.any(one != before, axis=2)] = 0
    if without is not None:
        differs[without.y : without.y + without.height, without.x : without.x + without.width] = 0
    blocks = differs.reshape(HEIGHT // _PATCH, _PATCH, WIDTH // _PATCH, _PATCH).sum(axis=(1, 3))
    row, column = np.unravel_index(int(blocks.argmax()), blocks.shape)
    if blocks[row, column] == 0:
        raise RuntimeError("a click changed nothing on the display")
    return Box(int(column) * _PATCH, int(row) * _PATCH, _PATCH, _PATCH)


@contextlib.contextmanager
def _booth(display: Display) -> Iterator[Box]:
    """The booth's window there; the box of its first service."""
    env = environment(DISPLAY=display.name, SDL_VIDEODRIVER="x11")
    with module("benchmarks.glass_window", "outside", env=env) as child:
        shown = said(child)
        x, y, width, height = shown["boxes"]["pension-alive"]
        yield Box(x, shown["size"][1] - y - height, width, height)


def outside(options: Options) -> Iterator[Figure]:
    """Synthetic clicks on two displays, the booth's window on one, the page on the other, in turns."""
    chance = random.Random(7)
    with xvfb() as here, xvfb() as there, _booth(here) as box, kiosk(there.name) as browser:
        booth = _Clicked(here, box, 2.0)
        page = _Clicked(there, box, 4.0)
        clicks: dict[str, list[float]] = {"booth": [], "page": []}
        presses: dict[str, list[float]] = {"booth": [], "page": []}
        for _ in range(options.times(20)):
            for name, window in (("booth", booth), ("page", page)):
                time.sleep(chance.random() * 0.1)
                clicks[name].append(window.click_ms())
                presses[name].append(window.press_ms())
        if browser.poll() is not None:
            raise RuntimeError("chromium ended before the clicks did")
    print(f"  booth {_spread(clicks['booth'])}, page {_spread(clicks['page'])}", file=sys.stderr)
    name = "same screen in Chromium --kiosk, median"
    click, press = statistics.median(clicks["booth"]), statistics.median(presses["booth"])
    yield Figure(
        "screen.click_to_pixel", click, "ms", name, statistics.median(clicks["page"]), at_most_times=TIMES_A_PAGE
    )
    yield Figure("screen.press_to_pixel", press, "ms", name, statistics.median(presses["page"]))


def _spread(values: list[float]) -> str:
    low, middle, high = (percentile(values, percent) for percent in (5, 50, 95))
    return f"{low:.0f} .. {middle:.0f} .. {high:.0f} ms"
