"""What the watch says in a story, and what people do then."""

from __future__ import annotations

from collections.abc import Callable

from hardware.card_reader import CardReaderStatus, Media
from hardware.device import Health
from kiosk.site.messages import Changed, Standing, Told
from kiosk.visit import questions as q
from kiosk.visit.screen import Answer
from tests.kiosk.visit.hall import Hall


def says(*standing: Standing) -> Callable[[Hall], None]:
    return lambda hall: hall.front.heed(Changed(1, standing=standing))


def tells(act: str) -> Callable[[Hall], None]:
    return lambda hall: hall.front.heed(Told(act, "rule", "words", "2026-11-22T20:47:00+08:00"))


FIRE, TAMPER, BATTERY, QUIET = says("evacuate"), says("end_visit"), says("close_booth"), says()


def lay_down(hall: Hall) -> None:
    """The card stays on the reader, and the camera is chosen."""
    hall.reader.status = CardReaderStatus(Health.ONLINE, media=Media.PRESENT)
    hall.glass.reply(Answer("face"))


def lift(hall: Hall) -> None:
    hall.reader.lifted.set()


def seen_at_once(hall: Hall) -> q.Question:
    """What stands on the glass when the message was heard: no task ran in between."""
    return hall.glass.every[-1]
