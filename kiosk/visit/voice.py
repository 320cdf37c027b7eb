"""What a stage says: sentences in the visit's language, the focus, and an alarm that is louder than any wish.

Knows the speaker by its front door and no question.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from hardware.speech import Earcon, Priority, Speaker, Utterance
from kiosk.clock import Clock
from kiosk.text import Text
from kiosk.visit.screen import Aids, Focused

ALARM_VOLUME = 6  # of 0-6; 10 dB above the default
ALARM_RATE = 100  # the speed at which every fixed sentence is prepared: it sounds at once


class Voice:
    """One per stage."""

    def __init__(self, speaker: Speaker) -> None:
        self.speaker = speaker
        self._alarm: tuple[Utterance, ...] = ()
        self._raised = asyncio.Event()

    def say(self, sentences: tuple[Utterance, ...], priority: Priority | None = None) -> None:
        self.speaker.say(*(replace(s, priority=priority) if priority is not None else s for s in sentences))

    def say_focus(self, reply: Focused, text: Text) -> None:
        self.speaker.say(
            Utterance(
                reply.spoken,
                text.language,
                Priority.FOCUS,
                private=reply.is_private,
                instead=reply.instead or text("Filled in. Plug in a headset to hear it."),
                is_fixed=not reply.is_private,
            )
        )

    def raise_alarm(self, sentences: tuple[Utterance, ...], aids: Aids) -> None:
        """Get ready to say ``sentences`` as loud as can be; none of them: back to what the resident chose."""
        was_alarm, self._alarm = bool(self._alarm), sentences
        if was_alarm == bool(sentences):
            return
        self.speaker.silence()  # an alarm that is over is not said to its end: the welcome has to be heard
        if sentences:
            self._raised.set()
            self.speaker.sound(Earcon.ALERT)
        else:
            self._raised.clear()
        self.speaker.set_volume(ALARM_VOLUME if sentences else aids.volume)
        self.speaker.set_rate(ALARM_RATE if sentences else aids.rate)

    async def cry(self, clock: Clock, every_s: float) -> None:
        """Say the alarm again and again, as long as there is one."""
        while True:
            await self._raised.wait()
            await clock.sleep(every_s)
            if self._alarm and not self.speaker.status.is_speaking:
                self.speaker.sound(Earcon.ALERT)
                self.say(self._alarm)
