import subprocess
import sys
from pathlib import Path

import pytest

from tests.booth.stand import ROOT, Stand, environment


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with a demo authority and keys, made by the reference platform."""
    run = tmp_path_factory.mktemp("run")
    command = [sys.executable, "-m", "backend", "init", "--run", str(run)]
    subprocess.run(command, check=True, cwd=ROOT, env=environment(), capture_output=True, timeout=60)
    return run


@pytest.fixture
async def stand(tmp_path: Path, demo_run: Path):
    async with Stand(tmp_path, demo_run / "pki").open() as stand:
        yield stand
