"""The engines in this process: the self-test goes red for what would silently "run"; what is no frame is named."""

import shutil
import warnings

import cv2
import msgspec
import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from hardware.face import FaceError, NoModelPack
from hardware.face.engines import Picture, alignment, load_engine, self_test
from hardware.face.engines.composed import ComposedEngine
from hardware.face.pack import Pack, load
from tests.hardware.face.rig import assembled, photograph

RECIPES = ("lab-edgeface", "lab-yunet-edgeface", "lab-mobilefacenet")
pytestmark = pytest.mark.shared


@pytest.fixture(scope="module", params=RECIPES)
def pack(request, tmp_path_factory) -> Pack:
    return load(assembled(request.param, tmp_path_factory.mktemp("packs")), is_laboratory=True)


@pytest.fixture(scope="module")
def engine(pack) -> ComposedEngine:
    return load_engine(pack)


@pytest.fixture(scope="module")
def yunet(tmp_path_factory) -> Pack:
    return load(assembled("lab-yunet-edgeface", tmp_path_factory.mktemp("packs")), is_laboratory=True)


def changed(pack: Pack, part: str, **values) -> Pack:
    section = msgspec.structs.replace(getattr(pack.manifest, part), **values)
    return msgspec.structs.replace(pack, manifest=msgspec.structs.replace(pack.manifest, **{part: section}))


def picture(name: str) -> Picture:
    return cv2.imdecode(np.frombuffer(photograph(name), np.uint8), cv2.IMREAD_COLOR)


def test_the_self_test_is_green_and_nothing_is_said(pack, capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_engine(pack).self_test()
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")


def test_one_person_scores_high_and_two_low(engine):
    def vector(name: str):
        return engine.embed_portrait(photograph(name))

    limits = engine.pack.manifest.thresholds
    assert vector("biden_1.jpg") @ vector("biden_2.jpg") > limits.accept
    assert vector("obama_1.jpg") @ vector("obama_2.jpg") > limits.accept
    assert vector("biden_1.jpg") @ vector("obama_1.jpg") < limits.reject
    assert np.linalg.norm(vector("obama_1.jpg")) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("part", "values"),
    [
        ("recognition", {"mean": 0.0, "std": 1.0}),  # 0..255 into a normalised model
        ("recognition", {"mean": 0.0, "std": 255.0}),  # 0..1
        ("recognition", {"colour_order": "bgr"}),
        ("recognition", {"dimensions": 130}),
        ("detection", {"score": 0.99}),  # finds no face
        ("liveness", {"live_index": 1}),
        ("liveness", {"std": 1.0}),
        ("liveness", {"crop_factor": 1.0}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_the_self_test_goes_red(pack, part, values):
    with pytest.raises(NoModelPack, match="self-test failed"):
        load_engine(changed(pack, part, **values)).self_test()


@pytest.mark.parametrize("values", [{"colour_order": "bgr"}, {"mean": 0.0, "std": 1.0}], ids=["colours", "scaling"])
def test_without_a_promised_vector_only_the_sense_is_checked(yunet, values):
    """SFace could not be run when its recipe was made: nonsense is caught at once, subtle harm by what was measured."""
    blind = changed(yunet, "self_test", embedding="", detection_score=None, live_score=None)
    load_engine(blind).self_test()
    if "std" in values:
        with pytest.raises(NoModelPack, match="no face scores"):
            load_engine(changed(blind, "recognition", **values)).self_test()
    else:
        load_engine(changed(blind, "recognition", **values)).self_test()
        measured = changed(blind, "self_test", embedding=yunet.manifest.self_test.embedding)
        with pytest.raises(NoModelPack, match="agreement"):
            load_engine(changed(measured, "recognition", **values)).self_test()


@pytest.mark.parametrize("size_px", [64, 128])
@pytest.mark.parametrize("part", ["recognition", "liveness"])
def test_a_wrong_input_size_is_named(pack, part, size_px):
    if part == "liveness" and size_px == 128:
        pytest.skip("that is its size")
    with pytest.raises(NoModelPack) as caught:
        load_engine(changed(pack, part, size_px=size_px)).self_test()
    assert caught.value.where


def harmed(pack: Pack, tmp_path, change) -> Pack:
    """The pack with one tensor of its recogniser changed, as if the file had been trained so."""
    folder = shutil.copytree(pack.folder, tmp_path / "harmed")
    path = folder / pack.manifest.recognition.file
    model = onnx.load(str(path))
    tensors = [t for t in model.graph.initializer if t.data_type == onnx.TensorProto.FLOAT and len(t.dims) > 1]
    tensors[0].CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(tensors[0])), tensors[0].name))
    onnx.save(model, str(path))
    return msgspec.structs.replace(pack, folder=folder)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda weights: np.full_like(weights, np.nan), "agreement|no numbers"),
        (lambda weights: weights[::-1].copy(), "agreement"),
        (np.zeros_like, "agreement|no numbers"),
    ],
    ids=["nan", "swapped", "zero"],
)
def test_weights_that_are_not_those(pack, tmp_path, change, named):
    with pytest.raises(NoModelPack, match=named):
        load_engine(harmed(pack, tmp_path, change)).self_test()


def test_weights_untouched_by_the_same_way_stay_green(pack, tmp_path):
    load_engine(harmed(pack, tmp_path, lambda weights: weights)).self_test()


