"""The simulated person hears what the booth says and does it: turns, nods, comes closer, as a resident would.

The booth draws by lot what it asks, so a story cannot know it beforehand; it does not have to. Knows the sentences the
product speaks and the movements of the simulated camera.
"""

from __future__ import annotations

from pathlib import Path

from hardware.camera.simulator import MOVEMENTS
from kiosk.text import Catalogues
from kiosk.visit.troubles import COACHING

TRANSLATIONS = Path(__file__).resolve().parents[1] / "assets" / "translations"
LANGUAGES = ("zh", "en")


def sentences() -> dict[str, str]:
    """What may be said -> which movement it asks for."""
    catalogues = Catalogues(TRANSLATIONS)
    asked = {coaching.value: words for coaching, words in COACHING.items() if coaching.value in MOVEMENTS}
    return {catalogues.text(language)(words): movement for language in LANGUAGES for movement, words in asked.items()}


def movement_in(said: str, known: dict[str, str]) -> str:
    """Give the movement that ``said`` asks for, "" for none."""
    return next((movement for sentence, movement in known.items() if sentence in said), "")
