"""``booth card``: read one document with the booth's readers and print it masked, with checks and times.

For a technician with a card in the hand. Keys are asked for, never taken from the command line, where other accounts
and the shell's history would see them. Keeps nothing, logs nothing, sends nothing.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

import click

from booth.devices import card_reader
from hardware.card_reader import (
    AccessKey,
    CanKey,
    CardError,
    Document,
    KeyNeeded,
    KeyRefused,
    MrzKey,
    Progress,
    ReaderLost,
    Result,
    masked_name,
)
from hardware.card_reader.messages import Step
from kiosk.config import Config, ConfigError
from kiosk.visit.forms import mask_number

PORTRAITS = ("portrait", "portrait_raw")
_NAMES = ("name", "latin_name")
_NUMBERS = ("number", "card_number")
_HIDDEN = ("address",)
_DAYS = ("birth", "valid_from", "valid_to")  # birth and expiry are half of a passport's key
_DAY_FORMS = ("%Y-%m-%d", "%Y%m%d")
_MOST_KEYS = 3  # a card may count wrong ones


@dataclass(frozen=True)
class Wish:
    """How to read and print. ``ask`` is which key to ask for before the card does: ``""``, ``can`` or ``mrz``."""

    ask: str = ""
    is_revealed: bool = False
    as_json: bool = False
    within_s: float = 60.0


@dataclass(frozen=True)
class Outcome:
    """A document and how long it took: from the last key to the document, and each step on the wire."""

    document: Document
    took_ms: float
    steps: tuple[Step, ...]


def read_card(config: Config, wish: Wish) -> int:
    """Read and print. 0 fine, 1 no document or a failed check, 2 no reader. Raises ``ConfigError``."""
    if wish.is_revealed and config.booth.is_enrolled:
        raise ConfigError("--reveal: an enrolled booth reads residents' documents; print masked, or use a test booth")
    try:
        outcome = asyncio.run(_read(config, wish))
    except ReaderLost as lost:
        click.echo(f"booth: {lost}", err=True)
        return 2
    except TimeoutError:
        click.echo(f"booth: no document within {wish.within_s:g} s", err=True)
        return 1
    except CardError as error:
        click.echo(f"booth: {_words(type(error).__name__)}: {error}", err=True)
        return 1
    shown = as_data(outcome, is_masked=not wish.is_revealed)
    click.echo(json.dumps(shown, ensure_ascii=False) if wish.as_json else as_text(shown))
    return 1 if any(check.result is Result.FAIL for check in outcome.document.checks) else 0


async def _read(config: Config, wish: Wish) -> Outcome:
    try:
        reader = card_reader(config)
    except ValueError as error:
        raise ConfigError(f"card_reader: {error}") from None
    key = ask_key((wish.ask,)) if wish.ask else None
    await reader.start()
    try:
        for _ in range(_MOST_KEYS):
            if reader.status.is_usable:
                click.echo("present a document", err=True)
            watch = _Watch()
            try:
                document = await asyncio.wait_for(reader.wait_for_document(key, watch), wish.within_s)
                return Outcome(document, watch.took_ms(), reader.last_steps)
            except KeyNeeded as needed:
                click.echo("this document opens with a key", err=True)
                key = await asyncio.to_thread(ask_key, needed.accepts)
            except KeyRefused:
                click.echo("this key does not open it", err=True)
                key = await asyncio.to_thread(ask_key, ("mrz", "can") if isinstance(key, MrzKey) else ("can", "mrz"))
        raise KeyRefused(f"{_MOST_KEYS} keys did not open it", cure="compare with what is printed on the document")
    finally:
        await reader.stop()


class _Watch:
    """Listens to a reading: says where it is, and knows when it began."""

    def __init__(self) -> None:
        self._began_s = time.monotonic()
        self._phase: object = None

    def __call__(self, progress: Progress) -> None:
        if self._phase is None:
            self._began_s = time.monotonic()
        if progress.phase is not self._phase:
            self._phase = progress.phase
            click.echo(f"{progress.phase.value} ...", err=True)

    def took_ms(self) -> float:
        return (time.monotonic() - self._began_s) * 1000


def ask_key(accepts: Iterable[str]) -> AccessKey:
    """Ask for the likelier kind of key; what is typed is not shown."""
    kind = next(iter(accepts), "mrz")
    while True:
        try:
            if kind == "can":
                return CanKey(_typed("card access number (six digits)"))
            number = _typed("document number")
            return MrzKey(number, _day(_typed("birth (YYYY-MM-DD)")), _day(_typed("expiry (YYYY-MM-DD)")))
        except ValueError as error:
            click.echo(f"{error}; once more", err=True)


def _typed(what: str) -> str:
    return str(click.prompt(what, hide_input=sys.stdin.isatty(), err=True))  # a pipe shows nothing anyway


def _day(text: str) -> date:
    for form in _DAY_FORMS:
        try:
            return datetime.strptime(text.strip(), form).date()
        except ValueError:
            continue
    raise ValueError("a date is written YYYY-MM-DD")


def as_data(outcome: Outcome, *, is_masked: bool) -> dict[str, Any]:
    """Everything as plain data. Pictures are told by their size only."""
    document = outcome.document
    held = {
        one.name: _shown(one.name, getattr(document, one.name), is_masked=is_masked)
        for one in fields(document)
        if one.name != "checks" and getattr(document, one.name)
    }
    return {
        "document": held,
        "is_masked": is_masked,
        "checks": [{"name": c.name, "result": c.result.value, "reason": c.reason} for c in document.checks],
        "took_ms": round(outcome.took_ms, 1),
        "steps": [{"name": step.name, "took_ms": round(step.took_ms, 2)} for step in outcome.steps],
    }


def _shown(name: str, value: Any, *, is_masked: bool) -> str:
    if name in PORTRAITS:
        return f"{len(value)} bytes"
    text = str(getattr(value, "value", value))
    if not is_masked:
        return text
    rule: Callable[[str], str] = {
        **dict.fromkeys(_NAMES, masked_name),
        **dict.fromkeys(_NUMBERS, mask_number),
        **dict.fromkeys(_HIDDEN, lambda text: f"{len(text)} characters"),
        **dict.fromkeys(_DAYS, lambda text: f"{text[:4]}-**-**" if text[:4].isdecimal() else text),
    }.get(name, lambda text: text)
    return rule(text)


def as_text(shown: dict[str, Any]) -> str:
    """For a person: fields, checks with their reasons, and where the time went."""
    lines = [f"{name:14} {value}" for name, value in shown["document"].items()]
    lines += ["", *(f"{c['result']:8} {c['name']:26} {c['reason']}".rstrip() for c in shown["checks"]), ""]
    kinds: dict[str, list[float]] = {}
    for step in shown["steps"]:
        name = step["name"]
        kinds.setdefault(name[:4] if len(name) == 8 else name, []).append(step["took_ms"])  # CLA INS of a command
    for name, times in kinds.items():
        lines.append(f"{name:10} {len(times):4} x  {sum(times):8.1f} ms  longest {max(times):.1f} ms")
    return "\n".join([*lines, f"{'total':10}         {shown['took_ms']:8.1f} ms"])


def _words(name: str) -> str:
    return "".join(" " + c.lower() if c.isupper() else c for c in name).strip()
