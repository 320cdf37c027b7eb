"""A pack that is hashed, allowed and yet wrong: the worker names it and stays; the booth serves on in other ways."""

import shutil

import pytest

from hardware.device import Health
from hardware.face import NoModelPack
from hardware.face.matcher import FaceOptions, WorkerFaceMatcher
from hardware.ring import FrameRing
from tests.hardware.camera.rig import until
from tests.hardware.face.rig import assembled, photograph

pytestmark = [pytest.mark.peer, pytest.mark.shared]

HARM = {
    "green": ("", "", ""),  # the control: untouched, it goes online
    "colours": (
        'colour_order = "rgb"\nmean = 127.5',
        'colour_order = "bgr"\nmean = 127.5',
        "self-test failed: agreement",
    ),
    "scaling": ("mean = 127.5\nstd = 128.0", "mean = 0.0\nstd = 1.0", "self-test failed"),
    "size": ("size_px = 112", "size_px = 96", "96"),
}


@pytest.mark.parametrize("kind", HARM)
async def test_a_wrong_pack_is_named_and_the_worker_stays(kind, tmp_path):
    old, new, named = HARM[kind]
    folder = shutil.copytree(assembled("lab-mobilefacenet", tmp_path), tmp_path / "pack")
    manifest = folder / "manifest.toml"
    text = manifest.read_text()
    assert old in text
    manifest.write_text(text.replace(old, new))
    with FrameRing.create() as ring:
        matcher = WorkerFaceMatcher(FaceOptions(str(folder), ring.name, is_laboratory=True))
        await matcher.start()
        try:
            await until(lambda: matcher.status.health is not Health.STARTING, within_s=60)
            if kind == "green":
                assert matcher.status.health is Health.ONLINE
                return
            assert matcher.status.health is Health.NO_DEVICE
            assert named in matcher.status.reason
            for _ in range(2):  # the process answers, again and again
                with pytest.raises(NoModelPack, match=named):
                    await matcher.enrol(photograph("obama_1.jpg"))
        finally:
            await matcher.stop()
