"""Frames straight into the ring, at a steady pace and drawn beforehand: a camera that costs nothing while it films."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import TracebackType

from hardware.camera.scene import Picture, Scene, Subject, View, decode
from hardware.face.portrait import ASTRONAUT_EYES
from hardware.ring import FrameRing

_FRAMES = 8  # there and back again, so that no two in a row are the same


class Film(threading.Thread):
    """Films the person of ``photograph``, and the same one twice while ``has_company``; a context manager."""

    def __init__(self, ring: FrameRing, photograph: Path, *, fps: float, can_have_company: bool = False) -> None:
        super().__init__(name="film", daemon=True)
        self._ring = ring
        self._pause_s = 1 / fps
        somebody = Subject(decode(photograph.read_bytes()), ASTRONAUT_EYES)
        self._alone = _drawn(View(somebody))
        self._both = _drawn(View(somebody, somebody)) if can_have_company else self._alone
        self._ending = threading.Event()
        self._shown: tuple[bool, float] = (False, 0.0)  # what the newest frames show, and since when
        self.has_company = False

    def since_s(self, has_company: bool) -> float:
        """When the first frame with, or without, company was taken (CLOCK_MONOTONIC); waits for it."""
        while self._shown[0] is not has_company:
            time.sleep(0.001)
        return self._shown[1]

    def run(self) -> None:
        """Film until the end of the context."""
        number = 0
        while not self._ending.is_set():
            has_company, at_s = self.has_company, time.monotonic()
            frames = self._both if has_company else self._alone
            self._ring.write(frames[number % len(frames)], at_s)
            if has_company is not self._shown[0]:
                self._shown = (has_company, at_s)
            number += 1
            self._ending.wait(max(0.0, at_s + self._pause_s - time.monotonic()))

    def __enter__(self) -> Film:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ending.set()
        self.join()


def _drawn(view: View) -> list[Picture]:
    scene = Scene()
    composed = scene.compose(view)
    frames = [scene.frame(view, composed, number / 15) for number in range(_FRAMES)]
    return [*frames, *reversed(frames)]
