"""Drivers with words of their own for what they tell: a profile names one for each of its points (``at.point``)."""

from __future__ import annotations

from booth.site_links import Wanted
from kiosk.config import ConfigError


def names_of(wanted: Wanted, device: str, words: frozenset[str], key: str = "point") -> dict[str, str]:
    """What the plan calls a device's points, and the driver's word for each (``at.point``). Raises ``ConfigError``."""
    profile = wanted.plan.profile(device)
    found = {point: str(spec.at[key]) for point, spec in profile.points.items() if key in spec.at}
    for point, word in found.items():
        if word not in words:
            raise ConfigError(
                f"profile {profile.id}: points.{point}: at.{key}: {profile.driver} tells no {word!r};"
                f" use one of {', '.join(sorted(words))}"
            )
    return found
