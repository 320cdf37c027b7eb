"""Fixed sentences can be prepared; what is silent, damaged or cut short is found; what nobody says any more goes."""

from __future__ import annotations

import array
import wave
from pathlib import Path

import pytest

from hardware.speech import RATES
from hardware.speech.prepared import Prepared
from hardware.speech.queue import split_sentences
from hardware.speech.synthesiser import RATE_HZ
from provisioning.speech import fault_of, fixed_sentences, prepare, sweep


def write(path: Path, seconds: float, loudness: int) -> None:
    path.parent.mkdir(exist_ok=True)
    samples = array.array("h", (loudness if at // 50 % 2 else -loudness for at in range(int(seconds * RATE_HZ))))
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        sound.writeframes(samples.tobytes())


def test_every_fixed_sentence_of_both_languages_is_there() -> None:
    texts = fixed_sentences()
    assert ("请把证件或护照放在读卡区", "zh") in texts
    assert ("Please lay down your card or passport", "en") in texts
    assert {language for _, language in texts} == {"zh", "en"}
    english, chinese = ([text for text, one in texts if one == language] for language in ("en", "zh"))
    assert len(english) == pytest.approx(len(chinese), abs=3)  # joining commas differ
    assert not [text for text, _ in texts if "{" in text], "values of a visit are no fixed sentence"
    assert not [text for text in english if any("\u4e00" <= letter <= "\u9fff" for letter in text)]


@pytest.mark.peer
def test_fixed_sentences_come_out_audible_and_whole(tmp_path: Path) -> None:
    """R14, for every fifteenth sentence; ``make setup-booth`` holds all of them to the same."""
    texts = fixed_sentences()[::15]
    done = prepare(texts, tmp_path)
    sentences = [(one, language) for text, language in texts for one in split_sentences(text, language)]
    assert done.made == len(set(sentences))
    prepared = Prepared(tmp_path)
    for sentence, language in sentences:
        found = prepared.find(sentence, language, 100)
        assert found is not None, sentence
        assert fault_of(found, sentence, 100) == ""
    again = prepare(texts[:2], tmp_path)
    assert (again.made, again.seconds) == (0, 0.0)


@pytest.mark.peer
def test_what_is_silent_is_made_anew(tmp_path: Path) -> None:
    path = Prepared(tmp_path).path("您好。", "zh", 100)
    assert path is not None
    write(path, 1.0, 0)
    done = prepare([("您好。", "zh")], tmp_path)
    assert (done.made, done.found) == (1, 0)
    assert fault_of(path, "您好。", 100) == ""


@pytest.mark.parametrize(
    ("seconds", "loudness", "rate", "fault"),
    [
        (1.2, 3000, 100, ""),
        (0.6, 3000, 200, ""),
        (2.4, 3000, 50, ""),
        (1.2, 100, 100, "too quiet"),
        (0.1, 3000, 100, "0.1 s for 5 letters"),
        (9.0, 3000, 100, "9.0 s for 5 letters"),
        (9.0, 3000, 200, "18.0 s for 5 letters"),
    ],
)
def test_faults_of_sounds(tmp_path: Path, seconds: float, loudness: int, rate: int, fault: str) -> None:
    write(tmp_path / "one.wav", seconds, loudness)
    found = fault_of(tmp_path / "one.wav", "五个字的话", rate)
    assert found.startswith(fault)
    assert bool(found) == bool(fault)


def test_damaged_and_missing_sounds(tmp_path: Path) -> None:
    (tmp_path / "one.wav").write_bytes(b"RIFF")
    assert fault_of(tmp_path / "one.wav", "您好", 100) == "no whole WAV file"
    assert fault_of(tmp_path / "two.wav", "您好", 100) == "it is not there"


def test_sweep_leaves_what_is_said_at_every_rate(tmp_path: Path) -> None:
    prepared = Prepared(tmp_path)
    for rate in RATES:
        path = prepared.path("您好。", "zh", rate)
        assert path is not None
        path.touch()
    (tmp_path / "zh-of-yesterday.wav").touch()
    assert sweep([("您好。", "zh")], tmp_path) == 1
    assert len(list(tmp_path.iterdir())) == len(RATES)
