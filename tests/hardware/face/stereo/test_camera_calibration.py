"""The technician's wizard: folders and running cameras in, one file out, and a plain word for everything else."""

import asyncio
import contextlib
import itertools
from datetime import date

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from booth.cli import booth
from hardware.camera import CameraError
from hardware.face.stereo import NoStereoCalibration
from hardware.face.stereo.calibration import load
from hardware.face.stereo.chessboard import Board
from provisioning.camera_calibration import PicturesUnusable, calibrate_cameras, calibrate_folders
from tests.hardware.face.stereo.boards import album, pair

BOARD = Board(9, 6, 20.0)
TODAY = date(2026, 3, 1)


@pytest.fixture(scope="module")
def pictures():
    cv2.setNumThreads(1)
    return list(album(pair(), BOARD))


@pytest.fixture(scope="module")
def folders(pictures, tmp_path_factory):
    """Two folders, with a picture that has no partner and one without a board."""
    folder = tmp_path_factory.mktemp("album")
    left, right = folder / "left", folder / "right"
    for side in (left, right):
        side.mkdir()
        cv2.imwrite(str(side / "empty.png"), np.full_like(pictures[0][0], 90))
    for number, (one, other) in enumerate(pictures):
        cv2.imwrite(str(left / f"{number:02}.png"), one)
        cv2.imwrite(str(right / f"{number:02}.png"), other)
    cv2.imwrite(str(left / "alone.png"), pictures[0][0])
    return left, right


def calibrate(*arguments):
    return CliRunner().invoke(booth, ["face", "cameras", "calibrate", *map(str, arguments)])


@pytest.mark.timeout(300)
def test_two_folders_give_one_file(folders, tmp_path):
    out = tmp_path / "stereo.json"
    result = calibrate(*folders, "--square-mm", 20, "--baseline-mm", 60, "--out", out)
    assert result.exit_code == 0, result.output
    assert "empty.png: show the whole board to both cameras" in result.output
    assert "alone.png" not in result.output
    assert "60." in result.output
    assert str(out) in result.output
    assert load(out).baseline_mm == pytest.approx(60, rel=0.01)


@pytest.mark.timeout(300)
def test_a_baseline_that_a_ruler_contradicts_is_refused(folders, tmp_path):
    """Squares given too large make everything larger; only a ruler between the lenses tells."""
    out = tmp_path / "stereo.json"
    with pytest.raises(NoStereoCalibration, match=r"75\.\d mm apart instead of 60 mm"):
        calibrate_folders(*folders, Board(9, 6, 25.0), out, lambda _: None, today=TODAY, baseline_mm=60)
    assert list(tmp_path.iterdir()) == []


def test_folders_and_boards_that_cannot_be(tmp_path):
    left, right = tmp_path / "left", tmp_path / "right"
    left.mkdir()
    right.mkdir()
    out = tmp_path / "stereo.json"
    nothing = calibrate(left, right, "--out", out)
    assert (nothing.exit_code, out.exists()) == (1, False)
    assert "no picture has the same name in both" in nothing.output
    assert "one of each" in calibrate(left, "/dev/video7", "--out", out).output
    assert "one even and one odd" in calibrate(left, right, "--columns", 8, "--out", out).output
    assert "given twice" in calibrate("0", "/dev/video0", "--out", out).output
    assert "camera source" in calibrate("a camera", "1", "--out", out).output
    for side in (left, right):
        (side / "1.png").write_bytes(b"no picture")
    assert "1.png: no readable picture" in calibrate(left, right, "--out", out).output
    with pytest.raises(PicturesUnusable, match="cannot be read"):
        calibrate_folders(left / "none", right, BOARD, out, print, today=TODAY)


def test_few_pictures_are_refused(folders, tmp_path):
    few = [tmp_path / side.name for side in folders]
    for side, source in zip(few, folders, strict=True):
        side.mkdir()
        for name in ("00.png", "01.png"):
            (side / name).write_bytes((source / name).read_bytes())
    with pytest.raises(NoStereoCalibration, match="2 good views"):
        calibrate_folders(*few, BOARD, tmp_path / "stereo.json", lambda _: None, today=TODAY)


class TwoStreams:
    """Both cameras of a module on one port: the same moment to both, until ``turn`` shows the board elsewhere."""

    def __init__(self, pictures) -> None:
        self._pictures = itertools.cycle(pictures)
        self._noise = np.random.default_rng(4)
        self._now = next(self._pictures)
        self._fresh = asyncio.Condition()
        self._viewers = set()

    def turn(self) -> None:
        self._now = next(self._pictures)

    def _shoot(self, picture) -> bytes:
        """Never twice the same: that would be a frozen picture."""
        noise = self._noise.integers(0, 4, picture.shape, np.uint8)
        return cv2.imencode(".jpg", cv2.add(picture, noise), [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()

    async def _meet(self, reader, writer) -> None:
        self._viewers.add(asyncio.current_task())
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            request = await reader.readuntil(b"\r\n\r\n")
            side = int(b"/right" in request)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=f\r\n\r\n")
            while True:
                async with self._fresh:
                    await self._fresh.wait()
                jpeg = self._shoot(self._now[side])
                writer.write(b"--f\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg))
                writer.write(jpeg + b"\r\n")
                await writer.drain()
        writer.transport.abort()

    async def _tick(self) -> None:
        while True:
            async with self._fresh:
                self._fresh.notify_all()
            await asyncio.sleep(0.1)

    @contextlib.asynccontextmanager
    async def open(self):
        server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        ticking = asyncio.create_task(self._tick())
        try:
            yield [f"http://127.0.0.1:{port}/{side}" for side in ("left", "right")]
        finally:
            server.close()
            for task in (ticking, *self._viewers):
                task.cancel()
            await asyncio.gather(ticking, *self._viewers, return_exceptions=True)


@pytest.mark.peer
@pytest.mark.timeout(300)
async def test_two_running_cameras_give_one_file_and_the_technician_is_coached(pictures, tmp_path):
    heard = []
    streams = TwoStreams(pictures)

    def hear(text):
        heard.append(text)
        if "still" not in text:
            streams.turn()

    out = tmp_path / "stereo.json"
    async with streams.open() as sources:
        made = await calibrate_cameras(*sources, BOARD, out, hear, today=TODAY, within_s=240, size=(480, 360))
    assert load(out) == made
    assert made.baseline_mm == pytest.approx(60, rel=0.02)
    assert sum("taken" in text for text in heard) >= 16
    assert heard[0] == "show the whole board to both cameras"


@pytest.mark.peer
async def test_cameras_that_are_not_there_are_named(tmp_path):
    sources = ("http://127.0.0.1:1/left", "http://127.0.0.1:1/right")
    with pytest.raises(CameraError, match=r"no camera|sends no pictures"):
        await calibrate_cameras(*sources, BOARD, tmp_path / "s.json", print, today=TODAY, within_s=20)
    assert list(tmp_path.iterdir()) == []
