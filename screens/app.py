"""The window: Kivy prepared without its habits, a hidden start, completed frames, and the wipe of what Kivy keeps.

Kivy reads its environment when it is imported, so ``prepare`` comes first and nothing here imports Kivy before it.
Knows neither questions nor devices.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiosk.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.clock import Clock
    from kiosk.config import DisplaySection
    from screens.remote import Remote
    from screens.stage import KivyScreen

HOME_PREFIX = "booth-kivy-"
MAX_FPS = 500  # Kivy polls input once a tick and draws only what changed: less waiting, 4 % of one core
WARM_FPS = 100  # of a hidden window: nobody touches it, and it is to appear within a frame of these
WARM_PAUSE_S = 0.01
HOLD_S = 0.01  # a script that has the next question at hand shows it within 1 ms
BEAT_S = 1.0  # one frame a second proves that the glass is alive
KEPT_CATEGORIES = ("textinput.label", "textinput.width", "kv.image", "kv.texture", "kv.loader")


def prepare(display: DisplaySection, *, hidden: bool = True) -> None:
    """Set Kivy's environment and configuration, then import its core. Call once, before anything imports Kivy."""
    _sweep()
    home = tempfile.mkdtemp(prefix=f"{HOME_PREFIX}{os.getpid()}-")
    os.environ.update(
        KIVY_NO_ARGS="1", KIVY_NO_ENV_CONFIG="1", KIVY_NO_FILELOG="1", KIVY_NO_CONSOLELOG="1", KIVY_NO_CONFIG="1",
        KIVY_LOG_MODE="PYTHON", KIVY_HOME=home, KIVY_DPI=str(display.dpi), KIVY_METRICS_DENSITY="1",
        KIVY_METRICS_FONTSCALE="1", KIVY_WINDOW="sdl2", KIVY_TEXT="sdl2", KIVY_IMAGE="sdl2", KIVY_CLIPBOARD="dummy",
        KIVY_AUDIO="sdl2", KIVY_EVENTLOOP="asyncio",
    )  # fmt: skip
    os.chmod(home, 0o500)  # its mods/ would be importable code: nobody may put something there
    if display.mode == "offscreen":
        os.environ["SDL_VIDEODRIVER"] = "offscreen"
    from kivy.config import Config  # noqa: PLC0415 - see the module's docstring

    is_full = display.mode == "fullscreen"
    for section, settings in {
        "graphics": {
            "width": display.width_px, "height": display.height_px, "fullscreen": 0, "borderless": int(is_full),
            "position": "custom" if is_full else "auto", "left": 0, "top": 0,
            "resizable": 0, "multisamples": 0, "vsync": 0, "maxfps": MAX_FPS,
            "window_state": "hidden" if hidden else "visible", "show_cursor": int(not is_full),
            "allow_screensaver": 0,
        },
        "kivy": {
            "exit_on_escape": 0, "pause_on_minimize": 0, "keyboard_mode": "", "log_level": "warning",
            "desktop": 1, "log_enable": 0, "window_icon": "",
        },
    }.items():  # fmt: skip
        for key, value in settings.items():
            Config.set(section, key, str(value))
    for provider in list(dict(Config.items("input"))):
        Config.remove_option("input", provider)
    Config.set("input", "mouse", "mouse,multitouch_on_demand,disable_hover")


def _sweep() -> None:
    """Remove the empty homes of processes that were ended before they could."""
    for home in Path(tempfile.gettempdir()).glob(f"{HOME_PREFIX}*"):
        owner = home.name.removeprefix(HOME_PREFIX).partition("-")[0]
        if not (owner.isdigit() and Path("/proc", owner).exists()):
            with contextlib.suppress(OSError):
                home.rmdir()


def _cover(window: Any, panel_px: tuple[int, int] | None) -> None:
    """Make the window cover the panel; where nobody knows how large that is, SDL's full screen finds out."""
    if panel_px is None:
        window.fullscreen = "auto"
    elif tuple(window.system_size) != panel_px:
        window.system_size = panel_px


def _pace(fps: int) -> None:
    """Let Kivy's loop turn so often a second; it has no other way to change it after its start."""
    from kivy.clock import Clock as KivyClock  # noqa: PLC0415

    KivyClock._max_fps = float(fps)


