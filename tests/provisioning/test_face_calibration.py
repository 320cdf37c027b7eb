"""``booth face calibrate``: pairs in, thresholds out that so many pairs can support; anything else is refused."""

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from hardware.face import NoModelPack
from hardware.face.calibration import CALIBRATION, Calibration, Curve, read_calibration, write_calibration
from hardware.face.manifest import Thresholds
from hardware.face.pack import load
from provisioning.face_calibration import CalibrationError, Scored, Trial, calibrate, cross_all, read_pairs, score_pairs
from provisioning.face_curves import HEIGHT_PX, WIDTH_PX, draw
from tests.hardware.face.loose_pack import write_pack
from tests.hardware.face.rig import assembled, folder_of

RNG = np.random.default_rng(3)
TODAY = dt.date(2026, 1, 31)


class LooseEngine:
    """As much of an engine as choosing thresholds needs: its pack."""

    def __init__(self, folder: Path) -> None:
        self.pack = load(write_pack(folder))


def people(folder: Path, count: int, pictures: int, spread: float = 0.05) -> tuple[list[Trial], dict]:
    """``count`` people with ``pictures`` each, as files without content and vectors around a place of their own."""
    vectors, trials = {}, []
    for person in range(count):
        centre = RNG.normal(size=64)
        centre /= np.linalg.norm(centre)
        paths = [folder / f"person{person:03}" / f"{number}.jpg" for number in range(pictures)]
        for path in paths:
            vector = centre + spread * RNG.normal(size=64)
            vectors[path] = (vector / np.linalg.norm(vector)).astype("f4")
        trials.append(Trial(True, paths[0], (paths[1],)))
    return trials, vectors


def test_pairs_are_read_with_their_folder(tmp_path):
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (tmp_path / name).write_bytes(b"x")
    file = tmp_path / "pairs.csv"
    file.write_text("same,a,b\n1,a.jpg,b.jpg\n0,a.jpg,b.jpg|c.jpg\n")
    assert read_pairs(file) == [
        Trial(True, tmp_path / "a.jpg", (tmp_path / "b.jpg",)),
        Trial(False, tmp_path / "a.jpg", (tmp_path / "b.jpg", tmp_path / "c.jpg")),
    ]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "columns same,a,b"),
        ("same,a,b\n", "no pairs"),
        ("same,left,right\n1,a.jpg,a.jpg\n", "columns same,a,b"),
        ("same,a,b\n1,a.jpg,a.jpg\nyes,a.jpg,a.jpg\n", "line 3: same must be 0 or 1"),
        ("same,a,b\n1,a.jpg\n", "line 2"),
        ("same,a,b\n1,a.jpg,nobody.jpg\n", "line 2: no such picture"),
        ("same,a,b\n1,\xff\xfe,a.jpg\n", "cannot be read|no such picture"),
    ],
)
def test_pairs_that_cannot_be_read(tmp_path, text, named):
    (tmp_path / "a.jpg").write_bytes(b"x")
    file = tmp_path / "pairs.csv"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(CalibrationError, match=named):
        read_pairs(file)
    with pytest.raises(CalibrationError, match="cannot be read"):
        read_pairs(tmp_path / "nothing.csv")


