"""The platform under test, once a module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backend.serving import InProcess, Serving, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("run")) as platform:
        yield platform


@pytest.fixture
def inside(tmp_path: Path) -> Iterator[InProcess]:
    made = InProcess(f"sqlite:///{tmp_path / 'backend.db'}")
    yield made
    made.platform.store.close()
