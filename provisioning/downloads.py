"""One file from an address: over https, counted while it comes, hashed before it is believed.

Plain http is taken from this computer only. Knows nothing of what is in the file.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests

from hardware.face import NoModelPack
from hardware.face.pack import MODEL_BYTES

_CHUNK = 1 << 18
_CONNECT_S, _SILENCE_S = 15.0, 30.0
_REDIRECTS = 5
_REDIRECT = frozenset({301, 302, 303, 307, 308})
_OFFLINE = "check the network; or fetch the files elsewhere and install from a folder"


def fetch(
    url: str, target: Path, sha256: str, *, size_bytes: int = 0, say: Callable[[str], None] = lambda _line: None
) -> None:
    """Fetch ``url`` into ``target`` (which must not exist). Raises ``NoModelPack``; then ``target`` is not there.

    ``size_bytes``: what it must be long, 0 = not known. ``sha256``: what it must hash to, hexadecimal.
    """
    most = size_bytes or MODEL_BYTES
    say(f"fetching {urlsplit(url).path.rsplit('/', 1)[-1]} ...")
    try:
        with requests.Session() as session:
            answer = _open(session, url)
            with answer:
                _receive(answer, url, target, most, sha256, size_bytes)
    except requests.RequestException as error:
        target.unlink(missing_ok=True)
        raise NoModelPack(f"cannot be fetched ({type(error).__name__})", where=url, cure=_OFFLINE) from None
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _open(session: requests.Session, url: str) -> requests.Response:
    """Follow redirections, each to a place as safe as the first."""
    place = url
    for _ in range(_REDIRECTS):
        _check_place(place)
        answer = session.get(place, stream=True, timeout=(_CONNECT_S, _SILENCE_S), allow_redirects=False)
        if answer.status_code not in _REDIRECT:
            if answer.status_code != 200:
                answer.close()
                raise NoModelPack(f"answered {answer.status_code}", where=place, cure=_OFFLINE)
            return answer
        place = urljoin(place, answer.headers.get("Location", ""))
        answer.close()
    raise NoModelPack("redirects without end", where=url, cure=_OFFLINE)


def _check_place(place: str) -> None:
    parts = urlsplit(place)
    if parts.scheme == "https" and parts.hostname:
        return
    try:
        is_here = ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        is_here = parts.hostname == "localhost"
    if parts.scheme != "http" or not is_here:
        raise NoModelPack("not an https address", where=place, cure="give an address that begins with https://")


def _receive(answer: requests.Response, url: str, target: Path, most: int, sha256: str, size_bytes: int) -> None:
    digest, got = hashlib.sha256(), 0
    with target.open("xb") as sink:
        for chunk in answer.iter_content(_CHUNK):
            got += len(chunk)
            if got > most:
                raise NoModelPack(
                    f"longer than {most} bytes", where=url, cure="another file lies there now; see recipe"
                )
            digest.update(chunk)
            sink.write(chunk)
    if size_bytes and got < size_bytes:
        raise NoModelPack(f"cut short: {got} of {size_bytes} bytes came", where=url, cure="try again")
    found = digest.hexdigest()
    if found != sha256:
        raise NoModelPack(
            f"another file lies there: sha256 {found[:12]}... instead of {sha256[:12]}...",
            where=url,
            cure="nothing was installed; get the recipe's file from its publisher",
        )
