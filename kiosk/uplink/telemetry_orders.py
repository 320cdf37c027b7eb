"""A platform's command as an act for the watch: what it may ask for, and until when it may be done. Pure.

The watch refuses what is late, repeated, nameless or not allowed, and journals its answer; here is only decided how
long a command lives. Two clocks speak: ``expires`` of the body, in wall time, and what the broker left of MQTT's
Message Expiry Interval (MQTT 5.0, 3.3.2.3.3: it takes off the time that the message waited). While our wall clock is
synchronised the earlier of both counts. While it is not, its word about ``expires`` is worth nothing: only the broker's
remainder counts, and of it at most ``UNSYNCED_S``. Without a remainder nobody can say that the command is not hours
old, so it counts as late.
"""

from __future__ import annotations

from typing import get_args

from kiosk.site.messages import Do, Verb
from kiosk.uplink.telemetry_wire import SYNCED, Ordered, WireError

UNSYNCED_S = 60.0
LONG_AGO = 1.0  # Unix seconds: the watch answers "expired"
NOT_FROM_AFAR = frozenset({"reload"})  # settings change at the booth only
_VERBS = frozenset(get_args(Verb)) - NOT_FROM_AFAR


def do_of(order: Ordered, left_s: float | None, wall: float, trust: str) -> Do:
    """Raise WireError for a verb that a platform does not have, or an id or name that is missing.

    ``left_s``: what the broker left of the message's expiry interval; ``wall``: our wall clock, Unix seconds.
    """
    if order.verb not in _VERBS:
        raise WireError("ordered: a verb that a platform does not have")
    if not order.id.strip() or not order.who.strip():
        raise WireError("ordered: without an id or a name")
    return Do(
        id=order.id,
        verb=order.verb,  # type: ignore[arg-type]  # one of _VERBS
        who=order.who,
        reason=order.reason,
        key=order.key,
        output=order.output,
        act=order.act,
        for_s=order.for_s,
        devices=order.devices,
        expires_at=_expires_at(order.expires, left_s, wall, trust),
    )


def _expires_at(expires: float, left_s: float | None, wall: float, trust: str) -> float:
    if trust == SYNCED:
        return max(LONG_AGO, expires if left_s is None else min(expires, wall + left_s))
    return LONG_AGO if left_s is None else wall + min(left_s, UNSYNCED_S)
