"""Takes the network away from a process, for good: by the kernel, and once more by the interpreter.

Engines' packages fetch what they miss, native code opens sockets that no hook of Python sees, and a face must not leave
by any of them. So the kernel refuses every socket but Unix ones (seccomp, Linux) to this process, its threads and its
children; and the interpreter refuses with words. What is open already stays open. Knows no face.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from typing import Any

_FORBIDDEN = frozenset({"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"})

_PR_SET_NO_NEW_PRIVS = 38  # linux/prctl.h
_SET_MODE_FILTER, _FLAG_TSYNC = 1, 1  # linux/seccomp.h
_RET_ALLOW, _RET_ERRNO, _RET_KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
_LOAD, _JUMP_EQUAL, _RETURN = 0x20, 0x15, 0x06  # linux/bpf_common.h: BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
_AT_NUMBER, _AT_ARCHITECTURE, _AT_FIRST_ARGUMENT = 0, 4, 16  # of struct seccomp_data, little endian
_AF_UNIX = 1
_IO_URING_SETUP = 425  # the same everywhere; io_uring opens sockets past every filter
# machine: (AUDIT_ARCH_*, socket(2), seccomp(2))
_MACHINES = {"x86_64": (0xC000003E, 41, 317), "aarch64": (0xC00000B7, 198, 277)}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def forbid_network() -> None:
    """Make every attempt to reach a network fail, for the rest of this process: with words in Python, EACCES below.

    On a kernel or machine without seccomp only Python's attempts fail.
    """

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _FORBIDDEN:
            raise RuntimeError(  # no OSError: that would be tried again
                f"{event} in the face worker: nothing is downloaded at run time"
            )

    sys.addaudithook(refuse)
    allow_unix_sockets_only()


def allow_unix_sockets_only(*, is_deadly: bool = False) -> bool:
    """Let the kernel refuse all other sockets; False where it cannot. ``is_deadly``: an attempt ends the process."""
    machine = _MACHINES.get(platform.machine())
    if machine is None or sys.byteorder != "little":
        return False
    architecture, socket_number, seccomp_number = machine
    refused = _RET_KILL_PROCESS if is_deadly else _RET_ERRNO | errno.EACCES
    code = [
        (_LOAD, 0, 0, _AT_ARCHITECTURE),
        (_JUMP_EQUAL, 0, 6, architecture),  # another ABI's numbers mean something else: refused
        (_LOAD, 0, 0, _AT_NUMBER),
        (_JUMP_EQUAL, 4, 0, _IO_URING_SETUP),
        (_JUMP_EQUAL, 0, 2, socket_number),
        (_LOAD, 0, 0, _AT_FIRST_ARGUMENT),
        (_JUMP_EQUAL, 0, 1, _AF_UNIX),
        (_RETURN, 0, 0, _RET_ALLOW),
        (_RETURN, 0, 0, refused),
    ]
    packed = b"".join(struct.pack("<HBBI", *line) for line in code)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    program = _Program(len(code), packed)
    return bool(libc.syscall(seccomp_number, _SET_MODE_FILTER, _FLAG_TSYNC, ctypes.byref(program)) == 0)


def network_is_closed() -> bool:
    """Say whether the kernel refuses this process an internet socket; opens none that stays."""
    import socket  # noqa: PLC0415 - for a test or a technician's check only

    try:
        descriptor = socket.socket(socket.AF_INET).detach()
    except PermissionError:
        return True
    os.close(descriptor)
    return False
