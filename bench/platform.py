"""The community platform as the bench may touch it: its moods, its outbox of messages, the clerk's desk.

Talks to the staff listener on loopback only, with the bench's token. Knows no booth.
"""

from __future__ import annotations

from typing import Any

import aiohttp

from bench.run_folder import RunFolder

MODES = ("none", "slow", "nonsense", "down")
_WITHIN = aiohttp.ClientTimeout(total=5)


class PlatformAway(Exception):
    """The platform's staff listener does not answer as it should; the text says what to look at."""


class Platform:
    """A client of ``/bench/*`` on the staff listener."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._session: aiohttp.ClientSession | None = None

    @property
    def staff_url(self) -> str:
        port = self._folder.ports().get("staff")
        return f"http://127.0.0.1:{port}" if port else ""

    async def open(self) -> None:
        self._session = aiohttp.ClientSession(timeout=_WITHIN, headers={"X-Bench-Token": self._folder.token()})

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _call(self, verb: str, path: str, body: dict[str, Any] | None = None) -> Any:
        if self._session is None or not self.staff_url:
            raise PlatformAway("the platform is not running yet (no staff port in ports.json)")
        try:
            async with self._session.request(verb, self.staff_url + path, json=body) as answer:
                if answer.status == 409:
                    raise PlatformAway(f"the platform: {(await answer.json()).get('detail', 'not possible now')}")
                if answer.status >= 400:
                    raise PlatformAway(f"the platform answered {answer.status} to {path}; see backend.log")
                return await answer.json()
        except (TimeoutError, aiohttp.ClientError, ValueError) as error:
            raise PlatformAway(
                f"the platform does not answer {path} ({type(error).__name__}); see backend.log"
            ) from None

    async def residents(self) -> list[dict[str, Any]]:
        return list(await self._call("GET", "/bench/residents"))

    async def messages(self) -> list[dict[str, Any]]:
        """One-time codes and other messages, newest first."""
        return list(await self._call("GET", "/bench/outbox"))

    async def set_fault(self, mode: str, delay_s: float) -> None:
        await self._call("POST", "/bench/fault", {"mode": mode, "delay_s": delay_s})

    async def reset(self) -> None:
        await self._call("POST", "/bench/reset", {})

    async def approvals(self) -> list[dict[str, Any]]:
        """Who waits for a clerk: approval_id, state, clerk."""
        return list(await self._call("GET", "/bench/approvals"))

    async def decide(self, approval: str, decision: str, text: str = "") -> None:
        """Play the clerk, the one at the staff pages who took the case, if any: approve, refuse, or ask ``text``."""
        case = next((one for one in await self.approvals() if one["approval_id"] == approval), {})
        who = {"clerk": case["clerk"]} if case.get("clerk") else {}
        if case.get("state") == "waiting":
            await self._call("POST", f"/bench/approvals/{approval}", {"decision": "take"})
        await self._call("POST", f"/bench/approvals/{approval}", {"decision": decision, "text": text} | who)
