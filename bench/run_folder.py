"""Where one run keeps its things: sockets, FIFOs, ports, paper, keys. One folder, one booth.

Knows names of files only; who writes what stands beside each name.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunFolder:
    """Paths of one run."""

    root: Path

    @property
    def remote(self) -> Path:
        """The booth's screen, held open by the active visit process."""
        return self.root / "remote.sock"

    @property
    def paper(self) -> Path:
        """What the simulated printer put out: ``NNNN.png``."""
        return self.root / "paper"

    @property
    def keypad(self) -> Path:
        return self.root / "keypad.fifo"

    @property
    def sound(self) -> Path:
        """Raw PCM from the booth's player: s16le, 22 050 Hz, mono."""
        return self.root / "sound.pcm.fifo"

    @property
    def pcscd(self) -> Path:
        """Folder of the private PC/SC daemon."""
        return self.root / "pcscd"

    @property
    def sam(self) -> Path:
        """Folder of the SAM module's serial port."""
        return self.root / "serial"

    @property
    def trust(self) -> Path:
        """Certificates of the countries whose passports the booth trusts."""
        return self.root / "trust"

    @property
    def site(self) -> Path:
        """The site around the booth: site.toml, its secrets, the watch's journal and socket."""
        return self.root / "site"

    @property
    def ports_file(self) -> Path:
        return self.root / "ports.json"

    @property
    def staff_password(self) -> Path:
        """Written by ``python -m backend init``."""
        return self.root / "staff-password"

    def prepare(self) -> None:
        """Make the folder (0700: it holds keys) and what the bench owns in it. Raises ``OSError`` naming the place."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.paper.mkdir(exist_ok=True)
        for fifo in (self.sound, self.keypad):
            if fifo.exists() and not fifo.is_fifo():
                raise FileExistsError(errno.EEXIST, "there is something else than a FIFO", str(fifo))
        if not self.sound.exists():
            os.mkfifo(self.sound, 0o600)

    def token(self) -> str:
        """The word that opens the backend's bench endpoints; made at the first call."""
        file = self.root / "bench-token"
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as stream:
                stream.write(secrets.token_urlsafe(32))
        return file.read_text().strip()

    def ports(self) -> dict[str, int]:
        """Ports by name (backend, staff, bench, printer, camera, vpcd) as far as they are known."""
        try:
            found = json.loads(self.ports_file.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        return {str(name): int(port) for name, port in found.items()}

    def add_ports(self, **ports: int) -> None:
        """Add to ports.json; safe beside the other processes that do the same."""
        with (self.root / "ports.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            new = self.ports_file.with_suffix(".new")
            new.write_text(json.dumps(self.ports() | ports, indent=1))
            new.replace(self.ports_file)
