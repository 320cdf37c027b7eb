"""The player: blocks, levels, cuts. Sound is looked at as samples, on a real pipe and through a real PortAudio."""

from __future__ import annotations

import array
import math
import queue
import stat
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hardware.speech import Earcon, SpeechError, player
from hardware.speech.player import Mixer, Player, PlayerOptions, gain_of
from hardware.speech.sinks import BLOCK_BYTES, BLOCK_SAMPLES, RATE_HZ, open_sink
from hardware.speech.synthesiser import _encode
from tests.hardware.speech.conftest import PipeReader, peak


def tone(seconds: float, level: int = 10_000) -> array.array[int]:
    return array.array("h", (int(level * math.sin(0.2 * i)) or 1 for i in range(int(seconds * RATE_HZ))))


def wav(seconds: float, level: int = 10_000) -> bytes:
    return _encode(tone(seconds, level))


class Running:
    """The driver in this process, with its events."""

    def __init__(self, sink: str, sounds: Path, **more: Any) -> None:
        self.events: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self.player = Player(PlayerOptions(sink, str(sounds), volume_step=6, **more))
        self.player.begin(lambda name, body: self.events.put((name, body)))

    def wait(self, name: str) -> Any:
        while True:
            got, body = self.events.get(timeout=10)
            if got == name:
                return body


@pytest.fixture
def run(sounds: Path) -> Iterator[Callable[..., Running]]:
    running: list[Running] = []

    def start(sink: str, **more: Any) -> Running:
        running.append(Running(sink, sounds, **more))
        return running[-1]

    yield start
    for one in running:
        one.player.end()


# --- mixing


def test_blocks_hold_the_sound_and_name_its_first_and_last() -> None:
    mixer = Mixer(6)
    samples = tone(0.05)  # 1102 samples: two blocks and a half
    mixer.play(7, samples)
    blocks = [mixer.next_block() for _ in range(4)]
    assert [(begins, ends) for _, begins, ends in blocks] == [(7, None), (None, None), (None, 7), (None, None)]
    assert all(len(block) == BLOCK_BYTES for block, _, _ in blocks)
    together = array.array("h", b"".join(block for block, _, _ in blocks))
    assert together[: len(samples)] == samples
    assert set(together[len(samples) :]) == {0}
    assert mixer.is_idle


def test_volume_goes_in_steps_of_five_decibels() -> None:
    steps = [20 * math.log10(gain_of(step + 1) / gain_of(step)) for step in range(1, 6)]
    assert steps == pytest.approx([5.0] * 5)
    assert gain_of(0) == 0
    assert gain_of(6) == 1
    mixer = Mixer(3)
    mixer.play(1, array.array("h", [20_000] * BLOCK_SAMPLES))
    assert peak(mixer.next_block()[0]) == int(20_000 * 10 ** (-15 / 20))


def test_a_cut_fades_within_one_block_and_privacy_does_not_fade() -> None:
    for at_once, loud_blocks in ((False, 1), (True, 0)):
        mixer = Mixer(6)
        mixer.play(1, tone(1))
        mixer.next_block()
        mixer.cut(at_once=at_once)
        after = [mixer.next_block() for _ in range(5)]
        assert sum(1 for block, _, _ in after if peak(block)) == loud_blocks
        assert all(begins is None and ends is None for _, begins, ends in after)
        assert peak(after[0][0][2 * 111 :]) == 0  # 5 ms, then silence


def test_short_sounds_mix_in_survive_a_cut_and_never_overflow() -> None:
    mixer = Mixer(6)
    mixer.play(1, array.array("h", [30_000] * RATE_HZ))
    mixer.add(array.array("h", [30_000] * (BLOCK_SAMPLES + 1)))
    assert set(array.array("h", mixer.next_block()[0])) == {32_767}
    mixer.cut(at_once=True)
    last = array.array("h", mixer.next_block()[0])
    assert (last[0], last[1]) == (30_000, 0)
    assert mixer.is_idle


# --- the player on its sinks


def test_pipe_carries_the_sound_at_our_own_pace(run: Callable[..., Running], pipe: PipeReader) -> None:
    running = run(f"pipe:{pipe.path}")
    begun_s = time.monotonic()
    running.player.play(player.Play(1, wav(0.4)))
    began = running.wait("began")
    assert begun_s <= began.at_s <= time.monotonic()
    assert began.is_heard
    assert running.wait("ended") == player.Ended(1, is_whole=True)
    assert time.monotonic() - began.at_s > 0.3  # 0.4 s of sound take their time: nothing is poured out at once
    running.player.end()
    assert pipe.loud_since(0) >= 15  # of 20; a machine under load may discard some, never delay them


@pytest.mark.parametrize("sink", ["pipe", "null"])
def test_barge_in_ends_speech_within_two_blocks(run: Callable[..., Running], pipe: PipeReader, sink: str) -> None:
    running = run(f"pipe:{pipe.path}" if sink == "pipe" else "null")
    counts = []
    for number in range(5):
        running.player.play(player.Play(number, wav(5)))
        running.wait("began")
        time.sleep(0.05)
        touched_s = time.monotonic()
        running.player.cut(None)
        assert running.player._mixer.number is None
        time.sleep(0.1)
        counts.append(pipe.loud_since(touched_s))
    assert statistics.median(counts) <= 2, counts
    assert running.events.empty()  # what was cut is not reported as ended


