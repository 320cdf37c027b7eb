"""What is laid over a question without ending it: still there, help, really leave, sound, find someone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kivy.clock import Clock

from hardware.speech import RATES
from kiosk.visit.questions import ConfirmLeave, FindSomeone, HelpCard, Overlay, SoundCard, StillThere
from kiosk.visit.screen import Activity, Leave, Reply, Sound, Tool
from screens.widgets.button import WordButton
from screens.widgets.overlay import Figure, OverlayCard

if TYPE_CHECKING:
    from kiosk.visit.wording import Words
    from screens.theme import Look

LOUDEST = 6


def card_for(overlay: Overlay, words: Words, look: Look, reply: Callable[[Reply], None]) -> OverlayCard:
    """The card for ``overlay``; ``reply`` hears what was chosen on it."""
    card = OverlayCard(title=words.title, help=words.help, look=look)
    stay = WordButton(id="primary", text=words.primary, kind="primary")
    stay.bind(on_chosen=lambda *_: reply(Activity()))
    if isinstance(overlay, HelpCard):
        card.help = "\n".join(overlay.sentences)
        colours = WordButton(id="colours", text=words.labels["colours"])
        colours.bind(on_chosen=lambda *_: reply(Tool("colours")))
        card.buttons = [[colours]]
    elif isinstance(overlay, StillThere):
        card.figure = Countdown(overlay.seconds)
    elif isinstance(overlay, FindSomeone):
        card.figure = Figure(overlay.number, icon="telephone")
    elif isinstance(overlay, SoundCard):
        card.figure = Figure(f"{overlay.volume} / {LOUDEST}   {overlay.rate} %", icon="sound")
        card.buttons = _sound_buttons(overlay, words, reply)
    elif isinstance(overlay, ConfirmLeave):
        leave = WordButton(id="leave", text=words.labels.get("leave", look.text("Leave")))
        leave.bind(on_chosen=lambda *_: reply(Leave()))
        card.buttons = [[leave]]
    card.buttons = [*card.buttons, [stay]]
    card.build()
    return card


def _sound_buttons(overlay: SoundCard, words: Words, reply: Callable[[Reply], None]) -> list[list[WordButton]]:
    """Volume in one row, speed in the next; a step that leads nowhere stays and says the same again."""
    at = min(range(len(RATES)), key=lambda i: abs(RATES[i] - overlay.rate))
    steps = {
        "quieter": Sound(max(overlay.volume - 1, 0), overlay.rate),
        "louder": Sound(min(overlay.volume + 1, LOUDEST), overlay.rate),
        "slower": Sound(overlay.volume, RATES[max(at - 1, 0)]),
        "faster": Sound(overlay.volume, RATES[min(at + 1, len(RATES) - 1)]),
    }
    signs = {"quieter": "minus", "louder": "plus", "slower": "minus", "faster": "plus"}
    buttons = {}
    for name, sound in steps.items():
        buttons[name] = WordButton(id=name, text=words.labels.get(name, name), icon=signs[name])
        buttons[name].bind(on_chosen=lambda _, said=sound: reply(said))
    return [[buttons["quieter"], buttons["louder"]], [buttons["slower"], buttons["faster"]]]


class Countdown(Figure):
    """Seconds that are left, down to nothing."""

    def __init__(self, seconds: int, **properties: Any) -> None:
        self.left = seconds
        super().__init__(str(seconds), icon="more_time", **properties)
        self._event: Any = Clock.schedule_interval(self._count, 1.0)

    def close(self) -> None:
        if self._event is not None:
            self._event.cancel()
            self._event = None

    def _count(self, _dt: float) -> None:
        self.left = max(self.left - 1, 0)
        self.words = str(self.left)
        self.redraw()
