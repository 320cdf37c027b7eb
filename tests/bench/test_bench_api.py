"""The bench's controls reach the other ends of the wires; its door takes nothing from strangers."""

from __future__ import annotations

import base64
import http.client
import io
import json
import os
import socket
import stat
import time
import urllib.error
import urllib.request
import wave
from pathlib import Path

import pytest
import requests

from booth.simulated_site import SiteError
from hardware.keypad.evdev_file import EV_KEY, EV_SW, RECORD, SW_HEADPHONE_INSERT
from kiosk.config import KEYS_DEFAULT, load
from kiosk.uplink.bodies import ApprovalState
from tests.backend.serving import backend_client
from tests.bench.conftest import Site, until
from tests.bench.remote_peer import RemotePeer

pytestmark = pytest.mark.peer


@pytest.fixture(autouse=True)
def _morning(bench: Site) -> None:
    bench.do("reset")


def ports(bench: Site) -> dict[str, int]:
    return json.loads((bench.run / "ports.json").read_text())


def printer_says(bench: Site, number: int) -> int:
    """Answer to DLE EOT n, as a driver hears it on the wire."""
    with socket.create_connection(("127.0.0.1", ports(bench)["printer"]), 5) as wire:
        wire.sendall(bytes((0x10, 0x04, number)))
        return wire.recv(1)[0]


def test_settings_written_for_the_booth_are_valid(bench: Site) -> None:
    config = load(bench.run / "booth.toml")
    assert config.printer.port == ports(bench)["printer"]
    assert config.backend.url.endswith(str(ports(bench)["backend"]))
    assert not config.booth.is_enrolled
    for file in (config.backend.ca, config.backend.certificate, config.backend.key, config.backend.seal_pub):
        assert Path(file).is_file()


def test_secrets_and_fifos_are_private(bench: Site) -> None:
    for name in ("bench-token", "staff-password", "keypad.fifo", "sound.pcm.fifo"):
        assert stat.S_IMODE((bench.run / name).stat().st_mode) == 0o600, name


def test_residents_come_from_the_platform(bench: Site) -> None:
    people = {one["id"]: one for one in bench.state()["residents"]}
    assert set(people) == {
        "zhang", "li", "wang", "chen", "zhao", "sun", "lam", "ho", "tsai", "anna", "erika", "aliya", "somchai",
    }  # fmt: skip
    assert people["zhang"]["name"] == "张秀英"
    assert people["sun"]["is_expired"]
    assert "number" not in people["zhang"], "the page needs no ID numbers"


def test_card_lies_on_the_reader_and_is_taken(bench: Site) -> None:
    bench.do("card", resident="zhang")
    assert bench.state()["card"] == {"resident": "zhang", "document": "social-security-card", "fault": ""}
    bench.do("card", resident="li", fault="mute")
    assert bench.state()["card"] == {"resident": "li", "document": "social-security-card", "fault": "mute"}
    bench.do("card", resident=None)
    assert bench.state()["card"]["resident"] is None


def test_every_document_of_every_resident_lies_on_its_reader(bench: Site) -> None:
    kinds = set()
    for one in bench.state()["residents"]:
        for document in one["documents"]:
            bench.do("card", resident=one["id"], document=document["id"])
            card = bench.state()["card"]
            assert (card["resident"], card["document"]) == (one["id"], document["id"])
            assert document["group"] in bench.state()["card_groups"]
            kinds.add(document["words"].rstrip(" .0123456789"))
    assert len(kinds) == 9


