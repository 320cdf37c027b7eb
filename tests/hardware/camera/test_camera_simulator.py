"""The simulated camera speaks MJPEG over HTTP as a real one, and misbehaves when told to."""

import asyncio
import itertools

import cv2
import numpy as np
import pytest

from hardware.camera.relief import Pose, tilt_print, turn_head
from hardware.camera.simulator import CameraSimulator, Movement
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


def at(movement: str, since_s: float) -> Pose:
    return Movement(movement, 100.0).pose(100.0 + since_s)


@pytest.mark.parametrize(
    ("movement", "is_there"),
    [
        ("turn_left", lambda pose: pose.yaw_deg > 20),
        ("turn_right", lambda pose: pose.yaw_deg < -20),
        ("come_closer", lambda pose: pose.nearer > 1.3),
    ],
)
def test_the_person_does_what_is_asked_and_comes_back(movement, is_there):
    assert at(movement, 0.0).is_straight, "nobody reacts at once"
    assert is_there(at(movement, 2.0))
    assert at(movement, 5.0).is_straight


def test_a_nod_goes_down_and_up():
    pitches = [at("nod", frame / 15).pitch_deg for frame in range(70)]
    assert max(pitches) > 12
    assert min(pitches) < -12


def test_what_nobody_can_do_is_refused():
    with pytest.raises(ValueError, match="one of turn_left"):
        CameraSimulator().perform("somersault")


def test_a_turned_head_keeps_wall_and_shoulders_and_a_print_does_not():
    wall = np.random.default_rng(2).integers(0, 255, (180, 320, 3), np.uint8)
    pose = Pose(yaw_deg=20)
    head, sheet = (turn(wall, (160.0, 70.0), 24.0, pose) for turn in (turn_head, tilt_print))

    def change(picture, part) -> float:
        return float(np.abs(picture[part].astype(int) - wall[part]).mean())

    left, face = (slice(8, 172), slice(8, 40)), (slice(60, 90), slice(150, 170))
    assert change(head, left) < 2
    assert change(head, face) > 30
    assert change(sheet, left) > 30


def test_be_as_at_first_turns_every_knob_back():
    fresh, used = CameraSimulator(), CameraSimulator()
    used.freeze = used.black = used.nobody = used.look_away = used.mask = used.paper = True
    used.light, used.mounted_deg, used.eye_height_m, used.fps = 0.2, 180, 1.9, 3.0
    used.be_as_at_first()
    assert used._view() == fresh._view()
    assert (used.freeze, used.fps) == (fresh.freeze, fresh.fps)


@pytest.mark.parametrize(("mounted_deg", "shape"), [(0, (720, 1280, 3)), (90, (720, 1280, 3)), (180, (720, 1280, 3))])
def test_the_sensor_gives_the_same_format_however_it_hangs(mounted_deg, shape):
    simulator = CameraSimulator()
    simulator.mounted_deg = mounted_deg
    view = simulator._view()
    frame = simulator._scene.frame(view, simulator._scene.compose(view), 1.0)
    assert frame.shape == shape