def test_without_a_reader_sound_is_discarded_and_time_passes(run: Callable[..., Running], tmp_path: Path) -> None:
    running = run(f"pipe:{tmp_path / 'nobody'}")
    running.player.play(player.Play(1, wav(0.1)))
    assert not running.wait("began").is_heard
    assert running.wait("ended").is_whole
    assert not (tmp_path / "nobody").exists()


def test_null_sink_is_clocked_and_says_that_nobody_hears(run: Callable[..., Running]) -> None:
    running = run("null")
    running.player.play(player.Play(1, wav(0.2)))
    began = running.wait("began")
    running.wait("ended")
    assert time.monotonic() - began.at_s > 0.15
    assert not began.is_heard
    assert running.player.look(None) == player.SinkReport("null")


def test_muted_is_not_heard(run: Callable[..., Running], pipe: PipeReader) -> None:
    running = run(f"pipe:{pipe.path}")
    running.player.set_volume(player.SetVolume(0))
    running.player.play(player.Play(1, wav(0.1)))
    assert not running.wait("began").is_heard
    running.wait("ended")
    assert pipe.loud_since(0) == 0


def test_private_sound_needs_a_headset_and_ends_with_it(run: Callable[..., Running], pipe: PipeReader) -> None:
    running = run(f"pipe:{pipe.path}")
    running.player.play(player.Play(1, wav(5), private=True))
    assert running.wait("ended") == player.Ended(1, is_whole=False)
    assert pipe.loud_since(0) == 0
    counts = []
    for number in range(5):
        running.player.set_headset(player.SetHeadset(True))
        running.player.play(player.Play(number, wav(5), private=True))
        running.wait("began")
        unplugged_s = time.monotonic()
        running.player.set_headset(player.SetHeadset(False))
        time.sleep(0.1)
        counts.append(pipe.loud_since(unplugged_s))
    assert statistics.median(counts) <= 1, counts


def test_every_earcon_sounds_and_an_unknown_one_does_nothing(run: Callable[..., Running], pipe: PipeReader) -> None:
    running = run(f"pipe:{pipe.path}")
    for earcon in Earcon:
        begun_s = time.monotonic()
        running.player.play_earcon(player.PlayEarcon(earcon.value))
        deadline_s = begun_s + 5
        while not pipe.loud_since(begun_s) and time.monotonic() < deadline_s:
            time.sleep(0.01)
        assert pipe.loud_since(begun_s), earcon
    running.player.play_earcon(player.PlayEarcon("no such sound"))


def test_unreadable_sound_is_reported_and_the_player_goes_on(run: Callable[..., Running], tmp_path: Path) -> None:
    running = run("null")
    running.player.play(player.Play(1, b"no sound at all"))
    assert running.wait("ended") == player.Ended(1, is_whole=False)
    running.player.play(player.Play(2, path=str(tmp_path / "missing.wav")))
    assert running.wait("ended") == player.Ended(2, is_whole=False)
    running.player.play(player.Play(3, wav(0.05)))
    assert running.wait("ended") == player.Ended(3, is_whole=True)


def test_a_missing_device_becomes_a_clock_with_a_reason(run: Callable[..., Running]) -> None:
    report = run("device:no such sound card").player.look(None)
    assert report.sink == "null"
    assert "no sound device" in report.reason
    assert "no such sound card" in report.reason


@pytest.fixture
def sound_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """ALSA's own file device as the machine's sound card: what PortAudio plays arrives in a file."""
    (tmp_path / "asound.conf").write_text(
        f'pcm.!default {{ type file  slave.pcm null  file "{tmp_path}/card.raw"  format "raw" }}\n'
        "pcm.null { type null }\n"
    )
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "asound.conf"))
    return tmp_path / "card.raw"


def test_sound_device_through_portaudio(sound_card: Path, pipe: PipeReader) -> None:
    sink = open_sink("device")
    assert sink.name == "device default"
    assert sink.is_heard
    begun_s = time.monotonic()
    for level in range(1, 26):
        sink.wait()
        sink.write(array.array("h", [level] * BLOCK_SAMPLES).tobytes())
    assert time.monotonic() - begun_s > 0.4  # ALSA's null device has no clock; ours keeps it from running ahead
    sink.flush()
    sink.wait()
    sink.write(array.array("h", [99] * BLOCK_SAMPLES).tobytes())  # it starts again after a cut
    sink.rest()
    sink.close()
    samples = array.array("h", sound_card.read_bytes())
    assert set(samples) >= {*range(1, 25), 99}


@pytest.mark.parametrize("wanted", ["loudspeaker", "pipe:", "null:1", ""])
def test_unknown_sinks_are_named(wanted: str) -> None:
    with pytest.raises(SpeechError, match="unknown sink") as caught:
        open_sink(wanted)
    assert "device, device:NAME, pipe:PATH or null" in caught.value.cure


def test_a_file_in_the_pipe_place_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "sound"
    file.write_bytes(b"kept")
    with pytest.raises(SpeechError, match="not a pipe"):
        open_sink(f"pipe:{file}")
    assert stat.S_ISREG(file.stat().st_mode)
    assert file.read_bytes() == b"kept"


def test_messages_survive_the_wire() -> None:
    for message in (player.Play(1, b"x", "", True), player.Began(1, 2.0, True), player.SinkReport("null", "why")):
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=type(message)) == message
