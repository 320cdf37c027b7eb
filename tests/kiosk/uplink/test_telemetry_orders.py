"""How long a command lives: by the wall clock while it is synchronised, by the broker's remainder while it is not."""

from __future__ import annotations

import pytest

from kiosk.uplink.telemetry_orders import LONG_AGO, UNSYNCED_S, do_of
from kiosk.uplink.telemetry_wire import Ordered, WireError

NOW = 1_780_000_000.0


def ordered(**changes: object) -> Ordered:
    words = {"id": "c1", "verb": "command", "who": "clerk@platform", "reason": "visitor", "issued": NOW,
             "expires": NOW + 60, "output": "gate.arm", "act": "open"}  # fmt: skip
    return Ordered(**(words | changes))  # type: ignore[arg-type]


def test_everything_is_handed_on() -> None:
    do = do_of(ordered(for_s=5.0, devices=("gate",), key="a/b"), 60, NOW, "synced")
    assert (do.id, do.verb, do.who, do.reason, do.output, do.act) == (
        "c1", "command", "clerk@platform", "visitor", "gate.arm", "open",
    )  # fmt: skip
    assert (do.for_s, do.devices, do.key, do.expires_at) == (5.0, ("gate",), "a/b", NOW + 60)


@pytest.mark.parametrize(
    ("expires", "left_s", "trust", "expected"),
    [
        (NOW + 60, None, "synced", NOW + 60),
        (NOW + 60, 12, "synced", NOW + 12),
        (NOW - 3600, 60, "synced", NOW - 3600),  # an hour old, whatever the broker says
        (NOW - 3600, 12, "free-running", NOW + 12),  # our clock is wrong, not the command
        (NOW + 9e9, 9000, "stepped", NOW + UNSYNCED_S),
        (NOW + 60, None, "free-running", LONG_AGO),  # nobody can say how old it is
        (NOW + 60, None, "", LONG_AGO),
        (-5.0, None, "synced", LONG_AGO),  # never 0: that is an act without an end
    ],
)
def test_how_long_it_lives(expires: float, left_s: float | None, trust: str, expected: float) -> None:
    assert do_of(ordered(expires=expires), left_s, NOW, trust).expires_at == expected


@pytest.mark.parametrize("changes", [{"verb": "reload"}, {"verb": "release"}, {"id": " "}, {"who": ""}])
def test_what_a_platform_does_not_have_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(WireError):
        do_of(ordered(**changes), 60, NOW, "synced")
