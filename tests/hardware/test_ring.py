"""The frame ring: whole frames only, newest first, nothing left behind."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hardware.ring import FrameRing, RingError, sweep


def picture(value: int, width: int = 64, height: int = 48) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def in_shared_memory(name: str) -> bool:
    return (Path("/dev/shm") / name).exists()


def test_a_reader_gets_the_newest_frame_once() -> None:
    with FrameRing.create(slots=3, max_bytes=64 * 48 * 3) as ring:
        reader = FrameRing.attach(ring.name)
        assert reader.newest() is None
        for value in range(1, 8):
            ring.write(picture(value), at_s=value / 10)
        found = reader.newest()
        assert found is not None
        sequence, at_s, pixels = found
        assert (sequence, at_s, pixels.shape) == (7, 0.7, (48, 64, 3))
        assert (pixels == 7).all()
        assert reader.newest(sequence) is None
        reader.close()


def test_a_frame_copied_out_does_not_change_afterwards() -> None:
    with FrameRing.create(slots=2, max_bytes=64 * 48 * 3) as ring:
        ring.write(picture(1), 0.0)
        found = ring.newest()
        for value in range(2, 9):
            ring.write(picture(value), 0.0)
        assert found is not None
        assert (found[2] == 1).all()


def test_sizes_may_change_and_a_rotated_frame_fits() -> None:
    with FrameRing.create(max_bytes=64 * 48 * 3) as ring:
        ring.write(picture(1), 0.0)
        ring.write(np.ascontiguousarray(np.rot90(picture(2))), 0.0)
        found = ring.newest()
        assert found is not None
        assert found[2].shape == (64, 48, 3)


@pytest.mark.parametrize(
    "frame", [np.zeros((200, 200, 3), np.uint8), np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)]
)
def test_what_is_no_frame_is_refused(frame: np.ndarray) -> None:
    with FrameRing.create(max_bytes=1000) as ring, pytest.raises(RingError, match="HxWxC"):
        ring.write(frame, 0.0)


def test_no_torn_frame_while_another_process_writes() -> None:
    """A writer in its own process fills frames with one value each; a mixed frame would be a torn one."""
    writer = """
import sys, time, numpy as np
from hardware.ring import FrameRing
ring = FrameRing.attach(sys.argv[1])
frames = [np.full((360, 640, 3), value, np.uint8) for value in range(1, 200)]
print("ready", flush=True)
sys.stdin.readline()
for turn in range(6):
    for frame in frames:
        ring.write(frame, 0.0)
        time.sleep(0.0001)  # a camera pauses ten times longer
"""
    with FrameRing.create(slots=3, max_bytes=640 * 360 * 3) as ring:
        with subprocess.Popen(
            [sys.executable, "-c", writer, ring.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdout.readline()
            child.stdin.write(b"\n")
            child.stdin.flush()
            seen = after = 0
            while child.poll() is None:
                if found := ring.newest(after):
                    after, seen = found[0], seen + 1
                    assert found[2].min() == found[2].max(), "torn frame"
        assert seen > 20


def test_a_half_written_frame_is_never_given() -> None:
    """The control of the test above: a writer that stops in the middle of a frame (killed) leaves the one before."""
    with FrameRing.create(slots=2, max_bytes=64 * 48 * 3) as ring:
        ring.write(picture(1), 0.0)
        whole = ring._map[:]
        ring.write(picture(2), 0.0)
        done = ring._map[:]
        place = ring._place(2)
        ring._map[:] = whole
        ring._map[place : place + 8] = done[place : place + 8]  # begun, pixels half there, nothing else
        ring._map[place + 64 : place + 2000] = done[place + 64 : place + 2000]
        found = ring.newest()
        assert found is not None
        assert found[0] == 1
        assert (found[2] == 1).all()
        ring._map[16:24] = done[16:24]  # a broken writer that announces it nevertheless
        assert ring.newest() is None


def test_zero_leaves_no_pixel_and_numbers_go_on() -> None:
    with FrameRing.create(slots=3, max_bytes=64 * 48 * 3) as ring:
        for value in (201, 202, 203, 204):
            ring.write(picture(value), 0.0)
        ring.zero()
        assert ring.newest() is None
        raw = (Path("/dev/shm") / ring.name).read_bytes()
        assert not any(bytes([value]) * 50 in raw for value in (201, 202, 203, 204))
        assert ring.write(picture(9), 0.0) == 5
        found = ring.newest(4)
        assert found is not None
        assert found[0] == 5


def test_leaving_the_owner_zeroes_and_unlinks() -> None:
    with FrameRing.create(max_bytes=1000) as ring:
        reader = FrameRing.attach(ring.name)
        ring.write(picture(7, 10, 10), 0.0)
        name = ring.name
        assert in_shared_memory(name)
    assert not in_shared_memory(name)
    assert reader.newest() is None
    reader.close()
    with pytest.raises(RingError, match="no such frame ring"):
        FrameRing.attach(name)


def test_a_reader_that_ends_takes_nothing_with_it() -> None:
    with FrameRing.create(max_bytes=1000) as ring:
        code = "import sys; from hardware.ring import FrameRing; FrameRing.attach(sys.argv[1])"
        ended = subprocess.run([sys.executable, "-c", code, ring.name], capture_output=True, check=True)
        assert ended.stderr == b""
        assert in_shared_memory(ring.name)


def test_the_ring_of_a_killed_owner_is_swept() -> None:
    code = """
import sys, numpy as np
from hardware.ring import FrameRing
ring = FrameRing.create(max_bytes=1000)
ring.write(np.full((10, 10, 3), 77, np.uint8), 0.0)
print(ring.name, flush=True)
sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        name = child.stdout.readline().decode().strip()
        reader = FrameRing.attach(name)
        sweep()
        assert in_shared_memory(name), "a living owner's ring was swept"
        child.kill()
    with FrameRing.create(max_bytes=1000):  # creating the next one sweeps
        assert not in_shared_memory(name)
        assert reader.newest() is None, "frames of the dead owner are still readable"
    reader.close()


@pytest.mark.parametrize("name", ["../passwd", "booth-ring-none", "sem.other"])
def test_attach_names_the_missing_ring(name: str) -> None:
    with pytest.raises(RingError, match="ring"):
        FrameRing.attach(name)
