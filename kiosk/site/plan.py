"""What is watched and how, as one typed Plan; and how a mistake in the files it comes from is named.

Reading is in ``site_file``, judging of single parts in ``schema``, of what parts owe each other in ``checks``. Knows no
driver.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiosk.config import ConfigError
from kiosk.site.alarm_states import Severity
from kiosk.site.alarms import Definition, Key
from kiosk.site.conditioning import Limits
from kiosk.site.points import LoopBands
from kiosk.site.positions import Path as KeyPath
from kiosk.site.positions import key_lines, line_of
from kiosk.site.schema import Device, Link, PointSpec, Profile, RuleSpec, SiteSection

LOST, DEGRADED = "lost", "degraded"  # rule words of the alarms of a device's or link's health
NO_FEEDBACK = "no_feedback"  # rule word of the alarm of an output that moved and did not arrive
UNCONFIRMED = "unconfirmed"  # ... of an output that releases and whose device did not confirm an order
JOURNAL, STOPPED = "journal", "stopped"  # the alarm of a journal that cannot be written
QUARANTINED = "quarantined"  # ... of a link whose driver broke again and again and is left alone for a while


@dataclass(frozen=True)
class Mistake:
    """One thing to correct. ``str`` of it is one line: file, line, key, what is wrong, what to do."""

    file: Path
    line: int
    key: str
    problem: str
    cure: str

    def __str__(self) -> str:
        return ": ".join(
            part for part in (f"{self.file}:{self.line}", self.key, f"{self.problem}; {self.cure}") if part
        )


class PlanError(ConfigError):
    """site.toml or a profile cannot be used; one line for each mistake."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(str(one) for one in mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True)
class Source:
    """A TOML file. The lines of its keys are looked up only when there is a mistake to point at."""

    file: Path
    data: Mapping[str, Any]
    text: str

    def mistake(self, path: KeyPath, problem: str, cure: str) -> Mistake:
        return Mistake(self.file, line_of(key_lines(self.text), path), _key(path), problem, cure)


@dataclass(frozen=True)
class Plan:
    """What is watched, and how. Names are unique among links and devices together."""

    site: SiteSection
    links: Mapping[str, Link]
    devices: Mapping[str, Device]
    profiles: Mapping[str, Profile]
    rules: Mapping[str, RuleSpec]

    def profile(self, device: str) -> Profile:
        return self.profiles[self.devices[device].profile]

    def point(self, reference: str) -> PointSpec:
        """The specification of ``device.point``. Raises KeyError."""
        device, _, point = reference.partition(".")
        return self.profile(device).points[point]

    def every_s(self, device: str) -> float:
        """Seconds between polls, or heartbeats."""
        return (self.devices[device].every_ms or self.profile(device).every_ms) / 1000

    def answer_s(self, device: str) -> float:
        """The worst answer, which is the time-out."""
        return (self.links[self.devices[device].link].answer_ms or self.profile(device).answer_ms) / 1000

    def parents(self) -> dict[str, str]:
        """Each device's and link's parent ("" for none): its own, or the link it hangs on."""
        found = {name: link.parent for name, link in self.links.items()}
        return found | {name: device.parent or device.link for name, device in self.devices.items()}

    def limits(self, reference: str) -> Limits:
        """How samples of this point are conditioned."""
        device = reference.partition(".")[0]
        return limits(self.point(reference), self.profile(device), self.every_s(device))

    def definitions(self) -> tuple[Definition, ...]:
        """The alarm of every rule, and of every device's loss and decline."""
        ruled = [Definition(Key(rule.when[0].point, name), rule.level, rule.latch) for name, rule in self.rules.items()]
        gates = [Definition(Key(gate, NO_FEEDBACK), Severity.FAULT) for gate in self.outputs_that("close")]
        links = [Definition(Key(link, word), Severity.FAULT) for link in self.links for word in (LOST, QUARANTINED)]
        doors = [
            Definition(Key(output, UNCONFIRMED), Severity.FAULT)
            for act in ("release", "hold_open")
            for output in self.outputs_that(act)
        ]
        return (
            Definition(Key(JOURNAL, STOPPED), Severity.FAULT),
            *ruled,
            *gates,
            *links,
            *doors,
            *(d for name in self.devices for d in health_definitions(name, self.profile(name))),
        )

    def outputs(self) -> dict[str, PointSpec]:
        """Every output by its reference."""
        return {
            f"{name}.{point}": spec
            for name in self.devices
            for point, spec in self.profile(name).points.items()
            if spec.kind == "output"
        }

    def outputs_that(self, act: str) -> list[str]:
        """References of the outputs that may be told to ``act``."""
        return [reference for reference, spec in self.outputs().items() if act in spec.acts]

    def events(self) -> frozenset[str]:
        """References of the points that are events."""
        return frozenset(
            f"{name}.{point}"
            for name in self.devices
            for point, spec in self.profile(name).points.items()
            if spec.kind == "event"
        )


def health_definitions(device: str, profile: Profile) -> tuple[Definition, Definition]:
    """The alarms for *lost* and *degraded* of a device; a lost fire input is a fault, as EN 54-2 has it, not a fire."""
    lost = Severity[profile.faults["lost"].upper()]
    declining = Severity[profile.faults.get("degraded", "supervisory").upper()]
    return Definition(Key(device, LOST), lost), Definition(Key(device, DEGRADED), declining)


def limits(spec: PointSpec, profile: Profile, every_s: float) -> Limits:
    """A profile's figures as conditioning takes them; a value is stale when the device counts as lost."""
    is_fire = profile.safety == "fire_input"
    fail, suspect = spec.range or (-math.inf, math.inf), spec.suspect or (-math.inf, math.inf)
    return Limits(
        scale=spec.scale,
        offset=spec.offset,
        words=tuple((_raw(raw), word) for raw, word in spec.words.items()),
        bands=LoopBands(spec.r_ohm, spec.short_below_ohm, spec.open_above_ohm) if spec.r_ohm else None,
        is_current_loop=spec.is_current_loop,
        fail_below=fail[0],
        fail_above=fail[1],
        suspect_below=suspect[0],
        suspect_above=suspect[1],
        rate_suspect=spec.rate_suspect or math.inf,
        rate_fail=spec.rate_fail or math.inf,
        has_flatline=spec.has_flatline,
        flatline_s=spec.flatline_s or math.inf,
        flatline_within=spec.flatline_within,
        debounce_s=spec.debounce_ms / 1000,
        deadband=spec.deadband,
        average_s=spec.average_s,
        is_level_db=spec.unit == "dB(A)",
        stale_after_s=math.inf if spec.kind == "event" else max(profile.lost_after_s, 5 * every_s),
        may_chatter=not is_fire and spec.kind != "event",
        is_event=spec.kind == "event",
    )


def _key(path: KeyPath) -> str:
    key = ""
    for one in path:
        key += f"[{one}]" if isinstance(one, int) else f".{one}" if key else one
    return key


def _raw(text: str) -> float | str:
    """What a driver hands over for this key of ``words``: a number where it reads as one."""
    if text in ("true", "false"):
        return float(text == "true")
    try:
        return float(text)
    except ValueError:
        return text
