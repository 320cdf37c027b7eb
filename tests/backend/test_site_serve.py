"""A demo's platform with its broker, and the uplink as the process that it is in the field: TLS, real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiomqtt
import pytest
from paho.mqtt.packettypes import PacketTypes

from backend import pki
from backend.store import Store
from backend.telemetry_tables import SiteBooth, SiteCommand
from booth.site_uplink import Settings, birth, digest_of
from kiosk.ledger.file import LedgerFile
from kiosk.site.feed import FEED_FILE, Feed, Listener
from kiosk.site.journal import MIGRATIONS, SITE_FILE, SiteJournal
from kiosk.site.messages import Answer, Delivered, Do, Measured, Snapshot
from kiosk.site.site_file import load
from kiosk.uplink.telemetry_broker import properties
from tests.backend.serving import REPO, Serving, serving
from tests.backend.site_rig import event, row, until

pytestmark = pytest.mark.peer
SITE = REPO / "assets" / "site" / "example" / "site.toml"
PROFILES = REPO / "assets" / "site"
GRID = load(SITE, PROFILES).site.grid


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("run"), "--broker-port", "0") as made:
        yield made


def context(run: Path, stem: str) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=run / "pki" / "ca.pem")
    if stem:
        made.load_cert_chain(run / "pki" / f"{stem}.pem", run / "pki" / f"{stem}.key")
    return made


def client(platform: Serving, stem: str) -> aiomqtt.Client:
    return aiomqtt.Client(
        "127.0.0.1", platform.ports["broker"], protocol=aiomqtt.ProtocolVersion.V5,
        tls_context=context(platform.run, stem), timeout=5,
    )  # fmt: skip


async def heard_by(platform: Serving, topic: str, said: dict[str, bytes], stem: str) -> dict[str, bytes]:
    """What somebody with the platform's certificate hears of what ``stem`` publishes, up to a last word of its own."""
    heard: dict[str, bytes] = {}
    async with client(platform, "platform") as ears:
        await ears.subscribe(topic, qos=1)
        async with client(platform, stem) as mouth:
            for name, payload in said.items():
                await mouth.publish(name, payload, qos=1)
        await ears.publish(topic.replace("#", "B9/state"), b"end", qos=1)
        async for message in ears.messages:
            if message.payload == b"end":
                return heard
            heard[str(message.topic)] = bytes(message.payload)
    raise AssertionError


async def test_a_booth_writes_below_its_own_name_only(platform: Serving) -> None:
    mine, other = f"css/1/{GRID}/B7", f"css/1/{GRID}/B8"
    said = {f"{mine}/{kind}": b"x" for kind in ("tel", "evt", "alm", "state", "ack", "cmd")}
    said |= {f"{other}/evt": b"x", f"{other}/cmd": b"x", "css/1/all": b"x"}
    heard = await heard_by(platform, f"css/1/{GRID}/#", said, "booth")
    assert set(heard) == {f"{mine}/{kind}" for kind in ("tel", "evt", "alm", "state")}


async def test_a_booth_reads_its_own_commands_only(platform: Serving) -> None:
    pki.Issuer.load(platform.run / "pki").booth(platform.run / "pki", "B8", "eight")
    async with client(platform, "eight") as stranger, client(platform, "platform") as speaker:
        await stranger.subscribe("css/1/#", qos=1)
        for booth in ("B7", "B8"):
            await speaker.publish(f"css/1/{GRID}/{booth}/cmd", booth.encode(), qos=1)
        first = await asyncio.wait_for(anext(stranger.messages), 10)
        assert first.payload == b"B8"


@pytest.mark.parametrize("stem", ["", "forged"])
async def test_without_a_certificate_of_ours_nobody_comes_in(platform: Serving, tmp_path: Path, stem: str) -> None:
    if stem:
        pki.Issuer.make().booth(platform.run / "pki", "B7", stem)
    with pytest.raises((aiomqtt.MqttError, ssl.SSLError)):
        async with client(platform, stem) as nobody:
            await nobody.publish("x", b"", qos=1)


async def test_what_waits_in_the_broker_gets_older(platform: Serving) -> None:
    """Our bound for commands while the booth's clock is wrong: the broker takes off the time a message waited."""
    session = properties(PacketTypes.CONNECT, SessionExpiryInterval=60)
    lives = properties(PacketTypes.PUBLISH, MessageExpiryInterval=30)

    def booth() -> aiomqtt.Client:
        return aiomqtt.Client(
            "127.0.0.1", platform.ports["broker"], protocol=aiomqtt.ProtocolVersion.V5, identifier="waits",
            clean_start=False, properties=session, tls_context=context(platform.run, "booth"),
        )  # fmt: skip

    async with booth() as first:
        await first.subscribe(f"css/1/{GRID}/B7/cmd", qos=1)
    async with client(platform, "platform") as speaker:
        await speaker.publish(f"css/1/{GRID}/B7/cmd", b"open", qos=1, properties=lives)
    await asyncio.sleep(2.1)
    async with booth() as second:
        message = await asyncio.wait_for(anext(second.messages), 10)
    assert message.properties is not None
    assert message.properties.MessageExpiryInterval <= 28


