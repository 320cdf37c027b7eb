"""Pages as dots: sizes in millimetres, wrapping of Chinese and Latin text, no real-time command in a picture."""

from __future__ import annotations

import pytest
from PIL import Image, ImageOps

from hardware.printer import Line, Page, PrinterError, QrCode, Rule, Weight
from hardware.printer.messages import PrinterOptions, from_job, to_job
from hardware.printer.raster import Typesetter, disarm, units


@pytest.fixture
def typesetter(fonts: dict[str, str]) -> Typesetter:
    return Typesetter(576, 203, **fonts)


def ink_box(picture: Image.Image) -> tuple[int, int, int, int]:
    box = ImageOps.invert(picture.convert("L")).getbbox()
    assert box is not None
    return box


@pytest.mark.parametrize("size_mm", [3.5, 3.75, 5.0, 8.0])
def test_a_chinese_character_is_as_high_as_asked(typesetter: Typesetter, size_mm: float) -> None:
    _, top, _, bottom = ink_box(typesetter.picture([Line("国", size_mm)]))
    assert (bottom - top) / 203 * 25.4 == pytest.approx(size_mm, abs=0.2)


def test_weights_and_alignment_are_drawn(typesetter: Typesetter) -> None:
    regular = typesetter.picture([Line("服务", 5.0)])
    bold = typesetter.picture([Line("服务", 5.0, Weight.BOLD)])
    assert bold.histogram()[0] > regular.histogram()[0] * 1.2
    left, _, right, _ = ink_box(typesetter.picture([Line("服务", 5.0, align="centre")]))
    assert abs((left + right) / 2 - 288) <= 4
    assert ink_box(regular)[0] < 8


def test_units_keep_words_and_marks_together() -> None:
    assert list(units("您好，Call 12333。（急）")) == ["您", "好，", "Call", " ", "12333。", "（急）"]
    assert list(units("“一”  二")) == ["“一”", " ", "二"]


def test_text_is_wrapped_to_the_paper(typesetter: Typesetter) -> None:
    text = (
        "您的资格认证有效期至2027年3月31日，养老金照常发放（如有变动会通知）。Questions? Call 12333, Monday to Friday."
    )
    lines = typesetter.wrap(Line(text))
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(not line.startswith(tuple("，。）？、 ")) and not line.endswith(("（", " ")) for line in lines)
    assert all(word in " ".join(lines) for word in ("Questions?", "Monday", "Friday."))
    assert ink_box(typesetter.picture([Line(text)]))[2] <= 576


def test_what_cannot_be_broken_well_is_broken_anyway(typesetter: Typesetter) -> None:
    url = "https://example.invalid/" + "a1b2c3" * 20
    lines = typesetter.wrap(Line(url))
    assert len(lines) > 2
    assert "".join(lines) == url


def test_line_ends_and_empty_lines_stay(typesetter: Typesetter) -> None:
    assert typesetter.wrap(Line("一\n\n二")) == ["一", "", "二"]
    assert typesetter.wrap(Line("")) == [""]
    assert typesetter.wrap(Line("a\x1b@b\u202e")) == ["a@b"]


def test_runs_of_text_are_one_picture_each(typesetter: Typesetter) -> None:
    above = (Line("一"), Rule(), Line("二"))
    parts = typesetter.parts(Page((*above, QrCode("A"), Line("三"))))
    assert [type(part) for part in parts] == [Image.Image, QrCode, Image.Image]
    assert [type(part) for part in typesetter.parts(Page((*above, QrCode("A"))))] == [Image.Image, QrCode]


def test_narrow_paper_is_narrower(fonts: dict[str, str]) -> None:
    assert PrinterOptions(paper_mm=58, **fonts).width_dots == 384
    assert PrinterOptions(paper_mm=80, **fonts).width_dots == 576
    assert PrinterOptions(paper_mm=80, dpi=180, **fonts).width_dots == 512
    picture = Typesetter(384, 203, **fonts).picture([Line("幸福里社区服务亭，全天二十四小时为您服务")])
    assert picture.width == 384
    assert ink_box(picture)[2] <= 384


def test_no_real_time_command_hides_in_a_picture() -> None:
    # Epson, DLE EOT, notes: a sequence in the data of another command is taken for the real-time command.
    rows = bytes.fromhex("10 04 01 00  10 05 02 00  10 14 08 01  10 10 04 04  10 06 10 00")
    picture = Image.frombytes("1", (32, 5), bytes(byte ^ 0xFF for byte in rows))
    ink = bytes(byte ^ 0xFF for byte in disarm(picture).tobytes())
    assert ink == bytes.fromhex("18 04 01 00  18 05 02 00  18 14 08 01  10 18 04 04  10 06 10 00")
    assert all(was & new == was for was, new in zip(rows, ink, strict=True)), "no ink is lost"


def test_a_page_travels_to_the_driver_unchanged() -> None:
    page = Page((Line("一", 5.0, Weight.BOLD, "centre"), Rule(), Line("two"), QrCode("https://example.invalid/1")))
    assert from_job(to_job(page)) == page


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (Page(()), "empty"),
        (Page((Line("small", 2.0),)), "2 mm [page item 1] - choose 3.5-20 mm"),
        (Page((Rule(), Line("a", align="right"))), "align = 'right' [page item 2]"),
        (Page((QrCode("幸福"),)), "printable ASCII"),
        (Page((QrCode("a\x10\x04\x01"),)), "printable ASCII"),
        (Page((QrCode("a" * 501),)), "1-500"),
    ],
)
def test_a_page_that_cannot_be_printed_is_refused(page: Page, words: str) -> None:
    with pytest.raises(PrinterError) as caught:
        to_job(page)
    assert words in str(caught.value)


def test_an_endless_page_is_refused(typesetter: Typesetter) -> None:
    with pytest.raises(PrinterError, match="longer than 1000 mm"):
        typesetter.picture([Line("一\n" * 400)])


def test_a_missing_font_is_named(fonts: dict[str, str]) -> None:
    with pytest.raises(PrinterError, match="fonts-noto-cjk"):
        Typesetter(576, 203, "/nowhere/sc.otf", "/nowhere/sc.otf").picture([Line("一")])
    with pytest.raises(ValueError, match="face number"):
        Typesetter(576, 203, "/nowhere/sc.ttc#SC", "").picture([Line("一")])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"port": 0}, "port"),
        ({"connection": "usb"}, "usb_vendor"),
        ({"connection": "serial"}, "serial_device"),
        ({"dpi": 20}, "dpi = 20"),
        ({"rows_per_image": 4096}, "rows_per_image"),
        ({"poll_s": 0.0}, "time"),
    ],
)
def test_settings_that_cannot_work_are_refused(changed: dict[str, object], words: str, fonts: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=words):
        PrinterOptions(**(fonts | changed))  # type: ignore[arg-type]
