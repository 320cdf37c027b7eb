"""No model pack, or one that may not run here: said at start with file and cure; nobody is compared."""

import pytest

from hardware.device import Health
from hardware.face import NoModelPack
from hardware.face.matcher import WorkerFaceMatcher
from hardware.face.messages import FaceOptions
from tests.hardware.camera.rig import until
from tests.hardware.face.loose_pack import write_pack


@pytest.mark.peer
@pytest.mark.parametrize(
    "what", ["none configured", "no such folder", "altered weights", "laboratory only", "no models"]
)
async def test_model_pack_missing(tmp_path, what):
    folder, named = str(tmp_path / "pack"), "pack"
    if what == "none configured":
        folder, named = "", "booth.toml"
    elif what == "altered weights":
        write_pack(tmp_path / "pack")
        (tmp_path / "pack" / "recogniser.onnx").write_bytes(b"other")
        named = "recogniser.onnx"
    elif what == "laboratory only":
        write_pack(tmp_path / "pack", permitted_use="laboratory")
        named = "laboratory"
    elif what == "no models":
        write_pack(tmp_path / "pack")  # hashes are right, but the files are no models
        named = "cannot use this model"
    matcher = WorkerFaceMatcher(FaceOptions(folder, "booth-ring-none"))
    await matcher.start()
    try:
        await until(lambda: matcher.status.health is not Health.STARTING, within_s=30)
        assert matcher.status.health is Health.NO_DEVICE
        assert not matcher.status.is_usable
        assert named in matcher.status.reason
        assert " - " in matcher.status.reason, "what is wrong, where, and the cure"
        with pytest.raises(NoModelPack):
            await matcher.enrol(b"")
        with pytest.raises(NoModelPack):
            await matcher.compare(lambda _coaching: None, within_s=1)
    finally:
        await matcher.stop()
