"""Reads site.toml and the profiles: a Plan, or every mistake with file, line, key and cure. Touches nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from kiosk.config import ConfigError, read_toml
from kiosk.site.checks import judge
from kiosk.site.plan import Mistake, Plan, PlanError, Source
from kiosk.site.positions import Path as KeyPath
from kiosk.site.schema import Device, Link, Profile, RuleSpec, SiteSection

M = TypeVar("M", bound=BaseModel)
SECTIONS = ("site", "link", "device", "rule")


def load_profiles(folder: Path) -> tuple[dict[str, Profile], dict[str, list[Mistake]]]:
    """Read every profile: (the good ones, the mistakes of the others by name)."""
    good: dict[str, Profile] = {}
    broken: dict[str, list[Mistake]] = {}
    files = sorted(folder.glob("*.toml"))
    if not files:
        broken[""] = [Mistake(folder, 0, "", "no profiles here", "give the folder that ships as assets/site")]
    for file in files:
        try:
            source = read_source(file)
        except PlanError as error:
            broken[file.stem] = error.mistakes
            continue
        mistakes: list[Mistake] = []
        profile = part(Profile, source, (), source.data, mistakes)
        if profile is not None and profile.id != file.stem:
            mistakes.append(source.mistake(("id",), f"{profile.id!r} in a file of another name", "make them the same"))
        if mistakes or profile is None:
            broken[file.stem] = mistakes
        else:
            good[profile.id] = profile
    return good, broken


def check(file: Path, profiles: Path) -> tuple[Plan | None, list[Mistake]]:
    """Read and judge everything; a Plan only when there is no mistake."""
    good, broken = load_profiles(profiles)
    mistakes = [one for several in broken.values() for one in several]
    try:
        source = read_source(file)
    except PlanError as error:
        return None, error.mistakes + mistakes
    for key in source.data:
        if key not in SECTIONS:
            mistakes.append(source.mistake((key,), "unknown key", f"use {', '.join(SECTIONS)}"))
    site = part(SiteSection, source, ("site",), source.data.get("site", {}), mistakes)
    plan = Plan(
        site or SiteSection(id="unknown", grid="000000"),
        _parts(Link, source, "link", mistakes),
        _parts(Device, source, "device", mistakes),
        good,
        _parts(RuleSpec, source, "rule", mistakes),
    )
    mistakes += judge(plan, source, frozenset(broken))
    return (None if mistakes else plan), sorted(mistakes, key=lambda one: (str(one.file), one.line, one.key))


def load(file: Path, profiles: Path) -> Plan:
    """Read site.toml. Raises PlanError with every mistake."""
    plan, mistakes = check(file, profiles)
    if plan is None:
        raise PlanError(mistakes)
    return plan


def read_source(file: Path) -> Source:
    """Parse a TOML file. Raises PlanError."""
    try:
        data = read_toml(file)
        text = file.read_text(encoding="utf-8")
    except ConfigError as error:
        found = re.search(r"at line (\d+)", str(error))
        problem, _, cure = str(error).removeprefix(f"{file}: ").rpartition("; ")
        raise PlanError([Mistake(file, int(found[1]) if found else 0, "", problem, cure)]) from None
    return Source(file, data, text)


def part(model: type[M], source: Source, path: KeyPath, data: object, mistakes: list[Mistake]) -> M | None:
    """Validate one part; what is wrong with it is added to ``mistakes``."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        found = error.errors()
        for item in found:
            if item["type"] == "too_short" and any(o is not item and _is_in(o["loc"], item["loc"]) for o in found):
                continue  # its entries are wrong, not missing
            for line in item["msg"].removeprefix("Value error, ").split("\n"):
                mistakes.append(_explained(source, (*path, *item["loc"]), item["type"], line))
        return None


def _is_in(path: KeyPath, other: KeyPath) -> bool:
    return path[: len(other)] == other


def _parts(model: type[M], source: Source, section: str, mistakes: list[Mistake]) -> dict[str, M]:
    given = source.data.get(section, {})
    if not isinstance(given, dict):
        mistakes.append(source.mistake((section,), "not a table", f"write [{section}.NAME] above its keys"))
        return {}
    found = {}
    for name, data in given.items():
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", name):
            mistakes.append(source.mistake((section, name), "no name", "use small letters, digits and hyphens"))
        one = part(model, source, (section, name), data, mistakes)
        if one is not None:
            found[name] = one
    return found


def _explained(source: Source, path: KeyPath, kind: str, message: str) -> Mistake:
    if kind == "extra_forbidden":
        return source.mistake(path, "unknown key", "remove it or correct its spelling")
    if kind == "missing":
        return source.mistake(path, "missing", "add it")
    if (named := re.match(r"([a-z_]+(?:\.[a-z0-9_]+)*): (.*)", message)) and kind == "value_error":
        path, message = (*path, *named[1].split(".")), named[2]
    problem, _, cure = message.rpartition("; ") if "; " in message else (message, "", "correct it")
    return source.mistake(path, problem, cure)
