"""``booth visit STORY``: one scripted visit at the simulated site, and the evidence it leaves.

The same booth, driven through its screen's remote socket (held by the bench) and the devices' other ends. Never on an
enrolled booth.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from booth import storyfile
from booth.simulated_site import SimulatedSite, SiteError, ports
from kiosk.config import ConfigError, load

_DIFFERENT, _CANNOT_START = 1, 2


def run_story(story: Path, out: Path, run: Path | None = None) -> int:
    """Play ``story`` against the bench running in ``run``, else against one of its own, ended afterwards.

    Exit status 0: it ended as written; 1: it did not (one line says at which step and how); 2: it could not begin.
    """
    try:
        script = storyfile.load(story)
        from booth.story_player import play

        with ExitStack() as stack:
            url = _url_of(run) if run is not None else _own_site(stack).url
            differences = asyncio.run(play(script, story.stem, out, url))
    except ModuleNotFoundError as error:
        print(f"booth visit: {error.name} is not installed; stories need requirements/bench.lock", file=sys.stderr)
        return _CANNOT_START
    except (ConfigError, SiteError) as error:
        print(f"booth visit: {error}", file=sys.stderr)
        return _CANNOT_START
    for line in differences:
        print(f"{story.name}: {line}", file=sys.stderr)
    if not differences:
        print(f"{story.name}: ended as written; see {out}")
    return _DIFFERENT if differences else 0


def _own_site(stack: ExitStack) -> SimulatedSite:
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="booth-"))
    return stack.enter_context(SimulatedSite(Path(folder)))


def _url_of(run: Path) -> str:
    settings = run / "booth.toml"
    if settings.exists() and load(settings).booth.is_enrolled:
        raise SiteError(f"{settings}: booth.is_enrolled: stories never run on an enrolled booth; give another --run")
    page = ports(run).get("bench")
    if page is None:
        raise SiteError(f"{run / 'ports.json'}: no bench runs there; start one (make run) or leave --run out")
    return f"http://127.0.0.1:{page}/"
