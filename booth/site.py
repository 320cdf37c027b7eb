"""``booth site``: the watch over the site, from the command line."""

from __future__ import annotations

from pathlib import Path

import click

from kiosk.site.site_file import check


def run_site_check(file: Path, profiles: Path) -> int:
    """Print every mistake of site.toml and the profiles, one a line; 0 when the site can be watched as written."""
    plan, mistakes = check(file, profiles)
    for mistake in mistakes:
        click.echo(str(mistake), err=True)
    if plan is None:
        click.echo(f"{len(mistakes)} to correct", err=True)
        return 2
    points = sum(len(plan.profile(name).points) for name in plan.devices)
    click.echo(
        f"ok: {file}: {len(plan.links)} links, {len(plan.devices)} devices, {points} points, {len(plan.rules)} rules"
    )
    return 0
