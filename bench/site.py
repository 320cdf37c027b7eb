"""The simulated site around the booth: a peer for every device of its site.toml, and the watch's line to see it by.

Starts the far ends of all links, writes site.toml with their addresses, lets time go by. What a person may do there is
``site_deeds``, what a page sees ``site_view``. Knows peers by their seam, the watch by its feed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
from collections.abc import Callable
from pathlib import Path
from secrets import token_urlsafe

from bench.far_ends import FarEnd, Ground, Peer, Wiring, make_far_end
from bench.life import Life
from bench.site_toml import rewritten, toml
from bench.watch_line import WatchAway, WatchLine
from hardware.device import DeviceError
from kiosk.site import site_file
from kiosk.site.plan import Plan

ASSETS = Path(__file__).resolve().parents[1] / "assets" / "site"
EXAMPLE = ASSETS / "example" / "site.toml"
MOST_STORM_S = 60.0
_TICK_S = 0.1
_TREMBLE_EVERY = 10  # ticks
_STORM_FLIPS = 8  # in a tick
_NOTES_A_SECOND = 8
_MORNING_WITHIN_S = 8.0
_FASTER = {  # nobody at a bench waits ten minutes for dry soil
    ("rule", "dry"): {"on_delay_s": 5, "do": [{"act": "water", "on": "valve.valve", "for_s": 20}]},
    ("rule", "lane-blocked"): {"on_delay_s": 10, "off_delay_s": 5},
    ("rule", "door-held"): {"on_delay_s": 20},
    ("rule", "noise-day"): {"on_delay_s": 5},
    ("rule", "noise-night"): {"on_delay_s": 5},
    ("rule", "link-slow"): {"on_delay_s": 10},
}
_PATIENT = {  # worst answers on two cores that also draw a booth; `site check` does the arithmetic
    ("link", "fire-in"): {"answer_ms": 45},
    ("link", "panel-in"): {"answer_ms": 45},
    ("link", "fire-out"): {"answer_ms": 30},
    ("link", "doorbus"): {"answer_ms": 400},
}
log = logging.getLogger("bench.site")


class Site:
    """One simulated site in ``folder``. ``on_change`` is called when there is something new to show."""

    def __init__(self, folder: Path, note: Callable[[str], None], on_change: Callable[[], None]) -> None:
        self.folder = folder
        self.file = folder / "site.toml"
        self.secrets_file = folder / "secrets.toml"
        self.plan: Plan = site_file.load(EXAMPLE, ASSETS)
        self.peers: dict[str, Peer] = {}
        self.troubles: dict[str, str] = {}  # link -> why its peers are not there
        self.watch = WatchLine(folder / "feed.sock", self._on_watch)
        self.life = Life(self.plan, self.peers)
        self.storm_left_s = 0.0
        self._note = note
        self._on_change = on_change
        self._far_ends: dict[str, FarEnd] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._noted = (0, 0)  # second, notes in it: a storm would wash everything else off the log
        self._chance = random.Random(3)  # noqa: S311 - a storm

    async def start(self) -> None:
        """Bring the peers up and write site.toml. A link whose far end cannot start is named in ``troubles``."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._write({})
        self.plan = site_file.load(self.file, ASSETS)  # with this run's worst answers: knobs go by them
        wirings: dict[str, Wiring] = {}
        for name in self.plan.links:
            try:
                far_end = make_far_end(Ground(name, self.plan, self.folder, self._note))
                if far_end is None:
                    self._fail(name, f"no peer speaks {self.plan.links[name].kind} here")
                    continue
                self._far_ends[name] = far_end
                wirings[name] = await far_end.start()
                self.peers.update(far_end.peers)
            except (OSError, DeviceError) as error:
                self._fail(name, str(error))
        self._write(wirings)
        self.life = Life(self.plan, self.peers)
        self._tasks = [asyncio.create_task(self._tick()), asyncio.create_task(self.watch.run())]

    async def stop(self) -> None:
        """End everything. Idempotent."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        while self._far_ends:
            name, far_end = self._far_ends.popitem()
            try:
                await far_end.stop()
            except Exception:  # the boundary: what is left must be stopped, too
                log.exception("link %s does not end", name)

    def storm(self, for_s: float) -> None:
        """Everything but fire changes all the time for so long; 0 ends it."""
        self.storm_left_s = for_s
        if not for_s:
            self._calm()

    async def morning(self) -> None:
        """The site as it is in the morning: values, knobs, and, where a watch runs, no fire and nothing released."""
        self.storm_left_s = 0.0
        self.watch.seen.told.clear()
        for peer in self.peers.values():
            peer.morning()
        if not self.watch.is_there:
            return
        with contextlib.suppress(WatchAway):
            if self.watch.seen.walk_test is not None:
                await self.watch.do("end_walk_test", reason="morning")
            deadline = asyncio.get_running_loop().time() + _MORNING_WITHIN_S
            while self._is_unquiet() and asyncio.get_running_loop().time() < deadline:
                await self._quieten()
                await asyncio.sleep(_TICK_S)

    def _is_unquiet(self) -> bool:
        seen = self.watch.seen
        return bool(seen.standing or seen.released or any("latched" in one.state for one in seen.alarms.values()))

    async def _quieten(self) -> None:
        for alarm in list(self.watch.seen.alarms.values()):
            if "unack" in alarm.state:
                await self.watch.do("acknowledge", key=alarm.key, reason="morning")
            if alarm.state.startswith("latched"):
                await self.watch.do("reset", key=alarm.key, reason="morning")

    # -- at the start -----------------------------------------------------------------------------------------------

    def _fail(self, link: str, why: str) -> None:
        self.troubles[link] = why
        self._note(f"site: link {link}: {why}")

    def _write(self, wirings: dict[str, Wiring]) -> None:
        changes: dict[tuple[str, str], dict[str, object]] = {}
        secrets: dict[str, str] = {}
        for (section, name), keys in {**_FASTER, **_PATIENT}.items():
            changes.setdefault((section, name), {}).update(keys)
        for name, wiring in wirings.items():
            changes.setdefault(("link", name), {}).update(wiring.link)
            for device, keys in wiring.devices.items():
                changes.setdefault(("device", device), {}).update(keys)
            secrets |= wiring.secrets
        self.file.write_text(rewritten(EXAMPLE.read_text(encoding="utf-8"), changes), encoding="utf-8")
        for link in self.plan.links.values():  # where no peer started, the watch finds nobody there, but it runs
            if link.secret:
                secrets.setdefault(link.secret, f"bench:{token_urlsafe(16)}")
        with os.fdopen(os.open(self.secrets_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            stream.write("# Written anew by the bench at every start.\n")
            stream.writelines(f"{toml(name)} = {toml(secret)}\n" for name, secret in secrets.items())

    # -- as time goes by --------------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        before_s, count = loop.time(), 0
        while True:
            await asyncio.sleep(_TICK_S)
            now_s, count = loop.time(), count + 1
            try:
                if self.storm_left_s > 0:
                    self._rage(now_s - before_s)
                self.life.move(now_s - before_s)
                if count % _TREMBLE_EVERY == 0:
                    self.life.tremble()
                    self._on_change()
                for peer in self.peers.values():
                    peer.move(now_s)
            except Exception:  # the boundary: one peer's fault must not stop the others' time
                log.exception("the site's time")
            before_s = now_s

    def _rage(self, passed_s: float) -> None:
        self.storm_left_s = max(0.0, self.storm_left_s - passed_s)
        peers = [peer for peer in self.peers.values() if not peer.profile.safety]
        for peer in self._chance.sample(peers, min(_STORM_FLIPS, len(peers))):
            peer.rage(self._chance)
        if not self.storm_left_s:
            self._calm()

    def _calm(self) -> None:
        for peer in self.peers.values():
            peer.calm()

    def _on_watch(self, events: list[str]) -> None:
        second = int(asyncio.get_running_loop().time())
        if second != self._noted[0]:
            self._noted = (second, 0)
        for event in events[: max(0, _NOTES_A_SECOND - self._noted[1])]:
            self._note(f"site: {event}")
        self._noted = (second, self._noted[1] + len(events))
        self._on_change()
