"""A private PC/SC daemon with a virtual reader, for benches and tests; a booth uses the system's pcscd and its readers.

pcscd knows one place, /run/pcscd, and refuses to start twice; vpcd listens on every address of the computer. So this
one lives in mount and network namespaces of its own (see ``namespace``): it runs beside a system pcscd and beside any
number of its like, needs no free port, and nobody on the network can present a card to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import IO

from hardware.card_reader import namespace
from hardware.device import DeviceError

LIBRARY = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
READER_NAME = "Booth bench"
START_WITHIN_S = 10.0
STOP_WITHIN_S = 3.0
MAX_SOCKET_PATH_BYTES = 107


class DaemonFailed(DeviceError):
    """The private PC/SC daemon could not be started; message and cure say why."""


class PrivatePcscd:
    """pcscd with one virtual reader of two slots; everything it owns is in ``folder`` (made with mode 0700).

    ``socket`` is what clients take as PCSCLITE_CSOCK_NAME; ``card_door`` is where a ``simulator.CardSlot`` connects.
    """

    def __init__(self, folder: Path, reader_name: str = READER_NAME) -> None:
        self.folder = folder.resolve()
        self.reader_name = reader_name  # a change counts from the next start
        self.socket = self.folder / "pcscd.comm"
        self.card_door = self.folder / "vpcd.sock"
        self._process: asyncio.subprocess.Process | None = None
        self._lock: IO[str] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the keeper of the namespaces (pcscd is its child), or None."""
        return self._process.pid if self._process else None

    @property
    def pcscd_pid(self) -> int:
        """Process id of pcscd itself, for tests that kill it."""
        return int((self.folder / "pcscd.pid").read_text().strip("\0 \n"))  # pcscd writes its final NUL too

    async def start(self) -> None:
        """Start; returns when a client can connect. Raises ``DaemonFailed`` with the cure."""
        if self._process is not None:
            return
        pcscd = self._find_programs()
        self._claim_folder()
        try:
            self._write_configuration()
            # Root needs no user namespace; anybody else becomes root of one, where the kernel allows it.
            flags = "-mn" if os.geteuid() == 0 else "-Urmn"
            with (self.folder / "pcscd.log").open("wb") as log:
                self._process = await asyncio.create_subprocess_exec(
                    "unshare", flags, sys.executable, "-I", namespace.__file__, str(self.folder), pcscd,
                    stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=log,
                )  # fmt: skip
            assert self._process.stdout is not None
            try:
                word = await asyncio.wait_for(self._process.stdout.readline(), START_WITHIN_S)
            except TimeoutError:
                word = b""
            if word.strip() != b"ready":
                raise self._failure()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End pcscd and its keeper, by id; leaves only the log. Idempotent."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_WITHIN_S)
            except TimeoutError:  # a slot that waits for a hung card keeps pcscd from ending
                with contextlib.suppress(ProcessLookupError):
                    process.kill()  # pcscd dies with its keeper
                await process.wait()
        if self._lock is not None:
            for leftover in (self.socket, self.card_door, self.folder / "pcscd.pid"):
                leftover.unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def kill_pcscd(self) -> None:
        """Kill pcscd as a crash would (SIGKILL); ``stop`` and ``start`` bring it back."""
        os.kill(self.pcscd_pid, signal.SIGKILL)

    def _find_programs(self) -> str:
        pcscd = shutil.which("pcscd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        if pcscd is None or not LIBRARY.exists() or shutil.which("unshare") is None:
            raise DaemonFailed(
                "the virtual card reader is not installed",
                where=str(LIBRARY),
                cure="install the packages pcscd, vsmartcard-vpcd and util-linux",
            )
        if len(os.fsencode(self.socket)) > MAX_SOCKET_PATH_BYTES:
            raise DaemonFailed(
                f"the path of a socket may have {MAX_SOCKET_PATH_BYTES} bytes",
                where=str(self.socket),
                cure="use a shorter folder",
            )
        return pcscd

    def _claim_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (self.folder / "lock").open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise DaemonFailed(
                "another private pcscd uses this folder", where=str(self.folder), cure="stop it or give another folder"
            ) from None
        self._lock = lock

    def _write_configuration(self) -> None:
        configuration = self.folder / "reader.conf.d"
        configuration.mkdir(exist_ok=True)
        (configuration / "booth").write_text(
            f'FRIENDLYNAME "{self.reader_name}"\n'
            f"DEVICENAME /dev/null:0x{namespace.PORT:04X}\n"
            f"LIBPATH {LIBRARY}\n"
            f"CHANNELID 0x{namespace.PORT:04X}\n"
        )

    def _failure(self) -> DaemonFailed:
        lines = (self.folder / "pcscd.log").read_text(errors="replace").strip().splitlines()
        said = lines[-1] if lines else "it said nothing"
        if "unshare" in said or "Operation not permitted" in said:
            return DaemonFailed(
                f"this account may not make namespaces: {said}",
                where="unshare",
                cure="run as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1)",
            )
        return DaemonFailed(
            f"pcscd did not start: {said}", where=str(self.folder), cure="read pcscd.log in that folder"
        )
