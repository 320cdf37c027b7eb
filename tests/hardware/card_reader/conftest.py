"""The real driver on the real wire: a private PC/SC daemon with an empty slot, and a started reader."""

import pytest

from hardware.card_reader.rig import rig


@pytest.fixture
async def table(tmp_path):
    async with rig(tmp_path / "pcscd") as table:
        yield table


@pytest.fixture
def daemon(table):
    return table.daemon


@pytest.fixture
def slot(table):
    return table.slot


@pytest.fixture
def reader(table):
    return table.reader
