"""Face verification as the booth has it: camera rig, face worker and a model pack made of the weights at hand."""

import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hardware.camera import CameraError, Picture
from hardware.camera.simulator import MOVEMENTS
from hardware.device import Health
from hardware.face import Challenge, Coaching
from hardware.face.liveness import Policy
from hardware.face.matcher import WorkerFaceMatcher
from hardware.face.messages import FaceOptions
from hardware.face.pack import assemble
from hardware.face.portrait import ASTRONAUT_EYES
from tests.hardware.camera.rig import ASTRONAUT, Rig, camera_rig, until
from tests.hardware.face.loose_pack import RECIPES

REGISTRY_PORTRAIT = ASTRONAUT.parents[2] / "backend" / "portraits" / "astronaut.jpg"


def folder_of(variable: str) -> Path:
    """The folder an environment variable names; skips the test without it."""
    if not os.environ.get(variable):
        pytest.skip(f"{variable} is not set")
    return Path(os.environ[variable])


def assembled(recipe: str, folder: Path) -> Path:
    """Assemble the pack of a shipped recipe, e.g. ``lab-edgeface``."""
    return assemble(RECIPES / f"{recipe}.toml", folder_of("BOOTH_MODELS"), folder / recipe)


def laboratory_pack(tmp_path: Path) -> Path:
    """Assemble the laboratory pack."""
    return assemble(RECIPES / "lab-edgeface.toml", folder_of("BOOTH_MODELS"), tmp_path / "pack")


def photograph(name: str) -> bytes:
    """One of the public-domain photographs."""
    return (folder_of("BOOTH_TEST_FACES") / "publicdomain" / name).read_bytes()


@dataclass
class FaceRig(Rig):
    matcher: WorkerFaceMatcher
    advice: list[Coaching]
    company: list[bool]
    places: list[tuple[float, float, float, float]]
    is_obedient: bool = True  # the simulated person does what is asked

    async def compare(self, within_s: float = 40.0, challenge: Challenge = Challenge.MOVEMENT):
        """Compare and keep the advice; the simulated person does what is asked."""

        def coach(advice: Coaching) -> None:
            self.advice.append(advice)
            if self.is_obedient and advice.value in MOVEMENTS:
                self.simulator.perform(advice.value)

        return await self.matcher.compare(coach, within_s=within_s, challenge=challenge, on_company=self.company.append)

    async def as_at_first(self) -> None:
        """The astronaut before an open camera, and on the enrolled portrait."""
        self.simulator.be_as_at_first()
        self.simulator.show(ASTRONAUT.read_bytes(), ASTRONAUT_EYES)
        self.advice.clear()
        self.company.clear()
        self.is_obedient = True
        await opened(self)
        await self.matcher.enrol(REGISTRY_PORTRAIT.read_bytes())
        await until(lambda: self.camera.status.picture is Picture.GOOD)
        await self.settle()

    async def settle(self) -> None:
        """Wait until what was changed before the camera is in the ring."""
        last = (self.full.newest() or (0,))[0]
        await until(lambda: (self.full.newest() or (0,))[0] >= last + 4)


async def opened(rig: Rig) -> None:
    """Open the camera; on a loaded computer the first picture may be late, and it is asked again."""
    for _ in range(5):
        with contextlib.suppress(CameraError):
            await rig.camera.open()
            return
    await rig.camera.open()


@contextlib.asynccontextmanager
async def face_rig(tmp_path: Path, *, liveness: Policy = "challenge", **camera) -> AsyncIterator[FaceRig]:
    """Camera open, model loaded, the astronaut's registry portrait enrolled, the astronaut before the camera."""
    pack = laboratory_pack(tmp_path)
    async with camera_rig(**camera) as rig:
        places: list[tuple[float, float, float, float]] = []
        options = FaceOptions(str(pack), rig.full.name, is_laboratory=True, liveness=liveness)
        matcher = WorkerFaceMatcher(options, on_place=lambda at: (places.append(at), rig.camera.aim(at)))
        await matcher.start()
        try:
            await opened(rig)
            await until(lambda: matcher.status.health is Health.ONLINE, within_s=30)
            await matcher.enrol(REGISTRY_PORTRAIT.read_bytes())
            yield FaceRig(rig.simulator, rig.camera, rig.full, rig.preview, matcher, [], [], places)
        finally:
            await matcher.stop()
