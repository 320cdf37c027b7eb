"""No face leaves by a socket: the worker works where every socket but Unix ones is deadly, and closes the network."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hardware.face.rig import assembled, folder_of

ROOT = Path(__file__).parents[3]
REFUSE = """
import socket
from hardware.face.isolation import forbid_network, network_is_closed
before = network_is_closed()
unix = socket.socketpair()
forbid_network()
print(before, network_is_closed())
for attempt in (lambda: socket.create_connection(("127.0.0.1", 9)), lambda: socket.getaddrinfo("localhost", 80)):
    try:
        attempt()
    except RuntimeError as error:
        print("refused", error)
import ctypes
libc = ctypes.CDLL(None)
print("native", *(libc.socket(family, 1, 0) for family in (2, 10, 16, 17)))
unix[0].send(b"x")
print("unix", unix[1].recv(1), libc.socket(1, 1, 0) >= 0)
import subprocess, sys
print(subprocess.run([sys.executable, "-c", "import socket; socket.socket()"], capture_output=True).returncode)
"""

DEADLY = """
import asyncio, sys, threading, time
import numpy as np
from hardware.device import Health
from hardware.face.isolation import allow_unix_sockets_only
assert allow_unix_sockets_only(is_deadly=True)
from hardware.camera.scene import decode
from hardware.face.matcher import FaceOptions, WorkerFaceMatcher
from hardware.ring import FrameRing
import cv2

pack, photograph, portrait, harm = sys.argv[1:]
shown = cv2.imread(photograph)
scale = 720 / shown.shape[0]
shown = cv2.resize(shown, None, fx=scale, fy=scale)
frame = np.full((720, 1280, 3), 128, np.uint8)
frame[:, 640 - shown.shape[1] // 2 :][:, : shown.shape[1]] = shown


def film(ring, over):
    noise = np.random.default_rng(1)
    while not over.wait(0.05):
        ring.write(cv2.add(frame, noise.integers(0, 6, frame.shape, np.uint8)), time.monotonic())


async def main():
    with FrameRing.create() as ring:
        over = threading.Event()
        filming = threading.Thread(target=film, args=(ring, over))
        filming.start()
        matcher = WorkerFaceMatcher(FaceOptions(pack, ring.name, is_laboratory=True, liveness="off"))
        await matcher.start()
        try:
            for _ in range(1200):
                if matcher.status.health is not Health.STARTING:
                    break
                await asyncio.sleep(0.05)
            print(matcher.status.health.value, matcher.status.reason)
            await matcher.enrol(open(portrait, "rb").read())
            print((await matcher.compare(lambda advice: None, within_s=20)).decision.value)
        finally:
            await matcher.stop()
            over.set()
            filming.join()
    if harm:
        import socket
        socket.socket(socket.AF_INET)


asyncio.run(main())
print("done")
"""


def test_the_network_is_refused_by_python_and_by_the_kernel():
    child = subprocess.run([sys.executable, "-c", REFUSE], capture_output=True, text=True, check=True, cwd=ROOT)
    lines = child.stdout.splitlines()
    assert lines[0] == "False True", "open before, closed after"
    assert child.stdout.count("refused socket.") == 2
    assert "native -1 -1 -1 -1" in lines
    assert "unix b'x' True" in lines
    assert lines[-1] == "1", "children inherit it"


@pytest.mark.peer
@pytest.mark.shared
@pytest.mark.parametrize(
    ("recipe", "harm"), [("lab-edgeface", ""), ("lab-yunet-edgeface", ""), ("lab-yunet-edgeface", "y")]
)
def test_a_comparison_where_every_other_socket_is_deadly(recipe, harm, tmp_path):
    """The filter is inherited by the worker: one attempt, by whichever library, would end it. The control makes one."""
    pack = assembled(recipe, tmp_path)
    shown = folder_of("BOOTH_TEST_FACES") / "publicdomain" / "obama_1.jpg"
    reference = shown.with_name("obama_2.jpg")
    command = [sys.executable, "-c", DEADLY, str(pack), str(shown), str(reference), harm]
    child = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=100)
    assert "online" in child.stdout, child.stderr
    assert "match" in child.stdout.splitlines(), child.stderr
    if harm:
        assert child.returncode == -signal.SIGSYS
    else:
        assert child.returncode == 0, child.stderr
        assert child.stdout.endswith("done\n")
