"""Model packs from an address: hashed, as long as was said, over https, and nothing left where it goes wrong."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from hardware.face import NoModelPack
from hardware.face.manifest import read_manifest
from provisioning.models import install
from tests.hardware.face.loose_pack import write_pack
from tests.provisioning import packs
from tests.provisioning.packs import RECIPE, Server, public, tree


@pytest.fixture(scope="module")
def weights() -> Path:
    return packs.weights()


@pytest.mark.shared
@pytest.mark.peer
def test_a_recipe_is_fetched_from_its_addresses(weights, tmp_path):
    """As the public pack is: each file from its address, its length and hash from the recipe, through redirections."""
    text = RECIPE.read_text().replace('permitted_use = "laboratory"', 'permitted_use = "public"')
    with Server(weights) as server:
        for part in read_manifest(RECIPE).parts:
            length = (weights / part.file).stat().st_size
            text = text.replace(f"size_bytes = {length}\n", "")
            text = text.replace(
                f'file = "{part.file}"',
                f'file = "{part.file}"\nurl = "{server.url}/elsewhere/{part.file}"\nsize_bytes = {length}',
            )
        (tmp_path / "recipe.toml").write_text(text)
        said = []
        pack = install(str(tmp_path / "recipe.toml"), tmp_path / "store", is_laboratory=False, say=said.append)
        assert sum("fetching" in line for line in said) == 3
        again = install(str(tmp_path / "recipe.toml"), tmp_path / "store", is_laboratory=False)
    assert tree(pack.folder) == tree(again.folder)


@pytest.mark.shared
@pytest.mark.peer
def test_an_archive_at_an_address_needs_its_hash(weights, tmp_path):
    folder, root = public(weights, tmp_path / "pack"), tmp_path / "www"
    root.mkdir()
    with zipfile.ZipFile(root / "pack.zip", "w") as opened:
        for path in folder.iterdir():
            opened.write(path, path.name)
    digest = hashlib.sha256((root / "pack.zip").read_bytes()).hexdigest()
    with Server(root) as server:
        url, store = f"{server.url}/pack.zip", tmp_path / "store"
        with pytest.raises(NoModelPack, match="--sha256"):
            install(url, store, is_laboratory=False)
        with pytest.raises(NoModelPack, match="another file lies there"):
            install(url, store, is_laboratory=False, sha256="0" * 64)
        assert tree(store) == {}
        assert install(url, store, is_laboratory=False, sha256=digest).model == "lab-mobilefacenet 1"


@pytest.mark.peer
@pytest.mark.parametrize(
    ("place", "named"),
    [
        ("missing.onnx", "answered 404"),
        ("short/detector.onnx", "cannot be fetched|cut short"),
        ("elsewhere/evil", "not an https address"),
        ("round", "redirects without end"),
        ("recogniser.onnx", "another file lies there|longer than|cut short"),
    ],
)
def test_downloads_that_go_wrong(tmp_path, place, named):
    folder = write_pack(tmp_path / "pack")
    with Server(folder) as server:
        text = (folder / "manifest.toml").read_text()
        recipe = tmp_path / "recipe.toml"
        recipe.write_text(
            text.replace('file = "detector.onnx"', f'file = "detector.onnx"\nurl = "{server.url}/{place}"')
        )
        with pytest.raises(NoModelPack, match=named) as caught:
            install(str(recipe), tmp_path / "store", is_laboratory=False)
    assert "http://" in str(caught.value)
    assert tree(tmp_path / "store") == {}


@pytest.mark.peer
def test_more_bytes_than_the_recipe_says(tmp_path):
    folder = write_pack(tmp_path / "pack")
    with Server(folder) as server:
        text = (folder / "manifest.toml").read_text()
        more = f'file = "detector.onnx"\nsize_bytes = 3\nurl = "{server.url}/detector.onnx"'
        (tmp_path / "recipe.toml").write_text(text.replace('file = "detector.onnx"', more))
        with pytest.raises(NoModelPack, match="longer than 3"):
            install(str(tmp_path / "recipe.toml"), tmp_path / "store", is_laboratory=False)


@pytest.mark.parametrize("url", ["http://192.0.2.1/pack.zip", "ftp://example.org/pack.zip", "file:///etc/passwd"])
def test_only_https_but_from_this_computer(tmp_path, url):
    with pytest.raises(NoModelPack, match="not an https address"):
        install(url, tmp_path / "store", is_laboratory=False, sha256="0" * 64)


def test_nobody_is_there(tmp_path):
    with Server(tmp_path) as gone:
        pass
    with pytest.raises(NoModelPack, match="cannot be fetched") as caught:
        install(f"{gone.url}/pack.zip", tmp_path / "store", is_laboratory=False, sha256="0" * 64)
    assert "install from a folder" in str(caught.value)
