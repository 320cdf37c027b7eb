"""The reference from outside: the same choose-service screen as a page in a Chromium kiosk."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.child import end, environment
from benchmarks.display import HEIGHT, WIDTH
from benchmarks.figure import Unavailable

PAGE = Path(__file__).with_name("choose_service.html")


@contextlib.contextmanager
def kiosk(display: str) -> Iterator[subprocess.Popen[bytes]]:
    """Chromium, full screen on ``display``, without its first-run questions."""
    browser = shutil.which("chromium")
    if browser is None:
        raise Unavailable("chromium is not installed (provisioning/setup.sh --bench)")
    with tempfile.TemporaryDirectory(prefix="booth-chromium-", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [
                browser, "--kiosk", PAGE.as_uri(), f"--user-data-dir={profile}", "--no-sandbox", "--no-first-run",
                "--disable-extensions", "--disable-component-update", "--disable-background-networking",
                "--force-device-scale-factor=1", "--window-position=0,0", f"--window-size={WIDTH},{HEIGHT}",
                "--password-store=basic", "--noerrdialogs",
            ],
            env=environment(DISPLAY=display, SDL_VIDEODRIVER=""),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield process
        finally:
            end(process)
