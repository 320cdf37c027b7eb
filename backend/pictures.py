"""Pictures a browser can show: JPEG and PNG as they are, what passports (JPEG 2000) and readers (BMP) give as PNG."""

from __future__ import annotations

import io

from PIL import Image

MOST_PIXELS = 4096 * 4096


def for_browser(picture: bytes) -> tuple[bytes, str] | None:
    """Give the picture and its media type; None for what is no picture, or one larger than a camera's."""
    if picture.startswith(b"\xff\xd8\xff"):
        return picture, "image/jpeg"
    if picture.startswith(b"\x89PNG\r\n"):
        return picture, "image/png"
    try:
        with Image.open(io.BytesIO(picture), formats=("JPEG2000", "BMP")) as found:
            if found.width * found.height > MOST_PIXELS:
                return None
            made = io.BytesIO()
            found.convert("RGB").save(made, "PNG")
    except (OSError, ValueError, SyntaxError):
        return None
    return made.getvalue(), "image/png"
