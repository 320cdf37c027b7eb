"""What staff and platform may tell the watch to do: one verb a line, each done once, refused by name, answered.

A known id gets its first answer, also after a restart. Knows no socket; reloading is the caller's, who has the file.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec

from kiosk.site.actions import Step
from kiosk.site.alarm_states import Refused
from kiosk.site.alarms import Act, Key
from kiosk.site.commands import Command
from kiosk.site.journal import REMEMBERED, Acted
from kiosk.site.messages import Answer, Do, Role
from kiosk.site.watch import Outcome, Watch

MAY_COMMAND = frozenset({"open", "close", "stop", "water", "siren"})  # releases belong to rules
LONGEST_TEXT = 500
AT_THE_BOOTH_S = 10.0  # an act given at the booth is done now or not at all


@dataclass(frozen=True)
class Done:
    """``acted`` None: a repeat, or not to be remembered; nothing follows."""

    answer: Answer
    outcome: Outcome
    acted: Acted | None = None


class Acts:
    """``remembered``: of before a restart, oldest first."""

    def __init__(self, remembered: Iterable[Acted] = ()) -> None:
        self._known: OrderedDict[str, Acted] = OrderedDict((one.id, one) for one in remembered)

    def do(self, watch: Watch, do: Do, role: Role, now: float, wall_s: float, label: str) -> Done:
        """Do it, or refuse by name. ``now`` monotonic, ``wall_s`` Unix time for what expires."""
        if (known := self.known(do)) is not None:
            return Done(known, Outcome())
        try:
            outcome = self._perform(watch, do, role, now, wall_s, label)
            answer = Answer(do.id, "done")
        except Refused as refused:
            outcome, answer = Outcome(), Answer(do.id, refused.reason, refused.text)
        return Done(answer, outcome, self.remember(do, answer))

    def known(self, do: Do) -> Answer | None:
        """The first answer to this id; None when it is new."""
        known = self._known.get(do.id)
        if known is None:
            return None
        if known.said != digest(do):
            return Answer(do.id, "another_act", "this id was used for something else; use a new one")
        return Answer(do.id, known.result, known.text, is_repeat=True)

    def remember(self, do: Do, answer: Answer) -> Acted:
        """From now on this is the answer to that id."""
        acted = Acted(do.id, digest(do), answer.result, answer.text)
        self._known[do.id] = acted
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return acted

    def _perform(self, watch: Watch, do: Do, role: Role, now: float, wall_s: float, label: str) -> Outcome:
        if not do.id.strip():
            raise Refused("no_id", "an act needs an id of its own, so that it is done once")
        if max(len(do.id), len(do.who), len(do.key), len(do.output), len(do.reason)) > LONGEST_TEXT:
            raise Refused("too_long", f"no name and no reason is longer than {LONGEST_TEXT} characters")
        left_s = AT_THE_BOOTH_S if not do.expires_at and role == "staff" else do.expires_at - wall_s
        if left_s <= 0:
            raise Refused("expired", "it came too late, or without an end; give it again if it is still wanted")
        act = Act(do.who, now, label, do.reason)
        if do.verb == "command":
            return self._command(watch, do, now, left_s)
        if do.verb == "walk_test":
            return Outcome(steps=_walk_test(watch, do, act))
        if do.verb == "end_walk_test":
            return Outcome(steps=watch.actions.end_walk_test(now, do.who))
        verbs: dict[str, Callable[[Key], Outcome]] = {
            "acknowledge": lambda key: watch.acknowledge(key, act),
            "reset": lambda key: watch.reset(key, act),
            "shelve": lambda key: Outcome(changes=watch.alarms.shelve(key, act, do.for_s or 0.0)),
            "unshelve": lambda key: Outcome(changes=watch.alarms.unshelve(key, act)),
            "out_of_service": lambda key: Outcome(changes=watch.alarms.take_out_of_service(key, act, do.for_s or 0.0)),
            "in_service": lambda key: watch.put_back(key, act),
        }
        if do.verb not in verbs:
            raise Refused("not_here", f"{do.verb} is not an act on the watch")
        point, _, rule = do.key.partition("/")
        return verbs[do.verb](Key(point, rule))

    def _command(self, watch: Watch, do: Do, now: float, left_s: float) -> Outcome:
        answer = watch.command(
            Command(do.id, do.act, do.output, do.who, do.reason, now + left_s, do.for_s), MAY_COMMAND, now
        )
        if answer.result != "done":
            raise Refused(answer.result, answer.text)
        return Outcome(steps=list(answer.steps))


def _walk_test(watch: Watch, do: Do, act: Act) -> list[Step]:
    for device in do.devices:
        if device not in watch.plan.devices:
            raise Refused("no_such_device", f"{device}: not in the site file; see `booth site status`")
    return watch.actions.begin_walk_test(do.devices, act, do.for_s or 0.0)


def digest(do: Do) -> str:
    """What was asked, without who carried it."""
    return hashlib.sha256(msgspec.json.encode(do)).hexdigest()
