"""Runs inside the namespaces of a private PC/SC daemon: makes them a home for pcscd and hands out connections to vpcd.

Started by ``daemon`` as ``unshare -mn python namespace.py FOLDER PCSCD``; standard library only. In its own mount
namespace ``/run/pcscd`` is FOLDER, so a system pcscd is not touched; in its own network namespace vpcd's port, which it
opens to all the world, is reachable by nobody. Who may open FOLDER gets connected sockets over ``FOLDER/vpcd.sock``.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

HOME = Path("/run/pcscd")
BUNDLES = Path("/usr/lib/pcsc/drivers")
PORT = 35963  # the first slot of libifdvpcd; the second is the next
READY_WITHIN_S = 5.0
_MS_BIND = 4096
_PR_SET_PDEATHSIG = 1
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1


def main(folder: str, pcscd: str) -> int:
    """Prepare the namespaces, run pcscd in them and serve until it ends or SIGTERM comes."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # nobody is left behind when the bench is killed
    raise_loopback()
    mount_home(libc, folder)
    for leftover in ("pcscd.comm", "pcscd.pid", "vpcd.sock"):
        (HOME / leftover).unlink(missing_ok=True)
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(HOME / "vpcd.sock"))
    door.listen()
    daemon = subprocess.Popen(
        [pcscd, "--foreground", "--config", str(HOME / "reader.conf.d")],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,  # it logs there; our own output is one word for the parent
        preexec_fn=lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL),  # noqa: PLW1509 - one thread here
    )
    signal.signal(signal.SIGTERM, lambda *_: daemon.terminate())
    until = time.monotonic() + READY_WITHIN_S
    while not is_ready():
        if daemon.poll() is not None or time.monotonic() > until:
            daemon.kill()
            print("pcscd did not open its socket and the virtual reader", file=sys.stderr)  # noqa: T201
            return 1
        time.sleep(0.01)
    print("ready", flush=True)  # noqa: T201 - the parent waits for this word
    return serve(door, daemon)


def raise_loopback() -> None:
    """Switch the new network namespace's loopback on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh22x", b"lo", 0)
        flags = struct.unpack("16sh22x", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | _IFF_UP))


def mount_home(libc: ctypes.CDLL, folder: str) -> None:
    """Put ``folder`` at /run/pcscd, and hide the drivers of real USB readers: those belong to the system's pcscd."""
    handle = os.open(folder, os.O_PATH)  # /run may be covered below, and the folder may lie there
    if not HOME.is_dir():
        mount(libc, "tmpfs", "/run", "tmpfs")
        HOME.mkdir()
    mount(libc, f"/proc/self/fd/{handle}", str(HOME), None, _MS_BIND)
    for bundle in BUNDLES.glob("*.bundle"):
        mount(libc, "tmpfs", str(bundle), "tmpfs")


def mount(libc: ctypes.CDLL, source: str, target: str, kind: str | None, flags: int = 0) -> None:
    """mount(2); ``OSError`` naming the target."""
    if libc.mount(source.encode(), target.encode(), kind.encode() if kind else None, ctypes.c_ulong(flags), None):
        raise OSError(ctypes.get_errno(), f"mounting: {os.strerror(ctypes.get_errno())}", target)


def is_ready() -> bool:
    """Tell whether pcscd's socket is there and vpcd listens on both ports of this namespace."""
    listening = {line.split()[1][-4:] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]}
    return (HOME / "pcscd.comm").exists() and {f"{PORT:04X}", f"{PORT + 1:04X}"} <= listening


def serve(door: socket.socket, daemon: subprocess.Popen[bytes]) -> int:
    """Give whoever connects and names a slot (one byte) a socket that is connected to it."""
    listening, ended = door.fileno(), os.pidfd_open(daemon.pid)
    while True:
        ready, _, _ = select.select([listening, ended], [], [])
        if ended in ready:
            return daemon.wait()
        with contextlib.suppress(OSError), door.accept()[0] as asker:
            asker.settimeout(1.0)
            slot = asker.recv(1)
            with socket.create_connection(("127.0.0.1", PORT + slot[0]), 1.0) as card:
                socket.send_fds(asker, [slot], [card.fileno()])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
