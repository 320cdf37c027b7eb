"""Backend, bench, the watch over the site and booth as child processes of one command: started and ended in order.

Only processes, ports and files: what they do is theirs. The bench is a child like the others; nothing of it is
imported here.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from kiosk.config import load

ROOT = Path(__file__).resolve().parents[1]
_END_WITHIN_S = 6.0
_START_WITHIN_S = 120.0
_LOOK_S = 0.05
_LAST_LINES = 12
_PR_SET_PDEATHSIG = 1
_FIRST_SCREENS = ("Welcome", "WayOut", "Closed")  # what stood at the site when it was switched off still stands
_STALE = ("ports.json", "booth.toml", "remote.sock", "site/feed.sock")


class SiteError(Exception):
    """The simulated site cannot start or has broken down; the text names what, where and the cure."""


class AlreadyRunning(SiteError):
    """Another command holds this run folder."""


class Interrupted(SiteError):
    """``should_stop`` became true while the site was starting."""


class SimulatedSite:
    """One run folder and its processes. Use as a context manager: leaving it ends every child.

    ``page_port``: None = the bench's usual port or a free one, 0 = any free one. ``has_booth`` and ``has_watch`` False
    leave the booth itself, or the watch over the site, out. ``url`` is the bench's page.
    """

    def __init__(
        self,
        run: Path,
        *,
        display: str = "offscreen",
        page_port: int | None = 0,
        has_booth: bool = True,
        has_watch: bool | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.run = run.resolve()
        self._display = display
        self._page_port = page_port
        self._has_booth = has_booth
        self._has_watch = has_booth if has_watch is None else has_watch
        self._should_stop = should_stop
        self._lock: IO[str] | None = None
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def url(self) -> str:
        """The bench's page, e.g. ``http://127.0.0.1:8800/``."""
        return f"http://127.0.0.1:{ports(self.run)['bench']}/"

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of the children by name: backend, bench, site, booth."""
        return {name: child.pid for name, child in self._children.items()}

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- starting ---------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self._claim()
        settings = self.run / "booth.toml"
        if settings.exists() and _is_enrolled(settings):
            raise SiteError(
                f"{settings}: booth.is_enrolled: an enrolled booth is no place for a bench; give another --run"
            )
        for name in _STALE:
            (self.run / name).unlink(missing_ok=True)
        where = ["--run", str(self.run)]
        self._finish("backend init", [sys.executable, "-m", "backend", "init", *where])
        broker = ["--broker-port", "0"] if self._has_watch and _has_broker() else []
        token = ["--bench-token", f"@{self._token_file()}"]
        self._spawn("backend", ["-m", "backend", "serve", *where, *token, *broker])
        port = [] if self._page_port is None else ["--port", str(self._page_port)]
        self._spawn("bench", ["-m", "bench", *where, "--display", self._display, *port])
        self._wait("the bench did not open its page", lambda: "bench" in ports(self.run) and settings.exists())
        if self._has_watch:  # before the booth, whose screens follow it
            self._spawn("site", ["-m", "booth", "site", "run", "--config", str(settings)])
            self._wait("the watch over the site did not begin", (self.run / "site" / "feed.sock").exists)
        if not self._has_booth:
            return
        self._spawn("booth", ["-m", "booth", "run", "--config", str(settings)])
        self._wait("the welcome screen did not appear", self._is_welcoming)

    def _claim(self) -> None:
        self.run.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (self.run / "lock").open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            page = ports(self.run).get("bench")
            where = f" at http://127.0.0.1:{page}/" if page else " and is still starting"
            raise AlreadyRunning(
                f"a booth already runs in {self.run}{where}; use that one, end it with Ctrl-C, or give another --run"
            ) from None
        self._lock = lock

    def _token_file(self) -> Path:
        """Holds the word that opens the platform's bench endpoints; platform and bench read it there (0600)."""
        file = self.run / "bench-token"
        if not file.exists():
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
                stream.write(os.urandom(24).hex().encode())
        return file

    def _log(self, name: str) -> Path:
        return self.run / f"{name}.log"

    def _environment(self) -> dict[str, str]:
        path = os.environ.get("PYTHONPATH", "")
        return {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{path}" if path else str(ROOT), "PYTHONUNBUFFERED": "1"}

    def _finish(self, name: str, command: list[str]) -> None:
        done = subprocess.run(command, env=self._environment(), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SiteError(f"{name} failed: {(done.stderr or done.stdout).strip()}")

    def _spawn(self, name: str, arguments: list[str]) -> None:
        libc = ctypes.CDLL(None)
        with self._log(name).open("wb") as log:
            self._children[name] = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment(),
                start_new_session=True,  # Ctrl-C comes to this command only, which ends them in order
                preexec_fn=lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM),  # noqa: PLW1509 - one thread here
            )

    def _wait(self, failure: str, is_done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _START_WITHIN_S
        while not is_done():
            self.check()
            if self._should_stop():
                raise Interrupted("stopped while starting")
            if time.monotonic() > deadline:
                newest = next(reversed(self._children))
                raise SiteError(f"{failure} within {_START_WITHIN_S:g} s\n{self._last_lines(newest)}")
            time.sleep(_LOOK_S)

    def _is_welcoming(self) -> bool:
        try:
            booth = ask(self.url + "api/state")["booth"]
        except (OSError, ValueError, KeyError):
            return False
        return bool(booth["is_lit"] and booth["question"] and booth["question"]["name"] in _FIRST_SCREENS)

    # -- watching and ending ----------------------------------------------------------------------------------------

    def check(self) -> None:
        """Raise ``SiteError`` with the last lines of its log when a child has ended."""
        for name, child in self._children.items():
            if ended := _ended(child.pid):
                has_exited = ended.si_code == os.CLD_EXITED
                how = f"with status {ended.si_status}" if has_exited else f"by signal {ended.si_status}"
                raise SiteError(f"{name} ended {how}. {self._last_lines(name)}")

    def _last_lines(self, name: str) -> str:
        file = self._log(name)
        lines = file.read_text(errors="replace").splitlines()[-_LAST_LINES:] if file.exists() else []
        return f"The last lines of {file}:\n" + "\n".join(f"  {line}" for line in lines or ["(nothing)"])

    def stop(self) -> None:
        """End all children, the youngest first: politely, after some seconds by force. Idempotent."""
        for name in reversed(list(self._children)):
            _end(self._children.pop(name))
        if self._lock is not None:
            (self.run / "ports.json").unlink(missing_ok=True)  # nobody listens there any more
            self._lock.close()
            self._lock = None


def _has_broker() -> bool:
    """Without Mosquitto the site's journal stays in the booth; everything else works."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is not None


def _end(child: subprocess.Popen[bytes]) -> None:
    """End it politely, after some seconds by force; and what it leaves behind, as one does that ends while starting."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(child.pid, signal.SIGTERM)  # Popen's own way would reap it, and its number were no longer its own
    deadline = time.monotonic() + _END_WITHIN_S
    while _ended(child.pid) is None and time.monotonic() < deadline:
        time.sleep(_LOOK_S)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)  # its own session: nobody else is in it
    child.wait()


def _ended(pid: int) -> os.waitid_result | None:
    """How this child ended, or None. It is not reaped, so that its number stays its own."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)


def ports(run: Path) -> dict[str, int]:
    """Ports of a run by name, as far as they are known."""
    try:
        found = json.loads((run / "ports.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): int(port) for name, port in found.items()}


def ask(url: str, body: dict[str, Any] | None = None, within_s: float = 20.0) -> Any:
    """GET, or POST of a JSON body, to the bench. Raises ``OSError``, or ``SiteError`` with the bench's own words."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - loopback HTTP
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy has no business on loopback
    try:
        with opener.open(request, timeout=within_s) as answer:
            raw = answer.read()
            return json.loads(raw) if answer.headers.get_content_type() == "application/json" else raw
    except urllib.error.HTTPError as error:
        with error:
            said = error.read().decode(errors="replace")
        with contextlib.suppress(ValueError, KeyError, TypeError):
            said = json.loads(said)["error"]
        raise SiteError(f"the bench refuses {url.rsplit('/', 1)[-1]}: {said}") from None


def _is_enrolled(settings: Path) -> bool:
    return load(settings).booth.is_enrolled
