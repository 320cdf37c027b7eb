"""Signs drawn with lines and shapes, because the typeface lacks them. Knows a box and a colour."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from kivy.graphics import Color, Rectangle, SmoothEllipse, SmoothLine, SmoothRoundedRectangle, SmoothTriangle

from screens.theme import rgba

if TYPE_CHECKING:
    from screens.widgets.part import Box

Pen = Callable[..., None]


def draw_icon(name: str, box: Box, colour: str, ground: str) -> None:
    """Draw the sign ``name`` into the square in the middle of ``box``; ``ground`` is for what is cut out."""
    x, y, width, height = box
    side = min(width, height)
    left, bottom = x + (width - side) / 2, y + (height - side) / 2
    Color(*rgba(colour))
    _Sketch(left, bottom, side, colour, ground).draw(name)


class _Sketch:
    """A square of 100 x 100 units, origin bottom left."""

    def __init__(self, left: float, bottom: float, side: float, colour: str, ground: str) -> None:
        self.left, self.bottom, self.unit = left, bottom, side / 100
        self.colour, self.ground = colour, ground
        self.is_mirrored = False

    def draw(self, name: str) -> None:
        drawer = getattr(self, f"_{name}", None)
        if drawer is None:
            raise ValueError(f"{name!r} is no sign of the booth; see screens/widgets/icons.py")
        drawer()

    # -- strokes

    def line(self, *points: float, weight: float = 9, close: bool = False) -> None:
        placed = self._placed(points)
        SmoothLine(points=placed, width=max(weight * self.unit / 2, 1), close=close, cap="round", joint="round")

    def limb(self, *points: float, weight: float) -> None:
        """A thick line with round joints and ends."""
        self.line(*points, weight=weight)
        for x, y in zip(points[::2], points[1::2], strict=True):
            self.disc(x, y, weight / 2)

    def arc(self, cx: float, cy: float, radius: float, start: float, end: float, weight: float = 9) -> None:
        """Clockwise from 12 o'clock, in degrees."""
        points: list[float] = []
        steps = max(int(abs(end - start) / 10), 4)
        for i in range(steps + 1):
            angle = math.radians(start + (end - start) * i / steps)
            points += [cx + radius * math.sin(angle), cy + radius * math.cos(angle)]
        self.line(*points, weight=weight)

    def disc(self, cx: float, cy: float, radius: float) -> None:
        u = self.unit
        cx = 100 - cx if self.is_mirrored else cx
        SmoothEllipse(
            pos=(self.left + (cx - radius) * u, self.bottom + (cy - radius) * u), size=(2 * radius * u, 2 * radius * u)
        )

    def block(self, x: float, y: float, width: float, height: float, radius: float = 0) -> None:
        u = self.unit
        place, size = (self.left + x * u, self.bottom + y * u), (width * u, height * u)
        if radius:
            SmoothRoundedRectangle(pos=place, size=size, radius=[radius * u])
        else:
            Rectangle(pos=place, size=size)

    def triangle(self, *points: float) -> None:
        SmoothTriangle(points=self._placed(points))

    def _placed(self, points: tuple[float, ...]) -> list[float]:
        if self.is_mirrored:
            points = tuple(p if i % 2 else 100 - p for i, p in enumerate(points))
        return [(self.left, self.bottom)[i % 2] + p * self.unit for i, p in enumerate(points)]

    def cut(self) -> None:
        Color(*rgba(self.ground))

    def ink(self) -> None:
        Color(*rgba(self.colour))

    # -- signs

    def _repeat(self) -> None:
        self.arc(50, 48, 34, 40, 320)
        self.triangle(52, 96, 52, 62, 84, 80)

    def _more_time(self) -> None:
        self.arc(50, 50, 40, 0, 360)
        self.line(50, 74, 50, 48, 68, 38)

    def _sound(self) -> None:
        self.block(10, 35, 20, 30)
        self.triangle(14, 50, 50, 86, 50, 14)
        self.arc(48, 50, 24, 45, 135)
        self.arc(48, 50, 42, 45, 135)

    def _telephone(self) -> None:
        self.arc(50, 6, 62, -47, 47, weight=24)
        self.block(0, 24, 28, 30, 8)
        self.block(72, 24, 28, 30, 8)

    def _ok(self) -> None:
        self.line(16, 50, 40, 24, 84, 78, weight=13)

    def _no(self) -> None:
        self.line(22, 22, 78, 78, weight=13)
        self.line(22, 78, 78, 22, weight=13)

    def _back(self) -> None:
        self.line(90, 50, 12, 50, weight=13)
        self.line(46, 84, 12, 50, 46, 16, weight=13)

    def _next(self) -> None:
        self.line(10, 50, 88, 50, weight=13)
        self.line(54, 84, 88, 50, 54, 16, weight=13)

    def _up(self) -> None:
        self.line(20, 36, 50, 66, 80, 36, weight=11)

    def _down(self) -> None:
        self.line(20, 64, 50, 34, 80, 64, weight=11)

    def _delete(self) -> None:
        self.line(4, 50, 32, 82, 96, 82, 96, 18, 32, 18, weight=8, close=True)
        self.line(48, 64, 76, 36, weight=8)
        self.line(48, 36, 76, 64, weight=8)

    def _space(self) -> None:
        self.line(8, 52, 8, 30, 92, 30, 92, 52, weight=9)

    def _plus(self) -> None:
        self.line(50, 14, 50, 86, weight=12)
        self.line(14, 50, 86, 50, weight=12)

    def _minus(self) -> None:
        self.line(14, 50, 86, 50, weight=12)

    def _pen(self) -> None:
        self.line(26, 22, 74, 70, 86, 58, 38, 10, weight=7, close=True)
        self.line(62, 58, 74, 46, weight=7)
        self.triangle(8, 4, 21, 25, 36, 9)

    def _camera(self) -> None:
        self.block(4, 16, 92, 60, 12)
        self.block(32, 70, 36, 16, 6)
        self.cut()
        self.disc(50, 46, 22)
        self.ink()
        self.disc(50, 46, 13)

    def _phone(self) -> None:
        self.block(24, 2, 52, 96, 11)
        self.cut()
        self.block(31, 22, 38, 64)
        self.disc(50, 12, 5)

    def _clerk(self) -> None:
        self.disc(50, 70, 21)
        self.block(12, 4, 76, 40, 20)
        self.block(12, 4, 76, 20)

    def _guardian(self) -> None:
        self.disc(34, 76, 17)
        self.block(8, 4, 52, 48, 18)
        self.block(8, 4, 52, 20)
        self.cut()
        self.disc(76, 46, 17)
        self.block(54, 0, 46, 32, 14)
        self.ink()
        self.disc(76, 46, 13)
        self.block(58, 4, 38, 24, 11)
        self.block(58, 4, 38, 10)

    def _printer(self) -> None:
        self.block(24, 66, 52, 30)
        self.block(4, 26, 92, 46, 8)
        self.cut()
        self.block(24, 8, 52, 34)
        self.ink()
        self.block(29, 4, 42, 34)
        self.cut()
        self.block(36, 24, 28, 6)
        self.block(36, 13, 28, 6)

    def _send(self) -> None:
        self.line(50, 12, 50, 88, weight=11)
        self.line(20, 58, 50, 88, 80, 58, weight=11)

    def _face(self) -> None:
        self.arc(50, 50, 42, 0, 360, weight=8)
        self.disc(34, 58, 6)
        self.disc(66, 58, 6)
        self.arc(50, 50, 22, 125, 235, weight=8)

    def _card(self) -> None:
        self.block(2, 16, 96, 68, 10)
        self.cut()
        self.block(12, 34, 26, 34, 4)
        self.block(48, 56, 38, 10)
        self.block(48, 36, 28, 10)

    def _paper(self) -> None:
        self.block(20, 4, 60, 92, 4)
        self.cut()
        self.block(31, 74, 38, 9)
        self.block(31, 55, 38, 9)
        self.block(31, 36, 24, 9)

    def _large(self) -> None:
        self.line(8, 10, 36, 86, 64, 10, weight=11)
        self.line(18, 36, 54, 36, weight=10)
        self.line(82, 44, 82, 84, weight=10)
        self.line(64, 64, 98, 64, weight=10)

    def _warning(self) -> None:
        self.block(43, 34, 14, 52, 6)
        self.disc(50, 14, 9)

    def _more(self) -> None:
        for cx in (20, 50, 80):
            self.disc(cx, 50, 10)

    def _house(self) -> None:
        self.triangle(2, 48, 50, 94, 98, 48)
        self.block(16, 4, 68, 48)
        self.cut()
        self.block(40, 4, 20, 30)

    def _lamp(self) -> None:
        self.line(34, 4, 34, 84, 74, 84, weight=9)
        self.block(60, 66, 32, 18, 6)
        self.block(20, 0, 28, 10)

    def _exit(self) -> None:
        self.line(46, 90, 12, 90, 12, 10, 46, 10, weight=9)
        self.line(36, 50, 92, 50, weight=10)
        self.line(68, 74, 92, 50, 68, 26, weight=10)

    def _plug(self) -> None:
        self.line(36, 96, 36, 66, weight=10)
        self.line(64, 96, 64, 66, weight=10)
        self.block(20, 36, 60, 34, 12)
        self.line(50, 36, 50, 6, weight=10)

    def _lock(self) -> None:
        self.arc(50, 58, 24, -90, 90, weight=11)
        self.block(14, 6, 72, 54, 10)
        self.cut()
        self.disc(50, 38, 9)
        self.block(46, 18, 8, 18)

    # -- the way out: a person who runs through a door, and where it is

    def _way_out(self) -> None:
        self.limb(72, 80, 72, 96, 97, 96, 97, 4, weight=7)  # the near post ends where the person comes through
        self.limb(4, 4, 97, 4, weight=6)
        self.disc(58, 85, 9.5)
        self.limb(52, 67, 44, 46, weight=17)
        self.limb(56, 70, 71, 57, 84, 67, weight=8)
        self.limb(50, 70, 35, 65, 27, 50, weight=8)
        self.limb(46, 43, 64, 37, 60, 14, 71, 13, weight=10)
        self.limb(43, 44, 36, 24, 13, 22, weight=10)

    def _way_out_left(self) -> None:
        self.is_mirrored = True
        self._way_out()

    def _way_right(self) -> None:
        self.limb(12, 50, 86, 50, weight=16)
        self.limb(54, 84, 88, 50, 54, 16, weight=16)

    def _way_left(self) -> None:
        self.is_mirrored = True
        self._way_right()

    def _way_ahead(self) -> None:
        self.limb(50, 12, 50, 86, weight=16)
        self.limb(16, 54, 50, 88, 84, 54, weight=16)

    def _way_behind(self) -> None:
        turn: list[float] = []
        for angle in map(math.radians, range(-90, 91, 10)):
            turn += [48 + 26 * math.sin(angle), 62 + 26 * math.cos(angle)]
        self.limb(22, 14, 22, 60, *turn, 74, 60, 74, 16, weight=15)
        self.limb(48, 40, 74, 14, 97, 37, weight=15)
