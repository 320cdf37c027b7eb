"""``booth card``: one document at the command line, masked, with reasons and times; keys never on the command line."""

import asyncio
import json
import sys
from dataclasses import replace
from datetime import date

import pytest

from booth.card import as_text
from hardware.card_reader.daemon import PrivatePcscd
from hardware.card_reader.simulator import CardSlot, Misbehaviour
from hardware.card_reader.ssse.virtual import VirtualSocialCard
from tests.booth.stand import BOOTH_TOML, CLOSED_PORT, ROOT, environment
from tests.hardware.card_reader.deck import WOMAN, passport, specimen

pytestmark = pytest.mark.peer


@pytest.fixture
async def daemon(tmp_path):
    daemon = PrivatePcscd(tmp_path / "pcscd")
    await daemon.start()
    yield daemon
    await daemon.stop()


@pytest.fixture
async def slot(daemon):
    slot = CardSlot(daemon.card_door)
    yield slot
    await slot.remove()


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "booth.toml"
    text = BOOTH_TOML.format(folder=tmp_path, url=CLOSED_PORT, pki=tmp_path / "pki")
    file.write_text(f'{text}\n[card_reader]\nsocket = "{tmp_path}/pcscd/pcscd.comm"\n', encoding="utf-8")
    return file


async def call(config, *arguments, typed="", enrolled=False):
    if enrolled:
        config.write_text(config.read_text().replace("[booth]", "[booth]\nis_enrolled = true"))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "booth", "card", "--config", str(config), "--within", "15", *arguments,
        cwd=ROOT, env=environment(), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(typed.encode()), 40)
    return process.returncode, out.decode(), err.decode()


async def test_a_card_is_printed_masked(config, slot):
    await slot.present(VirtualSocialCard(WOMAN))
    status, said, heard = await call(config)
    assert status == 0, heard
    assert "张*英" in said
    assert "110***********002X" in said
    assert "1949-**-**" in said
    assert "pass     number_checksum" in said
    assert "00b2" in said  # READ RECORD, with its times
    assert not {WOMAN.number, WOMAN.name, "1949-12-31"} & set((said + heard).split())


async def test_a_technician_sees_a_test_card_and_nobody_sees_it_on_an_enrolled_booth(config, slot):
    await slot.present(VirtualSocialCard(WOMAN))
    status, said, _ = await call(config, "--reveal", "--json")
    shown = json.loads(said)
    assert status == 0
    assert shown["document"]["number"] == WOMAN.number
    assert shown["is_masked"] is False
    assert shown["steps"][0]["name"] == "connect"
    assert shown["took_ms"] > 0
    status, said, heard = await call(config, "--reveal", enrolled=True)
    assert (status, said) == (2, "")
    assert "print masked" in heard


async def test_a_passport_asks_for_its_key_and_shows_none(config, slot):
    holder = specimen("passport_bac").holder
    await slot.present(passport().make())
    typed = f"{holder.number}\n{holder.birth}\nnonsense\n{holder.number}\n{holder.birth}\n{holder.expiry:%Y%m%d}\n"
    status, said, heard = await call(config, typed=typed)
    assert status == 0, heard
    assert "passport" in said
    assert "a date is written YYYY-MM-DD; once more" in heard
    assert "csca_trust" in said
    assert not {holder.number, str(holder.expiry)} & set((said + heard).split())
    assert "ERIKSSON" not in said + heard


async def test_a_key_may_be_asked_for_first(config, slot):
    await slot.present(passport("passport_pace").make())
    status, said, heard = await call(config, "--can", typed="123456\n")
    assert status == 0, heard
    assert "this document opens with a key" not in heard
    assert "123456" not in said + heard


async def test_wrong_keys_are_given_up(config, slot):
    await slot.present(passport().make())
    status, said, heard = await call(config, typed="X123\n1990-01-01\n2030-01-01\n" * 4)
    assert (status, said) == (1, "")
    assert "this key does not open it" in heard


async def test_errors_and_failed_checks_are_in_the_status(config, slot):
    await slot.present(VirtualSocialCard(WOMAN), Misbehaviour(garbage_at=8))
    status, said, heard = await call(config)
    assert (status, said) == (1, "")
    assert "card unreadable" in heard
    await slot.present(VirtualSocialCard(replace(WOMAN, expires=date(2021, 1, 1))))
    status, said, _ = await call(config)
    assert status == 1
    assert "fail     expired" in said


async def test_no_card_and_no_reader(config, daemon):
    status, _, heard = await call(config, "--within", "1")
    assert (status, "no document within 1 s" in heard) == (1, True)
    await daemon.stop()
    status, _, heard = await call(config)
    assert status == 2
    assert "check that pcscd runs" in heard


def test_a_step_of_another_wire_keeps_its_name():
    shown = {"document": {}, "checks": [], "steps": [{"name": "find card", "took_ms": 3.0}], "took_ms": 4.0}
    assert "find card     1 x       3.0 ms" in as_text(shown)
