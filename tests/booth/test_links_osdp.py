"""Door buses of a site file: what profile, settings and secrets say is what is asked, and every mistake is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from booth.site_links import Wanted
from booth.site_links.osdp import reader_of
from hardware.access import Measure, Output
from hardware.access.cards import digest
from hardware.access.simulator import VirtualDoorBus, VirtualReader
from hardware.field import Command
from kiosk.config import ConfigError
from tests.booth.field_site import drivers, plan_of, running
from tests.hardware.access.doors import until

DOORS = """
[link.doorbus]
kind = "osdp"
where = "{where}"
{link}
[device.door-1]
link = "doorbus"
profile = "access-control"
address = 1
{device}
"""
KEY, CARD_KEY = "00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"
SECRETS = {"osdp-doorbus": KEY, "osdp-door-1": KEY[::-1], "cards": CARD_KEY}
CARD = (32, bytes((0x0B, 0x00, 0x71, 0x55)))
BUS_KEY = 'secret = "osdp-doorbus"'


def wanted(folder: Path, link: str = BUS_KEY, device: str = "", **secrets: str) -> Wanted:
    plan = plan_of(folder, DOORS.format(where="/dev/ttyUSB0", link=link, device=device))
    return Wanted("doorbus", plan, (SECRETS | secrets).__getitem__)


def test_a_profile_as_a_reader(tmp_path: Path) -> None:
    hashed = digest(bytes.fromhex(CARD_KEY), *CARD)
    found = reader_of(wanted(tmp_path, device=f'settings = {{ cards = "cards", allowed = ["{hashed}"] }}'), "door-1")
    assert (found.address, found.key.hex()) == (1, KEY)
    assert found.inputs == {"contact": 0, "exit_button": 1}
    assert found.outputs == {"lock": Output(0, 10.0, rest=False)}
    assert (found.tamper, found.power, found.keyed, found.cards) == ("tamper", "power", "key", "reader")
    assert found.measures == {"temperature": Measure(0x0C5502, 0x10, 2)}
    assert found.face == Measure(0x0C5502, 0x11, 0)
    assert found.allowed == {hashed}
    assert (found.answer_s, found.every_s) == (0.2, 1.0)


def test_a_reader_with_a_key_of_its_own(tmp_path: Path) -> None:
    assert reader_of(wanted(tmp_path, device='settings = { secret = "osdp-door-1" }'), "door-1").key.hex() == KEY[::-1]


@pytest.mark.parametrize(
    ("link", "device", "secrets", "says"),
    [
        ("", "", {}, "device door-1: has no key"),
        (BUS_KEY, "", {"osdp-doorbus": "hello"}, "secret osdp-doorbus: is no key"),
        (BUS_KEY, "", {"osdp-doorbus": "30313233343536373839" + "3a3b3c3d3e3f"}, "is a key that everybody has"),
        (BUS_KEY, "", {"osdp-doorbus": "00" * 16}, "is a key that everybody has"),
        (BUS_KEY, "settings = { scbk = 'x' }", {}, "settings.scbk: is unknown"),
        (BUS_KEY, "settings = { allowed = ['12345678'] }", {}, "give hashes of 32 digits"),
        (BUS_KEY, f"settings = {{ allowed = ['{'0' * 32}'] }}", {}, "needs cards"),
    ],
)
def test_every_mistake_is_named_and_no_key_with_it(
    tmp_path: Path, link: str, device: str, secrets: dict[str, str], says: str
) -> None:
    with pytest.raises(ConfigError) as error:
        reader_of(wanted(tmp_path, link, device, **secrets), "door-1")
    assert says in str(error.value)
    assert not any(one in str(error.value) for one in secrets.values())


def test_a_bus_that_is_no_port(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, DOORS.format(where="10.7.0.3:4000", link=BUS_KEY, device=""))
    with pytest.raises(ConfigError, match="is no serial port"):
        drivers(plan, "doorbus", SECRETS)


@pytest.mark.peer
async def test_a_door_of_a_site_file(tmp_path: Path) -> None:
    hashed = digest(bytes.fromhex(CARD_KEY), *CARD)
    door = VirtualReader(1, bytes.fromhex(KEY))
    bus = VirtualDoorBus([door], tmp_path)
    await bus.start()
    settings = f'settings = {{ cards = "cards", allowed = ["{hashed}"] }}'
    plan = plan_of(tmp_path, DOORS.format(where=bus.port, link=BUS_KEY, device=settings))
    (link,) = drivers(plan, "doorbus", SECRETS)
    async with running([link]) as samples:
        rest = {point: raw for point, raw in plan.profile("door-1").peer.start.items() if point != "temperature"} | {
            "key": "secure"
        }
        await until(lambda: samples.values("door-1") == rest)
        door.present_card(*CARD, is_wiegand=False)
        await until(lambda: samples.values("door-1").get("reader") == "granted")
        door.report_temperature(3650)
        await until(lambda: samples.values("door-1").get("temperature") == 3650)
        link.keep(60)
        await link.command(Command("door-1", "lock", 1), within_s=5)
        assert bus.is_unlocked(1)
        arguments = Path(f"/proc/{link._worker.pid}/cmdline").read_bytes()
        surroundings = Path(f"/proc/{link._worker.pid}/environ").read_bytes()
        assert KEY.encode() not in arguments + surroundings
        assert os.getpid() != link._worker.pid
    await bus.stop()
