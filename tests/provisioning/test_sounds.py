"""Six sounds: of the right format and level, soft at both ends, and no two alike."""

from __future__ import annotations

import itertools
import wave
from pathlib import Path

import numpy as np
import pytest

from hardware.speech import Earcon
from provisioning import sounds


@pytest.mark.parametrize("earcon", Earcon)
def test_format_level_and_soft_ends(tmp_path: Path, earcon: Earcon) -> None:
    sounds.make_sounds(tmp_path)
    with wave.open(str(tmp_path / f"{earcon.value}.wav")) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 22_050)
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype(float) / 32_768
    assert 20 * np.log10(np.abs(samples).max()) == pytest.approx(-12, abs=0.1)
    assert 0.03 <= len(samples) / 22_050 <= 0.8
    one_ms = 22
    assert np.abs(samples[:one_ms]).max() < 0.7 * np.abs(samples).max()
    assert np.abs(samples[-one_ms:]).max() < 0.05 * np.abs(samples).max()


def test_no_two_sounds_are_alike() -> None:
    for one, other in itertools.combinations(Earcon, 2):
        a, b = sounds.synthesise(one).astype(float), sounds.synthesise(other).astype(float)
        size = min(len(a), len(b))
        likeness = abs(np.dot(a[:size], b[:size])) / np.sqrt(np.dot(a[:size], a[:size]) * np.dot(b[:size], b[:size]))
        assert likeness < 0.6 or abs(len(a) - len(b)) > 0.5 * size, (one, other)


def test_same_every_time_and_written_once(tmp_path: Path) -> None:
    assert len(sounds.make_sounds(tmp_path)) == len(Earcon)
    assert sounds.make_sounds(tmp_path) == []
    assert (sounds.synthesise(Earcon.DONE) == sounds.synthesise(Earcon.DONE)).all()
