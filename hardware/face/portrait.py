"""Re-crop a photograph to the portrait of an identity document: 102x126 px, eyes 27 px apart, a few kilobytes of JPEG.

That is the size in which Chinese identity documents carry a portrait. The reference backend's registry and the tests
need such pictures of a person whose photograph is public. Needs the places of the eyes, no detector and no model.
Softened as a document's codec leaves it: a sharp re-crop of the very photograph that is later shown to the camera
scores higher than two pictures of one person ever do, and is taken for an attack.

    python -m hardware.face.portrait PHOTOGRAPH OUT --eyes 205.0,99.2,247.4,103.3
"""

from __future__ import annotations

import argparse
import io
import math
from pathlib import Path

from PIL import Image, ImageFilter, ImageOps

WIDTH_PX, HEIGHT_PX = 102, 126
EYE_DISTANCE_PX = 27.0
EYE_LINE_PX = 55.0  # from the top: forehead and hair above, chin and collar below
SOFTNESS_PX = 1.25  # standard deviation of the blur

ASTRONAUT_EYES = (205.0, 99.2, 247.4, 103.3)  # in the 512x512 public-domain NASA photograph of scikit-image

Eyes = tuple[float, float, float, float]  # x, y of the eye on the picture's left, x, y of the one on its right, in px


def recrop(photograph: bytes, eyes: Eyes, *, quality: int = 85, softness_px: float = SOFTNESS_PX) -> bytes:
    """Cut, turn upright and shrink ``photograph`` to a document portrait; gives back JPEG bytes.

    Raises ``ValueError`` when the eyes do not lie side by side inside the picture.
    """
    picture = Image.open(io.BytesIO(photograph)).convert("RGB")
    left_x, left_y, right_x, right_y = eyes
    distance = math.hypot(right_x - left_x, right_y - left_y)
    is_inside = all(0 <= x < picture.width for x in (left_x, right_x)) and all(
        0 <= y < picture.height for y in (left_y, right_y)
    )
    if distance < 10 or right_x <= left_x or not is_inside:
        raise ValueError(f"eyes {eyes}: two points at least 10 px apart inside {picture.width}x{picture.height} needed")
    middle = ((left_x + right_x) / 2, (left_y + right_y) / 2)
    roll_deg = math.degrees(math.atan2(right_y - left_y, right_x - left_x))
    upright = picture.rotate(roll_deg, Image.Resampling.BICUBIC, center=middle)
    scale = distance / EYE_DISTANCE_PX
    left, top = middle[0] - WIDTH_PX / 2 * scale, middle[1] - EYE_LINE_PX * scale
    border = math.ceil(WIDTH_PX * scale)  # heads are sometimes cut off at the top
    framed = ImageOps.expand(upright, border, (200, 200, 200))
    box = (left + border, top + border, left + border + WIDTH_PX * scale, top + border + HEIGHT_PX * scale)
    small = framed.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.LANCZOS, box=box)
    out = io.BytesIO()
    small.filter(ImageFilter.GaussianBlur(softness_px)).save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()


def main() -> None:
    """Entry of the command."""
    parser = argparse.ArgumentParser(description="Make a 102x126 document portrait from a photograph.")
    parser.add_argument("photograph", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--eyes", required=True, help="left x, left y, right x, right y in px of the photograph")
    arguments = parser.parse_args()
    left_x, left_y, right_x, right_y = (float(part) for part in arguments.eyes.split(","))
    arguments.out.write_bytes(recrop(arguments.photograph.read_bytes(), (left_x, left_y, right_x, right_y)))


if __name__ == "__main__":
    main()
