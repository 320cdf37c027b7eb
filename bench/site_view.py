"""The simulated site as a page and a story see it: plain data, made anew each time. Knows no wire."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import msgspec

from bench.far_ends.peer import Peer, knob
from bench.far_ends.words import choices, said_of, span
from bench.site import Site
from kiosk.site.schema import PointSpec

AREAS = {
    "Fire": ("smoke-loop", "fire-panel", "release-output", "smoke-radio"),
    "Doors and gate": ("access-control", "face-terminal", "plate-camera", "barrier"),
    "Cameras": ("binocular-camera", "binocular-events", "falling-object-camera", "fire-lane-camera"),
    "Courtyard": ("call-point", "noise-meter", "waste-bin", "soil-probe", "water-valve"),
    "Lines": ("leased-line", "community-fibre", "security-gateway", "video-gateway"),
    "The booth itself": ("booth-cabinet", "ups", "booth-host"),
}
_OTHER = "Other"


def view(site: Site) -> dict[str, Any]:
    """Everything, as JSON."""
    seen = site.watch.seen
    devices = [_device(site, name) for name in site.plan.devices]
    areas = [*AREAS, _OTHER]
    return {
        "is_watched": site.watch.is_there,
        "areas": [area for area in areas if any(one["area"] == area for one in devices)],
        "devices": devices,
        "links": [
            {"name": name, "kind": link.kind, "trouble": site.troubles.get(name, ""), "health": _health(site, name)}
            for name, link in site.plan.links.items()
        ],
        "alarms": [_full(one) for one in seen.alarms.values()],
        "released": list(seen.released),
        "standing": list(seen.standing),
        "walk_test": None if seen.walk_test is None else _full(seen.walk_test),
        "told": [{"act": one.act, "words": one.words, "rule": one.rule, "at": one.at} for one in seen.told][::-1],
        "storm_left_s": round(site.storm_left_s, 1),
    }


def _full(struct: msgspec.Struct) -> dict[str, Any]:
    """Every field: the wire leaves defaults out."""
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def _device(site: Site, name: str) -> dict[str, Any]:
    device, profile = site.plan.devices[name], site.plan.profile(name)
    peer = site.peers.get(name)
    area = next((area for area, profiles in AREAS.items() if profile.id in profiles), _OTHER)
    return {
        "name": name,
        "title": profile.title,
        "area": area,
        "link": device.link,
        "safety": profile.safety,
        "has_peer": peer is not None,
        "found": site.life.found.get(name, ""),
        "health": _health(site, name),
        "points": [_point(site, name, point, spec, peer) for point, spec in profile.points.items()],
        "knobs": _knobs(peer),
    }


def _health(site: Site, name: str) -> dict[str, Any]:
    health = site.watch.seen.health.get(name)
    if health is None:
        return {"state": "unknown", "signs": [], "cause": ""}
    return {"state": health.state, "signs": list(health.signs), "cause": health.cause}


def _point(site: Site, name: str, point: str, spec: PointSpec, peer: Peer | None) -> dict[str, Any]:
    reference = f"{name}.{point}"
    seen = site.watch.seen.points.get(reference)
    low, high = span(spec)
    return {
        "name": point,
        "kind": spec.kind,
        "unit": spec.unit,
        "is_private": spec.is_private,
        "is_settable": peer is not None and spec.kind != "output" and peer.can_set(point),
        "choices": choices(spec),
        "low": low,
        "high": high,
        "set": said_of(spec, peer.values().get(point)) if peer is not None else None,
        "acts": [act for act in spec.acts if act not in ("release", "hold_open")],
        "seen": None if seen is None else {
            "value": seen.value if not isinstance(seen.value, float) else round(seen.value, 2),
            "quality": seen.quality, "cause": seen.cause, "age_s": round(seen.age_s, 1),
        },
    }  # fmt: skip


def _knobs(peer: Peer | None) -> list[dict[str, Any]]:
    if peer is None:
        return []
    turned = peer.knobs()
    found = []
    for name in peer.profile.peer.knobs:
        one = knob(name, peer.worst_ms)
        found.append(asdict(one) | {"value": turned.get(name)})
    return found
