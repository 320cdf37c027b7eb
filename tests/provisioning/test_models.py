"""``booth models``: what is put in place was hashed, is allowed here and was tried out; a refusal changes nothing."""

import gzip
import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from hardware.face import NoModelPack
from hardware.face.calibration import Calibration, write_calibration
from hardware.face.manifest import Thresholds, read_manifest
from hardware.face.pack import load
from provisioning.models import install, installed, recipes
from tests.hardware.face.loose_pack import write_pack
from tests.provisioning import packs
from tests.provisioning.packs import RECIPE, public, tree


@pytest.fixture(scope="module")
def weights() -> Path:
    return packs.weights()


@pytest.mark.shared
def test_a_folder_is_installed_tried_out_and_listed(weights, tmp_path):
    store, said = tmp_path / "store", []
    pack = install(str(public(weights, tmp_path / "pack")), store, is_laboratory=False, say=said.append)
    assert pack.folder == store / "lab-mobilefacenet"
    assert not any(path.is_symlink() for path in pack.folder.iterdir()), "copied, not pointed at"
    assert any("trying" in line for line in said)
    (one,) = installed(store, is_laboratory=False)
    assert (one.folder, one.trouble, one.manifest.pack.permitted_use) == (pack.folder, "", "public")
    assert [path.name for path in store.iterdir() if path.name.startswith(".new")] == []


@pytest.mark.shared
@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "zip-in-a-folder"])
def test_an_archive(weights, tmp_path, kind):
    folder = public(weights, tmp_path / "pack")
    archive = tmp_path / f"pack.{kind.partition('-')[0]}"
    if kind.startswith("zip"):
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
            for path in folder.iterdir():
                opened.write(path, f"some-pack/{path.name}" if "folder" in kind else path.name)
    else:
        with tarfile.open(archive, "w:gz" if kind.endswith("gz") else "w", dereference=True) as opened:
            opened.add(folder, "pack")
    assert install(str(archive), tmp_path / "store", is_laboratory=False).model == "lab-mobilefacenet 1"


@pytest.mark.shared
def test_what_the_recipe_could_not_promise_is_measured_once(weights, tmp_path):
    """SFace's vector is not known to its recipe: the first installation measures it, later starts compare with it."""
    folder = public(weights, tmp_path / "pack")
    manifest = folder / "manifest.toml"
    lines = manifest.read_text().splitlines()
    manifest.write_text("\n".join(line for line in lines if not line.startswith("embedding")) + "\n")
    pack = install(str(folder), tmp_path / "store", is_laboratory=False)
    assert read_manifest(pack.folder / "manifest.toml").self_test.embedding == ""
    assert pack.manifest.self_test.embedding == read_manifest(RECIPE).self_test.embedding
    (pack.folder / "self_test.json").write_text('{"scoring": "other weights", "embedding": ""}')
    with pytest.raises(NoModelPack, match=r"other weights.*self_test\.json"):
        load(pack.folder)


def calibration(folder: Path, **changes) -> None:
    manifest = read_manifest(folder / "manifest.toml")
    given = {
        "pack": "any", "scoring": manifest.scoring, "recogniser_sha256": manifest.recognition.sha256,
        "made_on": "2026-01-31", "wanted_fmr": 1e-3, "thresholds": Thresholds(0.5, 0.4, 0.95), "curves": (),
    } | changes  # fmt: skip
    write_calibration(folder / "calibration.json", Calibration(**given))


@pytest.mark.shared
def test_an_update_keeps_the_calibration_that_still_belongs_and_the_pack_of_before(weights, tmp_path):
    store = tmp_path / "store"
    first = install(str(public(weights, tmp_path / "one")), store, is_laboratory=False)
    calibration(first.folder)
    second = install(str(public(weights, tmp_path / "two", version="2")), store, is_laboratory=False)
    assert (second.model, second.calibrated_on) == ("lab-mobilefacenet 2", "2026-01-31")
    assert second.manifest.thresholds.accept == 0.5
    assert load(store / "lab-mobilefacenet.previous").model == "lab-mobilefacenet 1"
    other = public(weights, tmp_path / "three", version="3")
    text = (other / "manifest.toml").read_text()
    (other / "manifest.toml").write_text(text.replace("size_px = 640", "size_px = 480"))
    said = []
    third = install(str(other), store, is_laboratory=False, say=said.append)
    assert third.calibrated_on == ""
    assert any("not kept" in line for line in said)


# -- refusing ---------------------------------------------------------------------------------------------------------


@pytest.mark.shared
def test_a_refusal_leaves_what_was_installed(weights, tmp_path):
    store = tmp_path / "store"
    install(str(public(weights, tmp_path / "good")), store, is_laboratory=False)
    before = tree(store)
    altered = public(weights, tmp_path / "altered")
    recogniser = altered / read_manifest(RECIPE).recognition.file
    data = recogniser.read_bytes()
    recogniser.unlink()
    recogniser.write_bytes(data[:-1])
    with pytest.raises(NoModelPack, match=recogniser.name):
        install(str(altered), store, is_laboratory=False)
    wrong = public(weights, tmp_path / "wrong")  # hashed, allowed, and yet not what it promises
    text = (wrong / "manifest.toml").read_text()
    (wrong / "manifest.toml").write_text(
        text.replace('colour_order = "rgb"\nmean = 127.5', 'colour_order = "bgr"\nmean = 127.5')
    )
    with pytest.raises(NoModelPack, match="self-test failed: agreement"):
        install(str(wrong), store, is_laboratory=False)
    assert tree(store) == before
    assert not list(store.glob(".new-*"))


