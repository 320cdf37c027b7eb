"""Everything a chip may claim about its holder and itself, into every parser of data groups: one error type, or data.

The first byte of an input chooses the file it claims to be, the rest is what came. ``python -m fuzz.fuzz_dg
[CORPUS ...]`` fuzzes with atheris; the kept corpus also runs as a test. ``seeds`` says what the corpus began with.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable
from datetime import date

from PIL import Image

from hardware.card_reader import CardUnreadable
from hardware.card_reader.emrtd import data_groups, portrait, public_keys, virtual_lds
from hardware.card_reader.emrtd.face_record import Face
from hardware.card_reader.emrtd.virtual_specimens import PLANS, issue, new_country, seeded

TODAY = date(2026, 1, 1)


def _dg1(data: bytes) -> None:
    zone = data_groups.parse_dg1(data, TODAY).mrz
    assert zone.text.isascii()


def _dg2(data: bytes) -> None:
    face = data_groups.parse_dg2(data)
    assert len(face.picture) <= len(data)
    width, height = portrait.dimensions(face)
    assert width * height <= portrait.MAX_PIXELS


def _dg11(data: bytes) -> None:
    details = data_groups.parse_dg11(data)
    for text in (details.name, details.address, details.place_of_birth, *details.other_names):
        assert text.encode() == b"" or text.isprintable()


def _dg12(data: bytes) -> None:
    assert data_groups.parse_dg12(data).issuer.isprintable()


def _dg14(data: bytes) -> None:
    infos = data_groups.parse_dg14(data)
    for key in infos.chip_auth_keys:
        with contextlib.suppress(CardUnreadable):
            public_keys.ec_point(key.public_key)


def _dg15(data: bytes) -> None:
    key = data_groups.parse_dg15(data)
    with contextlib.suppress(public_keys.UnknownScheme):
        assert not public_keys.verify(key, data[-64:], b"", public_keys.Scheme("sha256"))


def _card_access(data: bytes) -> None:
    infos = data_groups.parse_security_infos(data)
    assert infos.includes(infos)


def _ef_com(data: bytes) -> None:
    assert set(data_groups.parse_ef_com(data).groups) <= set(range(1, 17))


def _jpeg(data: bytes) -> None:
    assert portrait.prepare(Face("jpeg", data)) == data


def _jp2(data: bytes) -> None:
    assert portrait.prepare(Face("jp2", data)).startswith(b"\xff\xd8")


WAYS: tuple[Callable[[bytes], None], ...] = (
    _dg1, _dg2, _dg11, _dg12, _dg14, _dg15, _card_access, _ef_com, _jpeg, _jp2,
)  # fmt: skip


def one_input(data: bytes) -> None:
    """Feed one input; anything but ``CardUnreadable`` is a finding."""
    if not data:
        return
    with contextlib.suppress(CardUnreadable):
        WAYS[data[0] % len(WAYS)](data[1:])


def seeds() -> dict[str, bytes]:
    """Give the inputs the corpus begins with, by file name: files of synthetic specimens, the same every time."""

    def way(function: Callable[[bytes], None]) -> bytes:
        return bytes((WAYS.index(function),))

    drawing = Image.radial_gradient("L").resize((24, 32)).convert("RGB")
    pictures: dict[str, bytes] = {}
    for name, kind in (("jpeg", "JPEG"), ("jp2", "JPEG2000")):
        encoded = io.BytesIO()
        drawing.save(encoded, kind)
        pictures[name] = encoded.getvalue()
    parsers = {1: _dg1, 2: _dg2, 11: _dg11, 12: _dg12, 14: _dg14, 15: _dg15}
    found = {name: way(_jpeg if name == "jpeg" else _jp2) + picture for name, picture in pictures.items()}
    random = seeded(1)
    country = new_country(random)
    for name, plan in PLANS.items():
        if plan.active_auth == "rsa":
            continue  # RSA keys are new every time
        specimen = issue(plan, pictures["jpeg"], country, random)
        for number, raw in specimen.groups.items():
            found[f"{name}_dg{number}"] = way(parsers[number]) + raw
        found[f"{name}_com"] = way(_ef_com) + specimen.contents.files[0x011E]
        if access := specimen.contents.master_files.get(0x011C):
            found[f"{name}_card_access"] = way(_card_access) + access
    found["permit_dg1"] = way(_dg1) + virtual_lds.dg1(virtual_lds.travel_permit(PLANS["travel_permit"].holder))
    found["dg2_39794"] = way(_dg2) + virtual_lds.dg2_39794(pictures["jp2"])
    found["nested"] = way(_dg14) + bytes.fromhex("6E80") * 500
    found["long_length"] = way(_dg2) + bytes.fromhex("7584FFFFFFFF7F6184FFFFFFFF")
    return found


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
