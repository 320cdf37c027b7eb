"""Compares what a story wants with what the booth says is on its glass. Pure functions on the events as they come."""

from __future__ import annotations

from typing import Any

from booth.storyfile import Expectation, Step


def is_plain(event: dict[str, Any] | None, name: str) -> bool:
    return event is not None and event["name"] == name and not event.get("overlay")


def matches(event: dict[str, Any], step: Step) -> bool:
    if event["name"] != step.question or (event.get("overlay") or "") != step.overlay:
        return False
    return not step.field or event.get("field") == step.field


def controls(event: dict[str, Any] | None) -> list[dict[str, Any]]:
    return list(event.get("controls") or []) if event else []


def _texts(event: dict[str, Any]) -> str:
    """Everything that can be read on the screen, one text a line."""
    parts = [event.get("title"), event.get("help"), event.get("status"), *(event.get("texts") or [])]
    for one in controls(event):
        parts += [one.get("name"), one.get("value"), one.get("hint")]
    return "\n".join(str(part) for part in parts if part)


def problem(expected: Expectation, event: dict[str, Any], spoken: list[dict[str, Any]]) -> str:
    """What is not as expected; "" when all is."""
    ids = {str(one["id"]): one for one in controls(event)}
    texts = _texts(event)
    said = "\n".join(str(one["text"]) for one in spoken)
    e = expected
    is_pressable = bool(ids.get(e.is_disabled or "", {}).get("enabled", True))
    checks = (
        (e.title_has, (e.title_has or "") in str(event.get("title")), f"the title is {event.get('title')!r}, no "),
        (e.text_has, (e.text_has or "") in texts, "nowhere on the screen is "),
        (e.text_has_not, e.text_has_not is None or e.text_has_not not in texts, "on the screen is "),
        (e.has_control, e.has_control in ids, f"controls are {', '.join(ids)}, no "),
        (e.has_no_control, e.has_no_control not in ids, "there is a control "),
        (e.is_disabled, not is_pressable, "can be pressed, or is not there: "),
        (e.spoken_has, (e.spoken_has or "") in said, "nobody said "),
    )
    return next((f"{words}{value!r}" for value, is_so, words in checks if value is not None and not is_so), "")


def seen_instead(event: dict[str, Any]) -> str:
    over = f" under {event['overlay']}" if event.get("overlay") else ""
    return f"the booth shows {event['name']}{over}: {event.get('title', '')!r}"
