"""What a resident waits for in a whole visit, with the bench's devices; beside what physics and protocols take of it.

The machine time is the story player's: from each deed (a press, a card, a face) to the next question on the glass,
until the receipt is there. The floor is measured in the same run: the paper at 150 mm/s, its cut, and the time until
the PC/SC daemon itself sees a card. Computing is not in it: that is what the ratio shows.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from benchmarks.card import card_seen_s
from benchmarks.child import ROOT, environment
from benchmarks.figure import Figure, Options, Unavailable
from benchmarks.site import site

STORY = ROOT / "assets" / "stories" / "pension-served.toml"
VISIT_MS = 5000.0
DOTS_A_MM, MM_A_S, CUT_S = 203 / 25.4, 150.0, 0.1


def pension(options: Options) -> Iterator[Figure]:
    """The pension by face and with a receipt, played as written; the median visit."""
    if not os.environ.get("BOOTH_MODELS"):
        raise Unavailable("BOOTH_MODELS is not set: the pension's face check needs a model pack (see the Makefile)")
    waits: list[float] = []
    longest: list[tuple[float, str]] = []
    papers: list[float] = []
    with tempfile.TemporaryDirectory(prefix="booth-figures-") as folder, site() as running:
        for turn in range(options.times(5) + 1):
            out = Path(folder) / f"{turn}"
            played = subprocess.run(
                [sys.executable, "-m", "booth", "visit", str(STORY), "--run", str(running.run), "--out", str(out)],
                env=environment(), capture_output=True, text=True, check=False,
            )  # fmt: skip
            if played.returncode != 0:
                raise RuntimeError(f"the visit did not end as written: {played.stderr.strip()[-500:]}")
            if turn == 0:
                continue  # the first reads the disk, and has its sentences made
            timeline = json.loads((out / "timeline.json").read_text())
            waits.append(float(timeline["machine_until_receipt_ms"]))
            steps = [
                (float(s["machine_ms"] or 0), str(s["question"])) for s in timeline["steps"] if not s["is_working"]
            ]
            longest.append(max(steps[: 1 + [name for _, name in steps].index("ShowReceipt")]))
            with Image.open(out / "receipt.png") as paper:
                papers.append(paper.height / DOTS_A_MM)
            if turn == 1:
                print("  " + ", ".join(f"{name} {ms:.0f}" for ms, name in steps), file=sys.stderr)
    floor_ms = (statistics.median(papers) / MM_A_S + CUT_S + asyncio.run(card_seen_s(options.times(7)))) * 1000
    yield Figure(
        "visit.pension",
        statistics.median(waits),
        "ms",
        "paper at 150 mm/s, cut, card seen by pcscd",
        floor_ms,
        VISIT_MS,
    )
    slowest_ms, question = sorted(longest)[len(longest) // 2]
    yield Figure("visit.pension_longest", slowest_ms, "ms", f"before {question}; the same floor", floor_ms)
