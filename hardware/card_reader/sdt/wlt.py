"""The photo of a resident card (WLT, 1024 bytes, 102 x 126 pixels): no open decoder exists, so a vendor's library may.

The library is the operator's, named in the settings, closed and of unknown quality: it runs in a child process of its
own with a deadline, so that a crash costs a picture and nothing else (``python -m hardware.card_reader.sdt.wlt
LIBRARY``: photo on stdin; one status word, then pixels on stdout). Identification never depends on it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from hardware.card_reader import Result
from hardware.card_reader.sdt.document import NOT_DECODABLE, Portrait

WIDTH_PX, HEIGHT_PX = 102, 126
WLT_BYTES = 1024
PIXEL_BYTES = WIDTH_PX * HEIGHT_PX * 3
ROW_BYTES = WIDTH_PX * 3 + 2  # a bitmap's rows are padded to four bytes
WITHIN_S = 2.0
_DECODED = 1
_PR_SET_PDEATHSIG = 1
_STATUS = struct.Struct("<i")
_CODES = {-1: "it does not decode this photo", -5: "it is not licensed for this module"}
_ROOM_BYTES = 1 << 16  # some libraries write a whole bitmap of 38 862 bytes
_ROOT = Path(__file__).resolve().parents[3]


def portrait(photo: bytes | None, library: str, *, pixels: str = "bgr", within_s: float = WITHIN_S) -> Portrait:
    """Decode a photo to a bitmap (BMP, 24 bit) with the vendor's ``library``; without one say why there is no picture.

    ``pixels``: ``bgr`` or ``rgb``, with ``-down`` behind it where the library gives the top row first; vendors differ.
    """
    if photo is None or not library:
        return Portrait(reason=NOT_DECODABLE)
    try:
        with tempfile.TemporaryDirectory(prefix="booth-wlt-") as folder:  # some libraries write where they stand
            child = subprocess.run(
                [sys.executable, "-m", "hardware.card_reader.sdt.wlt", library],
                input=photo,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=within_s,
                check=False,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            )
    except subprocess.TimeoutExpired:
        return _failed(f"the vendor's library did not end within {within_s:g} s")
    if child.returncode != 0 or len(child.stdout) < _STATUS.size:
        ended = f"signal {-child.returncode}" if child.returncode < 0 else f"status {child.returncode}"
        return _failed(f"the vendor's library could not be used (its process ended with {ended})")
    code = _STATUS.unpack_from(child.stdout)[0]
    if code != _DECODED:
        return _failed(f"the vendor's library gave {code}: {_CODES.get(code, 'it failed')}")
    return Portrait(picture=_bitmap(child.stdout[_STATUS.size :], pixels))


def _failed(reason: str) -> Portrait:
    return Portrait(reason=f"photo not decodable: {reason}", result=Result.WARN)


def _bitmap(data: bytes, pixels: str) -> bytes:
    """Give a bitmap file of 38 862 bytes; what a library gives as one already is passed on."""
    size = 54 + ROW_BYTES * HEIGHT_PX
    if data.startswith(b"BM"):
        return data[:size]
    order, _, rows = pixels.partition("-")
    data = data[:PIXEL_BYTES]
    if order == "rgb":
        swapped = bytearray(data)
        swapped[0::3], swapped[2::3] = data[2::3], data[0::3]
        data = bytes(swapped)
    height = -HEIGHT_PX if rows == "down" else HEIGHT_PX  # a negative height says: top row first
    head = struct.pack("<2sIHHI", b"BM", size, 0, 0, 54)
    info = struct.pack("<IiiHHIIiiII", 40, WIDTH_PX, height, 1, 24, 0, ROW_BYTES * HEIGHT_PX, 0, 0, 0, 0)
    lines = (data[at : at + WIDTH_PX * 3] + b"\0\0" for at in range(0, PIXEL_BYTES, WIDTH_PX * 3))
    return head + info + b"".join(lines)


def main() -> None:
    """Be the child: ``int unpack(char *wlt, char *bgr, int save)``, the form all these libraries have."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # a library that hangs must not outlive the driver
    photo = sys.stdin.buffer.read(WLT_BYTES)
    given = ctypes.create_string_buffer(photo, WLT_BYTES)
    room = ctypes.create_string_buffer(_ROOM_BYTES)
    unpack = ctypes.CDLL(sys.argv[1]).unpack
    unpack.argtypes, unpack.restype = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int), ctypes.c_int
    code = unpack(ctypes.cast(given, ctypes.c_char_p), ctypes.cast(room, ctypes.c_char_p), 0)
    sys.stdout.buffer.write(_STATUS.pack(code) + room.raw[: 54 + ROW_BYTES * HEIGHT_PX])
    sys.stdout.buffer.flush()
    os._exit(0)  # a library's own clean-up may crash


if __name__ == "__main__":
    main()
