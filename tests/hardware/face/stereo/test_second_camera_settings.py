"""booth.toml of a booth with two cameras: both settings or none, paths from the file, and devices made of them."""

from pathlib import Path

import pytest

from booth.devices import Devices
from hardware.camera.binocular import BinocularCamera
from kiosk.config import ConfigError, load
from tests.kiosk.test_config import GOOD, write

SECOND = '[camera]\nsource = "left.avi"\nsecond_source = "right.avi"\n'
CALIBRATED = '[face]\nstereo_calibration = "stereo.json"\n'


@pytest.mark.parametrize("text", [SECOND, CALIBRATED])
def test_one_without_the_other_is_refused(text, tmp_path):
    with pytest.raises(ConfigError, match=r"second_source and face\.stereo_calibration belong together") as caught:
        load(write(tmp_path, GOOD + text))
    assert str(tmp_path / "booth.toml") in str(caught.value)
    assert "booth face cameras calibrate" in str(caught.value)


def test_both_make_a_binocular_camera_with_a_ring_for_each(tmp_path):
    config = load(write(tmp_path, GOOD + SECOND + CALIBRATED))
    assert (config.camera.second_source, config.face.stereo_calibration) == (
        f"{tmp_path}/right.avi",
        f"{tmp_path}/stereo.json",
    )
    devices = Devices.build(config, Path(__file__).parents[4] / "assets")
    try:
        assert isinstance(devices.camera, BinocularCamera)
        assert len({ring.name for ring in devices.rings}) == 3
    finally:
        for ring in devices.rings:
            ring.unlink()
            ring.close()
