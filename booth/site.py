"""``booth site``: the watch over the site, from the command line. Reads the feed and the journal, says acts of staff.

What runs the watch stands in ``site_run``. Everything printed is for somebody who stands in the rain: the worst first,
ages in words, and with every refusal what to do.
"""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import click
import msgspec

from booth.site_words import alarm_lines, row_line, status_lines
from kiosk.ledger.file import read_only
from kiosk.site.feed import FEED_FILE, FeedError, Line, listen
from kiosk.site.journal import SITE_FILE, Kind, last_rows
from kiosk.site.messages import Changed, Do, Snapshot, Verb
from kiosk.site.site_file import check

Out = Callable[[str], None]
REDRAW_S = 1.0
_CLEAR = "\x1b[H\x1b[2J"


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


def show_status(folder: Path, *, as_json: bool, has_points: bool, out: Out) -> int:
    """The site as it is. 0 when nothing needs anybody, 1 when something does, 2 when nobody watches."""

    async def look() -> int:
        async with listen(folder / FEED_FILE, "staff", wants_points=False) as line:
            snapshot = line.snapshot
        if as_json:
            out(msgspec.json.encode(snapshot).decode())
        else:
            for text in status_lines(snapshot, _now(), has_points=has_points):
                out(text)
        return int(any(alarm.state != "normal" for alarm in snapshot.alarms))

    return _asked(look)


def watch_status(folder: Path, *, has_points: bool, out: Out) -> int:
    """Show the status anew whenever it changes, until the watch ends or Ctrl-C."""

    async def look() -> int:
        async with listen(folder / FEED_FILE, "staff", wants_points=has_points) as line:
            seen = line.snapshot
            news = asyncio.ensure_future(_following(line))
            while True:
                out(_CLEAR + "\n".join(status_lines(seen, _now(), has_points=has_points)))
                done, _ = await asyncio.wait({news}, timeout=REDRAW_S)
                if not done:
                    continue
                if (message := news.result()) is None:
                    raise FeedError("the watch has gone")
                seen = merged(seen, message)
                news = asyncio.ensure_future(_following(line))

    try:
        return _asked(look)
    except KeyboardInterrupt:
        return 0


def show_alarms(folder: Path, *, as_json: bool, out: Out) -> int:
    """Every alarm that is not normal, or lies under a cover; status 1 when there is one."""

    async def look() -> int:
        async with listen(folder / FEED_FILE, "staff", wants_points=False) as line:
            alarms = line.snapshot.alarms
        if as_json:
            for alarm in alarms:
                out(msgspec.json.encode(alarm).decode())
        else:
            for text in alarm_lines(alarms, _now()):
                out(text)
        return int(any(alarm.state != "normal" for alarm in alarms))

    return _asked(look)


def show_log(folder: Path, *, count: int, kinds: Sequence[Kind], as_json: bool, out: Out) -> int:
    """The newest rows of the journal, oldest of them first; works beside a running watch and without one."""
    connection = read_only(folder / SITE_FILE)
    try:
        rows = last_rows(connection, count, kinds)
    finally:
        connection.close()
    for row in rows:
        body = json.loads(row.body)
        if as_json:
            out(json.dumps({**msgspec.to_builtins(row), "body": body}, ensure_ascii=False))
        else:
            out(row_line(row, body))
    return 0


def act(
    folder: Path, verb: Verb, *, badge: str = "", reason: str = "", key: str = "", output: str = "", what: str = "",
    for_s: float | None = None, devices: tuple[str, ...] = (), out: Out,
) -> int:  # fmt: skip
    """Say one act and its answer; 0 when it was done, 2 when it was refused."""
    who = os.environ.get("SUDO_USER") or getpass.getuser()
    if badge:
        who = f"{who} badge {badge}"

    async def say() -> int:
        do = Do(uuid.uuid4().hex, verb, who, reason, key, output, what, for_s, devices)
        async with listen(folder / FEED_FILE, "staff", wants_points=False) as line:
            answer = await line.do(do)
        if answer.result == "done":
            out(f"done: {verb.replace('_', ' ')} {key or output or ' '.join(devices)}".rstrip())
            return 0
        click.echo(f"refused ({answer.result}): {answer.text}", err=True)
        return 2

    return _asked(say)


def merged(seen: Snapshot, message: object) -> Snapshot:
    """A snapshot with a change put into it."""
    if not isinstance(message, Changed):
        return seen
    points = {one.name: one for one in seen.points} | {one.name: one for one in message.points}
    alarms = {one.key: one for one in seen.alarms} | {one.key: one for one in message.alarms}
    health = {one.name: one for one in seen.health} | {one.name: one for one in message.health}
    return msgspec.structs.replace(
        seen,
        seq=message.seq,
        points=tuple(points.values()),
        alarms=tuple(one for one in alarms.values() if one.state != "normal" or one.covers),
        health=tuple(health.values()),
        released=message.released,
        standing=message.standing,
        walk_test=message.walk_test,
    )


async def _following(line: Line) -> object:
    return await anext(line, None)


def _asked(work: Callable[[], object]) -> int:
    try:
        return asyncio.run(work())  # type: ignore[arg-type]
    except FeedError as error:
        click.echo(f"booth: {error}", err=True)
        return 2


def _now() -> datetime:
    return datetime.now().astimezone()
