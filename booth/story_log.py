"""What a scripted visit leaves: pictures, what was said, the times, how it ended.

Writes files and nothing else; what they must say is the story's business.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Moment:
    """One question on the glass. Times in ms; ``machine_ms``: from the deed before until it was there."""

    number: int
    question: str
    at_s: float
    title: str = ""
    machine_ms: float | None = None  # None for the first: nobody waited for it
    waiting_ms: float | None = None  # how long it stood before the resident's (or the device's) deed
    deed: str = ""
    skipped_s: float = 0.0
    is_working: bool = False  # a machine worked; its time is part of the next question's
    picture: str = ""


@dataclass
class StoryLog:
    """Collects and writes into ``out``; pictures of an earlier run are removed first."""

    out: Path
    moments: list[Moment] = field(default_factory=list)
    spoken: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        for old in (*self.out.glob("[0-9][0-9]-*.png"), *self.out.glob("receipt*.png")):
            old.unlink()
        for name in ("speech.txt", "timeline.json", "outcome.json"):
            (self.out / name).unlink(missing_ok=True)

    def add(self, question: str, at_s: float, title: str, machine_ms: float | None, *, is_working: bool) -> Moment:
        moment = Moment(len(self.moments) + 1, question, at_s, title, machine_ms, is_working=is_working)
        self.moments.append(moment)
        return moment

    def picture(self, moment: Moment, png: bytes) -> None:
        moment.picture = f"{moment.number:02d}-{moment.question}.png"
        (self.out / moment.picture).write_bytes(png)

    def drop_picture(self, moment: Moment) -> None:
        """It showed something else already."""
        if moment.picture:
            (self.out / moment.picture).unlink(missing_ok=True)
            moment.picture = ""

    def receipts(self, papers: list[bytes]) -> None:
        """The newest paper is receipt.png; earlier ones of the same visit are numbered."""
        for number, png in enumerate(papers[:-1], 1):
            (self.out / f"receipt-{number}.png").write_bytes(png)
        if papers:
            (self.out / "receipt.png").write_bytes(papers[-1])

    def write(self, began_s: float, outcome: dict[str, Any]) -> None:
        """The three text files."""
        lines = [
            f"{one['at_s'] - began_s:8.3f} s  {one['language']}  {'private' if one['private'] else 'open   '}  "
            f"{'heard' if one['heard'] else 'silent'}  {one['text']}"
            for one in self.spoken
        ]
        (self.out / "speech.txt").write_text("\n".join(lines) + ("\n" if lines else ""), encoding="utf-8")
        steps = []
        for moment in self.moments:
            step = asdict(moment)
            step["at_ms"] = _ms(moment.at_s - began_s)
            del step["at_s"]
            steps.append(step)
        until_receipt = 0.0
        for moment in self.moments:
            until_receipt += 0.0 if moment.is_working else moment.machine_ms or 0.0
            if moment.question == "ShowReceipt":
                break
        else:
            until_receipt = 0.0
        machine = sum(moment.machine_ms or 0.0 for moment in self.moments if not moment.is_working)
        timeline = {
            "machine_ms": round(machine, 1),
            "machine_until_receipt_ms": round(until_receipt, 1),
            "steps": steps,
        }
        _write_json(self.out / "timeline.json", timeline)
        _write_json(self.out / "outcome.json", outcome)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _write_json(file: Path, value: Any) -> None:
    file.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
