"""The calibration's file: read as written, refused with its name and a cure when it is damaged, poor or absurd."""

import json

import msgspec
import pytest

from hardware.face.stereo import NoStereoCalibration
from hardware.face.stereo.calibration import load, save
from hardware.face.stereo.scene import Pairing

GOOD = Pairing(640, 480).calibration


def test_read_as_written(tmp_path):
    path = tmp_path / "new" / "stereo.json"
    save(GOOD, path)
    assert load(path) == GOOD
    assert [entry.name for entry in path.parent.iterdir()] == ["stereo.json"]
    assert path.stat().st_mode & 0o777 == 0o644


def damaged(**changes):
    """The good file as JSON with some keys changed."""
    return json.dumps({**json.loads(msgspec.json.encode(GOOD)), **changes})


RECTIFICATION = json.loads(msgspec.json.encode(GOOD.rectification))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "not a calibration"),
        (damaged()[:-40], "not a calibration"),
        ("[]", "not a calibration"),
        (damaged(format=2), "format"),
        (damaged(note="hello"), "note"),
        (damaged(baseline_mm=-60.0), "baseline_mm"),
        (damaged(width_px=64), "width_px"),
        (damaged(made_on="yesterday"), "made_on"),
        (damaged(rotation=[1.0, 0.0]), "rotation"),
        (damaged(rotation=[2.0, 0, 0, 0, 2.0, 0, 0, 0, 2.0]), "a rotation is none"),
        (damaged(rms_px=0.51), "0.51 px RMS"),
        (damaged(translation_mm=[60.0, 0.0, 0.0]), "swapped"),
        (damaged(translation_mm=[0.0, -60.0, 0.0]), "side by side"),
        (damaged(translation_mm=[-90.0, 0.0, 0.0]), "contradict"),
        (damaged(rectification={**RECTIFICATION, "projection_right": RECTIFICATION["projection_left"]}), "contradict"),
        ("x" * 70_000, "larger than"),
    ],
)
def test_refused(content, fault, tmp_path):
    path = tmp_path / "stereo.json"
    path.write_text(content, "utf-8")
    with pytest.raises(NoStereoCalibration) as caught:
        load(path)
    assert fault in str(caught.value)
    assert str(path) in str(caught.value)
    assert "booth face cameras calibrate" in caught.value.cure


def test_missing(tmp_path):
    with pytest.raises(NoStereoCalibration, match="No such file"):
        load(tmp_path / "none.json")


def test_a_poor_one_is_not_written_over_a_good_one(tmp_path):
    path = tmp_path / "stereo.json"
    save(GOOD, path)
    with pytest.raises(NoStereoCalibration, match="px RMS"):
        save(msgspec.structs.replace(GOOD, rms_px=0.9), path)
    assert load(path) == GOOD
