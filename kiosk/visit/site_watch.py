"""What the watch over the site means for whoever stands at the screen: pure, from its messages to a few facts.

Only what holds for the booth itself is kept. Notices and reports are for staff and platform; no resident sees them.
Silence of the watch changes nothing: a fire does not end because nobody speaks of it any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import get_args

from kiosk.site.messages import Changed, FromWatch, Snapshot, Standing, Told

_KNOWN: frozenset[Standing] = frozenset(get_args(Standing))


@dataclass(frozen=True)
class Site:
    """What stands, as last heard. Nothing stands before anything was heard."""

    standing: frozenset[Standing] = frozenset()

    @classmethod
    def of(cls, words: Iterable[str]) -> Site:
        """As the process before left it; words nobody knows are left out."""
        said = set(words)
        return cls(frozenset(word for word in _KNOWN if word in said))

    def after(self, message: FromWatch) -> Site:
        """The facts once ``message`` was heard. An act that is told stands at once; what was reset, a state says."""
        if isinstance(message, Snapshot | Changed):
            return replace(self, standing=frozenset(message.standing))
        if isinstance(message, Told):
            return replace(self, standing=self.standing | {act for act in _KNOWN if act == message.act})
        return self

    @property
    def is_evacuated(self) -> bool:
        return "evacuate" in self.standing

    @property
    def must_end(self) -> bool:
        """Whatever is typed here is not safe: the visit ends, and none begins."""
        return "end_visit" in self.standing

    @property
    def is_closing(self) -> bool:
        """A visit may go to its end; no other begins."""
        return "close_booth" in self.standing

    @property
    def why_closed(self) -> str:
        """The words key of why the booth is closed; "" when it is open."""
        return "tamper" if self.must_end else "battery" if self.is_closing else ""


def is_call(message: FromWatch) -> bool:
    """Somebody nearby pressed a call point. Who and where is not for this screen."""
    return isinstance(message, Told) and message.act == "call"
