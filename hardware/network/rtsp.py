"""RTSP DESCRIBE as a probe (RFC 2326, 10.2): does this camera describe a video stream, within its deadline?

Nothing is decoded and no picture is fetched. Bytes in and out by ``request`` and ``ResponseReader``; ``probe`` is the
connection.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from hardware.field import Auth, Busy, Config, Garbage, Gone, Refused, Timeout
from hardware.network import Credentials

MAX_HEAD, MAX_BODY = 16 * 1024, 64 * 1024
_STATUS = re.compile(r"RTSP/1\.\d (\d{3})(?: .*)?")
_PARAMETER = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')
_HOW_MANY = 2  # with and without credentials


@dataclass(frozen=True)
class Response:
    """``headers``: names in lower case, each with all its values."""

    status: int
    headers: dict[str, list[str]]
    body: bytes

    def header(self, name: str) -> str:
        """The first value, "" for none."""
        return self.headers.get(name, [""])[0]


def request(
    url: str, sequence: int, authorization: str = "", method: str = "DESCRIBE", more: tuple[str, ...] = ()
) -> bytes:
    """One request; ``more`` are its other lines."""
    accepts = ("Accept: application/sdp",) if method == "DESCRIBE" else ()
    lines = [f"{method} {url} RTSP/1.0", f"CSeq: {sequence}", *accepts, "User-Agent: booth", *more]
    if authorization:
        lines.append(f"Authorization: {authorization}")
    return "\r\n".join([*lines, "", ""]).encode()


class ResponseReader:
    """Reads one response from a stream."""

    def __init__(self) -> None:
        self._data = b""

    def feed(self, data: bytes) -> Response | None:
        """Take what came; give the response when it is whole. Raises ``Garbage``."""
        self._data += data
        head, end, rest = self._data.partition(b"\r\n\r\n")
        if not end:
            if len(head) > MAX_HEAD or (len(head) >= 5 and not head.startswith(b"RTSP/")):
                raise Garbage("what came is no RTSP")
            return None
        first, *lines = head.decode("utf-8", "replace").split("\r\n")
        status = _STATUS.fullmatch(first)
        if status is None or len(head) > MAX_HEAD:
            raise Garbage("what came is no RTSP")
        headers: dict[str, list[str]] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if colon:
                headers.setdefault(name.strip().lower(), []).append(value.strip())
        size = headers.get("content-length", ["0"])[0]
        if not re.fullmatch(r"\d{1,6}", size, re.ASCII) or int(size) > MAX_BODY:
            raise Garbage("a body of no or too great length")
        if len(rest) < int(size):
            return None
        return Response(int(status[1]), headers, rest[: int(size)])


def authorization(
    challenges: list[str], credentials: Credentials, url: str, nonce: str, method: str = "DESCRIBE"
) -> str:
    """The header that answers a challenge: Digest with MD5 (RFC 7616), else Basic. Raises ``Auth``.

    ``nonce``: ours, hexadecimal.
    """
    for challenge in sorted(challenges, key=lambda one: not one.lower().startswith("digest")):
        scheme, _, rest = challenge.partition(" ")
        found = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(rest)}
        if scheme.lower() == "digest" and found.get("algorithm", "MD5").upper() == "MD5" and "nonce" in found:
            return _digest(found, credentials, url, nonce, method)
        if scheme.lower() == "basic":
            pair = f"{credentials.user}:{credentials.password}".encode()
            return f"Basic {base64.b64encode(pair).decode()}"
    raise Auth("it asks for a kind of password that we do not have")


def _digest(found: dict[str, str], credentials: Credentials, url: str, nonce: str, method: str) -> str:
    user, realm, theirs = credentials.user, found.get("realm", ""), found["nonce"]
    secret = _md5(f"{user}:{realm}:{credentials.password}")
    what = _md5(f"{method}:{url}")
    head = f'Digest username="{user}", realm="{realm}", nonce="{theirs}", uri="{url}"'
    if "auth" in [one.strip() for one in found.get("qop", "").split(",")]:
        response = _md5(f"{secret}:{theirs}:00000001:{nonce}:auth:{what}")
        head += f', qop=auth, nc=00000001, cnonce="{nonce}"'
    else:
        response = _md5(f"{secret}:{theirs}:{what}")
    opaque = f', opaque="{found["opaque"]}"' if "opaque" in found else ""
    return f'{head}, response="{response}"{opaque}'


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def place(url: str) -> tuple[str, int]:
    """Host and port of a stream. Raises ``Config``, also for a URL with a password in it."""
    try:
        parts = urlsplit(url)
        port = parts.port or 554
    except ValueError:
        raise Config("the stream's URL cannot be read") from None
    if parts.scheme != "rtsp" or not parts.hostname or parts.username is not None or re.search(r"[^!-~]", url):
        raise Config("a stream is rtsp://host[:port]/path, without a password", cure="put the password in credentials")
    return parts.hostname, port


async def probe(url: str, within_s: float, credentials: Credentials | None = None) -> None:
    """Return when the camera described a video stream. Raises ``FieldError``."""
    host, port = place(url)
    where = f"rtsp {host}:{port}"
    try:
        async with asyncio.timeout(within_s):
            response = await _describe(host, port, url, credentials)
    except TimeoutError:
        raise Timeout("no answer", where=where) from None
    except OSError as error:
        raise Gone("no connection", where=where, cure="check the camera's power and address") from error
    except (Garbage, Gone, Auth) as error:
        error.where = where
        raise
    if response.status == 401:
        raise Auth("user or password is wrong" if credentials else "it asks for a password", where=where)
    if response.status == 503:
        raise Busy("it serves others already", where=where)
    if response.status != 200:
        raise Refused(f"it answers {response.status}", where=where, code=response.status)
    if b"m=video" not in response.body:
        raise Garbage("it describes no video", where=where)


async def _describe(host: str, port: int, url: str, credentials: Credentials | None) -> Response:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        answer = ""
        for sequence in range(1, _HOW_MANY + 1):
            writer.write(request(url, sequence, answer))
            response = await _response(reader)
            if response.header("cseq") != str(sequence):
                raise Garbage("the answer is to another question")
            if response.status != 401 or credentials is None or sequence == _HOW_MANY:
                break
            answer = authorization(response.headers.get("www-authenticate", []), credentials, url, os.urandom(8).hex())
        return response
    finally:
        writer.transport.abort()


async def _response(reader: asyncio.StreamReader) -> Response:
    parser = ResponseReader()
    while True:
        data = await reader.read(4096)
        if not data:
            raise Gone("it closed the connection")
        response = parser.feed(data)
        if response is not None:
            return response
