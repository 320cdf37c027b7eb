"""A virtual SAM module on a pty, as fast as the computer, and a started reader on it."""

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
