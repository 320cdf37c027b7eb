"""Reference portraits: five formats, decoded within bounds; a document's kilobyte works, any other thing is named."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from hardware.face import PortraitUnusable
from hardware.face.engines import load_engine, pictures
from hardware.face.engines.composed import ComposedEngine
from hardware.face.engines.self_test import PORTRAIT
from hardware.face.pack import load
from tests.hardware.face.rig import assembled, photograph

SAVE = {
    "JPEG": {"quality": 90},
    "JPEG2000": {"quality_mode": "rates", "quality_layers": [10]},
    "PNG": {},
    "BMP": {},
    "WEBP": {"quality": 80},
}


def encoded(picture: Image.Image, kind: str, **how) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **(SAVE[kind] | how))
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


@pytest.mark.parametrize("kind", SAVE)
def test_the_formats(kind):
    decoded = pictures.decode(encoded(opened(PORTRAIT.read_bytes()), kind))
    assert decoded.shape == (126, 102, 3)
    expected = np.asarray(opened(PORTRAIT.read_bytes()))[:, :, ::-1]
    assert np.abs(decoded.astype(int) - expected).mean() < 12, "BGR, upright"


def test_grey_alpha_and_cmyk_portraits_are_colour_afterwards():
    for mode in ("L", "RGBA", "P", "CMYK"):
        kind = "JPEG" if mode == "CMYK" else "PNG"
        assert pictures.decode(encoded(opened(PORTRAIT.read_bytes()).convert(mode), kind)).shape == (126, 102, 3)


def png(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be so large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(64))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"", "0 bytes"),
        (bytes(5 << 20), "5242880 bytes"),
        (b"no picture", "cannot be decoded"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' width='200' height='200'/>", "cannot be decoded"),
        (png(60_000, 60_000), "cannot be decoded"),
        (png(6000, 6000), "6000x6000 px"),
        (png(200, 200), "cannot be decoded"),
        (png(40, 30), "40x30 px"),
    ],
    ids=["empty", "huge file", "junk", "svg", "bomb", "large", "cut short", "tiny"],
)
def test_what_is_no_portrait(data, named):
    with pytest.raises(PortraitUnusable, match=named):
        pictures.decode(data)


@pytest.mark.parametrize("kind", SAVE)
def test_a_truncated_portrait(kind):
    whole = encoded(opened(PORTRAIT.read_bytes()), kind)
    with pytest.raises(PortraitUnusable):
        pictures.decode(whole[: len(whole) // 3])


@pytest.mark.parametrize("grey", [0, 4, 128, 255])
def test_a_black_or_empty_portrait(grey):
    with pytest.raises(PortraitUnusable, match="black or empty"):
        pictures.decode(encoded(Image.new("RGB", (102, 126), (grey,) * 3), "JPEG"))


def test_nothing_of_a_portrait_is_in_the_error():
    with pytest.raises(PortraitUnusable) as caught:
        pictures.decode(PORTRAIT.read_bytes()[:400])
    assert len(str(caught.value)) < 200
    assert caught.value.__cause__ is None


# -- with models ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["lab-edgeface", "lab-yunet-edgeface", "lab-mobilefacenet"])
def engine(request, tmp_path_factory) -> ComposedEngine:
    return load_engine(load(assembled(request.param, tmp_path_factory.mktemp("packs")), is_laboratory=True))


def document_portrait(engine: ComposedEngine, name: str) -> Image.Image:
    """A photograph cut as identity documents are: 102x126 px, eyes 27 px apart."""
    from hardware.face.portrait import recrop

    frame = cv2.imdecode(np.frombuffer(photograph(name), np.uint8), cv2.IMREAD_COLOR)
    left, right = engine.detect(frame)[0].points[:2]
    return opened(recrop(photograph(name), (*left, *right), quality=98, softness_px=0.0))


def kilobyte(picture: Image.Image) -> bytes:
    """At most 1 024 bytes of WebP: stands for the cards' own codec, which is worse."""
    for quality in range(60, 0, -3):
        data = encoded(picture, "WEBP", quality=quality, method=6)
        if len(data) <= 1024:
            return data
    raise AssertionError("no quality is small enough")


@pytest.mark.shared
@pytest.mark.parametrize("kind", SAVE)
def test_every_format_gives_the_same_face(engine, kind):
    small = document_portrait(engine, "obama_2.jpg")
    other = engine.embed_portrait(photograph("obama_1.jpg"))
    assert engine.embed_portrait(encoded(small, kind)) @ other > engine.pack.manifest.thresholds.reject


@pytest.mark.shared
@pytest.mark.parametrize("person", ["obama", "biden"])
def test_102_by_126_in_a_kilobyte_is_enough(engine, person):
    data = kilobyte(document_portrait(engine, f"{person}_1.jpg"))
    assert opened(data).size == (102, 126)
    score = engine.embed_portrait(data) @ engine.embed_portrait(photograph(f"{person}_2.jpg"))
    assert score > 0.3, "where a clerk looks, at the least"
    stranger = {"obama": "biden", "biden": "obama"}[person]
    assert engine.embed_portrait(data) @ engine.embed_portrait(photograph(f"{stranger}_2.jpg")) < score - 0.2


@pytest.mark.shared
def test_portraits_that_hold_not_one_usable_face(engine):
    portrait = opened(PORTRAIT.read_bytes())
    shown = {
        "no face": opened(PORTRAIT.read_bytes()).crop((0, 76, 102, 126)).resize((102, 126)),
        "upside-down": portrait.rotate(180),
        "on its side": portrait.rotate(90, expand=True),
        "two": Image.fromarray(np.hstack([np.asarray(portrait)] * 2)),
    }
    refused = set()
    for name, picture in shown.items():
        try:
            engine.embed_portrait(encoded(picture, "PNG"))
        except PortraitUnusable:
            refused.add(name)
    assert refused == set(shown)
    with pytest.raises(PortraitUnusable):
        engine.embed_portrait(photograph("two_people.jpg"))


@pytest.mark.shared
def test_a_portrait_turned_by_its_metadata_is_turned_back(engine):
    whole = opened(photograph("obama_2.jpg"))
    exif = Image.Exif()
    exif[0x0112] = 6  # EXIF Orientation: turn by 90 degrees clockwise to view
    turned = encoded(whole.rotate(90, expand=True), "JPEG", exif=exif)
    assert engine.embed_portrait(turned) @ engine.embed_portrait(photograph("obama_2.jpg")) > 0.95
