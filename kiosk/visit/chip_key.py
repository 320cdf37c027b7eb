"""Ask for what opens a passport's chip: six digits on the front, or number, birth and expiry, one at a time.

The key proves that whoever asks has the document in hand. It lives in the locals of the visit and goes to the reader;
no log, no ledger and no platform ever sees it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from hardware.card_reader import AccessKey, CanKey, MrzKey
from hardware.speech import Earcon
from kiosk.text import later
from kiosk.visit import questions as q
from kiosk.visit.forms import Wrong, accept
from kiosk.visit.leaving import Back
from kiosk.visit.services import FieldDefinition, FieldKind, Service
from kiosk.visit.stage import Stage

KEY_ATTEMPTS = 3  # refusals by a chip, all documents of a visit together; then other ways
WAYS = {  # title, note, sign
    "mrz": (later("The number and two dates"), later("Printed beside the photo."), "paper"),
    "can": (later("Six digits on the front"), later("They stand alone, mostly low on the right."), "card"),
}
PARTS = {"can": ("can",), "mrz": ("number", "birth", "expiry")}
_DATE = FieldDefinition(id="day", kind=FieldKind.DATE, title="Date", label="Date")


@dataclass(repr=False)
class Typed:
    """What was typed so far; a key that was refused is asked again with it."""

    way: str = ""
    parts: dict[str, str] = field(default_factory=dict)


async def ask_key(
    stage: Stage, service: Service, accepts: tuple[str, ...], typed: Typed, trouble: str = ""
) -> AccessKey:
    """Ask until a key is whole. Raises ``Back`` from the first question, ``Left``. ``accepts``: see ``KeyNeeded``."""
    ways = [way for way in accepts if way in WAYS] or ["mrz"]
    if typed.way not in ways:
        typed.way = ways[0] if len(ways) == 1 else ""
    at = 0
    while True:
        if not typed.way:
            typed.way = await _choose(stage, service, ways)
        parts = PARTS[typed.way]
        if at == len(parts):
            return _key(typed)
        try:
            await _part(stage, service, typed, parts[at], trouble)
            at, trouble = at + 1, ""
        except Back:
            if at:
                at -= 1
            elif len(ways) > 1:
                typed.way = ""
            else:
                raise


async def _choose(stage: Stage, service: Service, ways: list[str]) -> str:
    def question() -> q.Question:
        texts = [(way, *WAYS[way]) for way in ways]
        options = tuple(q.Option(way, stage.text(title), stage.text(note), sign) for way, title, note, sign in texts)
        return q.ChooseKey(options=options, service=service.id, progress=(1, 5))

    return str(await stage.ask(question))


async def _part(stage: Stage, service: Service, typed: Typed, part: str, trouble: str) -> None:
    while True:
        question = q.EnterKey(
            part=part, trouble=trouble, draft=typed.parts.get(part, ""), service=service.id, progress=(1, 5)
        )
        typed.parts[part] = str(await stage.ask(question))
        trouble = _objection(stage, part, typed.parts[part])
        if not trouble:
            return
        stage.sound(Earcon.TROUBLE)


def _objection(stage: Stage, part: str, raw: str) -> str:
    """The words key of why this cannot be a part of a key; "" when it can."""
    try:
        if part == "can":
            CanKey(raw)
        elif part == "number":
            MrzKey(raw, date.min, date.min)
        else:
            accept(_DATE, raw, text=stage.text, today=stage.clock.today().date())
    except ValueError:
        return "key_digits" if part == "can" else "key_number"
    except Wrong:
        return "key_date"
    return ""


def _key(typed: Typed) -> AccessKey:
    if typed.way == "can":
        return CanKey(typed.parts["can"])
    return MrzKey(typed.parts["number"], _day(typed.parts["birth"]), _day(typed.parts["expiry"]))


def _day(digits: str) -> date:
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