def test_a_laboratory_s_pack_is_refused_before_the_public(tmp_path):
    folder = write_pack(tmp_path / "pack", permitted_use="laboratory")
    archive = tmp_path / "pack.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for path in folder.iterdir():
            opened.write(path, path.name)
    for source in (str(folder), str(archive), "lab-edgeface"):
        with pytest.raises(NoModelPack, match="laboratory only"):
            install(source, tmp_path / "store", is_laboratory=False)
    assert tree(tmp_path / "store") == {}


def test_weights_that_are_no_models_are_refused_by_their_trial(tmp_path):
    with pytest.raises(NoModelPack, match="engine cannot use"):
        install(str(write_pack(tmp_path / "pack")), tmp_path / "store", is_laboratory=False)
    assert tree(tmp_path / "store") == {}


def test_a_recipe_without_addresses(tmp_path):
    with pytest.raises(NoModelPack, match=r"no address.*put recipe"):
        install("lab-edgeface", tmp_path / "store", is_laboratory=True)
    with pytest.raises(NoModelPack, match=r"no such folder.*public-sface"):
        install("public-sfaec", tmp_path / "store", is_laboratory=True)


def hostile(kind: str, folder: Path, path: Path) -> None:
    """Archives as nobody means well."""
    manifest = (folder / "manifest.toml").read_bytes()
    if kind in ("climbing", "twice", "crowd", "missing", "extra", "bomb"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
            opened.writestr("manifest.toml", manifest if kind != "bomb" else bytes(8 << 20))  # a kilobyte, packed
            if kind == "climbing":
                opened.writestr("../../escaped.onnx", b"x")
            elif kind == "twice":
                opened.writestr("inner/manifest.toml", manifest)
            elif kind == "extra":
                for name in ("detector.onnx", "recogniser.onnx", "passive.onnx", "more.onnx"):
                    opened.writestr(name, b"x")
            elif kind == "crowd":
                for number in range(100):
                    opened.writestr(f"{number}.txt", b"")
    elif kind == "link":
        with tarfile.open(path, "w") as opened:
            opened.add(folder / "manifest.toml", "manifest.toml")
            for name in ("detector.onnx", "recogniser.onnx", "passive.onnx"):
                info = tarfile.TarInfo(name)
                info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
                opened.addfile(info)
    elif kind == "header":  # a header that says it is 8 GiB long
        info = tarfile.TarInfo("x")
        info.type, info.size = tarfile.XHDTYPE, 8 << 30
        path.write_bytes(gzip.compress(info.tobuf() + bytes(4 << 20)))
    elif kind == "truncated":
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as opened:
            opened.add(folder, "pack")
        path.write_bytes(buffer.getvalue()[:-200])
    else:
        path.write_bytes(b"no archive at all")


@pytest.mark.parametrize(
    "kind",
    ["climbing", "twice", "crowd", "missing", "extra", "bomb", "link", "header", "truncated", "junk"],
)
def test_hostile_archives(tmp_path, kind):
    path = tmp_path / "pack.archive"
    hostile(kind, write_pack(tmp_path / "pack"), path)
    with pytest.raises(NoModelPack) as caught:
        install(str(path), tmp_path / "store", is_laboratory=False)
    assert str(path) in str(caught.value)
    assert tree(tmp_path / "store") == {}
    assert not (tmp_path.parent / "escaped.onnx").exists()


def test_two_installations_at_once(tmp_path):
    store = tmp_path / "store"
    store.mkdir()
    code = (
        "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX);"
        "print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(store / ".lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(NoModelPack, match="another installation"):
            install(str(write_pack(tmp_path / "pack")), store, is_laboratory=False)
        holder.stdin.close()


# -- the command ------------------------------------------------------------------------------------------------------


def booth(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "booth", *arguments], capture_output=True, text=True, check=False)


@pytest.mark.shared
def test_the_command(weights, tmp_path):
    store, folder = tmp_path / "store", public(weights, tmp_path / "pack")
    done = booth("models", "install", str(folder), "--store", str(store))
    assert done.returncode == 0, done.stderr
    assert "licence:" in done.stdout
    assert 'face.pack = "' in done.stdout
    listed = booth("models", "list", "--store", str(store)).stdout
    for said in (
        "lab-mobilefacenet 1",
        "public use",
        "whole",
        "not calibrated",
        "licence:",
        str(store),
        "public-sface",
    ):
        assert said in listed
    (store / "lab-mobilefacenet" / read_manifest(RECIPE).recognition.file).write_bytes(b"altered")
    assert "altered or are others" in booth("models", "list", "--store", str(store)).stdout


def test_the_command_refuses_in_one_line(tmp_path):
    done = booth(
        "models",
        "install",
        str(write_pack(tmp_path / "pack", permitted_use="laboratory")),
        "--store",
        str(tmp_path / "s"),
    )
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "laboratory only" in done.stderr


def test_the_public_recipe_is_complete():
    """It cannot be fetched where tests run: its lengths and hashes are the publisher's."""
    manifest = read_manifest(recipes()["public-sface"])
    assert manifest.pack.permitted_use == "public"
    assert all(part.url.startswith("https://") and part.size_bytes for part in manifest.parts)
    assert manifest.recognition.sha256 == "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79"
    assert manifest.recognition.size_bytes == 38_696_353
    assert manifest.detection.sha256 == "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
