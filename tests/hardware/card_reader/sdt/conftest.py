"""A virtual SAM module on a pty, as fast as the computer, a started reader on it, and a photo decoder's library."""

import shutil
import subprocess
from pathlib import Path

import pytest

from hardware.card_reader.sdt.messages import SamOptions
from hardware.card_reader.sdt.reader import SamCardReader
from hardware.card_reader.sdt.simulator import IMMEDIATE, SamOnPty


@pytest.fixture
async def sam(tmp_path):
    sam = SamOnPty(tmp_path / "by-id", pace=IMMEDIATE)
    await sam.plug()
    yield sam
    await sam.unplug()


@pytest.fixture
async def reader(sam):
    reader = SamCardReader(SamOptions(str(sam.folder / "usb-SAM*")))
    await reader.start()
    yield reader
    await reader.stop()


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler: the vendor's library cannot be built")
    built = tmp_path_factory.mktemp("wlt") / "libunpack.so"
    source = Path(__file__).with_name("unpack.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(built), str(source)], check=True)
    return str(built)
