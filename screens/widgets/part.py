"""What every visible piece is: a Part is measured, placed and drawn in one pass; a Control can also be chosen.

A part writes down every text it draws (``inked``), so that the audit and the bench can read the glass as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kivy.graphics import BorderImage, Color, Rectangle, SmoothLine
from kivy.uix.widget import Widget

from screens.lettering import ASCENT_EM, BODY_CENTRE_EM, DESCENT_EM
from screens.theme import rgba
from screens.widgets.icons import draw_icon

if TYPE_CHECKING:
    from screens.theme import Look

Box = tuple[float, float, float, float]  # x, y, width, height in window pixels, origin bottom left


@dataclass(frozen=True)
class Inked:
    """One line of text on the glass: its letters, size in pixels, the box it fills and the box it must stay in."""

    text: str
    size: int
    box: Box
    room: Box
    colour: str
    ground: str
    is_private: bool = False


class Part(Widget):
    """A piece of a screen. ``zone``: "upper" is for reading only, "lower" may be touched."""

    zone = "lower"
    is_flexible = False  # takes the room that is left
    is_needed = False  # "upper" only: its natural height must be left for it
    fills_upper = False  # may use the room above the reach; looks after the reach of its own controls

    def __init__(self, **properties: Any) -> None:
        self.look: Look | None = properties.pop("look", None)
        self.inked: list[Inked] = []
        self.signed: list[tuple[str, str, str]] = []  # sign, its colour, the ground it lies on
        self.ground = ""
        super().__init__(size_hint=(None, None), **properties)

    def natural(self, look: Look, width: float, room: float) -> float:
        """Height in pixels this part wants at ``width``; at most ``room`` is left."""
        raise NotImplementedError

    def least(self, look: Look, width: float) -> float:
        """The least height it can do with; more than there is makes the help sentence give way."""
        return self.natural(look, width, 0.0)

    def place(self, look: Look, x: float, y: float, width: float, height: float) -> None:
        """Take this box and draw."""
        self.look = look
        self.ground = look.theme.paper
        self.pos, self.size = (round(x), round(y)), (round(width), round(height))
        self.arrange(look)
        self.redraw()

    def arrange(self, look: Look) -> None:
        """Place what is inside."""

    def redraw(self) -> None:
        """Draw again in the same box."""
        if self.look is None:
            return
        self.canvas.before.clear()
        self.inked.clear()
        self.signed.clear()
        with self.canvas.before:
            self.draw(self.look)

    def draw(self, look: Look) -> None:
        """Draw with canvas instructions; the canvas is already the current one."""

    @property
    def box(self) -> Box:
        return (self.x, self.y, self.width, self.height)

    def write(
        self, text: str, box: Box, size: int, colour: str, *, ground: str = "", bold: bool = False,
        align: str = "left", valign: str = "middle", balanced: bool = False, private: bool = False,
    ) -> float:  # fmt: skip
        """Write ``text`` into ``box``, broken into lines; give the height it took in pixels."""
        look = self.look
        assert look is not None
        if not text:
            return 0.0
        x, y, width, height = box
        letters = look.lettering
        lines = letters.lines(text, size, width, bold=bold, balanced=balanced)
        pitch = letters.pitch(size)
        taken = pitch * len(lines)
        top = {"top": y + height, "middle": y + (height + taken) / 2, "bottom": y + taken}[valign]
        for number, line in enumerate(lines):
            if not line:
                continue
            texture = letters.texture(line, size, bold=bold, private=private)
            centre = top - pitch * (number + 0.5)
            bottom = round(centre - (BODY_CENTRE_EM + DESCENT_EM) * size)
            left = x + {"left": 0.0, "center": (width - texture.width) / 2, "right": width - texture.width}[align]
            Color(*rgba(colour))
            Rectangle(texture=texture, pos=(round(left), bottom), size=texture.size)
            ink_box = (left, centre - size * 0.5, float(texture.width), float(size))
            self.inked.append(Inked(line, size, ink_box, box, colour, ground or self.ground, private))
        return taken

    def sign(self, name: str, box: Box, colour: str, ground: str) -> None:
        """Draw the sign ``name`` into the square in the middle of ``box``."""
        draw_icon(name, box, colour, ground)
        self.signed.append((name, colour, ground))

    def text_height(self, look: Look, text: str, size: int, width: float, *, bold: bool = False,
                    balanced: bool = False) -> float:  # fmt: skip
        """Height that ``write`` would take."""
        if not text:
            return 0.0
        return look.lettering.pitch(size) * len(look.lettering.lines(text, size, width, bold=bold, balanced=balanced))

    def fill(self, box: Box, colour: str, radius: float = 0.0, alpha: float = 1.0) -> None:
        """A filled rectangle, rounded when ``radius`` is given."""
        assert self.look is not None
        if radius:
            self.plate(box, colour, colour, self.look, border=0, radius=radius)
        else:
            Color(*rgba(colour, alpha))
            Rectangle(pos=box[:2], size=box[2:], texture=self.look.plates.blank)

    def plate(self, box: Box, ground: str, edge: str, look: Look, *, border: float | None = None,
              radius: float | None = None) -> None:  # fmt: skip
        """A rounded plate with a border inside its box."""
        border = look.border if border is None else border
        x, y, width, height = (round(number) for number in box)
        corner = min(look.radius if radius is None else radius, width / 2 - 1, height / 2 - 1)
        if min(width, height) < 2 * (border + 2) or corner < 1:
            Color(*rgba(edge))
            Rectangle(pos=(x, y), size=(width, height), texture=look.plates.blank)
            return
        texture, margin = look.plates.plate(int(corner) - 1, border, ground, edge)
        Color(1, 1, 1, 1)
        BorderImage(pos=(x, y), size=(width, height), texture=texture, border=(margin,) * 4)

    def dashes(self, box: Box, colour: str, look: Look) -> None:
        """A dashed border just inside ``box``."""
        half = look.border / 2
        x, y, width, height = inset(box, half)
        corner = look.radius
        Color(*rgba(colour))
        for quarter, cx, cy in (
            (270, x + corner, y + height - corner), (0, x + width - corner, y + height - corner),
            (90, x + width - corner, y + corner), (180, x + corner, y + corner),
        ):  # fmt: skip
            SmoothLine(
                ellipse=(cx - corner, cy - corner, 2 * corner, 2 * corner, quarter + 20, quarter + 70), width=half
            )
        dash = look.mm(4)
        for start, end, level in ((x + corner, x + width - corner, y), (x + corner, x + width - corner, y + height)):
            for at, to in _dashes(start, end, dash):
                Rectangle(pos=(at, level - half), size=(to - at, look.border))
        for start, end, level in ((y + corner, y + height - corner, x), (y + corner, y + height - corner, x + width)):
            for at, to in _dashes(start, end, dash):
                Rectangle(pos=(level - half, at), size=(look.border, to - at))


class Control(Part):
    """A part that can be chosen by touch, key or bench. ``on_chosen`` fires on release.

    ``name`` is what it is called aloud; ``value`` what it holds; ``row`` groups keys for those who move by one switch;
    ``number`` is the digit that chooses it.
    """

    __events__ = ("on_chosen",)

    def __init__(self, *, id: str = "", name: str = "", role: str = "button", row: str = "", **properties: Any) -> None:
        self.control_id = id
        self.name = name
        self.role = role
        self.row = row
        self.value = ""
        self.hint = ""
        self.number = ""
        self.is_private = False
        self.public = ""  # what is said of a private one without a headset; "" = its name, "filled in"
        self.is_enabled = True
        self.is_pressed = False
        self.has_focus = False
        super().__init__(**properties)

    def on_chosen(self) -> None:
        """Kivy's default handler; whoever made the control binds its own."""

    def choose(self) -> None:
        """What a release on it does."""
        self.dispatch("on_chosen")

    @property
    def spoken(self) -> str:
        """What is said when the focus comes here."""
        return "，".join(p for p in (self.name, self.value, self.hint) if p) if _is_chinese(self.name) else ", ".join(
            p for p in (self.name, self.value, self.hint) if p
        )  # fmt: skip

    def press(self, is_pressed: bool) -> None:
        """Show that a finger is on it."""
        if is_pressed != self.is_pressed:
            self.is_pressed = is_pressed
            self.redraw()

    def focus_on(self, has_focus: bool) -> None:
        """Show the focus ring, or take it away."""
        if has_focus != self.has_focus:
            self.has_focus = has_focus
            self.redraw()

    def draw_ring(self, look: Look, colour: str = "", radius: float | None = None, off_mm: float = 1.25) -> None:
        """The focus ring: outside the border, apart from it by a gap (9 px, 5 px off on the default panel)."""
        if not self.has_focus:
            return
        off, width = look.mm(off_mm), look.mm(2.2)
        box = inset(self.box, -(off + width / 2))
        Color(*rgba(colour or look.theme.focus))
        round_by = (look.radius if radius is None else radius) + off + width / 2
        SmoothLine(rounded_rectangle=(*box, min(round_by, box[2] / 2, box[3] / 2)), width=width / 2)


def inset(box: Box, by: float) -> Box:
    """The box made smaller on every side by ``by`` pixels."""
    x, y, width, height = box
    return (x + by, y + by, width - 2 * by, height - 2 * by)


def stacked_height(heights: list[float], gap: float) -> float:
    """Height of parts above one another."""
    return sum(heights) + gap * max(len(heights) - 1, 0)


def _dashes(start: float, end: float, dash: float) -> list[tuple[float, float]]:
    """Dashes of about ``dash`` pixels that begin and end with half a gap."""
    count = max(int((end - start) / (2 * dash)), 1)
    step = (end - start) / count
    return [(start + step * i + step / 4, start + step * i + step * 3 / 4) for i in range(count)]


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


__all__ = ["ASCENT_EM", "Box", "Control", "Inked", "Part", "inset", "stacked_height"]
