"""The portrait inside DG2: CBEFF templates around an ISO/IEC 19794-5 or 39794-5 record (Doc 9303-10, 4.7.2).

Finds the first face and gives its encoded picture as it came. Decodes no picture (see ``portrait``) and does not read
what the record says about the holder (colours of eyes and hair, feature points).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hardware.card_reader import CardUnreadable, tlv

PictureFormat = Literal["jpeg", "jp2"]

MAX_PICTURE_BYTES = 512 << 10  # the largest chips hold 128 KiB; a picture past this is no portrait

_JPEG = b"\xff\xd8\xff"
_JP2_FILE = bytes.fromhex("0000000C6A5020200D0A870A")
_JP2_CODESTREAM = bytes.fromhex("FF4FFF51")
_FORMAT = b"FAC\x00"
_RECORD_HEADER, _FACE_HEADER, _POINT, _IMAGE_HEADER = 14, 20, 8, 12
# ISO/IEC 39794-5: [1] {FaceImageDataBlock [APPLICATION 5] {representationBlocks [1] {RepresentationBlock
# {imageRepresentation [1] {base [0] {imageRepresentation2DBlock [0] {representationData2D [0]}}}}}}}
_PATH_39794 = (0xA1, 0x65, 0xA1, 0x30, 0xA1, 0xA0, 0xA0, 0x80)


@dataclass(frozen=True, repr=False)
class Face:
    """One encoded picture: ``jpeg``, or ``jp2`` (a JPEG 2000 file or bare codestream)."""

    format: PictureFormat
    picture: bytes


def parse_dg2(raw: bytes) -> Face:
    """Give the first face of data group 2. Raises ``CardUnreadable``."""
    group = tlv.read_exactly(tlv.read_exactly(raw, 0x75), 0x7F61)
    templates = [item.value for item in tlv.read_all(group) if item.tag == 0x7F60]
    if not templates:
        raise CardUnreadable("DG2 has no biometric template")
    for item in tlv.read_all(templates[0]):
        if item.tag in (0x5F2E, 0x7F2E):
            return _face(_picture(item.value))
    raise CardUnreadable("DG2's first template has no biometric data")


def _picture(block: bytes) -> bytes:
    if block.startswith(_FORMAT):
        return _picture_19794(block)
    if block[:1] == b"\xa1":
        picture = tlv.find(block, *_PATH_39794)
        if picture is None:
            raise CardUnreadable("the face record (ISO/IEC 39794-5) has no picture of two dimensions")
        return picture
    raise CardUnreadable("DG2's biometric data is no face record this reader knows")


def _picture_19794(block: bytes) -> bytes:
    """Cut the first picture out of a facial record (ISO/IEC 19794-5:2005, 5.4 to 5.7).

    The record's own length is not relied on: some issuers count without the first header's eight bytes.
    """
    if len(block) < _RECORD_HEADER + _FACE_HEADER or int.from_bytes(block[12:14]) < 1:
        raise CardUnreadable("the face record has no face")
    face = block[_RECORD_HEADER:]
    length, points = int.from_bytes(face[0:4]), int.from_bytes(face[4:6])
    start = _FACE_HEADER + _POINT * points + _IMAGE_HEADER
    if not start < length <= len(face):
        raise CardUnreadable("the face record's lengths contradict each other")
    return face[start:length]


def _face(picture: bytes) -> Face:
    if len(picture) > MAX_PICTURE_BYTES:
        raise CardUnreadable(f"a portrait of {len(picture)} bytes, more than {MAX_PICTURE_BYTES}")
    # What the bytes are counts, not what the header says: the type byte is wrong on some documents.
    if picture.startswith(_JPEG):
        return Face("jpeg", picture)
    if picture.startswith((_JP2_FILE, _JP2_CODESTREAM)):
        return Face("jp2", picture)
    raise CardUnreadable("the portrait is neither JPEG nor JPEG 2000")
