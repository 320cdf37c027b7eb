"""Is a chip's portrait a picture, and one every other room can show? JPEG stays, JPEG 2000 becomes JPEG.

What decides how long a decoder works (size, scans of a JPEG, tiles and components of a JPEG 2000) is read from the
headers and bounded before a decoder sees them. Decoders are maintained ones (Pillow, OpenJPEG inside it); what they
might do with hostile bytes is why this runs in the card's worker, which is killed past its deadline. Knows no faces.
"""

from __future__ import annotations

import io
import struct
import warnings

from PIL import Image

from hardware.card_reader import CardUnreadable
from hardware.card_reader.emrtd.face_record import Face

MIN_SIDE_PX, MAX_SIDE_PX = 16, 4096
MAX_PIXELS = 2 << 20  # portraits have 0.2 to 1 million
MAX_SCANS = 16  # of a JPEG: each goes over all pixels again, however short it is; progressive ones have ten
MAX_COMPONENTS, MAX_TILES = 4, 64  # of a JPEG 2000
JPEG_QUALITY = 95

_SIZE_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # start of frame (ITU-T T.81, B.1.1.3)
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_SCAN = b"\xff\xda"  # start of scan; inside a scan's data a byte FF is followed by 00
_SIZ = bytes.fromhex("FF4FFF51")  # start of codestream and size marker (ITU-T T.800, A.5.1)
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


def prepare(face: Face) -> bytes:
    """Decode once and give a JPEG that decodes: the chip's own, or one made from its JPEG 2000.

    Raises ``CardUnreadable`` for what is no whole picture, or one larger than ``MAX_PIXELS``.
    """
    size = dimensions(face)
    try:
        with warnings.catch_warnings():
            # Another size than the one judged here, in a second header, is refused and not printed about.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _decoded(face, size)
    except (OSError, ValueError, SyntaxError, EOFError, struct.error, MemoryError, *_BOMBS):
        raise CardUnreadable("the portrait cannot be decoded") from None


def _decoded(face: Face, size: tuple[int, int]) -> bytes:
    kind = "JPEG" if face.format == "jpeg" else "JPEG2000"
    with Image.open(io.BytesIO(face.picture), formats=(kind,)) as opened:
        if opened.size != size:
            raise CardUnreadable("the portrait contradicts itself about its size")
        opened.load()
        if face.format == "jpeg":
            return face.picture
        encoded = io.BytesIO()
        opened.convert("RGB").save(encoded, "JPEG", quality=JPEG_QUALITY, subsampling=0)
        return encoded.getvalue()


def dimensions(face: Face) -> tuple[int, int]:
    """Read width and height in pixels from the headers. Raises ``CardUnreadable`` when they are absent or absurd."""
    width, height = _jpeg_size(face.picture) if face.format == "jpeg" else _jp2_size(face.picture)
    if not (MIN_SIDE_PX <= width <= MAX_SIDE_PX and MIN_SIDE_PX <= height <= MAX_SIDE_PX):
        raise CardUnreadable(f"a portrait of {width} x {height} pixels")
    if width * height > MAX_PIXELS:
        raise CardUnreadable(f"a portrait of {width * height} pixels, more than {MAX_PIXELS}")
    return width, height


def _jpeg_size(picture: bytes) -> tuple[int, int]:
    if picture.count(_SCAN) > MAX_SCANS:
        raise CardUnreadable(f"the portrait (JPEG) has more than {MAX_SCANS} scans")
    at = 2
    while at + 9 <= len(picture):
        if picture[at] != 0xFF:
            break
        marker = picture[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _ALONE:
            at += 2
        elif marker in _SIZE_MARKERS:
            return int.from_bytes(picture[at + 7 : at + 9]), int.from_bytes(picture[at + 5 : at + 7])
        else:
            at += 2 + max(2, int.from_bytes(picture[at + 2 : at + 4]))
    raise CardUnreadable("the portrait (JPEG) has no size")


def _jp2_size(picture: bytes) -> tuple[int, int]:
    """The reference grid less its offset, from the codestream's SIZ marker: what the decoder will allocate."""
    at = picture.find(_SIZ)
    if at < 0 or len(picture) < at + 42:
        raise CardUnreadable("the portrait (JPEG 2000) has no size")
    right, bottom, left, top, tile_width, tile_height = struct.unpack_from(">6I", picture, at + 8)
    (components,) = struct.unpack_from(">H", picture, at + 40)
    tiles = -(-right // max(tile_width, 1)) * -(-bottom // max(tile_height, 1))
    if not 1 <= components <= MAX_COMPONENTS or tiles > MAX_TILES:
        raise CardUnreadable(f"a portrait (JPEG 2000) of {components} components and {tiles} tiles")
    return right - left, bottom - top
