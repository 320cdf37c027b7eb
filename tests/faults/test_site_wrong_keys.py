"""A reader with another key than the site's is named, tried ever less often, and nobody else suffers."""

from __future__ import annotations

import pytest

from hardware.access.simulator import VirtualReader
from hardware.access.watchdog import REFUSED_S
from hardware.field import Auth, Command, FieldError
from tests.hardware.access.doors import KEY, doors, reader_at, until

pytestmark = pytest.mark.peer
WRONG = bytes(range(101, 117))


async def test_it_is_named_and_there_is_no_retry_storm() -> None:
    wrong, well = VirtualReader(1, WRONG), VirtualReader(2, KEY)
    async with doors([wrong, well], [reader_at(1), reader_at(2)]) as (bus, link, told):
        await until(
            lambda: told.values("door-1").get("contact") == "auth" and told.values("door-2").get("contact") == 0
        )
        well.answers = 0
        await until(lambda: well.answers > 130)  # some seven seconds of polls
        tries = wrong.challenges
        assert tries <= 3
        assert wrong.answers == 3 * tries  # who it is, what it can, and the challenge: nothing else is sent to it
        said = [one for one in told.all if one.device == "door-1"]
        assert {one.error.word for one in said if one.error is not None} == {"auth"}
        assert told.values("door-1")["key"] == "wrong"
        assert told.values("door-2")["key"] == "secure"
        assert "same key" in str(next(one.error for one in said if one.error is not None))
        assert told.words("door-2") == []
        assert link.health()["door-2"].misses == 0

        with pytest.raises(Auth):
            await link.command(Command("door-1", "lock", 1, 1.0), within_s=1)
        assert not bus.is_unlocked(1)

        wrong.key = KEY  # the technician gave it the right one
        await until(lambda: told.values("door-1").get("contact") == 0, within_s=REFUSED_S[1] + 20)
        assert wrong.is_secure
        assert told.values("door-1")["key"] == "secure"


async def test_keys_are_in_no_error_and_no_name() -> None:
    async with doors([VirtualReader(1, WRONG)], [reader_at(1)]) as (_bus, link, told):
        await until(lambda: told.values("door-1").get("contact") == "auth")
        with pytest.raises(FieldError) as refused:
            await link.command(Command("door-1", "lock", 1, 1.0), within_s=1)
        said = f"{[str(one.error) for one in told.all]} {refused.value} {link.where} {link.health()}"
        for key in (KEY, WRONG):
            assert key.hex() not in said
            assert repr(key)[2:-1] not in said


async def test_a_panel_with_a_wrong_key_is_refused_by_the_reader_too() -> None:
    """The other way round: it is the reader that must not believe us. A control of the simulated one."""
    door = VirtualReader(1, KEY)
    async with doors([door], [reader_at(1, key=WRONG)]) as (_bus, _link, told):
        await until(lambda: told.values("door-1").get("contact") == "auth")
        assert not door.is_secure
