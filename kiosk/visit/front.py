"""What stands before the booth while nobody is served: the welcome, "closed", or the way out; and what ends a visit.

The watch may say something at any moment. Before a visit the page changes; in a visit a fire takes the glass at once.
Knows no socket: messages come from ``site_line``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from kiosk.site.messages import FromWatch
from kiosk.visit import questions as q
from kiosk.visit.equipment import Equipment
from kiosk.visit.leaving import Evacuated, Tampered
from kiosk.visit.readiness import elsewhere, nothing_works
from kiosk.visit.services import Service
from kiosk.visit.site_watch import Site, is_call
from kiosk.visit.stage import Stage


@dataclass(frozen=True)
class WayOutOfHere:
    """As configured: where the way out is for whoever faces the screen, and where to meet."""

    direction: str = ""
    place: tuple[tuple[str, str], ...] = ()  # (language, words)


class Front:
    """One per visit process. ``is_visited``: somebody touched the welcome; set by whoever receives them."""

    def __init__(
        self, stage: Stage, booth: Equipment, services: Mapping[str, Service], way_out: WayOutOfHere, site: Site
    ) -> None:
        self.is_visited = False
        self.is_known = False  # the devices of the welcome run: what they say counts
        self.site = site
        self._stage = stage
        self._booth = booth
        self._services = services
        self._way_out = way_out
        self._news: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """May somebody begin?"""
        return isinstance(self.question(), q.Welcome)

    def question(self) -> q.Question:
        """The page of this moment."""
        booth = self._booth
        if self.site.is_evacuated:
            return self._evacuation()
        why = self.site.why_closed or (nothing_works(self._services.values(), booth.now) if self.is_known else "")
        if not why:
            return q.Welcome(community=booth.community)
        place = elsewhere(booth.neighbours, self._services, self._stage.text)
        return q.Closed(why=why, elsewhere=place, telephone=booth.telephone)

    def heed(self, message: FromWatch) -> None:
        """Do what a message of the watch asks for. Never waits."""
        before, self.site = self.site, self.site.after(message)
        if is_call(message) and not self.site.is_evacuated:  # an unanswered fire is told as a call, too
            self._announce(self._stage.text("Help has been called."))
        if self.site == before:
            return
        if self.site.is_evacuated:
            self.close()
        if not self.is_visited:
            self._stage.renew()
        elif self.site.is_evacuated:
            if not before.is_evacuated:
                self._stage.end(Evacuated, self._evacuation())
        elif self.site.must_end and not before.must_end:
            self._stage.end(Tampered, q.Goodbye(Tampered.outcome))
        elif self.site.is_closing and not before.is_closing:
            self._announce(self._stage.text("The power is out. You can finish this."))

    def close(self) -> None:
        """Take back what is still announced."""
        if self._news is not None:
            self._news.cancel()

    def _evacuation(self) -> q.WayOut:
        return q.WayOut(self._way_out.direction, self._way_out.place, has_card=self._booth.has_card)

    def _announce(self, sentence: str) -> None:
        self.close()
        self._news = asyncio.get_running_loop().create_task(self._stage.announce(sentence))
