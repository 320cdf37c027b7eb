"""Colours and sizes of everything a resident sees: four themes, four text sizes, millimetres at the panel's density.

The only place with a colour or a size in it. Text sizes are capital heights in millimetres (R1: EN 301 549 5.1.4 asks
0.7 degrees, 7.3 mm at 600 mm); the rest is derived from them. Knows no widget.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kiosk.text import Text
    from screens.lettering import Lettering
    from screens.plates import Plates

CAP_HEIGHT_EM = 0.733  # Noto Sans CJK: height of capitals
MM_PER_INCH = 25.4
Rgba = tuple[float, float, float, float]


@dataclass(frozen=True)
class Theme:
    """Named colours, each "#RRGGBB". ``human`` is the colour of help by a person and of progress made."""

    name: str
    paper: str
    ink: str
    quiet: str
    surface: str
    sand: str
    primary: str
    on_primary: str
    human: str
    on_human: str
    focus: str
    bar: str
    on_bar: str
    exit: str  # ground of the way out: the green of escape signs, dark enough for 10:1
    on_exit: str
    is_moving: bool = True  # False: nothing moves (calm)

    @property
    def is_dark(self) -> bool:
        return luminance(self.paper) < 0.5


THEMES = {
    theme.name: theme
    for theme in (
        Theme(
            "default", paper="#FBF8F1", ink="#0F1B2D", quiet="#26344B", surface="#FFFFFF", sand="#EFEADD",
            primary="#0B3D33", on_primary="#FFFFFF", human="#FFD98A", on_human="#0F1B2D", focus="#B3530A",
            bar="#0F1B2D", on_bar="#FFFFFF", exit="#004B23", on_exit="#FFFFFF",
        ),
        Theme(
            "black_on_white", paper="#FFFFFF", ink="#000000", quiet="#000000", surface="#FFFFFF", sand="#FFFFFF",
            primary="#000000", on_primary="#FFFFFF", human="#FFFFFF", on_human="#000000", focus="#A34700",
            bar="#000000", on_bar="#FFFFFF", exit="#FFFFFF", on_exit="#000000",
        ),
        Theme(
            "white_on_black", paper="#000000", ink="#FFFFFF", quiet="#FFFFFF", surface="#000000", sand="#000000",
            primary="#FFFFFF", on_primary="#000000", human="#000000", on_human="#FFFFFF", focus="#FFB65C",
            bar="#000000", on_bar="#FFFFFF", exit="#000000", on_exit="#FFFFFF",
        ),
        Theme(
            "calm", paper="#1B1F24", ink="#E8E6E1", quiet="#DEDCD6", surface="#1B1F24", sand="#23282E",
            primary="#E8E6E1", on_primary="#1B1F24", human="#E8E6E1", on_human="#1B1F24", focus="#E5A35B",
            bar="#14171B", on_bar="#E8E6E1", exit="#1B1F24", on_exit="#E8E6E1", is_moving=False,
        ),
    )
}  # fmt: skip

TITLE_MM = (9.6, 13.0, 15.0, 17.6)
PRIMARY_MM = (6.4, 9.0, 12.0, 16.0)
SECONDARY_MM = (5.6, 7.4, 9.5, 12.0)  # the largest: nothing below the 12 mm of the Korean kiosk notice
GAP_MM = (6.0, 6.0, 5.0, 4.6)  # between touch targets, never below 4 mm (R5)
MARGIN_MM = (14.0, 14.0, 10.0, 7.5)


@dataclass(frozen=True)
class Look:
    """How one screen is drawn: theme, text size, panel and words. Lengths are pixels unless named otherwise."""

    theme: Theme
    text_size: int  # 0..3
    width: int
    height: int
    dpi: float
    lettering: Lettering
    plates: Plates
    text: Text
    now: Callable[[], datetime]

    def mm(self, millimetres: float) -> float:
        """Whole pixels for a length in millimetres at the panel's density."""
        return float(round(millimetres * self.dpi / MM_PER_INCH))

    def font(self, capital_mm: float) -> int:
        """Font size (em) in pixels whose capitals are at least ``capital_mm`` high."""
        return font_px(capital_mm, self.dpi)

    @property
    def title(self) -> int:
        return self.font(TITLE_MM[self.text_size])

    @property
    def primary(self) -> int:
        return self.font(PRIMARY_MM[self.text_size])

    @property
    def secondary(self) -> int:
        return self.font(SECONDARY_MM[self.text_size])

    @property
    def gap(self) -> float:
        return self.mm(GAP_MM[self.text_size])

    @property
    def margin(self) -> float:
        return self.mm(MARGIN_MM[self.text_size])

    @property
    def border(self) -> float:
        return max(2.0, self.mm(1.25))

    @property
    def radius(self) -> float:
        return self.mm(7)

    @property
    def target(self) -> float:
        """Least height of a choice or button: 32 mm, 25 mm where the text itself is large."""
        return self.mm((28, 32, 27, 26)[self.text_size] if self.is_portrait else (20, 22, 24, 25)[self.text_size])

    @property
    def key(self) -> float:
        """Least side of a key: 20 mm, 25 mm at the largest size (R5)."""
        return self.mm((20, 20.5, 23, 25.3)[self.text_size])

    @property
    def reach(self) -> float:
        """Top of the touchable zone: two thirds of a portrait panel, all of a landscape one."""
        return self.height * 2 / 3 if self.is_portrait else float(self.height)

    @property
    def is_portrait(self) -> bool:
        return self.height >= self.width


def font_px(capital_mm: float, dpi: float) -> int:
    """Font size (em) in pixels whose capitals are at least ``capital_mm`` high on a panel of ``dpi``."""
    return math.ceil(capital_mm * dpi / MM_PER_INCH / CAP_HEIGHT_EM)


def rgba(colour: str, alpha: float = 1.0) -> Rgba:
    """``"#RRGGBB"`` as four numbers 0..1."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return (red, green, blue, alpha)


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgba(colour)[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio 1..21 (WCAG 2.2)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
