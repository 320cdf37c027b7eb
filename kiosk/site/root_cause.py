"""Which lost device speaks for which: one alarm for the parent, its children suppressed. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Roots:
    """``spoken_for``: device -> the topmost lost one above it; ``children``: how many each root has."""

    spoken_for: Mapping[str, str]
    children: Mapping[str, int]


def roots(parents: Mapping[str, str], lost: Collection[str]) -> Roots:
    """Find the root of every device below something lost, also of devices whose own loss is not found yet.

    ``parents`` is ``Plan.parents()``: devices and links by name, "" for none.
    """
    gone = frozenset(lost)
    spoken_for: dict[str, str] = {}
    for name in parents:
        root, here, seen = "", parents.get(name, ""), {name}
        while here and here not in seen:
            seen.add(here)
            if here in gone:
                root = here
            here = parents.get(here, "")
        if root:
            spoken_for[name] = root
    children = dict.fromkeys((one for one in gone if one not in spoken_for), 0)
    for root in spoken_for.values():
        children[root] = children.get(root, 0) + 1
    return Roots(spoken_for, children)
