"""The whole voice: real synthesiser, real player, two processes, as the visit holds it."""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import time
from pathlib import Path

import pytest

from hardware.device import Health
from hardware.speech import Earcon, Priority, Speaker, Utterance
from hardware.speech.speaker import Pyttsx3Speaker, SpeakerOptions
from provisioning.speech import Rendered, prepare
from tests.hardware.speech.conftest import Listening, PipeReader


async def test_says_what_was_queued_and_tells_when_it_sounds(listening: Listening) -> None:
    speaker: Speaker = listening.speaker
    assert speaker.status.health is Health.ONLINE
    assert speaker.status.sink == "null"
    before_s = time.monotonic()
    speaker.say(Utterance("您好。请选择。", "zh"), Utterance("Please choose.", "en"))
    assert speaker.status.is_speaking
    await listening.until_silent()
    assert listening.texts == ["您好。", "请选择。", "Please choose."], listening.faults
    times = [spoken.at_s for spoken in listening.spoken]
    assert times == sorted(times)
    assert before_s < times[0]
    assert times[-1] < time.monotonic()
    assert not any(spoken.is_heard or spoken.private for spoken in listening.spoken)


async def test_a_touch_ends_the_page_and_the_next_one_is_said(listening: Listening) -> None:
    listening.speaker.say(Utterance("第一页很长，要说很久很久，谁也不想听完。还有第二句。", "zh"))
    await listening.until(lambda: len(listening.spoken) == 1)
    listening.speaker.hush()
    assert not listening.speaker.status.is_speaking
    listening.speaker.sound(Earcon.TOUCH)
    listening.speaker.say(Utterance("新的一页。", "zh", Priority.FOCUS))
    await listening.until_silent()
    assert listening.texts[1:] == ["新的一页。"]


async def test_barge_in_through_the_pipe(tmp_path: Path, sounds: Path, pipe: PipeReader) -> None:
    speaker = Pyttsx3Speaker(SpeakerOptions(f"pipe:{pipe.path}", str(sounds), str(tmp_path / "prepared")))
    await speaker.start()
    try:
        listening = Listening(speaker)
        counts = []
        for _ in range(5):
            speaker.say(Utterance("请把您的社会保障卡放在屏幕下面的读卡器上，不要拿走。", "zh"))
            said = len(listening.spoken)
            await listening.until(lambda said=said: len(listening.spoken) > said)  # type: ignore[misc]
            assert listening.spoken[-1].is_heard
            touched_s = time.monotonic()
            speaker.hush()
            time.sleep(0.1)  # the event loop is busy, as after a touch: the player has been told all the same
            counts.append(pipe.loud_since(touched_s))
        assert statistics.median(counts) <= 2, counts
    finally:
        await speaker.stop()


async def test_alert_interrupts_and_the_page_resumes_at_the_sentence(listening: Listening) -> None:
    speaker = listening.speaker
    speaker.say(Utterance("第一句。第二句话长一点。", "zh"))
    await listening.until(lambda: len(listening.spoken) == 2)
    speaker.say(Utterance("还在吗？", "zh", Priority.ALERT))
    await listening.until(lambda: len(listening.spoken) == 3)
    speaker.say(Utterance("Choose.", "en", Priority.HINT))  # 第二句 waits: dropped
    await listening.until_silent()
    assert listening.texts == ["第一句。", "第二句话长一点。", "还在吗？", "第二句话长一点。"]


async def test_private_speech_only_with_a_headset_and_never_on_the_disk(listening: Listening, tmp_path: Path) -> None:
    speaker = listening.speaker
    secret = Utterance("您是张秀英。", "zh", Priority.FOCUS, private=True, instead="已填好。", is_fixed=True)
    speaker.say(secret)
    await listening.until_silent()
    speaker.set_headset(True)
    assert speaker.status.has_headset
    speaker.say(secret)
    await listening.until_silent()
    speaker.say(Utterance("您的编号是二零四。", "zh", is_fixed=False), Utterance("尾号0022。", "zh"))
    await listening.until_silent()
    assert [(spoken.text, spoken.private) for spoken in listening.spoken] == [
        ("已填好。", False),
        ("您是张秀英。", True),
        ("您的编号是二零四。", False),
        ("尾号0022。", False),
    ]
    kept = list((tmp_path / "prepared").iterdir())
    assert len(kept) == 1  # 已填好: the only fixed and public one


