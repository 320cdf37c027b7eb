"""One backend and bench for the tests of the page, one whole simulated booth for the stories; both real programs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from booth.simulated_site import SimulatedSite, ask
from tests.bench.remote_peer import RemotePeer


@dataclass
class Site:
    """A bench, the page's address, and how to operate it."""

    run: Path
    url: str
    pids: dict[str, int]

    def do(self, what: str, **body: Any) -> None:
        ask(f"{self.url}api/{what}", body)

    def state(self) -> dict[str, Any]:
        return ask(f"{self.url}api/state")


def until(is_true: Callable[[], Any], what: str, within_s: float = 15.0) -> Any:
    """Wait for something that another process does."""
    deadline = time.monotonic() + within_s
    while not (found := is_true()):
        assert time.monotonic() < deadline, f"not within {within_s:g} s: {what}"
        time.sleep(0.02)
    return found


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Backend and bench as ``booth demo`` starts them, without a booth."""
    run = tmp_path_factory.mktemp("bench")
    with SimulatedSite(run, has_booth=False) as site:
        found = Site(run, site.url, site.pids)
        until(lambda: found.state()["residents"], "the platform's residents")
        yield found


@pytest.fixture
def glass(bench: Site) -> Iterator[RemotePeer]:
    """Somebody at the booth's end of the remote socket."""
    peer = RemotePeer(bench.run / "remote.sock")
    peer.start()
    until(lambda: bench.state()["booth"]["is_lit"], "the bench's connection to the booth's screen")
    yield peer
    peer.stop()
    until(lambda: not bench.state()["booth"]["is_lit"], "the end of that connection")


@pytest.fixture(scope="session")
def booth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The whole thing once: backend, bench, booth off-screen at its welcome screen."""
    run = tmp_path_factory.mktemp("booth")
    with SimulatedSite(run) as site:
        yield Site(run, site.url, site.pids)


@pytest.fixture(scope="module")
def other_booth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A second one, with a day of its own: a card may try its face nine times a day at one booth."""
    run = tmp_path_factory.mktemp("other_booth")
    with SimulatedSite(run) as site:
        yield Site(run, site.url, site.pids)
