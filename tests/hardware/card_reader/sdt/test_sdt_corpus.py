"""What fuzzing found worth keeping, and random changes of it: one error type, or a document."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.fuzz_sdt import WAYS, one_input, seeds

CORPUS = sorted((Path(__file__).parents[4] / "fuzz" / "corpus" / "sdt").iterdir())


@pytest.mark.parametrize("kept", CORPUS, ids=lambda path: path.name)
def test_the_kept_corpus(kept):
    one_input(kept.read_bytes())


def test_the_corpus_holds_what_it_began_with():
    kept = {path.name: path.read_bytes() for path in CORPUS}
    assert {name: kept.get(name) for name in seeds()} == seeds()


@pytest.mark.parametrize("name", [name for name in seeds() if not name.startswith("frame") and "_cut" not in name])
def test_what_it_began_with_is_read_to_the_end(name):
    data = seeds()[name]
    WAYS[data[0]](data[1:])  # no error is held back here


def test_the_corpus_knows_every_way_in():
    assert {path.read_bytes()[0] for path in CORPUS} == set(range(len(WAYS)))


@given(st.sampled_from([path.read_bytes() for path in CORPUS]), st.data())
def test_what_is_kept_with_some_bytes_changed(kept, data):
    changed = bytearray(kept)
    for at in data.draw(st.lists(st.integers(0, len(changed) - 1), max_size=6)):
        changed[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(changed)))
    one_input(bytes(changed[:cut]))


@given(st.binary(max_size=2000))
def test_any_bytes(data):
    one_input(data)
