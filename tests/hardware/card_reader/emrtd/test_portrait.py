"""Portraits: what is shown, what is converted, what never reaches a decoder."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from hardware.card_reader import CardUnreadable
from hardware.card_reader.emrtd import portrait as portraits
from hardware.card_reader.emrtd.face_record import Face

from .driving import portrait


def test_a_jpeg_stays_as_it_is():
    assert portraits.prepare(Face("jpeg", portrait())) == portrait()
    assert portraits.dimensions(Face("jpeg", portrait())) == (102, 126)


@pytest.mark.parametrize("is_bare", [False, True], ids=["file", "codestream"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_jpeg_2000_becomes_a_jpeg_of_the_same_picture(is_bare, mode):
    original = Image.open(io.BytesIO(portrait())).convert(mode)
    encoded = io.BytesIO()
    original.save(encoded, "JPEG2000", no_jp2=is_bare)
    face = Face("jp2", encoded.getvalue())
    assert portraits.dimensions(face) == (102, 126)
    shown = Image.open(io.BytesIO(portraits.prepare(face)))
    assert (shown.format, shown.size) == ("JPEG", (102, 126))
    difference = np.asarray(shown.convert("L"), dtype=float) - np.asarray(original.convert("L"), dtype=float)
    assert np.abs(difference).mean() < 3


@pytest.mark.parametrize("kind", ["JPEG", "JPEG2000"])
def test_a_picture_that_is_cut_off_is_none(kind):
    name = "jpeg" if kind == "JPEG" else "jp2"
    whole = portrait(kind)
    for size in (0, 3, 12, 40, len(whole) // 3):
        with pytest.raises(CardUnreadable):
            portraits.prepare(Face(name, whole[:size]))


def test_the_size_is_judged_before_anything_is_decoded():
    jpeg = bytearray(portrait())
    at = jpeg.find(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    with pytest.raises(CardUnreadable, match="65535 x 65535"):
        portraits.prepare(Face("jpeg", bytes(jpeg)))
    jp2 = bytearray(portrait("JPEG2000"))
    at = jp2.find(bytes.fromhex("FF4FFF51"))
    jp2[at + 8 : at + 16] = (3500).to_bytes(4) * 2
    jp2[at + 24 : at + 32] = (3500).to_bytes(4) * 2
    with pytest.raises(CardUnreadable, match="12250000 pixels"):
        portraits.prepare(Face("jp2", bytes(jp2)))
    jp2[at + 8 : at + 16] = b"\xff\xff\xff\xff\xff\xff\xff\xff"
    with pytest.raises(CardUnreadable):
        portraits.prepare(Face("jp2", bytes(jp2)))


def test_a_picture_that_contradicts_itself_about_its_size_is_none():
    jp2 = bytearray(portrait("JPEG2000"))
    at = jp2.find(b"ihdr")
    jp2[at + 4 : at + 12] = (200).to_bytes(4) * 2
    with pytest.raises(CardUnreadable):
        portraits.prepare(Face("jp2", bytes(jp2)))


def test_a_size_that_only_the_decoder_would_see_is_refused_without_a_warning(recwarn):
    jp2 = bytearray(portrait("JPEG2000"))
    at = jp2.find(b"ihdr")
    jp2[at + 4 : at + 12] = (12000).to_bytes(4) * 2  # 144 million pixels: the library's own warning begins at 90
    with pytest.raises(CardUnreadable):
        portraits.prepare(Face("jp2", bytes(jp2)))
    assert not recwarn.list


def test_scans_without_an_end_never_reach_a_decoder():
    """Each scan of some twenty bytes costs a pass over all pixels."""
    encoded = io.BytesIO()
    Image.new("RGB", (64, 64), (120, 130, 140)).save(encoded, "JPEG", progressive=True)
    picture = encoded.getvalue()
    assert portraits.prepare(Face("jpeg", picture)) == picture
    last = picture[picture.rfind(b"\xff\xda") : -2]
    with pytest.raises(CardUnreadable, match="16 scans"):
        portraits.prepare(Face("jpeg", picture[:-2] + last * 16 + picture[-2:]))


@pytest.mark.parametrize(("offset", "value"), [(24, (1).to_bytes(4)), (40, (500).to_bytes(2)), (40, b"\0\0")])
def test_tiles_and_components_of_a_jpeg_2000_are_few(offset, value):
    jp2 = bytearray(portrait("JPEG2000"))
    at = jp2.find(bytes.fromhex("FF4FFF51")) + offset
    jp2[at : at + len(value)] = value
    with pytest.raises(CardUnreadable, match="components and"):
        portraits.prepare(Face("jp2", bytes(jp2)))


def test_a_name_is_not_enough():
    for name, kind in (("jpeg", "JPEG2000"), ("jp2", "JPEG")):
        with pytest.raises(CardUnreadable):
            portraits.prepare(Face(name, portrait(kind)))