def test_what_opens_a_chip_is_told_to_whoever_plays_the_resident(bench: Site) -> None:
    people = {one["id"]: one for one in bench.state()["residents"]}
    keys = {document["id"]: document["key"] for document in people["anna"]["documents"]}
    assert keys == {
        "passport": "L898902C3 · 19740812 · 20320415",
        "identity-card": "D23145890 · 19740812 · 20320415 · CAN 123456",
    }


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"resident": "zhang", "document": "passport"}, "zhang has no 'passport'; there are: social-security-card"),
        ({"resident": "zhang", "fault": "wrong_mac"}, "have something to check"),
        ({"resident": "zhang", "fault": "hung", "at": -1}, "the number of the command"),
    ],
)
def test_what_cannot_be_laid_down_is_said(bench: Site, body: dict[str, object], words: str) -> None:
    with pytest.raises(SiteError, match=words):
        bench.do("card", **body)


def test_the_module_for_id_cards_has_a_plug_of_its_own(bench: Site) -> None:
    port = bench.run / "serial" / "usb-SAM-if00"
    assert port.is_symlink()
    bench.do("sam", plugged=False)
    assert not port.is_symlink()
    with pytest.raises(SiteError, match="ID card module is unplugged"):
        bench.do("card", resident="wang", document="resident-id-card")
    bench.do("card", resident="wang")
    bench.do("sam", plugged=True)
    assert port.is_symlink()


def test_a_hung_module_works_again_after_the_reset(bench: Site) -> None:
    bench.do("card", resident="wang", document="resident-id-card", fault="hung")
    bench.do("reset")
    bench.do("card", resident="wang", document="resident-id-card")
    assert bench.state()["card"]["document"] == "resident-id-card"


def test_the_booth_trusts_the_country_of_this_run(bench: Site) -> None:
    config = load(bench.run / "booth.toml")
    (certificate,) = Path(config.card_reader.trust_folder).iterdir()
    assert certificate.suffix == ".der"
    assert config.card_reader.sam == str(bench.run / "serial" / "usb-SAM-if00")


def test_unplugged_reader_has_no_daemon_and_takes_no_card(bench: Site) -> None:
    assert (bench.run / "pcscd" / "pcscd.comm").exists()
    bench.do("reader", plugged=False)
    assert not (bench.run / "pcscd" / "pcscd.comm").exists()
    with pytest.raises(SiteError, match="plug it in first"):
        bench.do("card", resident="zhang")
    bench.do("reader", plugged=True)
    assert (bench.run / "pcscd" / "pcscd.comm").exists()


def test_paper_and_cover_are_seen_on_the_wire(bench: Site) -> None:
    assert printer_says(bench, 4) & 0x60 == 0
    bench.do("printer", paper="out")
    assert printer_says(bench, 4) & 0x60
    bench.do("printer", paper="full", cover_open=True)
    assert printer_says(bench, 2) & 0x04
    bench.do("printer", cover_open=False)
    assert printer_says(bench, 2) & 0x04 == 0


@pytest.mark.parametrize("device", ["printer", "camera"])
def test_unplugged_devices_refuse_connections(bench: Site, device: str) -> None:
    bench.do(device, plugged=False)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", ports(bench)[device]), 5)
    bench.do(device, plugged=True)
    socket.create_connection(("127.0.0.1", ports(bench)[device]), 5).close()


def test_keys_and_headset_are_input_events(bench: Site) -> None:
    reader = os.open(bench.run / "keypad.fifo", os.O_RDONLY | os.O_NONBLOCK)
    try:
        bench.do("key", key="select")
        bench.do("headset", plugged=True)
        data = os.read(reader, 4096)
    finally:
        os.close(reader)
    events = [RECORD.unpack_from(data, at)[2:] for at in range(0, len(data), RECORD.size)]
    pressed = [code for kind, code, value in events if kind == EV_KEY and value == 1]
    assert [KEYS_DEFAULT[code] for code in pressed] == ["select"]
    assert (EV_SW, SW_HEADPHONE_INSERT, 1) in events


def test_key_without_a_reader_is_said(bench: Site) -> None:
    with pytest.raises(SiteError, match="nobody reads the keypad"):
        bench.do("key", key="select")
    bench.do("keypad", plugged=False)
    assert not (bench.run / "keypad.fifo").exists()
    bench.do("keypad", plugged=True)
    assert (bench.run / "keypad.fifo").exists()


