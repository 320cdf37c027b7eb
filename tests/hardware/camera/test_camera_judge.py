"""Black and frozen pictures are told from good ones, by the frames alone."""

import numpy as np
import pytest

from hardware.camera import Picture
from hardware.camera.judge import BLACK_FRAMES, IDENTICAL_FRAMES, PictureJudge
from hardware.camera.source import check, describe, is_present

RNG = np.random.default_rng(7)


def noisy(grey: int) -> np.ndarray:
    return np.clip(RNG.normal(grey, 2, (90, 160, 3)), 0, 255).astype(np.uint8)


def test_a_still_scene_with_sensor_noise_is_good() -> None:
    judge = PictureJudge()
    assert {judge.judge(noisy(120)) for _ in range(20)} == {Picture.GOOD}


def test_the_fifth_identical_frame_is_frozen_and_a_new_one_is_good_again() -> None:
    judge, frame = PictureJudge(), noisy(120)
    verdicts = [judge.judge(frame) for _ in range(IDENTICAL_FRAMES + 1)]
    assert verdicts == [Picture.GOOD] * (IDENTICAL_FRAMES - 1) + [Picture.FROZEN] * 2
    assert judge.judge(noisy(120)) is Picture.GOOD


def test_dark_frames_are_black_even_when_they_are_all_the_same() -> None:
    judge, frame = PictureJudge(), np.zeros((90, 160, 3), np.uint8)
    assert [judge.judge(frame) for _ in range(BLACK_FRAMES)][-1] is Picture.BLACK
    assert judge.judge(noisy(60)) is Picture.GOOD


def test_a_dim_room_is_not_black() -> None:
    judge = PictureJudge()
    assert {judge.judge(noisy(20)) for _ in range(10)} == {Picture.GOOD}


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("0", "/dev/video0"),
        ("/dev/v4l/by-path/pci-0:1-video-index0", "/dev/v4l/by-path/pci-0:1-video-index0"),
        ("http://127.0.0.1:81/video", "http://127.0.0.1:81/video"),
    ],
)
def test_sources(given: str, meant: str) -> None:
    assert check(given) == meant


@pytest.mark.parametrize("bad", ["", "video0", "ftp://host/x", "http://", "../x"])
def test_a_source_that_cannot_be_names_the_cure(bad: str) -> None:
    with pytest.raises(ValueError, match="give a device"):
        check(bad)


def test_passwords_in_addresses_stay_out_of_the_log() -> None:
    assert describe("rtsp://user:secret@10.0.0.9/stream?key=1") == "camera rtsp://10.0.0.9:554/stream"
    assert not is_present("/dev/video-that-is-not-there")
