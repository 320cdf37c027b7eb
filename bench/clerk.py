"""A clerk at the platform's staff pages: logs in like one and reads what arrived.

The proof that a transaction reached the platform is what a clerk sees there, not a look into its database.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import aiohttp

from bench.platform import PlatformAway

ACCOUNT = "clerk"
_WITHIN = aiohttp.ClientTimeout(total=10)
_TOKEN = re.compile(r'name="token"\s+value="([^"]+)"|value="([^"]+)"\s+name="token"')
_STATES = ("accepted", "processing")


@dataclass(frozen=True)
class Arrived:
    """One line of the list of transactions. ``state``: accepted | processing | rejected."""

    number: str
    service: str
    way: str
    state: str


class Clerk:
    """One log-in at the staff pages."""

    def __init__(self, password_file: Path) -> None:
        self._password_file = password_file
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def transactions(self, staff_url: str) -> list[Arrived]:
        """Everything the platform received, newest first (at most 100). Raises ``PlatformAway``."""
        if not staff_url:
            raise PlatformAway("the platform is not running yet (no staff port in ports.json)")
        try:
            if self._session is None:
                self._session = aiohttp.ClientSession(timeout=_WITHIN, cookie_jar=aiohttp.CookieJar(unsafe=True))
            page = await self._page(staff_url)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise PlatformAway(f"the staff pages do not answer ({type(error).__name__}); see backend.log") from None
        table = _Table()
        table.feed(page)
        return [arrived for row in table.rows if (arrived := _arrived(row)) is not None]

    async def _page(self, staff_url: str) -> str:
        assert self._session is not None
        for _ in range(2):
            async with self._session.get(f"{staff_url}/transactions", allow_redirects=False) as answer:
                if answer.status == 200:
                    return await answer.text()
            await self._log_in(staff_url)
        raise PlatformAway("the staff pages refuse the clerk's account; is staff-password the one of this run?")

    async def _log_in(self, staff_url: str) -> None:
        assert self._session is not None
        async with self._session.get(f"{staff_url}/login") as answer:
            found = _TOKEN.search(await answer.text())
        if found is None:
            raise PlatformAway("the staff pages' log-in form has no token")
        password = self._password_file.read_text().strip()
        form = {"name": ACCOUNT, "password": password, "token": found[1] or found[2]}
        async with self._session.post(f"{staff_url}/login", data=form, allow_redirects=False):
            pass


def _arrived(row: list[str]) -> Arrived | None:
    """A row of the table: number, service, resident, way, made, received, outcome; None for the head."""
    if len(row) != 7 or not re.fullmatch(r"[A-Z][A-Z0-9]*-\d+-\d", row[0]):
        return None
    state = next((state for state in _STATES if state in row[6]), "rejected")
    return Arrived(row[0], row[1], row[3], state)


class _Table(HTMLParser):
    """Collects the texts of table cells, row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._is_in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag == "td" and self.rows:
            self.rows[-1].append("")
            self._is_in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "td":
            self._is_in_cell = False

    def handle_data(self, data: str) -> None:
        if self._is_in_cell:
            self.rows[-1][-1] = (self.rows[-1][-1] + " " + data.strip()).strip()
