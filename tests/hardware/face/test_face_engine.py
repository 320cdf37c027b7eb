"""The engine in this process: the self-test goes red for what would silently "run", and nothing is downloaded."""

import subprocess
import sys

import msgspec
import numpy as np
import pytest

from hardware.face import FaceError, NoModelPack
from hardware.face.engine import SELF_TEST_PORTRAIT, InsightFaceEngine
from hardware.face.pack import Pack, load
from tests.hardware.face.rig import laboratory_pack


@pytest.fixture
def pack(tmp_path) -> Pack:
    return load(laboratory_pack(tmp_path), is_laboratory=True)


def changed(pack: Pack, part: str, **values) -> Pack:
    manifest = msgspec.structs.replace(
        pack.manifest, **{part: msgspec.structs.replace(getattr(pack.manifest, part), **values)}
    )
    return msgspec.structs.replace(pack, manifest=manifest)


@pytest.mark.shared
def test_the_self_test_is_green_with_the_right_pack(pack):
    engine = InsightFaceEngine(pack)
    engine.self_test()
    vector = engine.embed_portrait(SELF_TEST_PORTRAIT.read_bytes())
    assert vector.shape == (512,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("part", "values"),
    [
        ("recognition", {"mean": 0.0, "std": 1.0}),  # 0..255 into a normalised model
        ("recognition", {"mean": 0.0, "std": 255.0}),  # 0..1
        ("recognition", {"dimensions": 128}),
        ("detection", {"score": 0.99}),  # finds no face
    ],
)
def test_the_self_test_goes_red(pack, part, values):
    with pytest.raises(NoModelPack, match="self-test failed"):
        InsightFaceEngine(changed(pack, part, **values)).self_test()


@pytest.mark.shared
def test_the_self_test_goes_red_for_swapped_colours(pack):
    class Swapped(InsightFaceEngine):
        def embed(self, aligned):
            return super().embed(np.ascontiguousarray(aligned[:, :, ::-1]))

    with pytest.raises(NoModelPack, match="agreement"):
        Swapped(pack).self_test()


@pytest.mark.shared
def test_what_is_no_frame_is_refused(pack):
    engine = InsightFaceEngine(pack)
    for frame in (np.zeros((720, 1280), np.uint8), np.zeros((720, 1280, 3), np.float32), np.zeros((0, 0, 3), np.uint8)):
        with pytest.raises(FaceError, match="uint8"):
            engine.detect(frame)


def test_the_worker_s_process_can_reach_no_network(tmp_path):
    """insightface would download its default pack; the guard stops that before a name is even resolved."""
    code = """
from hardware.face.insightface_worker import forbid_network
from insightface.app import FaceAnalysis
import socket
forbid_network()
for attempt in (lambda: FaceAnalysis(name="buffalo_l", root=ROOT), lambda: socket.create_connection(("127.0.0.1", 9))):
    try:
        attempt()
    except RuntimeError as error:
        print("refused", error)
""".replace("ROOT", repr(str(tmp_path)))
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert child.stdout.count("refused socket.") == 2