def test_faces_and_what_the_camera_sees(bench: Site) -> None:
    bench.do("face", face="astronaut")
    bench.do("face", mode="away")
    camera = bench.state()["camera"]
    assert (camera["face"], camera["mode"]) == ("astronaut", "away")
    bench.do("face", face=None)
    assert bench.state()["camera"]["face"] is None


def test_platform_down_aborts_what_the_booth_asks(bench: Site) -> None:
    import ssl

    def greet() -> None:
        context = ssl.create_default_context(cafile=str(bench.run / "pki" / "ca.pem"))
        context.load_cert_chain(bench.run / "pki" / "booth.pem", bench.run / "pki" / "booth.key")
        connection = http.client.HTTPSConnection("127.0.0.1", ports(bench)["backend"], timeout=10, context=context)
        try:
            connection.request("GET", "/v1/catalogue")
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
        finally:
            connection.close()

    greet()
    bench.do("backend", mode="down")
    with pytest.raises((ConnectionError, http.client.HTTPException, ssl.SSLError)):
        greet()
    bench.do("backend", mode="up")
    greet()


@pytest.mark.parametrize(
    ("what", "body", "words"),
    [
        ("card", {"resident": "nobody"}, "nobody is called 'nobody'"),
        ("card", {"resident": "zhang", "fault": "burnt"}, "unknown 'burnt'"),
        ("face", {"face": "mona_lisa"}, "mona_lisa"),
        ("face", {"mode": "dance"}, "dance"),
        ("printer", {"paper": "wet"}, "full, low, out"),
        ("printer", {"ink": 1}, "unknown ink"),
        ("printer", {"cover_open": "yes"}, "true or false"),
        ("backend", {"mode": "tired"}, "tired"),
        ("key", {"key": "any"}, "there are: next"),
        ("touch", {"phase": "down", "x": "left", "y": 1}, "window pixels"),
        ("touch", {"phase": "hover", "x": 1, "y": 1}, "down, move or up"),
        ("approval", {"id": "x", "decision": "maybe"}, "approve, refuse or ask"),
        ("lamp", {}, "no control is called 'lamp'"),
    ],
)
def test_nonsense_is_refused_in_words(bench: Site, what: str, body: dict[str, object], words: str) -> None:
    with pytest.raises(SiteError, match=words):
        bench.do(what, **body)


async def test_case_taken_at_the_staff_pages_goes_on_at_the_bench(bench: Site) -> None:
    known = ports(bench)
    booth = backend_client(bench.run / "pki", f"https://127.0.0.1:{known['backend']}")
    try:
        case = await booth.ask_approval("v-1", "pension-alive", "张*英", "110***9024", "identity")
        headers = {"X-Bench-Token": (bench.run / "bench-token").read_text().strip()}
        take = f"http://127.0.0.1:{known['staff']}/bench/approvals/{case.approval_id}"
        requests.post(take, json={"decision": "take", "clerk": "clerk"}, headers=headers, timeout=30).raise_for_status()
        bench.do("approval", id=case.approval_id, decision="ask", text="您住在哪条街？")
        with pytest.raises(SiteError, match="one question is still open"):
            bench.do("approval", id=case.approval_id, decision="ask", text="几号楼？")
        bench.do("approval", id=case.approval_id, decision="approve")
        assert (await booth.approval(case.approval_id)).state is ApprovalState.APPROVED
    finally:
        booth.close()


def test_dark_glass_is_said(bench: Site) -> None:
    with pytest.raises(SiteError, match="dark"):
        bench.do("press", id="primary")


