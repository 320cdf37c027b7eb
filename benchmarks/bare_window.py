"""The booth's reference: a Kivy window as Kivy comes. ``python -m benchmarks.bare_window label | press N | change N``.

``label``: one label; says when its first frame was complete, then waits until its standard input ends.
``press``: a button pressed N times; ``change``: ten buttons replaced by ten others. Prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time

os.environ.update(KIVY_NO_ARGS="1", KIVY_NO_CONSOLELOG="1", KIVY_NO_FILELOG="1", KIVY_CLIPBOARD="dummy")
os.environ.setdefault("SDL_VIDEODRIVER", "offscreen")

from kivy.app import App
from kivy.config import Config

Config.set("graphics", "width", "1080")
Config.set("graphics", "height", "1920")

from kivy.core.window import Window  # noqa: E402 - Kivy reads its settings on import
from kivy.graphics.opengl import glFinish  # noqa: E402
from kivy.uix.boxlayout import BoxLayout  # noqa: E402
from kivy.uix.button import Button  # noqa: E402
from kivy.uix.label import Label  # noqa: E402
from kivy.uix.widget import Widget  # noqa: E402


def _say(found: object) -> None:
    print(json.dumps(found), flush=True)


class _Ten(BoxLayout):
    def __init__(self, page: int) -> None:
        super().__init__(orientation="vertical", spacing=20, padding=40)
        self.page = page
        for number in range(10):
            button = Button(text=f"{page}: choice {number}", font_size=48)
            button.bind(on_release=lambda _b: self.parent and self.parent.turn())
            self.add_widget(button)


class _Pages(BoxLayout):
    def turn(self) -> None:
        old = self.children[0]
        self.remove_widget(old)
        self.add_widget(_Ten(old.page + 1))


class _Bare(App):
    def __init__(self, root: Widget) -> None:
        super().__init__()
        self._root = root

    def build(self) -> Widget:
        return self._root


def _label() -> None:
    def flip(*_: object) -> None:
        glFinish()
        Window.unbind(on_flip=flip)
        _say({"at_s": time.monotonic(), "pid": os.getpid()})

    Window.bind(on_flip=flip)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    _Bare(Label(text="Hello")).run()


def _touches(count: int, *, is_change: bool) -> None:
    from benchmarks.finger import Finger

    root = _Pages()
    root.add_widget(_Ten(0))
    finger = Finger()
    chance = random.Random(7)

    def flip(*_: object) -> None:
        glFinish()
        finger.drawn()

    def work() -> None:
        time.sleep(1.0)
        downs, ups = [], []
        for _ in range(count):
            time.sleep(0.1 + chance.random() * 0.05)
            page = root.children[0].page
            downs.append(finger.down(540, 900))
            time.sleep(0.05)
            ups.append(finger.up(lambda page=page: root.children[0].page != page))
        _say(ups if is_change else downs)
        os._exit(0)

    Window.bind(on_flip=flip)
    threading.Thread(target=work, daemon=True).start()
    _Bare(root).run()


if __name__ == "__main__":
    if sys.argv[1] == "label":
        _label()
    else:
        _touches(int(sys.argv[2]), is_change=sys.argv[1] == "change")
