"""The typeface really is the Simplified Chinese one, whole, and written once."""

from __future__ import annotations

from pathlib import Path

import pytest
from fontTools.ttLib import TTCollection, TTFont
from PIL import Image, ImageDraw, ImageFont

from provisioning import fonts


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("fonts")
    assert [path.name for path in fonts.make_fonts(target=target)] == ["NotoSansSC-Regular.otf", "NotoSansSC-Bold.otf"]
    return target


@pytest.mark.parametrize("weight", fonts.WEIGHTS)
def test_face_is_the_simplified_chinese_one(made: Path, weight: str) -> None:
    with TTFont(made / f"NotoSansSC-{weight}.otf", checkChecksums=2, lazy=True) as font:  # 2: a wrong checksum raises
        assert font["name"].getDebugName(1) == "Noto Sans CJK SC"
        assert font["name"].getDebugName(2) == weight
        for tag in font.reader.keys():  # noqa: SIM118 - fontTools' reader is no mapping
            assert font.reader[tag]
        missing = [
            character
            for character in "门复直骨角令社保证领取养老金，。：？！Aa0￥×"
            if ord(character) not in font.getBestCmap()
        ]
        assert missing == []
        assert font["OS/2"].sCapHeight / font["head"].unitsPerEm == pytest.approx(0.733, abs=0.001)


def test_glyphs_are_drawn_as_the_collection_draws_them_and_not_in_the_japanese_form(made: Path) -> None:
    def draw(path: Path, index: int) -> bytes:
        picture = Image.new("L", (400, 60), 255)
        ImageDraw.Draw(picture).text(
            (5, 5), "直骨角令复门", font=ImageFont.truetype(str(path), 40, index=index), fill=0
        )
        return picture.tobytes()

    collection = fonts.SOURCE / "NotoSansCJK-Regular.ttc"
    with TTCollection(collection, lazy=True) as faces:
        names = [face["name"].getDebugName(1) for face in faces]
    ours = draw(made / "NotoSansSC-Regular.otf", 0)
    assert ours == draw(collection, names.index("Noto Sans CJK SC"))
    assert ours != draw(collection, names.index("Noto Sans CJK JP"))


def test_second_run_writes_nothing_and_a_damaged_font_is_written_again(made: Path) -> None:
    assert fonts.make_fonts(target=made) == []
    damaged = made / "NotoSansSC-Bold.otf"
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:1000])
    assert fonts.make_fonts(target=made) == [damaged]
    assert damaged.read_bytes() == whole
    assert sorted(path.suffix for path in made.iterdir()) == [".otf", ".otf"]


def test_errors_name_the_file_and_the_cure(tmp_path: Path) -> None:
    with pytest.raises(fonts.FontError, match=r"NotoSansCJK-Regular\.ttc is missing: install fonts-noto-cjk"):
        fonts.make_fonts(tmp_path, tmp_path / "out")
    (tmp_path / "NotoSansCJK-Regular.ttc").write_bytes(b"no font at all" * 100)
    with pytest.raises(fonts.FontError, match=r"NotoSansCJK-Regular\.ttc cannot be read"):
        fonts.make_fonts(tmp_path, tmp_path / "out")
    with pytest.raises(fonts.FontError, match="no face named 'Noto Sans CJK XX'"):
        fonts.extract_face(fonts.SOURCE / "NotoSansCJK-Regular.ttc", "Noto Sans CJK XX")
    assert list((tmp_path / "out").iterdir()) == []
