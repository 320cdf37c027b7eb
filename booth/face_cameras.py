"""``booth face cameras``: what a technician says and reads while two cameras are calibrated."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from pathlib import Path

from hardware.camera import CameraError
from hardware.face.stereo import NoStereoCalibration
from hardware.face.stereo.chessboard import Board
from provisioning.camera_calibration import PicturesUnusable, calibrate_cameras, calibrate_folders

Say = Callable[[str], None]


def run_cameras_calibrate(
    left: str, right: str, out_file: Path, *, columns: int, rows: int, square_mm: float, baseline_mm: float | None,
    size: tuple[int, int], within_s: float, out: Say, err: Say,
) -> int:  # fmt: skip
    """Calibrate; 0 when the file was written, 1 when boards, pictures or cameras do not allow it, 130 when given up."""
    try:
        board = Board(columns, rows, square_mm)
        if Path(left).is_dir() is not Path(right).is_dir():
            raise PicturesUnusable("give two folders of pictures or two cameras, not one of each")
        if Path(left).is_dir():
            calibrate_folders(
                Path(left), Path(right), board, out_file, out, today=date.today(), baseline_mm=baseline_mm
            )
        else:
            work = calibrate_cameras(
                left, right, board, out_file, out, today=date.today(), within_s=within_s, baseline_mm=baseline_mm,
                size=size,
            )  # fmt: skip
            asyncio.run(work)
    except (PicturesUnusable, NoStereoCalibration, CameraError, ValueError) as error:
        err(f"booth: {error}")
        return 1
    except OSError as error:
        err(f"booth: {out_file}: cannot be written ({error.strerror})")
        return 1
    except KeyboardInterrupt:
        err("booth: given up; nothing was written")
        return 130
    out(f'to use it: face.stereo_calibration = "{out_file.resolve()}" in booth.toml, with camera.second_source')
    return 0
