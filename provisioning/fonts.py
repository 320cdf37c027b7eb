"""The booth's typefaces: the Simplified Chinese face taken out of Debian's Noto CJK collection.

Face 0 of the collection is Japanese and Kivy cannot choose another, so set-up writes the Simplified Chinese face as a
font of its own (SIL Open Font License 1.1, ``fonts-noto-cjk``). The tables are copied byte for byte, so nothing of a
glyph can change. This module draws nothing and knows no screen.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import click
from fontTools.ttLib import TTCollection, TTFont
from fontTools.ttLib.sfnt import SFNTWriter

SOURCE = Path("/usr/share/fonts/opentype/noto")
TARGET = Path(__file__).parent.parent / "assets" / "fonts"
FAMILY = "Noto Sans CJK SC"
WEIGHTS = ("Regular", "Bold")


class FontError(Exception):
    """A typeface cannot be made; the message names file and cure."""


def extract_face(collection: Path, family: str) -> bytes:
    """Give back the font file (OpenType, CFF outlines) of the face named ``family`` in ``collection`` (TTC).

    The face is found by its name (name table, id 1), never by its place. Raises ``FontError``.
    """
    try:
        with collection.open("rb") as file, TTCollection(file, lazy=True) as faces:
            for face in faces:
                if face["name"].getDebugName(1) == family:
                    return _write_sfnt(face)
    except FileNotFoundError:
        raise FontError(f"{collection} is missing: install fonts-noto-cjk (provisioning/setup.sh)") from None
    except Exception as error:  # fontTools raises many kinds for a damaged file
        raise FontError(f"{collection} cannot be read ({error}): reinstall fonts-noto-cjk") from error
    raise FontError(f"{collection} has no face named {family!r}: install Debian's fonts-noto-cjk")


def _write_sfnt(face: TTFont) -> bytes:
    """Copy the tables of ``face`` unread (OpenType 1.9, "Organization of an OpenType font")."""
    reader = face.reader
    assert reader is not None
    file = io.BytesIO()
    writer = SFNTWriter(file, len(reader.tables), sfntVersion=reader.sfntVersion)
    for tag in sorted(reader.tables, key=lambda tag: reader.tables[tag].offset):
        writer[tag] = reader[tag]
    writer.close()
    return file.getvalue()


def make_fonts(source: Path = SOURCE, target: Path = TARGET) -> list[Path]:
    """Write ``NotoSansSC-<weight>.otf`` into ``target`` where it is missing or differs; give back what was written."""
    written = []
    target.mkdir(parents=True, exist_ok=True)
    for weight in WEIGHTS:
        path = target / f"NotoSansSC-{weight}.otf"
        data = extract_face(source / f"NotoSansCJK-{weight}.ttc", FAMILY)
        if path.exists() and path.read_bytes() == data:
            continue
        draft = path.with_suffix(f".{os.getpid()}.tmp")  # a font half written must never carry the font's name
        draft.write_bytes(data)
        draft.replace(path)
        written.append(path)
    return written


@click.command()
@click.option("--source", type=click.Path(path_type=Path), default=SOURCE, show_default=True)
@click.option("--target", type=click.Path(path_type=Path), default=TARGET)
def main(source: Path, target: Path) -> None:
    """Write the booth's typefaces into assets/fonts."""
    try:
        for path in make_fonts(source, target):
            click.echo(f"fonts: {path.name} written")
    except FontError as error:
        sys.exit(f"fonts: {error}")


if __name__ == "__main__":
    main()
