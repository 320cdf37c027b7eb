"""Every input that was ever worth keeping, through its target; the harness itself, for a moment."""

import importlib
import random
from pathlib import Path

import pytest

from fuzz import __main__ as harness

KEPT = [(name, file) for name in harness.targets() for file in harness.corpus(name)]


@pytest.mark.parametrize(("name", "file"), KEPT, ids=[f"{name}/{file.name}" for name, file in KEPT])
def test_a_kept_input_is_no_finding(name, file):
    harness.one_input(name)(file.read_bytes())


@pytest.mark.parametrize("name", harness.targets())
def test_a_target_has_a_corpus_and_says_where_it_began(name):
    files = {file.name: file for file in harness.corpus(name)}
    for seed, data in importlib.import_module(f"fuzz.fuzz_{name}").seeds().items():
        assert seed in files
        assert isinstance(data, bytes)


def test_nothing_found_is_status_0_and_a_finding_is_kept(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(harness, "FOLDER", tmp_path)
    (tmp_path / "corpus" / "nhi").mkdir(parents=True)
    (tmp_path / "fuzz_nhi.py").touch()
    assert harness.main(["nhi", "--seconds", "0.2", "--plain"]) == 0
    assert "nothing found" in capsys.readouterr().out

    def fails(data: bytes) -> None:
        assert len(data) < 3

    monkeypatch.setattr(harness, "one_input", lambda _name: fails)  # control: a target that has a finding
    assert harness.main(["nhi", "--seconds", "5", "--plain"]) == 1
    (found,) = (tmp_path / "corpus" / "nhi").iterdir()
    assert len(found.read_bytes()) >= 3


def test_a_wrong_name_is_told_the_right_ones(capsys):
    with pytest.raises(SystemExit) as ended:
        harness.main(["nothing"])
    assert ended.value.code == 2
    assert "ssse" in capsys.readouterr().err


def test_mutation_is_seeded_and_bounded():
    one, other = (harness.mutate(b"abc" * 2000, b"xyz", random.Random(5)) for _ in range(2))
    assert one == other
    assert len(one) <= harness.MOST_BYTES
    assert harness.mutate(b"", b"", random.Random(1)) is not None


def test_the_corpora_are_small():
    """They are read at every test: what a fuzzer finds interesting by the thousand stays in its cache."""
    assert sum(file.stat().st_size for _, file in KEPT) < 4_000_000
    assert all(Path(file).stat().st_size <= 256_000 for _, file in KEPT)
