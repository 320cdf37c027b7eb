"""The face worker against its promises: decision, company, start, weight, rest, loss of the camera, growth.

The packs: YuNet with EdgeFace-XS (the engines the product has for the public, with weights that can be had here), and
the same recogniser in the insightface package. One synthetic scene for all: the astronaut before the simulated camera,
1280x720, 15 pictures a second. "Without a challenge" means the laboratory policy that believes the passive model: what
a resident waits for besides moving.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.child import ROOT
from benchmarks.face_film import Film
from benchmarks.figure import Figure, Options, Unavailable, percentile
from benchmarks.processes import PROC, weight
from hardware.camera import Picture
from hardware.camera.opencv import CameraOptions, OpenCvCamera
from hardware.camera.simulator import CameraSimulator
from hardware.device import DeviceError, Health
from hardware.face import Comparison, NoModelPack
from hardware.face.matcher import WorkerFaceMatcher
from hardware.face.messages import FaceOptions
from hardware.face.pack import MANIFEST, assemble, read_manifest
from hardware.face.portrait import ASTRONAUT_EYES
from hardware.ring import PREVIEW_BYTES, FrameRing

RECIPES = ROOT / "hardware" / "face" / "packs"
BEFORE_THE_CAMERA = ROOT / "bench" / "faces" / "astronaut.jpg"
REGISTRY_PORTRAIT = ROOT / "backend" / "portraits" / "astronaut.jpg"
_READY_WITHIN_S, _WITHIN_S = 60.0, 20.0
_FPS = 15.0
_QUICK_FPS = 33.0  # faster than any camera here
_ASKED_S = 0.8  # until a movement was asked for
_REST_S = 10.0


@dataclass
class _Stand:
    simulator: CameraSimulator
    camera: OpenCvCamera
    matcher: WorkerFaceMatcher

    async def compare(self) -> Comparison:
        return await self.matcher.compare(lambda _advice: None, within_s=_WITHIN_S)

    async def match(self) -> Comparison:
        """One comparison of the right person. Raises ``RuntimeError`` when they are not recognised."""
        return _recognised(await self.compare())


def _recognised(comparison: Comparison) -> Comparison:
    """The passive model may be unsure of a simulated person; what is timed is the decision, whichever it is."""
    if comparison.score_bucket != "high":
        raise RuntimeError(f"the same face gave {comparison.decision.value} ({comparison.reason})")
    return comparison


@contextlib.contextmanager
def _pack(recipe: str = "lab-yunet-edgeface") -> Iterator[str]:
    models = os.environ.get("BOOTH_MODELS")
    if not models:
        raise Unavailable("BOOTH_MODELS is not set: there is no model pack to measure (see the Makefile)")
    with tempfile.TemporaryDirectory(prefix="booth-face-") as folder:
        try:
            yield str(assemble(RECIPES / f"{recipe}.toml", Path(models), Path(folder) / recipe))
        except NoModelPack as error:
            raise Unavailable(f"{recipe}: {error}") from None


@contextlib.asynccontextmanager
async def _stand(pack: str, *, is_started: bool = True) -> AsyncIterator[_Stand]:
    simulator = CameraSimulator(fps=_FPS)
    simulator.show(BEFORE_THE_CAMERA.read_bytes(), ASTRONAUT_EYES)
    await simulator.start()
    with FrameRing.create() as full, FrameRing.create(max_bytes=PREVIEW_BYTES) as preview:
        camera = OpenCvCamera(CameraOptions(simulator.url, full.name, preview.name))
        matcher = WorkerFaceMatcher(FaceOptions(pack, full.name, is_laboratory=True, liveness="passive"))
        try:
            await camera.start()
            await camera.open()
            if is_started:
                await matcher.start()
                await _until(lambda: matcher.status.health is Health.ONLINE)
                await matcher.enrol(REGISTRY_PORTRAIT.read_bytes())
            yield _Stand(simulator, camera, matcher)
        finally:
            await asyncio.gather(camera.stop(), matcher.stop())
            await simulator.stop()


async def _until(is_so: Callable[[], object], within_s: float = _READY_WITHIN_S) -> float:
    """Wait for it; gives the milliseconds it took. Raises ``TimeoutError``."""
    began_s = time.monotonic()
    while not is_so():
        if time.monotonic() - began_s > within_s:
            raise TimeoutError(f"did not happen within {within_s:g} s")
        await asyncio.sleep(0.005)
    return (time.monotonic() - began_s) * 1000


def match(options: Options) -> Iterator[Figure]:
    """The same face again and again, camera open and model loaded, as after the consent."""
    with _pack() as pack:
        took, floors = asyncio.run(_matches(pack, options.times(20, 8)))
    reference = "the camera's time for the frames it took, 15 a second"
    floor = statistics.median(floors)
    yield Figure("face.match", statistics.median(took), "ms", reference, floor)
    yield Figure("face.match_p95", percentile(took, 95), "ms", reference, floor, at_most=600.0)


async def _matches(pack: str, count: int) -> tuple[list[float], list[float]]:
    async with _stand(pack) as stand:
        await stand.match()
        took, floors = [], []
        for _ in range(count):
            began_s = time.monotonic()
            comparison = await stand.match()
            took.append((time.monotonic() - began_s) * 1000)
            floors.append(comparison.frames / _FPS * 1000)
        return took, floors


def worker(options: Options) -> Iterator[Figure]:
    """From nothing to the first decision; what it weighs then; what it does while nobody asks."""
    for recipe, name in (("lab-yunet-edgeface", ""), ("lab-edgeface", "_insightface")):
        with _pack(recipe) as pack:
            starts, rss_mb, busy_ms = asyncio.run(_worker(pack, options.times(5)))
            bare_ms = statistics.median(_bare_start_ms(Path(pack)) for _ in range(options.times(5)))
        start = statistics.median(starts)
        told = "bare Python that imports the libraries and loads the weights; ours goes to the first decision"
        yield Figure(f"face.worker_start{name}", start, "ms", told, bare_ms, at_most=1500.0)
        yield Figure(f"face.worker_rss{name}", rss_mb, "MB", "after the decisions", at_most=260.0)
        rest = f"camera closed, over {_REST_S:g} s"
        yield Figure(f"face.worker_idle{name}", busy_ms / _REST_S / 10, "% CPU", rest, at_most=0.05)


def _bare_start_ms(pack: Path) -> float:
    """A process that does no more than it must before anybody can be compared; nothing is compared."""
    is_heavy = read_manifest(pack / MANIFEST).pack.engine == "insightface"
    libraries = "cv2, onnxruntime" + (", insightface.app" if is_heavy else "")
    load = "; ".join(f"onnxruntime.InferenceSession({str(file)!r})" for file in sorted(pack.glob("*.onnx")))
    began_s = time.monotonic()
    program = f"import {libraries}; onnxruntime.set_default_logger_severity(4); {load}"
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, stdout=subprocess.DEVNULL)
    return (time.monotonic() - began_s) * 1000


async def _worker(pack: str, count: int) -> tuple[list[float], float, float]:
    starts = []
    async with _stand(pack, is_started=False) as stand:
        for _ in range(count):
            began_s = time.monotonic()
            await stand.matcher.start()
            await stand.matcher.enrol(REGISTRY_PORTRAIT.read_bytes())
            await stand.match()
            starts.append((time.monotonic() - began_s) * 1000)
            rss_mb = weight(_pid(stand.matcher)).rss_kb / 1024
            if len(starts) < count:
                await stand.matcher.stop()
        await stand.camera.close()
        before = _cpu_ms(_pid(stand.matcher))
        await asyncio.sleep(_REST_S)
        return starts, rss_mb, _cpu_ms(_pid(stand.matcher)) - before


def loss(options: Options) -> Iterator[Figure]:
    """The cable is pulled and plugged again; the worker is killed in the middle of a comparison."""
    with _pack() as pack:
        lost, back, frozen, killed = asyncio.run(_loss(pack, options.times(5)))
    yield Figure("face.camera_loss", max(lost), "ms", "cable pulled until it is said, the longest", at_most=1500.0)
    yield Figure(
        "face.camera_frozen", max(frozen), "ms", "picture frozen until it is said, the longest", at_most=1500.0
    )
    yield Figure("face.camera_recovery", max(back), "ms", "plugged until pictures come, the longest", at_most=5000.0)
    yield Figure("face.worker_killed", max(killed), "ms", "killed until the named result, the longest", at_most=2000.0)


async def _loss(pack: str, count: int) -> tuple[list[float], list[float], list[float], list[float]]:
    lost, back, frozen, killed = [], [], [], []
    async with _stand(pack) as stand:
        camera, simulator = stand.camera, stand.simulator

        def shows(picture: Picture) -> Callable[[], bool]:
            return lambda: camera.status.picture is picture

        for _ in range(count):
            await simulator.unplug()
            lost.append(await _until(lambda: not shows(Picture.GOOD)()))
            await simulator.plug()
            back.append(await _until(shows(Picture.GOOD)))
            simulator.freeze = True
            frozen.append(await _until(shows(Picture.FROZEN)))
            simulator.freeze = False
            await _until(shows(Picture.GOOD))
        simulator.nobody = True
        for _ in range(count):
            await _until(lambda: stand.matcher.status.health is Health.ONLINE)
            await stand.matcher.enrol(REGISTRY_PORTRAIT.read_bytes())
            running = asyncio.create_task(stand.compare())
            await asyncio.sleep(0.5)
            began_s = time.monotonic()
            os.kill(_pid(stand.matcher), signal.SIGKILL)
            with contextlib.suppress(DeviceError):
                await running
            killed.append((time.monotonic() - began_s) * 1000)
        return lost, back, frozen, killed


def company(options: Options) -> Iterator[Figure]:
    """A second person steps beside the first, who was asked to move and thinks about it, and goes again."""
    with _pack() as pack:
        came, left = asyncio.run(_company(pack, options.times(20, 8)))
    floor, told = 2 / _FPS * 1000, "the camera's time for two pictures, 15 a second"
    yield Figure("face.company", statistics.median(came), "ms", told, floor)
    yield Figure("face.company_p95", percentile(came, 95), "ms", told, floor, at_most=500.0)
    yield Figure("face.company_gone", statistics.median(left), "ms", "a second of nobody else, on purpose", 1000.0)


async def _company(pack: str, count: int) -> tuple[list[float], list[float]]:
    """Milliseconds from the first picture with, then without, a second person until the parent is told."""
    came: list[float] = []
    left: list[float] = []
    with FrameRing.create() as full, Film(full, BEFORE_THE_CAMERA, fps=_FPS, can_have_company=True) as film:
        matcher = WorkerFaceMatcher(FaceOptions(pack, full.name, is_laboratory=True))
        heard: asyncio.Queue[tuple[bool, float]] = asyncio.Queue()
        try:
            await matcher.start()
            await matcher.enrol(REGISTRY_PORTRAIT.read_bytes())
            for _ in range(count):
                comparing = asyncio.create_task(
                    matcher.compare(
                        lambda _advice: None,
                        within_s=_WITHIN_S,
                        on_company=lambda is_there: heard.put_nowait((is_there, time.monotonic())),
                    )
                )
                await asyncio.sleep(_ASKED_S)
                for times, is_there in ((came, True), (left, False)):
                    film.has_company = is_there
                    told, at_s = await asyncio.wait_for(heard.get(), _WITHIN_S)
                    if told is not is_there:
                        raise RuntimeError(f"company was told as {told} while it was {is_there}")
                    times.append((at_s - film.since_s(is_there)) * 1000)
                comparing.cancel()
                await asyncio.gather(comparing, return_exceptions=True)
        finally:
            await matcher.stop()
    return came, left


def growth(options: Options) -> Iterator[Figure]:
    """``--verifications`` of them, frames straight into the ring: does the worker grow?"""
    with _pack() as pack:
        first, last, files = asyncio.run(_growth(pack, options.verifications))
    told = f"from the 20th to the {options.verifications}th verification"
    yield Figure("face.growth", (last - first) / 1024, "MB", told, first / 1024, at_most=5.0)
    yield Figure("face.descriptors", float(files), "more", told, at_most=0.0)


async def _growth(pack: str, count: int) -> tuple[int, int, int]:
    with FrameRing.create() as full, Film(full, BEFORE_THE_CAMERA, fps=_QUICK_FPS):
        matcher = WorkerFaceMatcher(FaceOptions(pack, full.name, is_laboratory=True, liveness="passive"))
        try:
            await matcher.start()
            await matcher.enrol(REGISTRY_PORTRAIT.read_bytes())
            before = None
            for number in range(count):
                _recognised(await matcher.compare(lambda _advice: None, within_s=_WITHIN_S))
                if number == 19 or before is None:
                    before = weight(_pid(matcher))
            after = weight(_pid(matcher))
            return before.rss_kb, after.rss_kb, after.descriptors - before.descriptors
        finally:
            await matcher.stop()


def _pid(matcher: WorkerFaceMatcher) -> int:
    if matcher.pid is None:
        raise RuntimeError("the face worker is not running")
    return matcher.pid


def _cpu_ms(pid: int) -> float:
    """What all threads of a process have computed, from the scheduler's own count (ns)."""
    tasks = (PROC / str(pid) / "task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6
