"""site.toml of a run: the example's text with other values, and nothing else of it changed."""

from __future__ import annotations

import asyncio
import tomllib
from pathlib import Path

import pytest

from bench import site_deeds
from bench.devices import Refusal
from bench.far_ends.words import NoSuchValue, raw_of, said_of
from bench.site import ASSETS, EXAMPLE, Site
from bench.site_toml import rewritten, toml
from kiosk.site import site_file

TEXT = """# a site
[link.one] # the first
kind = "nut"
where = "10.0.0.1:1" # there
[device.one]
link = "one"
"""


def test_value_is_replaced_in_its_table_only() -> None:
    found = rewritten(TEXT, {("link", "one"): {"where": "127.0.0.1:2"}})
    assert tomllib.loads(found) == {
        "link": {"one": {"kind": "nut", "where": "127.0.0.1:2"}},
        "device": {"one": {"link": "one"}},
    }
    assert found.startswith("# a site\n[link.one] # the first\n")


def test_missing_key_is_added_whatever_its_kind() -> None:
    settings = {"settings": {"udp_port": 5, "allowed": ["a", "b"], "is_new": True}}
    found = tomllib.loads(rewritten(TEXT, {("device", "one"): settings}))
    assert found["device"]["one"] == {"link": "one", **settings}
    assert tomllib.loads(f"x = {toml([{'act': 'water', 'for_s': 20}])}")["x"] == [{"act": "water", "for_s": 20}]


def test_stranger_is_named() -> None:
    with pytest.raises(KeyError, match=r"link\.two"):
        rewritten(TEXT, {("link", "two"): {"where": "x"}})


@pytest.mark.parametrize("profile", sorted(site_file.load(EXAMPLE, ASSETS).profiles))
def test_words_and_units_of_every_profile_go_there_and_back(profile: str) -> None:
    points = site_file.load_profiles(ASSETS)[0][profile].points
    for point, spec in points.items():
        if spec.kind == "loop":
            for state in ("short", "normal", "alarm", "open", "odd"):
                assert said_of(spec, raw_of(spec, state)) == state
        elif spec.kind == "number":
            low, high = spec.range or (0, 10)
            for said in (low, (low + high) / 2, high):
                assert said_of(spec, raw_of(spec, said)) == pytest.approx(said, abs=0.01), point
            with pytest.raises(NoSuchValue, match="give a number from"):
                raw_of(spec, "much")
        else:
            for word in spec.words.values():
                assert said_of(spec, raw_of(spec, word)) == word
            with pytest.raises(NoSuchValue, match="there are: "):
                raw_of(spec, "perhaps")


@pytest.mark.peer
async def test_link_whose_peers_cannot_start_breaks_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "broker").write_text("there is something else than a folder")
    notes: list[str] = []
    site = Site(folder, notes.append, lambda: None)
    await site.start()
    try:
        assert set(site.troubles) == {"radio"}
        assert any("link radio" in note for note in notes)
        plan, mistakes = site_file.check(site.file, ASSETS)
        assert (plan is not None, mistakes) == (True, [])
        secrets = tomllib.loads(site.secrets_file.read_text())
        assert all(link.secret in secrets for link in plan.links.values() if link.secret)
        with pytest.raises(Refusal, match=r"bin-1 has no peer here: .*broker"):
            await site_deeds.do(site, {"device": "bin-1", "set": {"fill": 50}})
        await site_deeds.do(site, {"device": "noise", "set": {"laeq": 50}})
    finally:
        await site.stop()


@pytest.mark.peer
async def test_storm_that_is_ended_leaves_what_was_set(tmp_path: Path) -> None:
    site = Site(tmp_path / "site", lambda _: None, lambda: None)
    await site.start()
    try:
        door = site.peers["door-1"]
        before = door.told()
        await site_deeds.do(site, {"storm": 30})
        async with asyncio.timeout(20):
            while door.told() == before:
                await asyncio.sleep(0.01)
        await site_deeds.do(site, {"storm": 0})
        assert door.told() == before
    finally:
        await site.stop()
