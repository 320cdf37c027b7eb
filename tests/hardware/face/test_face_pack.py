"""Model packs: nothing is believed that was not hashed; every refusal names file and cure."""

import subprocess
import sys

import pytest

from hardware.face import NoModelPack
from hardware.face.pack import assemble, load, read_manifest
from tests.hardware.face.loose_pack import RECIPES, manifest, write_pack, write_weights


def test_a_whole_pack_loads(tmp_path):
    pack = load(write_pack(tmp_path / "pack", name="demo", version="7"))
    assert pack.model == "demo 7"
    assert pack.manifest.thresholds.accept == 0.384


def test_every_shipped_recipe_is_a_manifest():
    recipes = list(RECIPES.glob("*.toml"))
    assert recipes
    for recipe in recipes:
        assert read_manifest(recipe).pack.permitted_use in ("public", "laboratory")


def test_a_laboratory_pack_never_serves_the_public(tmp_path):
    folder = write_pack(tmp_path / "pack", permitted_use="laboratory")
    with pytest.raises(NoModelPack, match="laboratory only"):
        load(folder)
    assert load(folder, is_laboratory=True)


@pytest.mark.parametrize("name", ["detector.onnx", "recogniser.onnx", "passive.onnx"])
@pytest.mark.parametrize("harm", ["alter", "truncate", "remove"])
def test_weights_that_are_not_as_promised(tmp_path, name, harm):
    folder = write_pack(tmp_path / "pack")
    file = folder / name
    data = file.read_bytes()
    if harm == "remove":
        file.unlink()
    else:
        file.write_bytes(data[:-1] if harm == "truncate" else bytes([data[0] ^ 1]) + data[1:])
    with pytest.raises(NoModelPack, match="weights") as caught:
        load(folder)
    assert str(file) in str(caught.value)
    assert "install the pack again" in str(caught.value)


def test_weights_beside_the_manifest_are_refused(tmp_path):
    folder = write_pack(tmp_path / "pack")
    (folder / "aaa.onnx").write_bytes(b"the engine would take me first")
    with pytest.raises(NoModelPack, match=r"does not name.*aaa\.onnx"):
        load(folder)


@pytest.mark.parametrize(
    ("line", "instead", "named"),
    [
        ("accept = 0.384", 'accept = "high"', r"\$\.thresholds\.accept"),
        ("accept = 0.384", "accept = 0.1", "reject <= accept"),
        ("roll_max_deg = 20.0", "", "roll_max_deg"),
        ("roll_max_deg = 20.0", "roll_max_deg = 20.0\nextra = 1", "extra"),
        ('engine = "insightface"', 'engine = "magic"', "engine"),
        ('file = "detector.onnx"', 'file = "../detector.onnx"', "not the name"),
        ("[pack]", "[pack", "not a manifest"),
    ],
)
def test_a_broken_manifest_names_the_key(tmp_path, line, instead, named):
    folder = write_pack(tmp_path / "pack")
    text = manifest()
    assert line in text
    (folder / "manifest.toml").write_text(text.replace(line, instead))
    with pytest.raises(NoModelPack, match=named) as caught:
        load(folder)
    assert "manifest.toml" in str(caught.value)


def test_no_manifest_and_no_folder(tmp_path):
    with pytest.raises(NoModelPack, match=r"booth\.toml"):
        load(None)
    with pytest.raises(NoModelPack, match="does not exist"):
        load(tmp_path / "nowhere")
    with pytest.raises(NoModelPack, match="booth models install"):
        load(write_weights(tmp_path / "flat"))


def test_assemble_copies_what_it_verified(tmp_path):
    weights, recipe, target = write_weights(tmp_path / "models"), tmp_path / "recipe.toml", tmp_path / "run" / "pack"
    recipe.write_text(manifest())
    assert assemble(recipe, weights, target) == target
    assert sorted(file.name for file in target.iterdir()) == [
        "detector.onnx",
        "manifest.toml",
        "passive.onnx",
        "recogniser.onnx",
    ]
    made = (target / "manifest.toml").stat().st_ino
    assemble(recipe, weights, target)
    assert (target / "manifest.toml").stat().st_ino == made, "a whole pack is left alone"
    (target / "detector.onnx").write_bytes(b"damaged")
    assemble(recipe, weights, target)
    assert load(target)
    assert list(target.parent.iterdir()) == [target], "nothing half-made is left"


def test_assemble_from_altered_weights_leaves_the_target_alone(tmp_path):
    weights, recipe, target = write_weights(tmp_path / "models"), tmp_path / "recipe.toml", tmp_path / "pack"
    recipe.write_text(manifest())
    assemble(recipe, weights, target)
    recipe.write_text(manifest(version="2"))
    (weights / "recogniser.onnx").write_bytes(b"altered")
    with pytest.raises(NoModelPack, match=r"recogniser\.onnx"):
        assemble(recipe, weights, target)
    assert load(target).manifest.pack.version == "1"


def test_the_command_says_what_is_wrong_in_one_line(tmp_path):
    folder = write_pack(tmp_path / "pack", permitted_use="laboratory")
    command = [sys.executable, "-m", "hardware.face.pack", "check", str(folder)]
    refused = subprocess.run(command, check=False, capture_output=True, text=True)
    assert refused.returncode == 1
    assert "laboratory only" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert subprocess.run([*command, "--laboratory"], check=False, capture_output=True).returncode == 0