@contextlib.asynccontextmanager
async def watch(folder: Path, journal: SiteJournal) -> AsyncIterator[list[int]]:
    """The watch's end of the feed: answers what it is told, journals the answer, notes what was delivered."""
    delivered: list[int] = []

    async def snapshot() -> AsyncIterator[bytes]:
        import msgspec

        yield msgspec.json.encode(Snapshot("b-0007", "boot-1", 0, "")) + b"\n"

    def on_said(listener: Listener, message: Do | Measured | Delivered) -> None:
        import msgspec

        if isinstance(message, Do):
            listener.send(msgspec.json.encode(Answer(message.id, "done")) + b"\n")
            journal.write([row("cmd", json.dumps({"id": message.id, "result": "done", "text": ""}))])
        elif isinstance(message, Delivered):
            delivered.append(message.seq)

    feed = Feed(folder / FEED_FILE, snapshot, on_said)
    await feed.open()
    try:
        yield delivered
    finally:
        await feed.close()


async def test_the_uplink_process_delivers_obeys_and_ends(platform: Serving, tmp_path: Path) -> None:
    folder = platform.run / "s"  # short: a socket's path has at most 107 bytes
    folder.mkdir()
    file = LedgerFile(folder / SITE_FILE, MIGRATIONS, min_free_bytes=0, ballast_bytes=0)
    journal = SiteJournal(file)
    journal.write([event(n) for n in range(1200)])
    where = platform.run / "pki"
    settings = {
        "booth": "B7", "folder": str(folder), "site": str(SITE), "profiles": str(PROFILES),
        "broker": f"127.0.0.1:{platform.ports['broker']}", "ca": str(where / "ca.pem"),
        "certificate": str(where / "booth.pem"), "key": str(where / "booth.key"),
    }  # fmt: skip
    store = Store(f"sqlite:///{platform.run / 'backend.db'}")

    def line() -> SiteBooth:
        with store.begin() as session:
            return session.get(SiteBooth, "B7") or SiteBooth(id="", state="", committed=0)

    def result(number: str) -> str | None:
        with store.begin() as session:
            found = session.get(SiteCommand, number)
            return found.result if found else None

    async with watch(folder, journal) as delivered:
        for round_ in (1, 2):
            process = subprocess.Popen([sys.executable, "-m", "booth.site_uplink", json.dumps(settings)], cwd=REPO)
            try:
                await until(lambda: delivered[-1:] == [journal.last_seq], 60)
                number = f"c{round_}"
                async with client(platform, "platform") as speaker:
                    order = {"id": number, "verb": "reset", "who": "clerk", "reason": "r", "key": "a/b", "issued": 1,
                             "expires": 9e9}  # fmt: skip
                    with store.begin() as session:
                        now = line().heard_at
                        session.add(SiteCommand(id=number, booth="B7", verb="reset", body={}, who="clerk", reason="r",
                                                issued_at=now, expires_at=now, sent_at=now))  # fmt: skip
                    await speaker.publish(f"css/1/{GRID}/B7/cmd", json.dumps(order).encode(), qos=1)
                await until(lambda: result(number) == "done", 30)  # noqa: B023 - within this round
                journal.write([event(n) for n in range(300)])
                process.send_signal(signal.SIGKILL if round_ == 1 else signal.SIGTERM)
                assert process.wait(20) == (-9 if round_ == 1 else 0)
            finally:
                process.kill()
                process.wait()
        await until(lambda: line().state == "stopped", 30)
    found = line()
    plan = load(SITE, PROFILES)
    told = birth(plan, digest_of(SITE, PROFILES))
    assert found.birth == json.loads(json.dumps(told))
    assert found.committed >= journal.last_seq - 300  # it did not wait for the last ones
    store.close()
    file.close()


def test_settings_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    good = Settings("B7", str(tmp_path), str(SITE), str(PROFILES), "broker.example:8883")
    for settings, words in (
        ("", "site_uplink:"),
        ("{}", "booth"),
        (json.dumps({name: getattr(good, name) for name in good.__struct_fields__}), "not this computer"),
    ):
        command = [sys.executable, "-m", "booth.site_uplink", settings]
        done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 2
        assert words in done.stderr
