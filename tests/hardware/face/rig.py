"""Face verification as the booth has it: camera rig, face worker and a model pack made of the weights at hand."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hardware.device import Health
from hardware.face import Coaching
from hardware.face.matcher import FaceOptions, InsightFaceMatcher
from hardware.face.pack import assemble
from tests.hardware.camera.rig import ASTRONAUT, Rig, camera_rig, until
from tests.hardware.face.loose_pack import RECIPES

REGISTRY_PORTRAIT = ASTRONAUT.parents[2] / "backend" / "portraits" / "astronaut.jpg"


def folder_of(variable: str) -> Path:
    """The folder an environment variable names; skips the test without it."""
    if not os.environ.get(variable):
        pytest.skip(f"{variable} is not set")
    return Path(os.environ[variable])


def laboratory_pack(tmp_path: Path) -> Path:
    """Assemble the laboratory pack."""
    return assemble(RECIPES / "lab-edgeface.toml", folder_of("BOOTH_MODELS"), tmp_path / "pack")


def photograph(name: str) -> bytes:
    """One of the public-domain photographs."""
    return (folder_of("BOOTH_TEST_FACES") / "publicdomain" / name).read_bytes()


@dataclass
class FaceRig(Rig):
    matcher: InsightFaceMatcher
    advice: list[Coaching]

    async def compare(self, within_s: float = 8.0):
        """Compare and keep the advice."""
        return await self.matcher.compare(self.advice.append, within_s=within_s)

    async def settle(self) -> None:
        """Wait until what was changed before the camera is in the ring."""
        last = (self.full.newest() or (0,))[0]
        await until(lambda: (self.full.newest() or (0,))[0] >= last + 4)


@contextlib.asynccontextmanager
async def face_rig(tmp_path: Path) -> AsyncIterator[FaceRig]:
    """Camera open, model loaded, the astronaut's registry portrait enrolled, the astronaut before the camera."""
    pack = laboratory_pack(tmp_path)
    async with camera_rig() as rig:
        matcher = InsightFaceMatcher(FaceOptions(str(pack), rig.full.name, is_laboratory=True))
        await asyncio.gather(matcher.start(), rig.camera.open())
        try:
            await until(lambda: matcher.status.health is Health.ONLINE, within_s=30)
            await matcher.enrol(REGISTRY_PORTRAIT.read_bytes())
            yield FaceRig(rig.simulator, rig.camera, rig.full, rig.preview, matcher, [])
        finally:
            await matcher.stop()
