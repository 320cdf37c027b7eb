"""Packs, a place for weights, and a web server on loopback: what the tests of ``booth models`` share."""

from __future__ import annotations

import functools
import hashlib
import http.server
import os
import threading
from pathlib import Path

import pytest

from hardware.face.manifest import read_manifest
from provisioning.models import recipes

RECIPE = recipes()["lab-mobilefacenet"]


def weights() -> Path:
    """The folder of loose weights; skips the test where there is none."""
    if not os.environ.get("BOOTH_MODELS"):
        pytest.skip("BOOTH_MODELS is not set")
    return Path(os.environ["BOOTH_MODELS"])


def public(weights: Path, folder: Path, **changes: str) -> Path:
    """A whole pack in ``folder`` that may serve the public, made of the weights at hand."""
    folder.mkdir(parents=True)
    text = RECIPE.read_text().replace('permitted_use = "laboratory"', 'permitted_use = "public"')
    for old, new in changes.items():
        text = text.replace(f'{old} = "1"', f'{old} = "{new}"')
    (folder / "manifest.toml").write_text(text)
    for part in read_manifest(RECIPE).parts:
        (folder / part.file).symlink_to(weights / part.file)
    return folder


class Server:
    """A web server on loopback that gives the files of ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        handler = functools.partial(_Quiet, directory=str(root))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path.startswith("/elsewhere/"):  # where another place is named
            self.send_response(302)
            self.send_header(
                "Location", self.path.removeprefix("/elsewhere") if "evil" not in self.path else "http://192.0.2.1/x"
            )
            self.end_headers()
        elif self.path.startswith("/round"):
            self.send_response(302)
            self.send_header("Location", "/round")
            self.end_headers()
        elif self.path.startswith("/short/"):  # ends before it is over
            data = (Path(self.directory) / self.path.removeprefix("/short/")).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) // 2])
        else:
            super().do_GET()


def tree(folder: Path) -> dict[str, str]:
    """Every file below ``folder`` with its digest."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


# -- installing -------------------------------------------------------------------------------------------------------
