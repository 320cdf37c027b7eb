"""What the parts of a site owe each other: names, topology, shared buses, the arithmetic of polling, rules and acts.

Every finding is a Mistake; the first one hides no other. Pure: the files were read before.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Collection, Iterator

from kiosk.site.budget import (
    POLL_SHARE,
    REFRESHES_PER_HOLD,
    blocks,
    read_reply_bytes,
    serial_exchange_s,
)
from kiosk.site.plan import Mistake, Plan, Source
from kiosk.site.schema import DRIVERS_OF, FIRE_POLL_MS, MISSED_POLLS, Condition, Deed, PointSpec, RuleSpec

ONLY_FIRE = frozenset({"release", "hold_open", "evacuate"})
MOVING = frozenset({"release", "hold_open", "open", "close", "water", "stop", "siren"})  # acts that need an output
WIDE = frozenset({"uint32", "int32", "float32"})  # two registers each
SHARED = frozenset({"modbus_rtu", "modbus_tcp"})  # links that carry one exchange at a time
UNITS = {"modbus": range(1, 248), "osdp": range(127)}  # Modbus over Serial Line V1.02, 2.2; OSDP 2.2, 5.5


def judge(plan: Plan, source: Source, broken: Collection[str] = ()) -> list[Mistake]:
    """Every mistake between the parts. ``broken``: profiles that exist and have mistakes of their own."""
    return [
        *_devices(plan, source, broken),
        *_links(plan, source),
        *_topology(plan, source),
        *_safety(plan, source),
        *_budgets(plan, source),
        *(found for name in plan.rules for found in _rule(plan, source, name)),
    ]


def _devices(plan: Plan, source: Source, broken: Collection[str]) -> Iterator[Mistake]:
    written = source.data.get("link", {})
    seen: dict[tuple[str, int | str], str] = {}
    for name, device in plan.devices.items():
        at = ("device", name)
        profile = plan.profiles.get(device.profile)
        if profile is None and device.profile not in broken:
            yield source.mistake(
                (*at, "profile"), f"no such profile {device.profile!r}", _one_of(device.profile, plan.profiles)
            )
        if device.link not in written:
            yield source.mistake((*at, "link"), f"no such link {device.link!r}", _one_of(device.link, written))
        link = plan.links.get(device.link)
        if profile is not None and link is not None and profile.driver not in DRIVERS_OF[link.kind]:
            kinds = sorted(kind for kind, drivers in DRIVERS_OF.items() if profile.driver in drivers)
            yield source.mistake(
                (*at, "link"),
                f"{device.link} is {link.kind}, profile {profile.id} speaks {profile.driver}",
                f"use a link of kind {' or '.join(kinds)}",
            )
        if profile is not None and (units := UNITS.get(profile.driver)) is not None and device.address not in units:
            yield source.mistake(
                (*at, "address"),
                f"{device.address!r} is no {profile.driver} address",
                f"use a number from {units.start} to {units.stop - 1}",
            )
        if other := seen.get((device.link, device.address)):
            yield source.mistake(
                (*at, "address"), f"{device.address!r} on {device.link} is {other}'s too", "give each its own address"
            )
        seen.setdefault((device.link, device.address), name)
        if profile is not None and profile.promise != "heartbeat":
            every_s, answer_s = plan.every_s(name), profile.answer_ms / 1000
            if every_s * MISSED_POLLS + answer_s > profile.lost_after_s:
                most_ms = (profile.lost_after_s * 1000 - profile.answer_ms) // MISSED_POLLS
                yield source.mistake(
                    (*at, "every_ms"),
                    f"every {every_s * 1000:g} ms, {MISSED_POLLS} missed polls and the last answer's time-out take"
                    f" longer than the {profile.lost_after_s:g} s within which its loss must be found",
                    f"at most {most_ms:g}",
                )


def _links(plan: Plan, source: Source) -> Iterator[Mistake]:
    seen: dict[str, str] = {}
    for name, link in plan.links.items():
        if link.where and (other := seen.get(link.where)) and link.kind != "ip":
            yield source.mistake(
                ("link", name, "where"), f"{link.where} is link {other}'s too", "name one link only once"
            )
        seen.setdefault(link.where, name)
        if not link.where and link.kind not in ("ip", "host"):
            yield source.mistake(("link", name), "where is missing", "give port, host:port or listening address")


def _topology(plan: Plan, source: Source) -> Iterator[Mistake]:
    for name in plan.devices.keys() & plan.links.keys():
        yield source.mistake(("device", name), "a link has this name too", "rename one, alarms name both kinds")
    parents = plan.parents()
    for name, parent in parents.items():
        at = ("device" if name in plan.devices else "link", name, "parent")
        written = {**source.data.get("link", {}), **source.data.get("device", {})}
        if parent and parent not in written and (name in plan.links or plan.devices[name].parent):
            yield source.mistake(at, f"no such device or link {parent!r}", _one_of(parent, parents))
    told: set[str] = set()
    for start in parents:
        way, here = [], start
        while here and here in parents and here not in way:
            way.append(here)
            here = parents[here]
        circle = way[way.index(here) :] if here in way else []
        if circle and not told & set(circle):
            told |= set(circle)
            first = min(circle, key=lambda one: (one not in plan.devices, one))
            yield source.mistake(
                ("device" if first in plan.devices else "link", first, "parent"),
                f"parents run in a circle: {' -> '.join([*circle, circle[0]])}",
                "let the one nearest to the booth have no parent",
            )


def _safety(plan: Plan, source: Source) -> Iterator[Mistake]:
    on: dict[str, list[str]] = defaultdict(list)
    for name, device in plan.devices.items():
        if device.profile in plan.profiles:
            on[device.link].append(name)
    for link, names in on.items():
        others = [name for name in names if not plan.profile(name).safety]
        for name in names:
            profile = plan.profile(name)
            if not profile.safety:
                continue
            what = "a fire input" if profile.safety == "fire_input" else "a release output"
            if others:
                yield source.mistake(
                    ("device", name, "link"),
                    f"{what} shares {link} with {', '.join(others)}: one that hangs would delay it",
                    "give fire inputs and release outputs a link of their own",
                )
            if plan.every_s(name) * 1000 > FIRE_POLL_MS:
                yield source.mistake(
                    ("device", name, "every_ms"),
                    f"{what} is polled every {plan.every_s(name) * 1000:g} ms",
                    f"at most {FIRE_POLL_MS}",
                )
    watched = {
        when.point.partition(".")[0] for rule in plan.rules.values() if rule.severity == "fire" for when in rule.when
    }
    if set(source.data.get("rule", {})) - set(plan.rules):
        return  # a rule that could not be read may be the one
    for name, device in plan.devices.items():
        profile_of = plan.profiles.get(device.profile)
        if profile_of is not None and profile_of.safety == "fire_input" and name not in watched:
            yield source.mistake(
                ("device", name),
                "a fire input that no rule of severity fire watches",
                "add the rule, or the device is idle",
            )


def read_from(point: PointSpec) -> tuple[str, int, int]:
    """(table, first, count) that is read for a point on Modbus; as its driver reads ``at``."""
    at = point.at
    buttons = [int(at[act]) for act in point.acts if act in at]
    first = min(buttons, default=int(at.get("register", 0)))
    count = max(buttons) - first + 1 if buttons else int(at.get("count", 2 if at.get("kind") in WIDE else 1))
    return str(at.get("table", "holding")), first, count


def link_share(plan: Plan, link: str) -> float:
    """Part of the time that polls and refreshes of ``link`` take when every unit answers as late as it may."""
    where = plan.links[link]
    share = 0.0
    for name, device in plan.devices.items():
        if device.link != link or device.profile not in plan.profiles:
            continue
        profile, answer_s = plan.profile(name), plan.answer_s(name)
        is_serial = where.kind == "modbus_rtu"
        for block in blocks(map(read_from, profile.points.values())):
            once_s = serial_exchange_s(where.baud, answer_s, 8, read_reply_bytes(block)) if is_serial else answer_s
            share += once_s / plan.every_s(name)
        for point in profile.points.values():
            if point.hold_s is not None:
                once_s = serial_exchange_s(where.baud, answer_s) if is_serial else answer_s
                share += once_s * REFRESHES_PER_HOLD / point.hold_s
    return share


def _budgets(plan: Plan, source: Source) -> Iterator[Mistake]:
    for name, link in plan.links.items():
        share = link_share(plan, name) if link.kind in SHARED else 0.0
        if share > POLL_SHARE + 1e-9:  # sums of tenths
            yield source.mistake(
                ("link", name),
                f"polls take {share:.0%} of it when units answer as late as they may,"
                f" at most {POLL_SHARE:.0%} is allowed",
                "poll less often, use another link for some, or state the worst answer of this bus (answer_ms)",
            )


def _rule(plan: Plan, source: Source, name: str) -> Iterator[Mistake]:
    rule = plan.rules[name]
    for number, when in enumerate(rule.when):
        yield from _condition(plan, source, name, number, when)
    for number, deed in enumerate(rule.do):
        yield from _deed(plan, source, name, number, rule, deed)


def _condition(plan: Plan, source: Source, name: str, number: int, when: Condition) -> Iterator[Mistake]:
    at = ("rule", name, "when", number)
    device = when.point.partition(".")[0]
    if device not in plan.devices and device in source.data.get("device", {}):
        return  # the device has a mistake of its own
    if device not in plan.devices:
        yield source.mistake((*at, "point"), f"no such device {device!r}", _one_of(device, plan.devices))
        return
    if plan.devices[device].profile not in plan.profiles:
        return  # said at the device
    profile = plan.profile(device)
    spec = profile.points.get(when.point.partition(".")[2])
    if spec is None:
        yield source.mistake(
            (*at, "point"),
            f"profile {profile.id} has no such point",
            _one_of(when.point, [f"{device}.{point}" for point in profile.points]),
        )
        return
    if number == 0 and plan.rules[name].severity == "fire" and profile.safety != "fire_input":
        yield source.mistake(
            (*at, "point"),
            f"{when.point} is no fire input",
            "use severity 'supervisory' for sensors that are not, or a supervised contact",
        )
    if when.is_in is not None:
        if strange := [word for word in when.is_in if word not in spec.vocabulary]:
            yield source.mistake(
                (*at, "is"), f"{when.point} is never {strange[0]!r}", _one_of(strange[0], spec.vocabulary)
            )
        return
    if when.quality is not None:
        return
    key = "above" if when.above is not None else "below"
    if spec.kind != "number":
        yield source.mistake((*at, key), f"{when.point} is a {spec.kind}, no number", "compare its words with 'is'")
        return
    if when.unit != spec.unit:
        yield source.mistake(
            (*at, "unit"),
            f"{when.point} is in {spec.unit}" + (f", not in {when.unit}" if when.unit else "; the rule names no unit"),
            f"write unit = {spec.unit!r} and the setpoint in it",
        )
    elif spec.range is not None:
        setpoint = when.above if when.above is not None else when.below
        if setpoint is not None and not spec.range[0] <= setpoint <= spec.range[1]:
            yield source.mistake(
                (*at, key),
                f"{when.point} never reaches {setpoint:g} {spec.unit}",
                f"use a setpoint from {spec.range[0]:g} to {spec.range[1]:g}",
            )


def _deed(plan: Plan, source: Source, name: str, number: int, rule: RuleSpec, deed: Deed) -> Iterator[Mistake]:
    at = ("rule", name, "do", number)
    if deed.act in ONLY_FIRE and rule.severity != "fire":
        yield source.mistake((*at, "act"), f"{deed.act} is for fire", "use severity 'fire', or another act")
    if deed.act == "close":
        yield source.mistake((*at, "act"), "no rule closes anything on somebody", "leave closing to a person's command")
    if deed.act not in MOVING:
        if deed.on:
            yield source.mistake((*at, "on"), f"{deed.act} moves no output", "remove it")
        return
    device, _, point = deed.on.partition(".")
    if device in source.data.get("device", {}) and (
        device not in plan.devices or plan.devices[device].profile not in plan.profiles
    ):
        return  # said at the device
    spec = plan.profile(device).points.get(point) if device in plan.devices else None
    outputs = [
        f"{one}.{key}"
        for one, placed in plan.devices.items()
        if placed.profile in plan.profiles
        for key, its in plan.profile(one).points.items()
        if deed.act in its.acts
    ]
    if spec is None or deed.act not in spec.acts:
        yield source.mistake(
            (*at, "on"), f"{deed.on or 'nothing'!r} cannot be told to {deed.act}", _one_of(deed.on, outputs)
        )
        return
    if deed.act == "water" and (deed.for_s is None or deed.for_s > (spec.longest_s or 0)):
        given = "is missing" if deed.for_s is None else f"is {deed.for_s:g}"
        yield source.mistake((*at, "for_s"), f"for_s {given}", f"at most {spec.longest_s:g} s for this valve")


def _one_of(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, known, 3, 0.5) or sorted(known)[:12]
    return f"use {' or '.join(near)}" if near else "add it first"
