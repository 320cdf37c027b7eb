"""Everything around one booth: devices' other ends, the platform's mood, and what is seen, heard and printed.

One ``World`` is one place. A person (through the page), a story and a test change it by the same verbs (``do``). It
refuses to know what the booth means by what it asks.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Protocol

from bench import documents, residents, site_deeds
from bench import faces as photographs
from bench.clerk import ACCOUNT, Clerk
from bench.devices import Devices, Refusal
from bench.glass import Glass
from bench.loudspeaker import Clip, Loudspeaker
from bench.obedience import movement_in, sentences
from bench.platform import MODES, Platform, PlatformAway
from bench.run_folder import RunFolder
from bench.site import Site
from bench.site_view import view

__all__ = ["Listener", "Refusal", "World"]

_POLL_S = 1.0
_SLOW_S = 4.0
_LOG_LINES = 100
_SITE_EVERY_S = 0.3  # a storm of changes is shown as often as an eye follows
log = logging.getLogger("bench")


class Listener(Protocol):
    """An open page."""

    def changed(self) -> None: ...
    def tell(self, message: dict[str, Any]) -> None: ...
    def frame(self, jpeg: bytes) -> None: ...
    def sound(self, pcm: bytes) -> None: ...
    def site(self, message: str) -> None: ...


class World:
    """One simulated site. ``start`` before use; every change reaches all ``listeners``."""

    def __init__(self, folder: RunFolder, booth: str, community: str) -> None:
        self.folder = folder
        self.faces = photographs.load()
        self.platform = Platform(folder)
        self.clerk = Clerk(folder.staff_password)
        self.glass = Glass(folder.remote, self._on_booth, self._on_frame)
        self.loudspeaker = Loudspeaker(folder.sound, self._on_sound)
        self.devices = Devices(folder, self.faces, self._on_paper, self.changed)
        self.site = Site(folder.site, self.note, self.site_changed)
        self._is_site_due = False
        self._asked = sentences()
        self.listeners: set[Listener] = set()
        self.followers: set[asyncio.Queue[dict[str, Any]]] = set()
        self.last_frame: bytes | None = None
        self._booth = {"id": booth, "community": community}
        self._question: dict[str, Any] | None = None
        self._hello: dict[str, Any] | None = None
        self._people: dict[str, residents.Person] = {}
        self._mode = "none"
        self._trouble = ""
        self._messages: list[dict[str, Any]] = []
        self._approvals: list[dict[str, Any]] = []
        self._log: deque[dict[str, Any]] = deque(maxlen=_LOG_LINES)
        self._tasks: list[asyncio.Task[None]] = []
        self._verbs: dict[str, Callable[[dict[str, Any]], Awaitable[None]]] = {
            "card": self._do_card,
            "face": self._do_face,
            "printer": self.devices.set_printer,
            "camera": self.devices.set_camera,
            "reader": self.devices.set_reader,
            "sam": self.devices.set_sam,
            "keypad": self.devices.set_keypad,
            "headset": self.devices.set_headset,
            "key": self.devices.press_key,
            "approach": self.devices.approach,
            "site": self._do_site,
            "backend": self._do_backend,
            "approval": self._do_approval,
            "touch": self._do_touch,
            "press": self._do_press,
            "type": self._do_type,
            "skip": self._do_skip,
            "reset": self._do_reset,
        }

    async def start(self) -> None:
        """Bring everything up. Raises the simulators' own errors, naming what is in the way."""
        self.folder.prepare()
        self.loudspeaker.open()
        await self.platform.open()
        await self.devices.start()
        await self.site.start()
        self._tasks = [asyncio.create_task(self.glass.run()), asyncio.create_task(self._follow_platform())]

    async def stop(self) -> None:
        """End everything. Idempotent."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self.site.stop()
        await self.devices.stop()
        await self.platform.close()
        await self.clerk.close()
        self.loudspeaker.close()

    # -- what is seen -----------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Everything the page shows, as JSON."""
        width, height = self.glass.size
        today = date.today()
        return {
            "booth": self._booth
            | {"is_lit": self.glass.is_lit, "width": width, "height": height, "question": self._question},
            "residents": [person.shown(today) for person in self._people.values()],
            "card_faults": list(documents.FAULTS),
            "card_groups": list(dict.fromkeys(documents.GROUPS.values())),
            "faces": [{"id": f.id, "title": f.title, "url": f"/api/face/{f.id}"} for f in self.faces.values()],
            "backend": {
                "mode": self._mode,
                "trouble": self._trouble,
                "staff_url": self.platform.staff_url,
                "staff_account": ACCOUNT,
                "staff_password": self._staff_password(),
            },
            "is_sounding": self.loudspeaker.is_sounding,
            "messages": self._messages,
            "approvals": self._approvals,
            "paper": sorted(file.stem for file in self.folder.paper.glob("*.png") if file.stem.isdecimal())[-50:],
            **self.devices.state(),
        }

    def site_state(self) -> dict[str, Any]:
        """The site around the booth, as JSON."""
        return view(self.site)

    def spoken(self) -> list[dict[str, Any]]:
        return [_spoken(clip) for clip in self.loudspeaker.clips]

    async def transactions(self) -> list[dict[str, Any]]:
        """What the platform received, as its clerk sees it. Raises ``PlatformAway``."""
        return [asdict(one) for one in await self.clerk.transactions(self.platform.staff_url)]

    def history(self) -> list[dict[str, Any]]:
        """What a page that opens now should know of before."""
        return [{"t": "spoken", **one} for one in self.spoken()[-30:]] + [{"t": "log", **line} for line in self._log]

    def last_messages(self) -> list[dict[str, Any]]:
        """The booth's last hello and question, for a follower that joins now."""
        found = [self._hello, self._question] if self.glass.is_lit else [{"t": "dark"}]
        return [message for message in found if message]

    def note(self, text: str) -> None:
        """A line in the page's log."""
        line = {"at": f"{datetime.now():%H:%M:%S}", "text": text}
        self._log.append(line)
        for listener in self.listeners:
            listener.tell({"t": "log", **line})

    def changed(self) -> None:
        for listener in self.listeners:
            listener.changed()

    def site_changed(self) -> None:
        """Show the site to every page, soon."""
        if self.listeners and not self._is_site_due:
            self._is_site_due = True
            asyncio.get_running_loop().call_later(_SITE_EVERY_S, self._show_site)

    def _show_site(self) -> None:
        self._is_site_due = False
        message = json.dumps({"t": "site", "site": self.site_state()})
        for listener in self.listeners:
            listener.site(message)

    def _staff_password(self) -> str:
        try:
            return self.folder.staff_password.read_text().strip()
        except OSError:
            return ""

    # -- what comes from the booth ----------------------------------------------------------------------------------

    def _on_booth(self, message: dict[str, Any]) -> None:
        kind = message["t"]
        if kind == "question":
            self._question = message
            self.note(f"screen: {message.get('overlay') or message['name']}")
            if message["name"] == "Welcome":
                self.devices.tell_switches()
        elif kind == "hello":
            self._hello, self._question = message, None
        elif kind == "dark":
            self._question = None
        elif kind == "update" and self._question is not None:
            self._question = self._question | {key: message[key] for key in ("controls", "status") if key in message}
        elif kind == "error":
            self.note(f"the booth's screen refuses: {message['text']}")
        elif kind == "outcome":
            self.note(f"visit ended: {message['name']} {message.get('reference') or ''}".rstrip())
        elif kind == "spoken":
            clip = self.loudspeaker.begin(
                message["text"],
                message["language"],
                is_private=bool(message["private"]),
                is_heard=bool(message["heard"]),
                at_s=float(message["at_s"]),
            )
            self.devices.hear(movement_in(clip.text, self._asked))
            for listener in self.listeners:
                listener.tell({"t": "spoken", **_spoken(clip)})
        for queue in self.followers:
            queue.put_nowait(message)
        self.changed()

    def _on_frame(self, jpeg: bytes) -> None:
        self.last_frame = jpeg
        for listener in self.listeners:
            listener.frame(jpeg)

    def _on_sound(self, pcm: bytes) -> None:
        for listener in self.listeners:
            listener.sound(pcm)

    def _on_paper(self, _png: bytes, number: int) -> None:
        self.note(f"paper: number {number} came out")
        for queue in self.followers:
            queue.put_nowait({"t": "paper", "number": number})
        self.changed()

    # -- the platform -----------------------------------------------------------------------------------------------

    async def _follow_platform(self) -> None:
        while True:
            try:
                if not self._people:
                    people = [residents.person(one) for one in await self.platform.residents()]
                    self._people = residents.in_order(people, date.today())
                messages = [self._message(one) for one in (await self.platform.messages())[:3] if one.get("code")]
                approvals = [
                    {
                        "id": one["approval_id"],
                        "clerk": one.get("clerk") or "",
                        "has_pictures": one["has_pictures"],
                        "lines": one["lines"],
                    }
                    for one in await self.platform.approvals()
                ]
                trouble = ""
            except (PlatformAway, ValueError, KeyError) as error:
                messages, approvals, trouble = self._messages, [], str(error)
            if (messages, approvals, trouble) != (self._messages, self._approvals, self._trouble):
                self._messages, self._approvals, self._trouble = messages, approvals, trouble
                self.changed()
            await asyncio.sleep(_POLL_S if self._people else _POLL_S / 4)

    def _message(self, raw: dict[str, Any]) -> dict[str, Any]:
        to = next((one.name for one in self._people.values() if one.number == raw.get("number")), "")
        return {"code": raw["code"], "resident": to, "phone": str(raw.get("phone", ""))}

    # -- what a person, a story or a test does ----------------------------------------------------------------------

    async def do(self, what: str, body: dict[str, Any]) -> None:
        """One deed by its name. Raises ``Refusal`` with a sentence for what cannot be done."""
        verb = self._verbs.get(what)
        if verb is None:
            raise Refusal(f"no control is called {what!r}; there are: {', '.join(sorted(self._verbs))}")
        await verb(body)
        if what not in ("touch", "press", "type"):
            shown = ", ".join(f"{key} {value}" for key, value in body.items() if value not in (None, ""))
            self.note(f"{what}: {shown or 'taken away'}" if body else what)
        self.changed()

    def touch(self, body: dict[str, Any]) -> None:
        phase = body.get("phase")
        if phase not in ("down", "move", "up"):
            raise Refusal("touch.phase: give down, move or up")
        self.glass.send({"t": "touch", "phase": phase, "x": float(body["x"]), "y": float(body["y"])})

    async def _do_touch(self, body: dict[str, Any]) -> None:
        try:
            self.touch(body)
        except (KeyError, TypeError, ValueError):
            raise Refusal("touch: give phase, x and y (window pixels, origin bottom left)") from None

    async def _do_press(self, body: dict[str, Any]) -> None:
        self.glass.send({"t": "press", "id": str(body.get("id", ""))})

    async def _do_type(self, body: dict[str, Any]) -> None:
        self.glass.send({"t": "type", "text": str(body.get("text", ""))})

    async def _do_skip(self, body: dict[str, Any]) -> None:
        try:
            seconds = float(body["s"])
        except (KeyError, TypeError, ValueError):
            raise Refusal("skip.s: give seconds") from None
        self.glass.send({"t": "skip", "s": seconds})

    async def _do_card(self, body: dict[str, Any]) -> None:
        who, fault = body.get("resident"), str(body.get("fault") or "")
        if who is None:
            await self.devices.take_card()
            return
        person = self._people.get(str(who))
        if person is None:
            raise Refusal(
                f"card.resident: nobody is called {who!r}; there are: {', '.join(self._people) or 'none yet'}"
            )
        if fault and fault not in documents.FAULTS:
            raise Refusal(f"card.fault: unknown {fault!r}; there are: {', '.join(documents.FAULTS)}")
        document, at = person.paper(str(body.get("document") or "")), body.get("at")
        if document is None:
            theirs = ", ".join(paper.id for paper in person.papers)
            raise Refusal(f"card.document: {who} has no {body['document']!r}; there are: {theirs}")
        if at is not None and (not isinstance(at, int) or at < 0):
            raise Refusal("card.at: give the number of the command at which it goes wrong, from 0")
        await self.devices.put_card(person, document, fault, at)

    async def _do_site(self, body: dict[str, Any]) -> None:
        await site_deeds.do(self.site, body)
        self.site_changed()

    async def _do_face(self, body: dict[str, Any]) -> None:
        self.devices.set_face(body)

    async def _do_backend(self, body: dict[str, Any]) -> None:
        mode = {"up": "none"}.get(str(body.get("mode")), str(body.get("mode")))
        if mode not in MODES:
            raise Refusal(f"backend.mode: unknown {mode!r}; there are: up, {', '.join(MODES[1:])}")
        await self.platform.set_fault(mode, float(body.get("delay_s", _SLOW_S if mode == "slow" else 0)))
        self._mode = mode

    async def _do_approval(self, body: dict[str, Any]) -> None:
        decision = str(body.get("decision", ""))
        if decision not in ("approve", "refuse", "ask"):
            raise Refusal("approval.decision: give approve, refuse or ask")
        text = str(body.get("text", "")).strip()
        if decision == "ask":
            if not text:
                raise Refusal("approval.text: what shall the clerk ask?")
            await self.platform.decide(str(body.get("id", "")), decision, text)
            return
        await self.platform.decide(str(body.get("id", "")), decision)
        self._approvals = [one for one in self._approvals if one.get("id") != body.get("id")]

    async def _do_reset(self, _body: dict[str, Any]) -> None:
        """The world as it is in the morning: nobody there, paper full, everything plugged in, the platform up."""
        await self.devices.reset()
        await self.site.morning()
        with contextlib.suppress(PlatformAway):
            await self.platform.set_fault("none", 0)
            await self.platform.reset()
            self._mode = "none"
        self._messages = []


def _spoken(clip: Clip) -> dict[str, Any]:
    return {
        "number": clip.number,
        "text": clip.text,
        "language": clip.language,
        "is_private": clip.is_private,
        "is_heard": clip.is_heard,
        "at_s": clip.at_s,
        "has_sound": bool(clip.pcm),
    }