async def test_unplugging_says_the_words_instead(listening: Listening) -> None:
    speaker = listening.speaker
    speaker.set_headset(True)
    speaker.say(Utterance("您的号码是一二三四五六七八九。", "zh", private=True, instead="已填好。"))
    await listening.until(lambda: len(listening.spoken) == 1)
    speaker.set_headset(False)
    await listening.until_silent()
    assert listening.texts[1:] == ["已填好。"]
    assert not listening.spoken[1].private


async def test_prepared_sentences_are_used(tmp_path: Path, sounds: Path) -> None:
    folder = tmp_path / "prepared"
    done = await asyncio.to_thread(prepare, [("您好。请选择。", "zh"), ("Hello.", "en")], folder)
    assert (done.made, done.found) == (3, 0)
    assert await asyncio.to_thread(prepare, [("您好。", "zh")], folder) == Rendered(0, 1, 0.0)
    speaker = Pyttsx3Speaker(SpeakerOptions("null", str(sounds), str(folder)))
    await speaker.start()
    try:
        synthesiser, _ = speaker.pids
        assert synthesiser is not None
        os.kill(synthesiser, signal.SIGSTOP)  # a synthesiser that answers nothing: only prepared sentences can sound
        listening = Listening(speaker)
        speaker.say(Utterance("您好。", "zh"))
        await listening.until_silent()
        assert listening.texts == ["您好。"]
        os.kill(synthesiser, signal.SIGCONT)
    finally:
        await speaker.stop()


@pytest.mark.parametrize("which", [0, 1], ids=["synthesiser", "player"])
async def test_a_worker_that_dies_is_replaced_and_the_sentence_is_said(listening: Listening, which: int) -> None:
    speaker = listening.speaker
    speaker.say(Utterance("第一句要说得久一点才行。", "zh", is_fixed=False))
    await listening.until(lambda: len(listening.spoken) == 1)
    pid = speaker.pids[which]
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    speaker.say(Utterance("第二句。", "zh", is_fixed=False))
    await listening.until_silent()
    assert listening.texts[-1] == "第二句。"
    assert speaker.pids[which] not in (None, pid)
    await listening.until(lambda: speaker.status.health is Health.ONLINE)


async def test_a_player_that_hangs_is_replaced(listening: Listening) -> None:
    speaker = listening.speaker
    pid = speaker.pids[1]
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    speaker.say(Utterance("您好。", "zh"))
    await listening.until_silent()
    assert listening.texts == ["您好。"]
    assert speaker.pids[1] != pid


async def test_what_cannot_be_said_never_raises_and_the_rest_is_said(listening: Listening) -> None:
    speaker = listening.speaker
    speaker.say(Utterance("Bonjour.", "fr"), Utterance("……", "zh"), Utterance("", "zh"), Utterance("您好。", "zh"))
    await listening.until_silent()
    assert listening.texts == ["您好。"]
    assert speaker.status.health is Health.ONLINE  # the last sentence was said: the fault is over


async def test_a_booth_without_a_sound_card_starts_and_says_why(tmp_path: Path) -> None:
    speaker = Pyttsx3Speaker(SpeakerOptions("device:no such card", "", ""))
    speaker.say(Utterance("太早了。", "zh"))  # before start(): waits
    await speaker.start()
    listening = Listening(speaker)
    try:
        assert speaker.status.health is Health.NO_DEVICE
        assert not speaker.status.is_usable
        assert "no such card" in speaker.status.reason
        assert speaker.status.sink == "null"
        await listening.until_silent()
        assert [(spoken.text, spoken.is_heard) for spoken in listening.spoken] == [("太早了。", False)]
    finally:
        await speaker.stop()
    await speaker.stop()
    assert speaker.pids == (None, None)
    speaker.say(Utterance("太晚了。", "zh"))
    speaker.hush()
    speaker.sound(Earcon.DONE)


async def test_volume_and_rate_have_ends(listening: Listening) -> None:
    for step in (0, 6):
        listening.speaker.set_volume(step)
    for percent in (50, 200):
        listening.speaker.set_rate(percent)
    with pytest.raises(ValueError, match=r"0 \.\. 6"):
        listening.speaker.set_volume(7)
    with pytest.raises(ValueError, match=r"50 \.\. 200"):
        listening.speaker.set_rate(49)