def test_all_pairs_are_crossed_once_and_fused(tmp_path):
    trials, vectors = people(tmp_path, 10, 4)
    single, fused = cross_all(trials, vectors)
    assert (single.frames, single.genuine.size, single.impostor.size) == (1, 10 * 6, 40 * 39 // 2 - 60)
    assert (fused.frames, fused.genuine.size, fused.impostor.size) == (3, 10, 10 * 36)
    assert fused.genuine.mean() > single.genuine.mean(), "the mean of three is nearer to a fourth"
    assert single.genuine.min() > single.impostor.max()


def test_rows_that_contradict_the_folders(tmp_path):
    trials, vectors = people(tmp_path, 3, 2)
    wrong = Trial(False, trials[0].reference, trials[0].probe)
    with pytest.raises(CalibrationError, match=r"two people.*folder a person"):
        cross_all([*trials, wrong], vectors)


def test_pairs_are_scored_by_frames_and_lost_pictures_left_out(tmp_path):
    _, vectors = people(tmp_path, 2, 4)
    paths = sorted(vectors)
    trials = [
        Trial(True, paths[0], (paths[1],)),
        Trial(False, paths[0], (paths[5],)),
        Trial(True, paths[0], tuple(paths[1:4])),
        Trial(True, paths[0], (tmp_path / "no-face.jpg",)),
    ]
    single, fused = score_pairs(trials, vectors)
    assert (single.frames, single.genuine.size, single.impostor.size) == (1, 1, 1)
    assert (fused.frames, fused.genuine.size, fused.impostor.size) == (3, 1, 0)
    assert fused.genuine[0] > 0.8


def test_thresholds_that_the_pairs_support(tmp_path):
    engine = LooseEngine(tmp_path / "pack")
    trials, vectors = people(tmp_path, 100, 4)
    scored = cross_all(trials, vectors)
    made = calibrate(engine, scored, fmr=1e-3, fnmr=1e-2, on=TODAY)
    assert -1 < made.thresholds.reject <= made.thresholds.accept < made.thresholds.suspicious
    assert (made.made_on, made.scoring) == ("2026-01-31", engine.pack.manifest.scoring)
    assert made.recogniser_sha256 == engine.pack.manifest.recognition.sha256
    assert [one.frames for one in made.curves] == [1, 3]
    for one in scored:
        assert (one.impostor >= made.thresholds.accept).mean() <= 1e-3
    draw(scored, made.thresholds, "a title", tmp_path / "curves.png")
    with Image.open(tmp_path / "curves.png") as drawn:
        assert drawn.size == (WIDTH_PX, HEIGHT_PX)
        colours = {colour for _, colour in drawn.convert("RGB").getcolors(1 << 20)}
    assert {(0xB3, 0x26, 0x1E), (0x1A, 0x5F, 0xB4)} <= colours, "both curves are there"


def test_thresholds_that_they_do_not_support_are_refused(tmp_path):
    engine = LooseEngine(tmp_path / "pack")
    scored = cross_all(*people(tmp_path, 20, 2))
    with pytest.raises(CalibrationError, match=r"cannot be shown with 760.*rule of three.*--all-pairs"):
        calibrate(engine, scored, fmr=1e-3, fnmr=0.2, on=TODAY)
    with pytest.raises(CalibrationError, match=r"false non-match rate of 0\.01 cannot be shown with 20"):
        calibrate(engine, scored, fmr=1e-2, fnmr=1e-2, on=TODAY)
    alike = Scored(1, RNG.uniform(0.9, 1, 5000).astype("f4"), RNG.uniform(0.9, 1, 5000).astype("f4"))
    with pytest.raises(CalibrationError, match="does not tell these people apart"):
        calibrate(engine, [alike], fmr=1e-3, fnmr=1e-2, on=TODAY)


# -- the file ---------------------------------------------------------------------------------------------------------


def made_for(folder: Path, **changes) -> Calibration:
    pack = load(folder)
    given = Calibration(
        pack=pack.model, scoring=pack.manifest.scoring, recogniser_sha256=pack.manifest.recognition.sha256,
        made_on="2026-01-31", wanted_fmr=1e-3, thresholds=Thresholds(0.5, 0.4, 0.95), curves=(Curve(1, 1, 1, 0.0, ()),),
    )  # fmt: skip
    return msgspec.structs.replace(given, **changes)


def test_a_calibration_goes_before_the_manifest_s_thresholds(tmp_path):
    folder = write_pack(tmp_path / "pack")
    before = load(folder)
    write_calibration(folder / CALIBRATION, made_for(folder))
    pack = load(folder)
    assert (pack.manifest.thresholds.accept, pack.calibrated_on) == (0.5, "2026-01-31")
    assert pack.sha256 != before.sha256, "the audit can tell"
    assert load(folder, is_calibrating=True).manifest == before.manifest
    assert read_calibration(folder, before.manifest).curves[0].frames == 1


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"scoring": "0" * 64}, "other weights or settings"),
        ({"thresholds": Thresholds(0.3, 0.4, 0.95)}, "reject <= accept"),
    ],
)
def test_a_calibration_of_something_else_is_refused(tmp_path, changes, named):
    folder = write_pack(tmp_path / "pack")
    write_calibration(folder / CALIBRATION, made_for(folder, **changes))
    with pytest.raises(NoModelPack, match=named) as caught:
        load(folder)
    assert "booth face calibrate" in str(caught.value)


