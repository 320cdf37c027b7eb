"""booth.toml of a booth with two cameras: both settings or none, paths from the file, and devices made of them."""

from pathlib import Path

import pytest

from booth.devices import Devices
from hardware.camera.binocular import BinocularCamera
from kiosk.config import ConfigError, load

BOOTH = """
[booth]
id = "B7"
community = "幸福里社区"
[ledger]
folder = "ledger"
[backend]
url = "https://localhost:8443"
ca = "ca.pem"
certificate = "booth.pem"
key = "booth.key"
seal_pub = "seal.pub"
sign_pub = "sign.pub"
"""
SECOND = '[camera]\nsource = "left.avi"\nsecond_source = "right.avi"\n'
CALIBRATED = '[face]\nstereo_calibration = "stereo.json"\n'


def write(folder: Path, text: str) -> Path:
    file = folder / "booth.toml"
    file.write_text(BOOTH + text, encoding="utf-8")
    return file


@pytest.mark.parametrize("text", [SECOND, CALIBRATED])
def test_one_without_the_other_is_refused(text, tmp_path):
    with pytest.raises(ConfigError, match=r"second_source and face\.stereo_calibration belong together") as caught:
        load(write(tmp_path, text))
    assert str(tmp_path / "booth.toml") in str(caught.value)
    assert "booth face cameras calibrate" in str(caught.value)


def test_both_make_a_binocular_camera_with_a_ring_for_each(tmp_path):
    config = load(write(tmp_path, SECOND + CALIBRATED))
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
