"""The uplink beside the watch: started with it, again when it ends, and gone with it, also when the watch is killed."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.booth.site_stand import SiteStand, until

pytestmark = pytest.mark.peer

_BOOTH = """
[booth]
id = "T7"
community = "test"
[ledger]
folder = "ledger"
[backend]
url = "https://127.0.0.1:1/"
ca = "ca"
certificate = "certificate"
key = "key"
seal_pub = "seal"
sign_pub = "sign"
[site]
file = "site.toml"
folder = "."
[site.uplink]
broker = "127.0.0.1:{port}"
"""


class Enrolled(SiteStand):
    """The watch as booth.toml has it, with a broker that nobody runs."""

    def command(self) -> list[str]:
        config = self.folder / "booth.toml"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            config.write_text(_BOOTH.format(port=free.getsockname()[1]), encoding="utf-8")
        return [sys.executable, "-m", "booth", "site", "run", "--config", str(config), "--log", str(self.log)]

    def uplinks(self) -> list[int]:
        """Process ids of the watch's children that are the uplink."""
        assert self.process is not None
        found = []
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            found += [int(pid) for pid in (task / "children").read_text(encoding="ascii").split()]
        return [pid for pid in found if b"booth.site_uplink" in _command(pid)]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Enrolled]:
    async with Enrolled(tmp_path) as stand:
        yield stand


async def test_it_is_started_again_and_ends_with_the_watch(stand: Enrolled) -> None:
    await stand.start()
    await until(lambda: len(stand.uplinks()) == 1, stand.log_text)
    (first,) = stand.uplinks()
    os.kill(first, signal.SIGKILL)
    await until(lambda: bool(stand.uplinks()) and stand.uplinks() != [first], stand.log_text)
    (second,) = stand.uplinks()
    await stand.until_locked()
    assert await stand.end() == 0
    await until(lambda: not _command(second), lambda: "the uplink outlived the watch")


async def test_it_does_not_outlive_a_watch_that_is_killed(stand: Enrolled) -> None:
    await stand.start()
    await until(lambda: len(stand.uplinks()) == 1, stand.log_text)
    (pid,) = stand.uplinks()
    await stand.end(signal.SIGKILL)
    await until(lambda: not _command(pid), lambda: "the uplink outlived the watch")