def test_touches_and_presses_reach_the_booth(bench: Site, glass: RemotePeer) -> None:
    bench.do("touch", phase="down", x=10, y=20.5)
    bench.do("press", id="primary")
    bench.do("type", text="123456")
    bench.do("skip", s=12.5)
    wanted = [
        {"t": "touch", "phase": "down", "x": 10.0, "y": 20.5},
        {"t": "press", "id": "primary"},
        {"t": "type", "text": "123456"},
        {"t": "skip", "s": 12.5},
    ]
    until(lambda: [m for m in glass.received if m["t"] not in ("frames", "got")] == wanted, "the four messages")


def test_sentences_keep_their_own_sound(bench: Site, glass: RemotePeer) -> None:
    def say(text: str, *, private: bool) -> None:
        glass.send({"t": "spoken", "text": text, "language": "zh", "private": private, "heard": True,
                    "at_s": time.monotonic()})  # fmt: skip
        until(lambda: text in [one["text"] for one in spoken()], text)

    def spoken() -> list[dict[str, object]]:
        with urllib.request.urlopen(f"{bench.url}api/spoken") as answer:
            return json.loads(answer.read())["spoken"]

    loudspeaker = os.open(bench.run / "sound.pcm.fifo", os.O_WRONLY | os.O_NONBLOCK)
    try:
        say("您想办什么事？", private=False)
        os.write(loudspeaker, b"\x01\x10" * 2000)
        time.sleep(0.5)
        say("尾号 9024", private=True)
        os.write(loudspeaker, b"\x02\x20" * 3000)
        time.sleep(0.2)
    finally:
        os.close(loudspeaker)
    first, second = spoken()[-2:]
    assert (first["is_private"], second["is_private"]) == (False, True)
    for one, samples, begin in ((first, 2000, b"\x01\x10"), (second, 3000, b"\x02\x20")):
        with urllib.request.urlopen(f"{bench.url}api/sound/{one['number']}.wav") as answer:
            body = io.BytesIO(answer.read())
        with wave.open(body) as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getnframes()) == (22050, 1, samples)
            assert sound.readframes(1) == begin


# -- the door ---------------------------------------------------------------------------------------------------------


def knock(bench: Site, verb: str, path: str, headers: dict[str, str], body: str = "") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", int(bench.url.split(":")[2].strip("/")), timeout=10)
    try:
        connection.putrequest(verb, path, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body.encode() if body else None)
        return connection.getresponse().status
    finally:
        connection.close()


UPGRADE = {
    "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": base64.b64encode(b"0123456789abcdef").decode(),
}  # fmt: skip
JSON = {"Content-Type": "application/json"}


def test_other_hosts_and_origins_are_refused(bench: Site) -> None:
    own = bench.url.removeprefix("http://").strip("/")
    assert knock(bench, "GET", "/", {"Host": own}) == 200
    assert knock(bench, "GET", "/", {"Host": "evil.example"}) == 421
    assert knock(bench, "GET", "/api/state", {"Host": f"evil.example:{own.split(':')[1]}"}) == 421
    assert knock(bench, "GET", "/ws", {**UPGRADE, "Origin": "http://evil.example"}) == 403
    assert knock(bench, "GET", "/ws", {**UPGRADE, "Origin": f"http://{own}"}) == 101
    assert knock(bench, "POST", "/api/reset", {**JSON, "Origin": "http://evil.example"}, "{}") == 403
    assert knock(bench, "POST", "/api/reset", {"Content-Type": "text/plain"}, "{}") == 415
    assert knock(bench, "POST", "/api/reset", JSON, "[1]") == 400
    assert knock(bench, "POST", "/api/reset", JSON, "{") == 400
    assert knock(bench, "GET", "/api/paper/../bench-token", {}) == 404
    assert knock(bench, "GET", "/page/../wire.py", {}) in (403, 404)


def test_door_is_on_loopback_only(bench: Site) -> None:
    listening = Path("/proc/net/tcp").read_text().splitlines()[1:]
    port = f"{int(bench.url.split(':')[2].strip('/')):04X}"
    addresses = {line.split()[1].split(":")[0] for line in listening if line.split()[1].endswith(f":{port}")}
    assert addresses == {"0100007F"}
