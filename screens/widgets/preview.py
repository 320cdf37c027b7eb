"""The camera's picture in an oval, about 15 times a second, mirrored like a looking-glass; gone without a trace.

Reads frames of at most 480 px from shared memory; without a ring it shows a drawn face. The ground around the oval is
white in every theme, because it lights the face; a sign says that the camera is on. Knows no camera.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kivy.clock import Clock
from kivy.graphics import (
    Color,
    Ellipse,
    Rectangle,
    SmoothEllipse,
    SmoothLine,
    StencilPop,
    StencilPush,
    StencilUnUse,
    StencilUse,
)
from kivy.graphics.texture import Texture

from screens.theme import rgba
from screens.widgets.icons import draw_icon
from screens.widgets.part import Part

if TYPE_CHECKING:
    from hardware.ring import FrameRing
    from screens.theme import Look

FRAME_S = 1 / 15
LIGHT, ON_LIGHT, RECORDING = "#FFFFFF", "#000000", "#C62828"  # of the lamp, not of a theme
OVAL = 0.74  # width of the oval by its height: a face


class Preview(Part):
    """``ring``: name of the preview ring, "" for none. ``is_covered``: nothing of the picture is shown."""

    zone = "upper"

    def __init__(self, ring: str, *, is_covered: bool = False, **properties: Any) -> None:
        self.words = ""
        self.sign = ""  # said of the open camera, beside a red light
        self.is_covered = is_covered
        self._ring: FrameRing | None = None
        self._texture: Any = None
        self._rectangle: Any = None
        self._last = 0
        self._size = (0, 0)
        super().__init__(**properties)
        if ring:
            self._attach(ring)
        self._event = Clock.schedule_interval(self._look, FRAME_S) if self._ring is not None else None

    def natural(self, look: Look, width: float, room: float) -> float:
        return 0.0

    def say(self, words: str) -> None:
        """The coaching under the oval."""
        if words != self.words:
            self.words = words
            self.redraw()

    def close(self) -> None:
        """Stop, overwrite the texture with nothing, let go of the ring."""
        if self._event is not None:
            self._event.cancel()
            self._event = None
        if self._texture is not None:
            self._texture.blit_buffer(bytes(3 * self._size[0] * self._size[1]), colorfmt="bgr", bufferfmt="ubyte")
            self._texture = None
        self.canvas.before.clear()
        if self._ring is not None:
            self._ring.close()
            self._ring = None

    def draw(self, look: Look) -> None:
        theme = look.theme
        words_high = max(look.lettering.pitch(look.secondary) + look.mm(5), 0)
        high = min(self.height, look.mm(196))
        oval_high = high - words_high - look.mm(14)
        if oval_high < look.mm(30):  # very large letters: no room for a picture, but the sign stays
            self._pill(look, self.center_y - words_high / 2, words_high, has_sign=bool(self.sign))
            return
        oval_wide = min(oval_high * OVAL, self.width * 0.8)
        bottom = self.center_y - high / 2
        y = bottom + words_high + look.mm(9)
        x = self.center_x - oval_wide / 2
        edge = look.mm(2.6)
        self._light(look, bottom + words_high + look.mm(2), high - words_high - look.mm(2))
        Color(*rgba(theme.primary))
        SmoothEllipse(pos=(x - edge, y - edge), size=(oval_wide + 2 * edge, oval_high + 2 * edge))
        Color(*rgba(theme.sand))
        SmoothEllipse(pos=(x, y), size=(oval_wide, oval_high))
        if self._texture is not None:
            self._picture(x, y, oval_wide, oval_high)
            Color(*rgba(theme.primary))
            SmoothLine(ellipse=(x - edge / 2, y - edge / 2, oval_wide + edge, oval_high + edge), width=edge / 2)
        else:
            (self._lid if self.is_covered else self._face)(look, x, y, oval_wide, oval_high)
        self._sign(look, x - edge)
        self._pill(look, bottom, words_high)

    def _pill(self, look: Look, y: float, high: float, *, has_sign: bool = False) -> None:
        theme = look.theme
        sign_wide = high * 0.8 if has_sign else 0.0
        words_wide = look.lettering.width(self.words, look.secondary, bold=True)
        wide = min(words_wide + sign_wide + look.mm(14), self.width)
        box = (self.center_x - wide / 2, y, wide, high)
        self.fill(box, theme.primary, high / 2)
        if has_sign:
            place = (box[0] + look.mm(5), y + high * 0.2, high * 0.6, high * 0.6)
            draw_icon("camera", place, theme.on_primary, theme.primary)
            box = (box[0] + sign_wide, y, wide - sign_wide, high)
        self.write(self.words, box, look.secondary, theme.on_primary, ground=theme.primary, bold=True, align="center")

    def _picture(self, x: float, y: float, wide: float, high: float) -> None:
        """The frame covers the oval; what is beyond it is cut off."""
        width, height = self._size
        scale = max(wide / width, high / height)
        place = (x + (wide - width * scale) / 2, y + (high - height * scale) / 2)
        StencilPush()
        Ellipse(pos=(x, y), size=(wide, high), segments=90)
        StencilUse()
        Color(1, 1, 1, 1)
        Rectangle(texture=self._texture, pos=place, size=(width * scale, height * scale))
        StencilUnUse()
        Ellipse(pos=(x, y), size=(wide, high), segments=90)
        StencilPop()

    def _light(self, look: Look, bottom: float, high: float) -> None:
        """A white ground as wide as there is room: the glass is the lamp nearest to the face."""
        self.fill((self.x, bottom, self.width, high), LIGHT, look.radius)

    def _sign(self, look: Look, until: float) -> None:
        """A red light and words, at the upper left of the ground; a camera where words would run into the oval."""
        if not self.sign:
            return
        side, high = look.mm(4.5), look.lettering.pitch(look.secondary)
        top = self.center_y + min(self.height, look.mm(196)) / 2 - look.mm(4)
        x = self.x + look.mm(4)
        Color(*rgba(RECORDING))
        SmoothEllipse(pos=(x, top - (high + side) / 2), size=(side, side))
        wide = look.lettering.width(self.sign, look.secondary)
        box = (x + side + look.mm(2), top - high, wide, high)
        if box[0] + wide > until - look.mm(2):
            draw_icon("camera", (box[0], top - high * 0.9, high * 0.8, high * 0.8), ON_LIGHT, LIGHT)
            return
        self.write(self.sign, box, look.secondary, ON_LIGHT, ground=LIGHT)

    def _lid(self, look: Look, x: float, y: float, wide: float, high: float) -> None:
        """Covered: a closed eye, so that nobody takes it for a fault."""
        Color(*rgba(look.theme.ink))
        points = [x + wide * 0.28, y + high * 0.52, x + wide * 0.5, y + high * 0.4, x + wide * 0.72, y + high * 0.52]
        SmoothLine(bezier=points, width=look.mm(1.3), cap="round")
        for share in (0.36, 0.5, 0.64):
            foot = y + high * (0.46 if share == 0.5 else 0.475)
            SmoothLine(points=(x + wide * share, foot, x + wide * (share * 1.15 - 0.075), foot - high * 0.05),
                       width=look.mm(0.9), cap="round")  # fmt: skip

    def _face(self, look: Look, x: float, y: float, wide: float, high: float) -> None:
        Color(*rgba(look.theme.ink))
        eye = wide * 0.1
        for side in (0.33, 0.67):
            SmoothEllipse(pos=(x + wide * side - eye / 2, y + high * 0.56), size=(eye, eye))
        smile = ((0.34, 0.33), (0.43, 0.24), (0.57, 0.24), (0.66, 0.33))
        points = [side for across, up in smile for side in (x + wide * across, y + high * up)]
        SmoothLine(bezier=points, width=look.mm(1.3), cap="round")

    def _attach(self, name: str) -> None:
        from hardware.ring import FrameRing, RingError  # noqa: PLC0415

        try:
            self._ring = FrameRing.attach(name)
        except RingError:
            self._ring = None  # the drawn face stays: the words still tell what to do

    def _look(self, _dt: float) -> None:
        found = self._ring.newest(self._last) if self._ring is not None else None
        if found is None:
            return
        self._last, _, frame = found
        height, width = frame.shape[:2]
        is_new = self._texture is None or self._size != (width, height)
        if is_new:
            self._size = (width, height)
            self._texture = Texture.create(size=(width, height), colorfmt="rgb")
            self._texture.flip_vertical()
            self._texture.flip_horizontal()
        self._texture.blit_buffer(frame.tobytes(), colorfmt="bgr", bufferfmt="ubyte")
        if is_new:
            self.redraw()
        else:
            self.canvas.ask_update()
