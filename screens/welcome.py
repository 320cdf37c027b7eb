"""The idle screen: the time, a greeting, what can be done here in three pictures. Any touch begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiosk.text import later
from screens.widgets.button import WordButton
from screens.widgets.frame import QuestionScreen
from screens.widgets.part import Control, Part, inset
from screens.widgets.skyline import Skyline

if TYPE_CHECKING:
    from screens.theme import Look

PICTURES = (("face", later("Pensions")), ("paper", later("Certificates")), ("lamp", later("Report a problem")))
WEEKDAYS = (
    later("Monday"), later("Tuesday"), later("Wednesday"), later("Thursday"), later("Friday"), later("Saturday"),
    later("Sunday"),
)  # fmt: skip
TIME_MM = 36.0
DRIFT_MM = (0, 3, 6, 9, 6, 3)  # minute by minute, against burn-in


class Clockface(Part):
    """The time, as large as it can be read across a room, and the day."""

    zone = "upper"

    def natural(self, look: Look, width: float, room: float) -> float:
        return 0.0

    def draw(self, look: Look) -> None:
        now, text = look.now(), look.text
        size = look.font(TIME_MM)
        drift = look.mm(DRIFT_MM[now.minute % len(DRIFT_MM)])
        day = f"{text.date(now.date())}  {text(WEEKDAYS[now.weekday()])}"
        top = self.top - drift
        pitch = look.lettering.pitch(size) * 0.86
        box = (self.x, top - pitch, self.width, pitch)
        self.write(f"{now:%H:%M}", box, size, look.theme.ink, bold=True)
        low = self.text_height(look, day, look.secondary, self.width)
        self.write(day, (self.x, top - pitch - low, self.width, low), look.secondary, look.theme.quiet)


class Pictures(Part):
    """Three pictures of what is done here; a touch on them begins as well."""

    def natural(self, look: Look, width: float, room: float) -> float:
        return look.mm(44) + look.lettering.pitch(look.secondary) * (1 if self._is_one_line(look, width) else 2)

    def draw(self, look: Look) -> None:
        theme = look.theme
        gap = look.gap
        each = (self.width - 2 * gap) / 3
        for place, (icon, words) in enumerate(PICTURES):
            x = self.x + place * (each + gap)
            self.fill((x, self.y, each, self.height), theme.sand, look.radius)
            if theme.sand == theme.paper:
                self.plate((x, self.y, each, self.height), theme.paper, theme.ink, look)
            side = look.mm(20)
            low = self.height - side - look.mm(18)
            tile = (x + (each - side) / 2, self.top - side - look.mm(9), side, side)
            self.fill(inset(tile, -look.mm(3)), theme.primary, look.mm(6))
            self.sign(icon, inset(tile, look.mm(2.5)), theme.on_primary, theme.primary)
            box = (x + look.mm(2), self.y + look.mm(3), each - look.mm(4), low + look.mm(2))
            self.write(look.text(words), box, look.secondary, theme.ink, ground=theme.sand, align="center",
                       balanced=True)  # fmt: skip

    def _is_one_line(self, look: Look, width: float) -> bool:
        each = (width - 2 * look.gap) / 3 - look.mm(4)
        return all(look.lettering.width(look.text(w), look.secondary) <= each for _, w in PICTURES)


class WelcomeScreen(QuestionScreen):
    """``question.community`` stands in the strip."""

    def build(self) -> None:
        self.strip.title = self.question.community
        self.strip.has_time = False
        begin = WordButton(id="begin", text=self.look.text("Begin"), kind="primary", icon="next")
        begin.hint = self.words.help
        begin.bind(on_chosen=lambda *_: self.answer(None))
        self.begin = begin
        self.add_widget(begin)
        self.anywhere = _Anywhere(begin)

    def tick(self) -> None:
        for part in self.parts:
            if isinstance(part, Clockface):
                part.redraw()

    def arrange(self, look: Look) -> None:
        if not look.is_portrait:  # a low panel has room for the time or for the pictures
            for part in [p for p in self.parts if isinstance(p, (Pictures, Skyline))]:
                self.parts.remove(part)
                self.remove_widget(part)
        super().arrange(look)
        self.anywhere.place(look, 0, 0, look.width, look.height)

    def _place_header(self, look: Look, inner: float, top: float, bottom: float, *, is_large: bool) -> float:
        """The greeting stands over the pictures, the time where other screens have their question."""
        if is_large:
            self.caption.place(look, look.margin, top - 1, inner, 1)
            self.caption.is_hidden = True  # the greeting itself says it
        return top

    def place_parts(self, look: Look, x: float, y: float, width: float, top: float) -> None:
        header = self.header
        header.is_short = False
        header_low = header.natural(look, width, top)
        pictures = next((p for p in self.parts if isinstance(p, Pictures)), None)
        low = self.begin.natural(look, width, 0) * (1.15 if look.text_size < 2 else 1.0)
        self.begin.place(look, x, y, width, low)
        y += low + look.gap * 1.5
        high = pictures.natural(look, width, top) if pictures else 0.0
        clock_low = look.font(TIME_MM) * 1.2 + 2 * look.lettering.pitch(look.secondary) + look.mm(12)
        if pictures is None:
            pass
        elif top - y - high - header_low - 3 * look.gap > clock_low:
            pictures.place(look, x, y, width, high)
            y += high + look.gap * 1.5
        else:
            self.parts.remove(pictures)
            self.remove_widget(pictures)
        header.place(look, x, y, width, header_low)
        y += header_low + look.gap * 1.5
        for part in self.parts:
            if part.zone == "upper":
                part.place(look, x, y, width, max(top - y, 0))

    def state(self) -> dict[str, Any]:
        return {}


class _Anywhere(Control):
    """A touch anywhere else shows on the Begin button and counts as one."""

    def __init__(self, begin: WordButton) -> None:
        self.begin = begin
        super().__init__(id="anywhere")

    def press(self, is_pressed: bool) -> None:
        self.begin.press(is_pressed)

    def choose(self) -> None:
        self.begin.choose()
