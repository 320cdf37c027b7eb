"""The document portrait is cut as documents are: 102x126 px, eyes level and 27 px apart, a few kilobytes."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from hardware.face.engines.self_test import PORTRAIT as SELF_TEST_PORTRAIT
from hardware.face.portrait import ASTRONAUT_EYES, EYE_LINE_PX, recrop
from tests.hardware.camera.rig import ASTRONAUT


def dotted(left: tuple[float, float], right: tuple[float, float]) -> bytes:
    """A grey picture with a black dot at each eye."""
    picture = Image.new("RGB", (600, 600), "#b0b0b0")
    draw = ImageDraw.Draw(picture)
    for x, y in (left, right):
        draw.ellipse((x - 12, y - 12, x + 12, y + 12), "black")
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("left", "right"), [((250, 250), (350, 250)), ((260, 230), (350, 275)), ((250, 60), (350, 60))]
)
def test_eyes_come_to_their_place(left, right):
    made = Image.open(io.BytesIO(recrop(dotted(left, right), (*left, *right)))).convert("L")
    assert made.size == (102, 126)
    for x in (51 - 13.5, 51 + 13.5):
        assert made.getpixel((round(x), round(EYE_LINE_PX))) < 90
    assert made.getpixel((51, round(EYE_LINE_PX))) > 140, "no eye between the eyes"


def test_the_portraits_in_the_repository_are_made_this_way():
    made = recrop(ASTRONAUT.read_bytes(), ASTRONAUT_EYES)
    assert 1500 < len(made) < 6000
    shipped = [SELF_TEST_PORTRAIT, ASTRONAUT.parents[2] / "backend" / "portraits" / "astronaut.jpg"]
    for path in shipped:
        one, other = (np.asarray(Image.open(io.BytesIO(data)), int) for data in (made, path.read_bytes()))
        assert np.abs(one - other).mean() < 3, path


@pytest.mark.parametrize("eyes", [(10.0, 10.0, 12.0, 10.0), (350.0, 250.0, 250.0, 250.0), (250.0, 250.0, 900.0, 250.0)])
def test_eyes_that_cannot_be(eyes):
    with pytest.raises(ValueError, match="eyes"):
        recrop(dotted((250, 250), (350, 250)), eyes)
