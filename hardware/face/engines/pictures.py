"""Encoded portraits to pixels, within bounds: what a chip or a registry gives is not to be trusted.

The size in the header is checked before anything is decoded: a kilobyte must not unfold to gigabytes. Knows no face.
"""

from __future__ import annotations

import io
import warnings

import cv2
import numpy as np
from PIL import Image, ImageOps

from hardware.face import FaceError, PortraitUnusable
from hardware.face.engines import Picture

FORMATS = ("JPEG", "JPEG2000", "PNG", "BMP", "WEBP")
_BYTES = 4 * 1024 * 1024
_SHORTEST_PX, _LONGEST_PX = 96, 4096
_BLACK_GREY = 6.0  # below it no detector finds anybody
_FLAT = 3.0  # standard deviation of grey levels below which there is nothing to see
_FRAME_PX = (16, 8192)
_CURE = "another way is offered"


def decode(portrait: bytes) -> Picture:
    """Decode to BGR, upright. Raises ``PortraitUnusable`` naming what is wrong."""
    if not portrait or len(portrait) > _BYTES:
        raise PortraitUnusable(f"a portrait of {len(portrait)} bytes", where="face", cure=_CURE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about metadata nobody reads here
            with Image.open(io.BytesIO(portrait), formats=FORMATS) as picture:
                width, height = picture.size
                if min(width, height) < _SHORTEST_PX or max(width, height) > _LONGEST_PX:
                    raise PortraitUnusable(
                        f"a portrait of {width}x{height} px; {_SHORTEST_PX} to {_LONGEST_PX} px are needed",
                        where="face",
                        cure=_CURE,
                    )
                pixels = np.asarray(ImageOps.exif_transpose(picture).convert("RGB"), np.uint8)
    except PortraitUnusable:
        raise
    except Exception as error:  # decoders raise many kinds for damaged pictures
        raise PortraitUnusable(
            f"the portrait cannot be decoded ({type(error).__name__}): no {', '.join(FORMATS)}, or cut short",
            where="face",
            cure=_CURE,
        ) from None
    grey = float(pixels.mean())
    if grey < _BLACK_GREY or float(pixels.std()) < _FLAT:
        raise PortraitUnusable("the portrait is black or empty", where="face", cure=_CURE)
    return np.ascontiguousarray(pixels[:, :, ::-1])


def check_frame(frame: Picture) -> Picture:
    """Give ``frame`` back when it is a picture as engines take it. Raises ``FaceError`` naming what it is instead."""
    shortest, longest = _FRAME_PX
    if not isinstance(frame, np.ndarray):
        raise FaceError(f"a {type(frame).__name__} is no frame", where="face engine")
    is_picture = frame.dtype == np.uint8 and frame.ndim == 3 and frame.shape[2] == 3
    if not is_picture or min(frame.shape[:2]) < shortest or max(frame.shape[:2]) > longest:
        raise FaceError(
            f"a frame of {'x'.join(map(str, frame.shape))} {frame.dtype} is not uint8 HxWx3 (BGR)",
            where="face engine",
            cure="the camera's driver must give 8-bit colour",
        )
    return np.ascontiguousarray(frame)


def shrunk(picture: Picture, longest_px: int) -> tuple[Picture, float]:
    """Shrink to ``longest_px`` where it is larger; gives the picture and its scale (at most 1)."""
    height, width = picture.shape[:2]
    if max(height, width) <= longest_px:
        return picture, 1.0
    scale = longest_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8), scale
