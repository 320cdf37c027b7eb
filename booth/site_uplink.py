"""``python -m booth.site_uplink SETTINGS``: the watch's own road to the platform, a small process beside it.

Started by ``booth site run`` and started again when it ends; nothing is lost with it, because the journal is the queue.
SETTINGS is one JSON object (``Settings``). Reads site.db, talks to the watch over feed.sock and to the broker. Ends on
SIGTERM, with status 2 for settings that cannot be used.
"""

from __future__ import annotations

import asyncio
import hashlib
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec

from booth.log import Log
from kiosk.config import ConfigError
from kiosk.site.feed import FEED_FILE
from kiosk.site.journal import SITE_FILE
from kiosk.site.plan import Plan
from kiosk.site.site_file import load
from kiosk.uplink.telemetry import Telemetry
from kiosk.uplink.telemetry_broker import Broker, place
from kiosk.uplink.telemetry_journal import Journal
from kiosk.uplink.telemetry_watch import WatchLine


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``folder`` has site.db and feed.sock; ``broker`` is host:port; ``site`` and ``profiles`` are what is watched."""

    booth: str  # booth.toml's id, the name in the certificate
    folder: str
    site: str
    profiles: str
    broker: str
    ca: str = ""
    certificate: str = ""
    key: str = ""


def birth(plan: Plan, digest: str) -> dict[str, Any]:
    """What the platform is told of the booth: its site file's digest, what is watched, what can be commanded."""
    return {
        "site": plan.site.id,
        "digest": digest,
        "devices": [
            {"name": name, "profile": device.profile, "link": device.link, "place": device.place}
            for name, device in plan.devices.items()
        ],
        "links": [{"name": name, "kind": link.kind} for name, link in plan.links.items()],
        "outputs": [{"name": name, "acts": list(spec.acts)} for name, spec in plan.outputs().items()],
    }


def digest_of(site: Path, profiles: Path) -> str:
    """SHA-256 over site.toml and the profiles, by name: two booths with the same digest watch alike."""
    total = hashlib.sha256()
    for file in (site, *sorted(profiles.glob("*.toml"))):
        total.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


async def deliver(settings: Settings, log: Log) -> None:
    """Until SIGTERM. Raises ConfigError."""
    site, profiles = Path(settings.site), Path(settings.profiles)
    plan = load(site, profiles)
    host, port = place(settings.broker)
    watch = WatchLine(Path(settings.folder) / FEED_FILE, log)
    journal = Journal(Path(settings.folder) / SITE_FILE)
    broker = Broker(host, port, settings.ca, settings.certificate, settings.key)

    def news() -> dict[str, Any]:
        try:  # as it is now: the site may have been reloaded
            return birth(load(site, profiles), digest_of(site, profiles))
        except (ConfigError, OSError):
            return birth(plan, "")

    uplink = Telemetry(plan.site.grid, settings.booth, broker, journal, watch, news, log)
    loop = asyncio.get_running_loop()
    # the MQTT library looks after sockets that a lost connection has closed already; the next connection is a new one
    loop.set_exception_handler(
        lambda _, told: log("uplink_callback", level="warning", error=type(told.get("exception")).__name__)
    )
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    tasks = [asyncio.create_task(one) for one in (watch.run(), uplink.run())]
    stop = asyncio.create_task(ended.wait())
    try:
        await asyncio.wait({*tasks, stop}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (*tasks, stop):
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        journal.close()
    for result in results:
        if isinstance(result, Exception):
            raise result


def main(arguments: list[str]) -> int:
    """Entry of the process."""
    log = Log()
    try:
        settings = msgspec.json.decode(arguments[0] if arguments else "", type=Settings)
        asyncio.run(deliver(settings, log))
    except (msgspec.DecodeError, ConfigError) as error:
        print(f"site_uplink: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
