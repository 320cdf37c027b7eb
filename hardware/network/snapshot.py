"""One still picture of a camera by HTTP, as most cameras offer it, with the password that its stream has.

Bounded in size and time; a redirection is not followed. Fetches and hands over; what it shows is ``picture``'s.
"""

from __future__ import annotations

import asyncio
import re
from urllib.parse import urlsplit

import aiohttp

from hardware.field import Auth, Config, Garbage, Gone, Refused, Timeout
from hardware.network import Credentials
from hardware.network.picture import MOST_BYTES


def check(url: str) -> None:
    """Raise ``Config`` for a URL that no snapshot has, also for one with a password in it."""
    try:
        parts = urlsplit(url)
        is_good = parts.scheme == "http" and bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or re.search(r"[^!-~]", url):
        raise Config("a snapshot is http://host[:port]/path, without a password", cure="write user and secret apart")


async def fetch(url: str, credentials: Credentials | None, within_s: float) -> bytes:
    """The picture. Raises ``FieldError`` in time."""
    where = f"http {urlsplit(url).hostname}"
    guards = () if credentials is None else (aiohttp.DigestAuthMiddleware(credentials.user, credentials.password),)
    try:
        async with (
            asyncio.timeout(within_s),
            aiohttp.ClientSession(middlewares=guards, auto_decompress=False) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            if answer.status == 401:
                raise Auth("user or password is wrong" if credentials else "it asks for a password", where=where)
            if answer.status != 200:
                raise Refused(f"it answers {answer.status}", where=where, code=answer.status)
            data = bytearray()
            async for chunk in answer.content.iter_any():
                data += chunk
                if len(data) > MOST_BYTES:
                    raise Garbage("a picture that is too large", where=where)
            return bytes(data)
    except TimeoutError:
        raise Timeout("no picture", where=where) from None
    except (aiohttp.ClientError, OSError, ValueError):
        raise Gone("no picture comes", where=where) from None
