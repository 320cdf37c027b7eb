"""The technician teaches the booth its two cameras: a chessboard before them, or two folders of pictures of one.

Takes pictures only while it runs, keeps none, and writes one file: what the lenses are and how they stand to each
other. Judging and calculating: ``hardware.face.stereo.chessboard``. Knows no resident and no visit.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import cv2
import numpy as np

from hardware.camera.opencv import CameraOptions, OpenCvCamera
from hardware.camera.source import check
from hardware.face.stereo import NoStereoCalibration, Picture
from hardware.face.stereo.calibration import StereoCalibration, save
from hardware.face.stereo.chessboard import Advice, Board, Views
from hardware.face.stereo.pairing import StereoSource
from hardware.ring import FrameRing

Say = Callable[[str], None]

_SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png"}
_SAY_EVERY_S = 1.5
_POLL_S = 0.01
_BASELINE_SHARE = 0.05  # a ruler on two lenses is about as exact
_WORDS = {
    Advice.TAKEN: "taken",
    Advice.WRONG_SIZE: "the two pictures differ in size: give both cameras the same resolution",
    Advice.SHOW_TO_BOTH: "show the whole board to both cameras",
    Advice.SHOW_TO_LEFT: "the left camera does not see the whole board",
    Advice.SHOW_TO_RIGHT: "the right camera does not see the whole board",
    Advice.NEARER: "bring the board nearer",
    Advice.HOLD_STILL: "hold the board still; if it is still, the picture is blurred: clean or focus the lens",
    Advice.ELSEWHERE: "like a view there is already",
    Advice.TILT_SIDEWAYS: "tilt the board: now its left edge nearer, now its right one",
    Advice.TILT_BACK: "tilt the board: now its upper edge nearer, now its lower one",
    Advice.SPREAD: "move the board towards the corners of the picture",
    Advice.MORE: "some more views, each at another place and tilt",
    Advice.ENOUGH: "enough views",
}


class PicturesUnusable(Exception):
    """Folders or cameras that no pairs can be taken from; the text says where and what to do."""


def calibrate_folders(
    left: Path,
    right: Path,
    board: Board,
    out: Path,
    say: Say,
    *,
    today: datetime.date,
    baseline_mm: float | None = None,
) -> StereoCalibration:
    """Calibrate from two folders; pictures of equal name are pairs. Writes ``out`` and gives what was written.

    Raises ``PicturesUnusable``, ``NoStereoCalibration``; ``out`` is then as before.
    """
    views = Views(board)
    names = sorted(_names(left) & _names(right))
    if not names:
        raise PicturesUnusable(f"{left} and {right}: no picture has the same name in both (.jpg, .png, .bmp)")
    verdicts: Counter[Advice] = Counter()
    for name in names:
        verdict = views.offer(_read(left / name), _read(right / name))
        verdicts[verdict] += 1
        say(f"{name}: {_WORDS[verdict]}")
    say(f"{verdicts[Advice.TAKEN]} of {len(names)} pairs are good")
    return _finish(views, out, say, today, baseline_mm)


async def calibrate_cameras(
    left: str,
    right: str,
    board: Board,
    out: Path,
    say: Say,
    *,
    today: datetime.date,
    within_s: float,
    baseline_mm: float | None = None,
    size: tuple[int, int] = (1280, 720),
) -> StereoCalibration:
    """Calibrate with two running cameras, coaching the technician with the board.

    Raises ``PicturesUnusable`` for sources that cannot be, and when ``within_s`` passed without enough views;
    ``NoStereoCalibration``, and what opening a camera raises.
    """
    try:
        if check(left) == check(right):
            raise PicturesUnusable(f"{left} is given twice: a pair of cameras has two sources")
    except ValueError as error:
        raise PicturesUnusable(str(error)) from None
    views, coach = Views(board), _Coach(say)
    async with _filming(left, right, size) as source:
        say(_WORDS[Advice.SHOW_TO_BOTH])
        deadline_s = time.monotonic() + within_s
        while views.wanted is not Advice.ENOUGH:
            if time.monotonic() > deadline_s:
                raise PicturesUnusable(_too_slow(views, source, within_s))
            pair = source.newest()
            if pair is None:
                await asyncio.sleep(_POLL_S)
                continue
            verdict = await asyncio.to_thread(views.offer, pair.left.frame, pair.right.frame, is_moving=True)
            pair.zero()
            coach.say(verdict, views)
    return await asyncio.to_thread(_finish, views, out, say, today, baseline_mm)


@contextlib.asynccontextmanager
async def _filming(left: str, right: str, size: tuple[int, int]) -> AsyncIterator[StereoSource]:
    """Both cameras open, their rings paired; closed, zeroed and unlinked whatever happens."""
    with FrameRing.create() as ring_left, FrameRing.create() as ring_right:
        cameras = [
            OpenCvCamera(CameraOptions(source, ring.name, width=size[0], height=size[1]))
            for source, ring in ((left, ring_left), (right, ring_right))
        ]
        try:
            await asyncio.gather(*(camera.start() for camera in cameras))
            await asyncio.gather(*(camera.open() for camera in cameras))
            source = StereoSource(ring_left, ring_right)
            yield source
            source.forget()
        finally:
            await asyncio.gather(*(camera.stop() for camera in cameras), return_exceptions=True)


class _Coach:
    """Says one thing at a time, a new one at most every 1.5 s; what was taken is always said."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._said = ""
        self._said_at_s = float("-inf")

    def say(self, verdict: Advice, views: Views) -> None:
        """Say what became of a pair, and what is wanted next."""
        is_taken = verdict is Advice.TAKEN
        counted = f"view {len(views.left)} taken; " if is_taken else ""
        advice = views.wanted if verdict in (Advice.TAKEN, Advice.ELSEWHERE) else verdict
        text = counted + _WORDS[advice]
        now_s = time.monotonic()
        if is_taken or (text != self._said and now_s - self._said_at_s >= _SAY_EVERY_S):
            self._say(text)
            self._said, self._said_at_s = text, now_s


def _too_slow(views: Views, source: StereoSource, within_s: float) -> str:
    wanted = f"{len(views.left)} good views within {within_s:g} s; wanted: {_WORDS[views.wanted]}"
    if source.unpaired > 20 and not views.left:
        return (
            f"{wanted}. The cameras' pictures are taken more than 20 ms apart: use a module that exposes both at once"
        )
    return wanted


def _finish(views: Views, out: Path, say: Say, today: datetime.date, baseline_mm: float | None) -> StereoCalibration:
    made = views.calibrate(today)
    if baseline_mm is not None and abs(made.baseline_mm - baseline_mm) > _BASELINE_SHARE * baseline_mm:
        raise NoStereoCalibration(
            f"the lenses come out {made.baseline_mm:.1f} mm apart instead of {baseline_mm:g} mm",
            where=str(out),
            cure="measure the board's squares with a ruler and give their true size",
        )
    save(made, out)
    say(
        f"written: {out}: {made.views} views, error {made.rms_px:.2f} px RMS, lenses {made.baseline_mm:.1f} mm apart,"
        f" focal length {made.focal_px:.0f} px"
    )
    return made


def _names(folder: Path) -> set[str]:
    try:
        return {entry.name for entry in folder.iterdir() if entry.suffix.lower() in _SUFFIXES}
    except OSError as error:
        raise PicturesUnusable(f"{folder}: cannot be read ({error.strerror})") from None


def _read(path: Path) -> Picture:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise PicturesUnusable(f"{path}: no readable picture; remove it from both folders")
    return np.asarray(picture, np.uint8)
