"""What a person does at the simulated site: set what a device tells, turn a knob, and what staff tell the watch.

Every refusal names what, where and the cure. Knows no page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.devices import Refusal
from bench.far_ends.peer import NoSuchKnob, Peer
from bench.far_ends.words import NoSuchValue, raw_of
from bench.site import MOST_STORM_S, Site
from bench.watch_line import VERBS, WatchAway

_REASON = "tried at the bench"
_SHELF_S, _WALK_S = 900.0, 600.0
_ONE_OF = "give device with set or knob, do with what it needs, or storm (seconds)"


async def do(site: Site, body: dict[str, Any]) -> None:
    """One deed. Raises ``Refusal``."""
    if "device" in body:
        _at_device(site, body)
    elif "do" in body:
        await _tell_watch(site, body)
    elif "storm" in body:
        site.storm(_number(body, "storm", MOST_STORM_S))
    else:
        raise Refusal(f"site: {_ONE_OF}")


def _at_device(site: Site, body: dict[str, Any]) -> None:
    name = str(body["device"])
    _only(body, {"device", "set", "knob", "value"})
    if name not in site.plan.devices:
        raise Refusal(f"site.device: no device is called {name!r}; there are: {', '.join(site.plan.devices)}")
    peer = site.peers.get(name)
    if peer is None:
        link = site.plan.devices[name].link
        raise Refusal(f"site.device: {name} has no peer here: {site.troubles.get(link, 'it was not started')}")
    if "knob" in body:
        try:
            peer.turn(str(body["knob"]), _number(body, "value", float("inf")))
        except NoSuchKnob as error:
            raise Refusal(f"site.knob: {error}") from None
    elif isinstance(body.get("set"), Mapping) and body["set"]:
        changes = {str(point): _raw(peer, str(point), said) for point, said in body["set"].items()}
        for point, raw in changes.items():
            peer.set(point, raw)
    else:
        raise Refusal("site.set: give { point = value }, or knob and value")


def _raw(peer: Peer, point: str, said: Any) -> Any:
    spec = peer.profile.points.get(point)
    if spec is None:
        raise Refusal(f"site.set.{point}: {peer.name} has no such point; there are: {', '.join(peer.profile.points)}")
    if spec.kind == "output":
        raise Refusal(f"site.set.{point}: an output is the booth's to set; use do = command with output and act")
    if not peer.can_set(point):
        raise Refusal(f"site.set.{point}: {peer.name} measures it for real; turn a knob instead")
    try:
        return raw_of(spec, said)
    except NoSuchValue as error:
        raise Refusal(f"site.set.{point}: {peer.name} cannot tell {error}") from None


async def _tell_watch(site: Site, body: dict[str, Any]) -> None:
    _only(body, {"do", "key", "output", "act", "for_s", "devices", "reason"})
    verb = str(body["do"])
    if verb not in VERBS:
        raise Refusal(f"site.do: unknown {verb!r}; there are: {', '.join(VERBS)}")
    what: dict[str, Any] = {"reason": str(body.get("reason") or _REASON)}
    what |= {name: str(body[name]) for name in ("key", "output", "act") if name in body}
    if "for_s" in body:
        what["for_s"] = _number(body, "for_s", 86_400.0)
    if verb == "shelve":
        what.setdefault("for_s", _SHELF_S)
    if verb == "walk_test":
        devices = body.get("devices")
        if not isinstance(devices, list) or not devices:
            raise Refusal("site.devices: say which devices are walked, as a list of names")
        what["devices"] = tuple(str(one) for one in devices)
        what.setdefault("for_s", _WALK_S)
    try:
        answer = await site.watch.do(verb, **what)
    except WatchAway as error:
        raise Refusal(f"site.do: {error}") from None
    if answer.result != "done":
        raise Refusal(f"the watch refuses {verb}: {answer.text or answer.result}")


def _only(body: dict[str, Any], known: set[str]) -> None:
    if unknown := set(body) - known:
        raise Refusal(f"site: unknown {', '.join(sorted(unknown))}; {_ONE_OF}")


def _number(body: dict[str, Any], name: str, most: float) -> float:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
        raise Refusal(f"site.{name}: {value!r}; give a number from 0 to {most:g}")
    return float(value)
