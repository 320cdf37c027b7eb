"""The real synthesiser in its real worker: audible, the voice that was asked for, nothing left behind."""

from __future__ import annotations

import array
import math
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hardware.device import DeviceError
from hardware.speech import SpeechError
from hardware.speech.player import read_sound
from hardware.speech.prepared import Prepared, store
from hardware.speech.synthesiser import READY_WITHIN_S, Clip, Synthesise, SynthesiserOptions, Voice
from hardware.worker import Worker

SENTENCES = [
    ("您好，欢迎使用。", "zh"),
    ("请选择要办理的业务。", "zh"),
    ("请把社会保障卡放在读卡器上。", "zh"),
    ("请看镜头。", "zh"),
    ("办好了，请取走凭条。", "zh"),
    ("您的编号是B7-000204-6。", "zh"),
    ("有效期到2027年3月31日。", "zh"),
    ("电话13800138000。", "zh"),
    ("不用着急，慢慢来。", "zh"),
    ("请拿好您的卡。", "zh"),
    ("Hello, and welcome.", "en"),
    ("Please choose a service.", "en"),
    ("Please put your card on the reader.", "en"),
    ("Look at the camera.", "en"),
    ("Done. Please take your receipt.", "en"),
    ("Your number is B7-000204-6.", "en"),
    ("Valid until 31 March 2027.", "en"),
    ("Do you need more time?", "en"),
    ("Take your time.", "en"),
    ("Please take your card.", "en"),
]


def make_worker(options: SynthesiserOptions | None = None) -> Worker:
    return Worker("hardware.speech.synthesiser:Synthesiser", options or SynthesiserOptions(), errors=(SpeechError,))


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    worker = make_worker()
    await worker.start()
    yield worker
    await worker.stop()


async def synthesise(worker: Worker, text: str, language: str = "zh", rate: int = 100, keep: str = "") -> Clip:
    wanted = Synthesise(text, language, rate, keep)
    return await worker.call("synthesise", wanted, reply=Clip, within_s=READY_WITHIN_S)


def root_mean_square(samples: array.array[int]) -> float:
    return math.sqrt(sum(value * value for value in samples) / len(samples))


async def test_twenty_sentences_in_a_row_are_audible_plausibly_long_and_leave_no_file(worker: Worker) -> None:
    places = ("/tmp", "/dev/shm")
    before = {place: set(os.listdir(place)) for place in places}
    for text, language in SENTENCES:
        clip = await synthesise(worker, text, language)
        samples = read_sound(clip.wav)
        assert root_mean_square(samples) > 800, text
        assert max(map(abs, samples[:1_000])) > 100, text  # it begins to sound within 45 ms
        assert 0.03 * len(text) < clip.length_s < 0.8 * len(text), text
    left = {name for place in places for name in set(os.listdir(place)) - before[place]}
    assert not [name for name in left if "speech" in name or name.endswith(".wav")]
    assert worker.restarts == 0


async def test_faster_is_shorter(worker: Worker) -> None:
    text = "请把社会保障卡放在读卡器上。"
    slow, normal, fast = [(await synthesise(worker, text, rate=rate)).length_s for rate in (50, 100, 200)]
    assert 1.6 < slow / normal < 2.4
    assert 1.5 < normal / fast < 2.4


async def test_two_languages_are_two_voices(worker: Worker) -> None:
    assert (await synthesise(worker, "123456", "zh")).wav != (await synthesise(worker, "123456", "en")).wav


async def test_unknown_voice_is_an_error_and_not_another_voice() -> None:
    worker = make_worker(SynthesiserOptions({"en": Voice("gmw/en", 160, 1.0), "zh": Voice("no/such-voice", 160, 1.0)}))
    await worker.start()
    try:
        assert (await synthesise(worker, "Hello.", "en")).wav
        with pytest.raises(SpeechError, match="voice 'no/such-voice' is not there") as caught:
            await synthesise(worker, "您好。", "zh")
        assert "espeak-ng" in caught.value.cure
        assert (await synthesise(worker, "Hello.", "en")).wav
    finally:
        await worker.stop()


async def test_errors_never_hold_the_text(worker: Worker) -> None:
    with pytest.raises(DeviceError) as caught:
        await synthesise(worker, "张秀英110105194912310022", "fr")
    assert "no voice for language 'fr'" in str(caught.value)
    assert "张秀英" not in str(caught.value)
    assert "1949" not in str(caught.value)


async def test_a_sound_that_nobody_can_hear_is_an_error_and_is_never_kept(tmp_path: Path) -> None:
    worker = make_worker(SynthesiserOptions({"zh": Voice("sit/cmn-latn-pinyin", 160, 0.0)}))
    await worker.start()
    try:
        with pytest.raises(SpeechError, match="silent"):
            await synthesise(worker, "您好。", keep=str(tmp_path / "kept.wav"))
    finally:
        await worker.stop()
    assert list(tmp_path.iterdir()) == []


async def test_nothing_to_say_is_an_empty_clip(worker: Worker) -> None:
    assert await synthesise(worker, "……！") == Clip(b"", 0.0)


async def test_kept_where_told_to_and_nowhere_else(worker: Worker, tmp_path: Path) -> None:
    file = tmp_path / "folder" / "kept.wav"
    clip = await synthesise(worker, "您好。", keep=str(file))
    assert file.read_bytes() == clip.wav
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["kept.wav"]


def test_prepared_sentences_are_found_by_all_that_shaped_them(tmp_path: Path) -> None:
    prepared = Prepared(tmp_path)
    place = prepared.place("您好。", "zh", 100)
    assert place is not None
    assert prepared.find("您好。", "zh", 100) is None
    store(place, b"sound")
    assert prepared.find("您好。", "zh", 100) == place
    others = [
        prepared.path("您好。", "zh", 150),
        prepared.path("您好。", "en", 100),
        prepared.path("您好！", "zh", 100),
    ]
    assert place not in others
    assert len(set(others)) == 3


def test_figures_are_never_kept_and_no_folder_keeps_nothing(tmp_path: Path) -> None:
    assert Prepared(tmp_path).place("您的电话是13800138000。", "zh", 100) is None
    assert Prepared(tmp_path).place("尾号0022", "zh", 100) is None
    assert Prepared(tmp_path).place("第3步，共8步。", "zh", 100) is not None
    assert Prepared(None).place("您好。", "zh", 100) is None
    assert Prepared(None).find("您好。", "zh", 100) is None


def test_a_disk_that_cannot_be_written_only_costs_the_next_synthesis(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    store(tmp_path / "file" / "below.wav", b"sound")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
