"""Audit every question and overlay in the sizes, themes and languages named as arguments (size,theme,language ...)."""

from __future__ import annotations

import sys
from typing import Any

from tests.screens import samples
from tests.screens.theatre import Theatre, play

MOST_PAGES = 20


async def main(theatre: Theatre) -> dict[str, Any]:
    from kiosk.visit.screen import Aids
    from screens.audit import audit

    found: dict[str, list[str]] = {}
    if sys.argv[1:] == ["--broken"]:
        await theatre.show("ask_phone")
        return {"findings": {"broken": [str(f) for f in _break(theatre)]}}
    for case in sys.argv[1:]:
        size, theme, language = case.split(",")
        aids = Aids(text_size=int(size), theme=theme)
        text = theatre.catalogues.text(language)
        overlays = samples.overlays(text)
        for name in [*samples.questions(text), *overlays]:
            await theatre.show(name if name not in overlays else "present_card", aids=aids, language=language)
            theatre.screen.caption(samples.LONGEST_CAPTION[language])
            if name in overlays:
                theatre.screen.overlay(*overlays[name])
                theatre.screen.caption(samples.LONGEST_CAPTION[language])
            findings: list[str] = []
            for _page in range(MOST_PAGES):
                findings += [str(f) for f in audit(theatre.screen.board, theatre.screen.look)]
                pager = [c for c in theatre.screen.board.controls() if c.control_id == "page.next"]
                if not pager:
                    break
                pager[0].choose()
                if _page_of(theatre) == 0:
                    break
            if findings:
                found[f"{case} {name}"] = list(dict.fromkeys(findings))
        for words in samples.banners(text):
            await theatre.show("ask_yes_no", aids=aids, language=language)
            theatre.screen.banner(words)
            if findings := [str(f) for f in audit(theatre.screen.board, theatre.screen.look)]:
                found[f"{case} banner {words}"] = findings
            theatre.screen.banner("")
    return {"findings": found}


def _break(theatre: Theatre) -> list[Any]:
    """What the audit says of a screen with every kind of fault."""
    from dataclasses import replace

    from screens.audit import audit

    board, look = theatre.screen.board, theatre.screen.look
    one, two, lost = (theatre.control(name) for name in ("key.1", "key.2", "leave"))
    one.place(look, two.x - one.width - 4, look.height - one.height, one.width, one.height)
    two.place(look, two.x, two.y, 40, 40)
    lost.name = ""
    header = board.screen.header
    header.inked.append(replace(header.inked[0], size=12, colour="#888888"))
    return audit(board, look)


def _page_of(theatre: Theatre) -> int:
    for part in theatre.screen.board.screen.parts:
        pager = getattr(part, "pager", part)
        if hasattr(pager, "turn_to"):
            return int(pager.page)
    return 0


if __name__ == "__main__":
    play(main)
