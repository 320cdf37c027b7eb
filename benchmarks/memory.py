"""What every process of the booth weighs, waiting and in a visit; beside a bare Python, and a bare Kivy window.

RSS counts shared pages in every process, PSS divides them among those who share: the sum of the PSS is what the booth
really takes. "Busy" is the visit at its check of answers: card read, face compared, everything loaded.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.catalogue import WORKERS
from benchmarks.child import environment, module, said
from benchmarks.figure import Figure, Options
from benchmarks.processes import Weight, children, command, weight
from benchmarks.remote import Remote
from benchmarks.site import settled, site, visits
from booth.simulated_site import SimulatedSite, ask

KEEPER_MB = 60.0
_DRIVERS = dict(
    zip(WORKERS, ("card_reader", "printer", "camera", "face", "synthesiser", "player"), strict=True)
)  # worker -> part of its command line
_MB = 1024.0
_ANSWERS, _MOST_FIELDS = ("prefill", "yes", "self"), 8  # what each field of the pension is answered with


def resident(options: Options) -> Iterator[Figure]:
    """Weigh everything at the welcome, then in the middle of a visit."""
    with _bare_python() as python, _bare_window() as window:
        bare = {"python": weight(python), "window": weight(window)}
    with site() as running:
        weights = asyncio.run(_weigh(running))
    for name, found in weights.items():
        is_visit = name.startswith("visit")
        reference = "bare Kivy window with one label" if is_visit else "bare Python process"
        other = bare["window" if is_visit else "python"]
        at_most = KEEPER_MB if name == "keeper" else None
        yield Figure(f"memory.{name}", found.rss_kb / _MB, "MB", reference, other.rss_kb / _MB, at_most)
        yield Figure(f"memory.{name}_pss", found.pss_kb / _MB, "MB", reference, other.pss_kb / _MB)


async def _weigh(running: SimulatedSite) -> dict[str, Weight]:
    keeper = running.pids["booth"]
    async with Remote(running.run / "remote.sock") as remote:
        await remote.until("Welcome")
        await settled(keeper)
        warm = next(pid for pid in visits(keeper) if pid != remote.visit_pid)
        found = {"keeper": weight(keeper), "visit_warm": weight(warm), "visit_idle": weight(remote.visit_pid)}
        await _to_review(remote, running.url)
        found["visit_busy"] = weight(remote.visit_pid)
        for pid in children(remote.visit_pid):
            for worker, part in _DRIVERS.items():
                if any(part in word for word in command(pid)[2:]):
                    found[f"worker_{worker}"] = weight(pid)
        found["keeper"] = max(found["keeper"], weight(keeper), key=lambda one: one.rss_kb)
        return found


async def _to_review(remote: Remote, url: str) -> None:
    """The pension as in its story, as far as the check of answers; by a clerk where there is no model pack."""
    has_face = bool(os.environ.get("BOOTH_MODELS"))
    await asyncio.to_thread(ask, f"{url}api/face", {"face": "astronaut"})
    await remote.press("begin")
    await remote.until("ChooseService")
    await remote.press("pension-alive")
    await remote.until("Consent")
    await remote.press("primary")
    await remote.until("PresentCard")
    await asyncio.to_thread(ask, f"{url}api/card", {"resident": "zhang"})
    await remote.until("ChooseWay")
    await remote.press("face" if has_face else "clerk")
    if not has_face:
        await _approve(url)
    for _ in range(_MOST_FIELDS):
        question = await _until_either(remote, ("AskField", "Review"))
        if question["name"] == "Review":
            return
        there = [control["id"] for control in question["controls"] if control["enabled"]]
        await remote.press(next(answer for answer in _ANSWERS if answer in there))
        await _gone(remote, question)
    raise TimeoutError(f"the pension still asks after {_MOST_FIELDS} fields")


async def _until_either(remote: Remote, names: tuple[str, ...]) -> dict[str, Any]:
    deadline = time.monotonic() + 30.0
    while time.monotonic() < deadline:
        if remote.question and remote.question["name"] in names:
            return remote.question
        await asyncio.sleep(0.05)
    raise TimeoutError(f"none of {', '.join(names)} was shown; there is {(remote.question or {}).get('name')}")


async def _gone(remote: Remote, question: dict[str, Any]) -> None:
    deadline = time.monotonic() + 5.0
    while remote.question and remote.question["seq"] == question["seq"]:
        if time.monotonic() > deadline:
            raise TimeoutError("the question did not change")
        await asyncio.sleep(0.02)


async def _approve(url: str) -> None:
    for _ in range(100):
        waiting = (await asyncio.to_thread(ask, f"{url}api/state"))["approvals"]
        if waiting:
            await asyncio.to_thread(ask, f"{url}api/approval", {"id": waiting[0]["id"], "decision": "approve"})
            return
        await asyncio.sleep(0.2)
    raise TimeoutError("nobody waits for the clerk")


@contextlib.contextmanager
def _bare_python() -> Iterator[int]:
    code = "import sys; print('{}', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        assert process.stdin is not None
        process.stdin.close()


@contextlib.contextmanager
def _bare_window() -> Iterator[int]:
    with module("benchmarks.bare_window", "label", env=environment(SDL_VIDEODRIVER="offscreen", DISPLAY="")) as child:
        yield int(said(child)["pid"])
