"""Where pictures come from: a V4L2 device, a network stream or a file. Only says what is what, takes no picture."""

from __future__ import annotations

import contextlib
import os
import socket
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443, "rtsp": 554}
_PRESENCE_S = 0.5


def check(source: str) -> str:
    """Give ``source`` in its plain form (a device number becomes its path). Raises ``ValueError`` naming the cure."""
    if source.isdecimal():
        return f"/dev/video{source}"
    if is_stream(source):
        if urlsplit(source).hostname:
            return source
    elif source.startswith("/") and "\0" not in source:
        return source
    raise ValueError(
        f"camera source {source!r}: give a device (/dev/v4l/by-path/..., /dev/video0 or 0), a file's absolute path, or "
        "an http, https or rtsp address"
    )


def is_stream(source: str) -> bool:
    """True for a network address."""
    return urlsplit(source).scheme in _PORTS


def is_device(source: str) -> bool:
    """True for a V4L2 device node."""
    return source.startswith("/dev/")


def is_present(source: str) -> bool:
    """Say whether something is there, without taking a picture: the node exists, the host accepts a connection."""
    if not is_stream(source):
        return os.path.exists(source)
    place = urlsplit(source)
    with contextlib.suppress(OSError):
        socket.create_connection((place.hostname, place.port or _PORTS[place.scheme]), _PRESENCE_S).close()
        return True
    return False


def describe(source: str) -> str:
    """Name ``source`` for the log, without a password that stands in an address."""
    if not is_stream(source):
        return f"camera {source}"
    place = urlsplit(source)
    return f"camera {place.scheme}://{place.hostname}:{place.port or _PORTS[place.scheme]}{place.path}"
