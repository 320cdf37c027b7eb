"""The whole chain: a simulated smoke loop, the watch as a process with its uplink, a broker with TLS, staff's deeds."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from backend import fleet, pki
from backend.platform import Platform
from backend.store import Store
from backend.telemetry_tables import SiteAlarm, SiteBooth, SiteCommand
from tests.backend.serving import Serving, serving
from tests.backend.site_rig import until
from tests.booth.site_stand import ALARM, FIRE, NORMAL, SiteStand

pytestmark = pytest.mark.peer

_BOOTH = """
[booth]
id = "B7"
community = "Test"
[ledger]
folder = "ledger"
[backend]
url = "https://127.0.0.1:1"
ca = "{pki}/ca.pem"
certificate = "{pki}/booth.pem"
key = "{pki}/booth.key"
seal_pub = "{pki}/seal.pub"
sign_pub = "{pki}/sign.pub"
[site]
file = "{site}"
folder = "{folder}"
[site.uplink]
broker = "127.0.0.1:{port}"
ca = "{pki}/ca.pem"
certificate = "{pki}/booth.pem"
key = "{pki}/booth.key"
"""


class Connected(SiteStand):
    """The stand's watch, started from a booth.toml that names the platform's broker."""

    def __init__(self, folder: Path, served: Serving) -> None:
        super().__init__(folder)
        self._served = served

    def command(self) -> list[str]:
        where = {"pki": self._served.run / "pki", "site": self.file, "folder": self.folder}
        settings = self.folder / "booth.toml"
        settings.write_text(_BOOTH.format(**where, port=self._served.ports["broker"]), encoding="utf-8")
        return [sys.executable, "-m", "booth", "site", "run", "--config", str(settings), "--log", str(self.log)]


class Office:
    """What staff do on their pages, on the same database."""

    def __init__(self, run: Path) -> None:
        seal, sign = (pki.raw_key(run / "pki" / f"{stem}.key") for stem in ("seal", "sign"))
        self.platform = Platform(Store(f"sqlite:///{run / 'backend.db'}"), seal, sign)  # type: ignore[arg-type]

    def alarm(self) -> str:
        with self.platform.store.begin() as session:
            found = session.get(SiteAlarm, ("B7", FIRE))
            return found.state if found else ""

    def booth(self) -> SiteBooth | None:
        with self.platform.store.begin() as session:
            return session.get(SiteBooth, "B7")

    async def wants(self, verb: fleet.Verb, **about: str) -> str:
        """Order it; what the booth answered."""
        number = fleet.order(self.platform, "B7", fleet.Wish(verb, "seen on the camera", **about), "clerk@platform")

        def result() -> str | None:
            with self.platform.store.begin() as session:
                found = session.get(SiteCommand, number)
                return found.result if found else None

        await until(result)
        return result() or ""


async def test_a_fire_reaches_staff_and_their_acts_reach_the_booth(tmp_path: Path) -> None:
    with serving(tmp_path / "run", "--broker-port", "0") as served:
        office = Office(served.run)
        folder = tmp_path / "s"  # short: a socket's path has at most 107 bytes
        folder.mkdir()
        async with Connected(folder, served) as stand:
            await stand.start(PYTHONPATH=os.getcwd())
            await stand.until_locked()
            await until(lambda: (found := office.booth()) is not None and found.birth.get("digest"))
            stand.smoke.inputs[0] = ALARM
            await until(lambda: office.alarm() == "unack")
            assert await office.wants("reset", key=FIRE) == "condition_active"
            assert await office.wants("acknowledge", key=FIRE) == "done"
            await until(lambda: office.alarm() == "acked")
            stand.smoke.inputs[0] = NORMAL
            await until(lambda: office.alarm() == "latched")
            assert stand.locked == (0, 0)  # the signal is gone, the doors stay open
            assert await office.wants("reset", key=FIRE) == "done"
            await stand.until_locked()
            await until(lambda: office.alarm() == "normal")
            assert await office.wants("command", output="gate.gate", act="open") == "done"
            await stand.end()
            await until(lambda: (found := office.booth()) is not None and found.state == "stopped")
        office.platform.store.close()