@pytest.mark.parametrize("text", ["", "{}", '{"pack": 1}', "\xff", "[" * 1000])
def test_a_calibration_that_is_none(tmp_path, text):
    folder = write_pack(tmp_path / "pack")
    (folder / CALIBRATION).write_bytes(text.encode("latin-1"))
    with pytest.raises(NoModelPack, match="not a calibration"):
        load(folder)


def test_other_weights_make_other_scores(tmp_path):
    manifest = load(write_pack(tmp_path / "pack")).manifest
    for part, change in (
        ("detection", {"sha256": "0" * 64}), ("recognition", {"sha256": "0" * 64}), ("recognition", {"mean": 1.0}),
        ("recognition", {"colour_order": "bgr"}), ("detection", {"size_px": 640}), ("pack", {"engine": "onnx"}),
    ):  # fmt: skip
        section = msgspec.structs.replace(getattr(manifest, part), **change)
        assert msgspec.structs.replace(manifest, **{part: section}).scoring != manifest.scoring, change
    renamed = msgspec.structs.replace(manifest, pack=msgspec.structs.replace(manifest.pack, name="other"))
    assert renamed.scoring == manifest.scoring


# -- the command ------------------------------------------------------------------------------------------------------


@pytest.mark.shared
def test_the_command_calibrates_and_refuses(tmp_path):
    """Twelve people of the test photographs: enough for one false match in a hundred, not in a thousand."""
    folder = assembled("lab-mobilefacenet", tmp_path)
    shown = sorted(path for path in (folder_of("BOOTH_TEST_FACES") / "lfw").iterdir() if len(list(path.iterdir())) >= 4)
    rows = ["same,a,b"]
    for person in shown[:12]:
        names = sorted(path.name for path in person.iterdir())[:4]
        (tmp_path / person.name).mkdir()
        for name in names:
            shutil.copyfile(person / name, tmp_path / person.name / name)
        rows += [f"1,{person.name}/{names[0]},{person.name}/{name}" for name in names[1:]]
    (tmp_path / "pairs.csv").write_text("\n".join(rows) + "\n")
    command = [
        sys.executable, "-m", "booth", "face", "calibrate", str(tmp_path / "pairs.csv"), "--pack", str(folder),
        "--config", str(tmp_path / "none.toml"), "--all-pairs", "--fnmr", "0.2",
    ]  # fmt: skip
    environment = os.environ | {"COLUMNS": "200"}
    refused = subprocess.run([*command, "--fmr", "1e-3"], capture_output=True, text=True, check=False, env=environment)
    assert refused.returncode == 1
    assert "cannot be shown with" in refused.stderr
    assert not (folder / CALIBRATION).exists(), "nothing half-made"
    done = subprocess.run([*command, "--fmr", "1e-2"], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    for said in ("48 pictures", "not independent", "rule of three", "EER", "accept from", "written:"):
        assert said in done.stdout
    assert json.loads((folder / CALIBRATION).read_text())["wanted_fmr"] == 0.01
    assert (folder / "calibration.png").stat().st_size > 5000
    pack = load(folder, is_laboratory=True)
    assert pack.calibrated_on
    assert pack.manifest.thresholds.accept != 0.474