class Glass:
    """The window with its screen. ``prepare`` comes first; one Glass a process, because Kivy has one window."""

    def __init__(
        self, display: DisplaySection, *, assets: Path, hidden: bool = True, remote: Path | None = None,
        clock: Clock | None = None, is_enrolled: bool = False,
    ) -> None:  # fmt: skip
        """``remote``: where the bench may see and touch the glass. Raises ``ValueError`` for one on an enrolled booth,
        ``FileNotFoundError`` without the typefaces."""
        from kivy.core.window import Window  # noqa: PLC0415
        from kivy.graphics import opengl  # noqa: PLC0415

        from screens import panel  # noqa: PLC0415
        from screens.lettering import Lettering  # noqa: PLC0415
        from screens.stage import KivyScreen  # noqa: PLC0415

        self.frames = 0
        self.flipped_at_s = 0.0  # CLOCK_MONOTONIC
        self.clock: Clock = clock or SystemClock()
        self.is_hidden = hidden
        self._window: Any = Window
        self._gl: Any = opengl
        self._listeners: list[Callable[[bool], None]] = []
        self._frame = asyncio.Event()
        self._is_beat = False
        self._is_held = False
        self._held: tuple[object, float] = (None, 0.0)  # what was answered, and until when nothing is drawn of it
        self._minute = -1
        self._tasks: set[asyncio.Task[None]] = set()
        if display.mode == "fullscreen":
            _cover(Window, panel.size_px())
        size = (int(Window.width), int(Window.height))
        fitting = display.model_copy(update={"width_px": size[0], "height_px": size[1]})
        self.screen: KivyScreen = KivyScreen(fitting, Lettering(assets / "fonts"), self.clock.today)
        self.screen.on_answer = self._hold
        self.remote: Remote | None = None
        if remote is not None:
            from screens.remote import Remote  # noqa: PLC0415 - an enrolled booth never loads it

            self.remote = Remote(self, remote, is_enrolled=is_enrolled)
        Window.bind(
            on_draw=self._draw, on_flip=self._flip, on_request_close=lambda *_a, **_k: display.mode == "fullscreen"
        )

    async def run(self) -> None:
        """Kivy's loop on this asyncio loop, until ``stop``."""
        from kivy.base import async_runTouchApp  # noqa: PLC0415
        from kivy.clock import Clock as KivyClock  # noqa: PLC0415

        _pace(WARM_FPS if self.is_hidden else MAX_FPS)
        warming = asyncio.ensure_future(self._warm())
        beat = KivyClock.schedule_interval(self._beat, BEAT_S)
        try:
            await async_runTouchApp(self.screen.board, async_lib="asyncio")
        finally:
            beat.cancel()
            warming.cancel()
            if self.remote is not None:
                await self.remote.close()
            shutil.rmtree(os.environ.get("KIVY_HOME", ""), ignore_errors=True)

    def appear(self) -> None:
        """Show the window above the one before, and let the bench connect."""
        if self.is_hidden:
            self._window.show()
            self._window.raise_window()
            self.is_hidden = False
            _pace(MAX_FPS)
        if self.remote is not None:
            task = asyncio.ensure_future(self.remote.listen())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._frame.clear()
        self._window.canvas.ask_update()

    async def first_frame(self) -> None:
        """Return when a frame was completed after ``appear``."""
        await self._frame.wait()

    async def next_frame(self) -> None:
        """Return when another frame was completed."""
        self._frame.clear()
        self._window.canvas.ask_update()
        await self._frame.wait()

    def wipe(self) -> None:
        """Drop all that Kivy keeps of a visit: screen, typed text, caches, textures."""
        from kivy.cache import Cache  # noqa: PLC0415

        self.screen.wipe()
        for category in KEPT_CATEGORIES:
            with contextlib.suppress(KeyError):
                Cache.remove(category)

    def stop(self) -> None:
        """End ``run``."""
        from kivy.base import stopTouchApp  # noqa: PLC0415

        stopTouchApp()

    async def _warm(self) -> None:
        """Load code, layouts and letters of every question bit by bit, before a resident waits for them."""
        for load in self.screen.loads():
            await asyncio.sleep(WARM_PAUSE_S)
            load()

    # -- for the bench ----------------------------------------------------------------------------------------------

    def on_frame(self, listener: Callable[[bool], None]) -> None:
        """``listener(is_changed)`` is called after every completed frame, before it is replaced."""
        self._listeners.append(listener)

    def read_pixels(self) -> tuple[int, int, bytes]:
        """The frame as (width, height, RGBA from the bottom row up). 22 ms at 1080 x 1920."""
        width, height = (int(side) for side in self._window.system_size)
        gl = self._gl
        return width, height, bytes(gl.glReadPixels(0, 0, width, height, gl.GL_RGBA, gl.GL_UNSIGNED_BYTE))

    def draw_again(self) -> None:
        """Ask for another frame."""
        self._window.canvas.ask_update()

    def _hold(self) -> None:
        """Draw nothing more of the question just answered while the visit reacts, for ``HOLD_S`` at most.

        Kivy draws in the turn of its loop that read the finger, before the visit could react: a whole frame of a
        screen that is already past would stand between the finger and what it asked for.
        """
        self._held = (self.screen.question, time.monotonic() + HOLD_S)

    def _draw(self, *_args: object) -> bool:
        """Say whether Kivy shall leave this frame out; what was to be drawn stays noted."""
        question, until_s = self._held
        self._is_held = self.screen.question is question and time.monotonic() < until_s
        return self._is_held

    def _flip(self, *_args: object) -> bool:
        """Frames count when they are drawn completely: a flip alone returns before software GL has rasterised.

        ``glFinish`` also keeps replaced screens from piling up in the driver.
        """
        if self._is_held:
            return True
        self._gl.glFinish()
        is_changed, self._is_beat = not self._is_beat, False
        for listener in self._listeners:
            listener(is_changed)
        self._window.flip()
        self.flipped_at_s = time.monotonic()
        self.frames += 1
        self._frame.set()
        return True  # Kivy's own handler would flip again

    def _beat(self, _dt: float) -> None:
        minute = self.clock.today().minute
        if minute != self._minute:
            self._minute = minute
            self.screen.tick()
        if not self.is_hidden and not self._window.canvas.needs_redraw:
            self._is_beat = True
            self._window.canvas.ask_update()
