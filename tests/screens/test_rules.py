"""The screens' rules that need no window: the finger, the focus, colours, pinyin, the refused remote."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from screens.focus import FocusPath
from screens.pinyin import TABLE, PinyinTable, make_table
from screens.remote import Remote
from screens.theme import THEMES, contrast
from screens.touch import Finger

MM = 102.5 / 25.4


@dataclass
class Pad:
    """A target of the least size and distance that the rules allow."""

    name: str
    box: tuple[float, float, float, float]
    row: str = ""
    chosen: list[str] = field(default_factory=list)

    @property
    def control_id(self) -> str:
        return self.name

    def press(self, is_pressed: bool) -> None:
        pass

    def choose(self) -> None:
        self.chosen.append(self.name)


def _grid() -> list[Pad]:
    chosen: list[str] = []
    return [
        Pad(f"{c},{r}", (c * 24 * MM, r * 24 * MM, 20 * MM, 20 * MM), chosen=chosen) for c in range(4) for r in range(4)
    ]


def _taps(sigma_mm: float) -> tuple[int, int]:
    """(misses, wrong activations) of 10 000 seeded taps at the middle target."""
    pads, time = _grid(), [0.0]

    def find(x: float, y: float) -> Pad | None:
        return next(
            (p for p in pads if p.box[0] <= x <= p.box[0] + p.box[2] and p.box[1] <= y <= p.box[1] + p.box[3]), None
        )

    finger = Finger(find, lambda: None, lambda: time[0], MM)
    luck = random.Random(20261122)
    target = pads[5]
    for number in range(10_000):
        time[0] += 1.0
        x = target.box[0] + 10 * MM + luck.gauss(0, sigma_mm) * MM
        y = target.box[1] + 10 * MM + luck.gauss(0, sigma_mm) * MM
        finger.down(number, x, y)
        finger.up(number, x, y)
    right = target.chosen.count(target.name)
    wrong = len(target.chosen) - right
    return 10_000 - right - wrong, wrong


def test_tremor_misses_but_hits_nothing_else() -> None:
    misses, wrong = _taps(2.7)
    assert misses <= 10
    assert wrong == 0


def test_strong_tremor() -> None:
    misses, _ = _taps(5.0)
    assert misses <= 900


def test_a_second_finger_and_a_late_release_do_nothing() -> None:
    pads, time = _grid(), [0.0]
    finger = Finger(lambda x, y: pads[0], lambda: None, lambda: time[0], MM)
    finger.down("a", 10, 10)
    finger.down("b", 10, 10)
    finger.up("b", 10, 10)
    finger.let_go()
    finger.up("a", 10, 10)
    assert pads[0].chosen == []


def test_rows_become_stops_only_where_the_way_is_long() -> None:
    few: FocusPath[Pad] = FocusPath()
    few.follow([Pad(str(n), (0, 0, 1, 1), row="r") for n in range(12)])
    assert [few.move(+1)[0].name for _ in range(12)] == [str(n) for n in range(12)]
    many: FocusPath[Pad] = FocusPath()
    many.follow([Pad(f"{r}{n}", (0, 0, 1, 1), row=f"r{r}") for r in range(4) for n in range(8)])
    assert len(many.move(+1)) == 8
    assert many.select().control is None
    assert [c.name for c in many.move(+1)] == ["01"]
    selected = many.select().control
    assert selected is not None
    assert selected.name == "01"
    assert len(many.move(-1)) == 1  # back to the row's first
    assert len(many.move(-1)) == 8  # and out of the row


def test_focus_stays_on_what_is_still_there() -> None:
    path: FocusPath[Pad] = FocusPath()
    pads = [Pad(str(n), (0, 0, 1, 1)) for n in range(3)]
    path.follow(pads)
    path.move(+1)
    path.move(+1)
    path.follow(pads[1:])
    assert path.id == "1"
    path.follow(pads[2:])
    assert path.focused == []


@pytest.mark.parametrize("name", THEMES)
def test_contrast(name: str) -> None:
    """R3: 10:1 in the default and calm themes, 21:1 in the high ones; the focus ring 4.5:1."""
    theme = THEMES[name]
    least = 20.9 if name in ("black_on_white", "white_on_black") else 10.0
    pairs = [
        (theme.ink, theme.paper), (theme.quiet, theme.paper), (theme.ink, theme.surface), (theme.ink, theme.sand),
        (theme.quiet, theme.sand), (theme.on_primary, theme.primary), (theme.on_human, theme.human),
        (theme.on_bar, theme.bar),
    ]  # fmt: skip
    assert {pair: contrast(*pair) for pair in pairs if contrast(*pair) < least} == {}
    assert contrast(theme.focus, theme.paper) >= 4.5


def test_pinyin_table_is_the_generated_one() -> None:
    assert TABLE.read_text(encoding="utf-8") == make_table()


def test_pinyin() -> None:
    table = PinyinTable()
    assert [c.letter for c in table.candidates("wo")][:1] == ["我"]
    assert table.candidates("lv")
    assert table.candidates("zhua")[0].letter == "抓"
    assert table.candidates("q") != ()
    assert table.candidates("xyz") == ()
    assert not table.may_follow("zh", "z")


def test_an_enrolled_booth_has_no_remote(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="enrolled"):
        Remote(None, tmp_path / "remote.sock", is_enrolled=True)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
