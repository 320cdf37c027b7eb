"""The booth's six short sounds, computed instead of recorded: no licence, no file in the repository.

Each differs from the others by its contour (up, down, repeated, click), not by pitch alone, so that it can be told
apart with a hearing loss. This module plays nothing.
"""

from __future__ import annotations

import os
import wave
from io import BytesIO
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from hardware.speech import Earcon

RATE_HZ = 22_050
PEAK = 10 ** (-12 / 20)  # of full scale: loud enough beside speech, never startling
ATTACK_S = 0.008  # soft: no click at the start of a tone
TARGET = Path(__file__).parent.parent / "assets" / "sounds"

# Each sound: (frequency in Hz, 0 = pause; length in s) after one another.
TONES: dict[Earcon, tuple[tuple[float, float], ...]] = {
    Earcon.TOUCH: ((1_174.7, 0.045),),
    Earcon.CARD: ((784.0, 0.09), (1_046.5, 0.16)),  # up a fourth: the document was read
    Earcon.DONE: ((523.3, 0.11), (659.3, 0.11), (784.0, 0.26)),  # up a triad
    Earcon.TROUBLE: ((392.0, 0.16), (293.7, 0.30)),  # down a fourth
    Earcon.ALERT: ((880.0, 0.14), (0.0, 0.10), (880.0, 0.14), (0.0, 0.10), (880.0, 0.22)),  # one note, three times
    Earcon.CAMERA: ((2_093.0, 0.025), (0.0, 0.06), (1_046.5, 0.04)),  # the two ticks of a shutter
}


def _tone(frequency_hz: float, length_s: float) -> NDArray[np.float64]:
    time_s = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    if frequency_hz == 0:
        return np.zeros_like(time_s)
    wave_form = np.sin(2 * np.pi * frequency_hz * time_s) + 0.25 * np.sin(4 * np.pi * frequency_hz * time_s)
    attack = np.minimum(1.0, time_s / min(ATTACK_S, length_s / 4))
    decay = np.exp(-3.0 * time_s / length_s) * np.minimum(1.0, (length_s - time_s) / (length_s / 4))
    return np.asarray(wave_form * np.sin(attack * np.pi / 2) * decay)


def synthesise(earcon: Earcon) -> NDArray[np.int16]:
    """Compute ``earcon``: mono, 22 050 Hz, signed 16 bit, its peak at -12 dB of full scale. The same every time."""
    samples = np.concatenate([_tone(frequency, length) for frequency, length in TONES[earcon]])
    scaled: NDArray[np.int16] = np.round(samples / np.abs(samples).max() * PEAK * 32_767).astype(np.int16)
    return scaled


def encode_wave(samples: NDArray[np.int16]) -> bytes:
    """Give back a WAV file of ``samples`` (mono, 22 050 Hz)."""
    file = BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE_HZ)
        sound.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


def make_sounds(target: Path = TARGET) -> list[Path]:
    """Write ``<earcon>.wav`` into ``target`` where it is missing or differs; give back what was written."""
    written = []
    target.mkdir(parents=True, exist_ok=True)
    for earcon in Earcon:
        path = target / f"{earcon.value}.wav"
        data = encode_wave(synthesise(earcon))
        if path.exists() and path.read_bytes() == data:
            continue
        draft = path.with_suffix(f".{os.getpid()}.tmp")
        draft.write_bytes(data)
        draft.replace(path)
        written.append(path)
    return written


@click.command()
@click.option("--target", type=click.Path(path_type=Path), default=TARGET)
def main(target: Path) -> None:
    """Write the booth's short sounds into assets/sounds."""
    for path in make_sounds(target):
        click.echo(f"sounds: {path.name} written")


if __name__ == "__main__":
    main()