@pytest.mark.parametrize("part", ["detection", "recognition", "liveness"])
@pytest.mark.parametrize("harm", ["junk", "truncated", "another"])
def test_files_that_are_no_such_models(pack, tmp_path, part, harm):
    folder = shutil.copytree(pack.folder, tmp_path / "pack")
    path = folder / getattr(pack.manifest, part).file
    data = path.read_bytes()
    other = {"detection": "recognition", "recognition": "liveness", "liveness": "detection"}[part]
    swapped = (folder / getattr(pack.manifest, other).file).read_bytes()
    path.write_bytes({"junk": b"no model", "truncated": data[: len(data) // 2], "another": swapped}[harm])
    with pytest.raises(NoModelPack) as caught:
        load_engine(msgspec.structs.replace(pack, folder=folder)).self_test()
    assert str(folder) in str(caught.value)
    assert "install" in str(caught.value)


FRAMES = {
    "grey": np.zeros((720, 1280), np.uint8),
    "bgra": np.zeros((720, 1280, 4), np.uint8),
    "float": np.zeros((720, 1280, 3), np.float32),
    "nan": np.full((720, 1280, 3), np.nan, np.float32),
    "empty": np.zeros((0, 0, 3), np.uint8),
    "thin": np.zeros((2, 1280, 3), np.uint8),
    "huge": np.broadcast_to(np.zeros((1, 1, 3), np.uint8), (9000, 9000, 3)),
    "none": None,
}


@pytest.mark.parametrize("name", FRAMES)
def test_what_is_no_frame_is_refused(engine, name):
    with pytest.raises(FaceError, match="no frame" if name == "none" else r"uint8 HxWx3"):
        engine.detect(FRAMES[name])


def test_what_is_no_aligned_face_is_refused(engine):
    for wrong in (
        np.zeros((112, 112), np.uint8),
        np.zeros((96, 112, 3), np.uint8),
        np.zeros((112, 112, 3), np.float32),
    ):
        with pytest.raises(FaceError, match="no aligned face"):
            engine.embed(wrong)


def test_nobody_and_frames_of_changing_size(engine):
    assert engine.detect(np.full((720, 1280, 3), 120, np.uint8)) == []
    whole = picture("obama_1.jpg")
    sizes = (1.0, 0.5, 0.37, 1.0)
    for share in sizes:
        seen = cv2.resize(whole, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        best = engine.detect(seen)[0]
        assert best.centre[0] / seen.shape[1] == pytest.approx(0.5, abs=0.12)
        assert engine.embed(engine.align(seen, best)) @ engine.embed_portrait(photograph("obama_2.jpg")) > 0.4


def test_frames_that_are_views_are_seen_alike(engine):
    whole = picture("obama_1.jpg")
    mirrored = whole[:, ::-1]
    assert not mirrored.flags.c_contiguous
    best, same = engine.detect(mirrored)[0], engine.detect(mirrored.copy())[0]
    assert best == same


@pytest.mark.parametrize("roll_deg", [-30, -15, 15, 30])
def test_a_tilted_head_is_looked_at_again(engine, roll_deg):
    """Detectors place the points of a tilted head badly: turned upright it looks like itself again."""
    whole = cv2.resize(picture("obama_2.jpg"), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    height, width = whole.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), roll_deg, 0.8)
    tilted = np.asarray(cv2.warpAffine(whole, turn, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    reference = engine.embed(engine.align(whole, engine.detect(whole)[0]))
    seen = engine.detect(tilted)[0]
    at_first = engine.embed(alignment.cut(tilted, seen.points)) @ reference
    turned = engine.embed(engine.align(tilted, seen)) @ reference
    assert turned > 0.85
    assert turned > at_first - 0.02


def test_alive_and_two_attacks(engine):
    """Sample pictures of one bona fide and two attack presentations: a smoke test, no error rate."""
    from tests.hardware.face.rig import folder_of

    votes = {}
    for name in ("T1", "F1", "F2"):
        frame = cv2.imread(str(folder_of("BOOTH_TEST_FACES") / "pad" / f"mv_image_{name}.jpg"))
        votes[name] = engine.live_score(frame, engine.detect(frame)[0])
    alive = engine.pack.manifest.liveness
    assert votes["T1"] >= alive.live
    assert max(votes["F1"], votes["F2"]) < alive.not_live


def test_a_pack_without_a_passive_model_has_no_vote(yunet):
    bare = msgspec.structs.replace(yunet, manifest=msgspec.structs.replace(yunet.manifest, liveness=None))
    engine = load_engine(bare)
    engine.self_test()
    frame = picture("obama_1.jpg")
    assert engine.live_score(frame, engine.detect(frame)[0]) is None


def test_scrfd_runs_without_the_insightface_package(tmp_path):
    """The onnx engine and insightface read the same nine outputs alike."""
    packed = load(assembled("lab-edgeface", tmp_path), is_laboratory=True)
    plain = load_engine(changed(packed, "pack", engine="onnx"))
    plain.self_test()
    frame = picture("two_people.jpg")
    ours, theirs = plain.detect(frame), load_engine(packed).detect(frame)
    assert len(ours) == len(theirs) >= 2
    for one, other in zip(ours, theirs, strict=True):
        assert np.allclose(one.box, other.box, atol=2)
        assert np.allclose(one.points, other.points, atol=2)
        assert one.score == pytest.approx(other.score, abs=0.02)


def test_the_self_test_s_portrait_ships():
    assert self_test.PORTRAIT.is_file()
