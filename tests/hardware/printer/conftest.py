"""The fonts the printer's tests draw with."""

from __future__ import annotations

import pytest

from tests.hardware.printer.printer_bench import FONTS, NOTO


@pytest.fixture
def fonts() -> dict[str, str]:
    if not NOTO.is_dir():
        pytest.skip("Debian's fonts-noto-cjk is not installed")
    return FONTS
