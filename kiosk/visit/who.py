"""The rows that say who is served, for the review and for paper: masked, in letters that can be written, speakable."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.text import Text
from kiosk.visit.documents import label_of, mask_key, spoken_key
from kiosk.visit.names import CanWrite, mask_names, spoken, written
from kiosk.visit.person import Identity


@dataclass(frozen=True)
class WhoRow:
    """``label value``; ``spoken`` is the value for the ear."""

    label: str
    value: str
    spoken: str


def who_rows(identity: Identity, text: Text, can_write: CanWrite) -> tuple[WhoRow, ...]:
    """Name and number of an identified resident; nothing of somebody anonymous."""
    if identity.key is None:
        return ()
    masked = mask_names(identity.name, identity.latin_name)
    name = written(masked, identity.latin_name, text, can_write)
    number = mask_key(identity.key)
    return (
        WhoRow(text("Name"), name, spoken(masked, identity.latin_name, text, can_write)),
        WhoRow(text(label_of(identity.key)), number, spoken_key(number, text)),
    )
