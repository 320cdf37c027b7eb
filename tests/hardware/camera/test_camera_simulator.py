"""The simulated camera speaks MJPEG over HTTP as a real one, and misbehaves when told to."""

import asyncio
import itertools

import cv2
import numpy as np
import pytest

from hardware.camera.simulator import CameraSimulator
from hardware.face.portrait import ASTRONAUT_EYES
from tests.hardware.camera.rig import ASTRONAUT

pytestmark = pytest.mark.peer


@pytest.fixture
async def simulator():
    simulator = CameraSimulator()
    simulator.show(ASTRONAUT.read_bytes(), ASTRONAUT_EYES)
    await simulator.start()
    yield simulator
    await simulator.stop()


async def request(simulator: CameraSimulator, line: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", simulator.port)
    writer.write(line + b"\r\nHost: camera\r\n\r\n")
    return reader, writer


async def pictures(simulator: CameraSimulator, count: int) -> list[bytes]:
    """The JPEG bytes of ``count`` parts, read as RFC 2046 multipart with a length in each part's head."""
    reader, writer = await request(simulator, b"GET /video HTTP/1.1")
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"multipart/x-mixed-replace;boundary=frame" in head
    found = []
    while len(found) < count:
        part = await reader.readuntil(b"\r\n\r\n")
        assert part.startswith(b"--frame\r\nContent-Type: image/jpeg\r\n")
        found.append(await reader.readexactly(int(part.split(b"Content-Length: ")[1].split(b"\r\n")[0])))
        assert await reader.readexactly(2) == b"\r\n"
    writer.close()
    return found


def decoded(jpeg: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


async def test_every_frame_differs_a_little(simulator):
    frames = [decoded(jpeg) for jpeg in await pictures(simulator, 4)]
    assert frames[0].shape == (720, 1280, 3)
    for one, next_one in itertools.pairwise(frames):
        difference = np.abs(one.astype(int) - next_one).mean()
        assert 0.5 < difference < 15, "noise and sway, but the same scene"


async def test_the_same_seed_gives_the_same_noise(simulator):
    other = CameraSimulator()
    view = simulator._view()
    composed = simulator._scene.compose(view)
    first, second = (machine._scene.frame(view, composed, 1.0) for machine in (simulator, other))
    assert (first == second).all()


async def test_freeze_repeats_one_picture_and_ends(simulator):
    await pictures(simulator, 1)
    simulator.freeze = True
    frozen = await pictures(simulator, 4)
    assert len(set(frozen[1:])) == 1
    simulator.freeze = False
    assert len(set(await pictures(simulator, 4))) >= 3


async def test_black_and_nobody(simulator):
    simulator.black = True
    assert decoded((await pictures(simulator, 3))[-1]).max() == 0
    simulator.black, simulator.nobody = False, True
    empty = decoded((await pictures(simulator, 3))[-1])
    assert 100 < empty.mean() < 220
    assert empty[::4, ::4].std() < 20, "a plain wall"


async def test_unplugged_it_refuses_and_plugged_it_serves_at_the_same_port(simulator):
    url = simulator.url
    reader, writer = await request(simulator, b"GET /video HTTP/1.1")
    await reader.readuntil(b"\r\n\r\n")
    await simulator.unplug()
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await reader.readexactly(100_000_000)
    writer.close()
    with pytest.raises(OSError, match=r"refused|failed"):
        await asyncio.open_connection("127.0.0.1", simulator.port)
    await simulator.plug()
    assert simulator.url == url
    assert len(await pictures(simulator, 1)) == 1


@pytest.mark.parametrize("line", [b"GET /other HTTP/1.1", b"POST /video HTTP/1.1", b"nonsense"])
async def test_other_requests_get_no_picture(simulator, line):
    reader, writer = await request(simulator, line)
    assert b"image/jpeg" not in await reader.read(10_000)
    writer.close()
    assert simulator.opened == 0


def test_what_is_no_picture_is_refused():
    with pytest.raises(ValueError, match="JPEG or PNG"):
        CameraSimulator().show(b"junk")


async def test_a_taken_port_is_an_error(simulator):
    with pytest.raises(OSError, match="in use"):
        await CameraSimulator(port=simulator.port).start()
