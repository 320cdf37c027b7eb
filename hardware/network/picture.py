"""What one picture of a camera shows of the camera: how bright it is, and whether it is the one before.

Runs in a child process (``python -m hardware.network.picture``): the picture comes by standard input, one line of JSON
goes out, and whatever a picture does to its decoder it does to a process that ends within its deadline and owns
nothing. No picture is kept, and nobody in it is looked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import json
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

from hardware.field import Garbage, Timeout

MOST_BYTES = 4 * 1024 * 1024
MOST_PIXELS = 40_000_000
_MEMORY = 1024 * 1024 * 1024
_CPU_S = 10
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Picture:
    """``brightness``: mean of its luminance in %. ``mark``: equal for equal pictures; a live sensor has noise."""

    brightness: float
    mark: str


def judge(data: bytes) -> Picture:
    """Decode one JPEG. Raises ``Garbage``."""
    from PIL import Image, ImageStat  # noqa: PLC0415 - the process that only starts a child needs no decoder

    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise Garbage("a picture that is too large")
            grey = picture.convert("L")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise Garbage("a picture that cannot be read") from None
    return Picture(ImageStat.Stat(grey).mean[0] / 2.55, hashlib.sha256(grey.tobytes()).hexdigest()[:32])


async def judge_apart(data: bytes, within_s: float) -> Picture:
    """Judge in a child. Raises ``Garbage``, or ``Timeout`` past the deadline; the child ends either way."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, cwd=_ROOT, env={"PATH": "/usr/bin:/bin"},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(within_s):
            out, _ = await child.communicate(data)
    except TimeoutError:
        raise Timeout("a picture that takes too long to read") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
    try:
        found = json.loads(out)
        return Picture(float(found["brightness"]), str(found["mark"]))
    except (ValueError, KeyError, TypeError):
        raise Garbage("a picture that cannot be read") from None


def main() -> None:
    """The child."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it writes no file
    try:
        found = judge(sys.stdin.buffer.read(MOST_BYTES + 1)[:MOST_BYTES])
        sys.stdout.write(json.dumps({"brightness": found.brightness, "mark": found.mark}))
    except Garbage:
        sys.exit(1)


if __name__ == "__main__":
    main()
