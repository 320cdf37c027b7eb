"""The audit: walks everything on the glass and says where it breaks a promise to the resident (R1-R5, R9, R10).

It reads the widget tree that is really shown: sizes of letters, clipping, contrast, targets, reach, names, moves.
Used by the tests over every question, size, theme and language, and by whoever changes a screen.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from screens.focus import FocusPath
from screens.theme import CAP_HEIGHT_EM, MM_PER_INCH, contrast
from screens.widgets.button import WordButton
from screens.widgets.choice import Choice
from screens.widgets.header import Header
from screens.widgets.part import Box, Control, Part

if TYPE_CHECKING:
    from screens.board import Board
    from screens.theme import Look

LEAST_TEXT_MM = (4.8, 7.3, 9.0, 12.0)  # by text size: VVSG 2.0 7.1-D; EN 301 549 5.1.4; Korean kiosk notice
LEAST_PRIMARY_MM = (6.4, 8.5, 12.0, 16.0)
LEAST_TITLE_MM = (8.0, 12.0, 14.0, 16.0)
LEAST_TARGET_MM = (20.0, 20.0, 20.0, 25.0)
LEAST_GAP_MM = 4.0
LEAST_CONTRAST = {"default": 10.0, "calm": 10.0, "black_on_white": 20.9, "white_on_black": 20.9}
LEAST_RING = 4.5
MOST_MOVES = 15
SLACK_PX = 2.0  # rounding to whole pixels


@dataclass(frozen=True)
class Finding:
    """A broken promise: the rule's number in the list of reach, where, and what was measured."""

    rule: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.rule} {self.where}: {self.what}"


def audit(board: Board, look: Look) -> list[Finding]:
    """Everything that is wrong with what the board shows now."""
    parts = list(_walk(board.card if board.card is not None else board.screen))
    controls = board.controls()
    return [
        *_texts(parts, look), *_targets(controls, look), *_names(controls), *_moves(controls), *_ring(look),
        *_overlaps(parts), *_texts(list(_walk(board.banner)), look),
    ]  # fmt: skip


def _walk(part: Part | None) -> Iterator[Part]:
    if part is None:
        return
    yield part
    for child in part.children:
        if isinstance(child, Part):
            yield from _walk(child)


def _texts(parts: list[Part], look: Look) -> Iterator[Finding]:
    for part in parts:
        for ink in part.inked:
            where = f"{type(part).__name__} {'(private)' if ink.is_private else ink.text!r}"
            capital = ink.size * CAP_HEIGHT_EM * MM_PER_INCH / look.dpi
            least = LEAST_TEXT_MM[look.text_size]
            if isinstance(part, Header) and ink.size == look.title:
                least = LEAST_TITLE_MM[look.text_size]
            elif (isinstance(part, WordButton) and part.size_kind == "primary") or (
                isinstance(part, Choice) and ink.text in part.text and ink.text
            ):
                least = min(LEAST_PRIMARY_MM[look.text_size], least if ink.text == part.number else 99)
            if capital < least - 0.01:
                yield Finding("R1", where, f"capitals of {capital:.1f} mm, at least {least} mm")
            if not _is_inside(ink.box, ink.room) or not _is_inside(ink.box, (0, 0, look.width, look.height)):
                yield Finding("R2", where, f"clipped: {_words(ink.box)} in {_words(ink.room)}")
            ratio = contrast(ink.colour, ink.ground)
            if ratio < LEAST_CONTRAST[look.theme.name]:
                yield Finding("R3", where, f"contrast {ratio:.1f}:1, at least {LEAST_CONTRAST[look.theme.name]}:1")
        for sign, colour, ground in part.signed:
            ratio = contrast(colour, ground)
            if ratio < LEAST_CONTRAST[look.theme.name]:
                yield Finding("R3", f"{type(part).__name__} sign {sign!r}", f"contrast {ratio:.1f}:1")


def _targets(controls: list[Control], look: Look) -> Iterator[Finding]:
    targets = [c for c in controls if c.role != "row"]
    least = LEAST_TARGET_MM[look.text_size] * look.dpi / MM_PER_INCH
    gap = LEAST_GAP_MM * look.dpi / MM_PER_INCH
    for control in targets:
        _, y, width, height = control.box
        if min(width, height) < least - SLACK_PX:
            mm = min(width, height) * MM_PER_INCH / look.dpi
            yield Finding("R5", control.control_id, f"{mm:.1f} mm, at least {LEAST_TARGET_MM[look.text_size]} mm")
        if y + height > look.reach + SLACK_PX:
            yield Finding("reach", control.control_id, f"top at {y + height:.0f} px, reach ends at {look.reach:.0f} px")
        if not _is_inside(control.box, (0, 0, look.width, look.height)):
            yield Finding("R2", control.control_id, f"off the glass: {_words(control.box)}")
    for one, other in itertools.combinations(targets, 2):
        if (apart := _distance(one.box, other.box)) < gap - SLACK_PX:
            mm = apart * MM_PER_INCH / look.dpi
            yield Finding(
                "R5", f"{one.control_id} / {other.control_id}", f"{mm:.1f} mm apart, at least {LEAST_GAP_MM} mm"
            )


def _names(controls: list[Control]) -> Iterator[Finding]:
    seen: set[str] = set()
    for control in controls:
        if not control.name.strip():
            yield Finding("R10", control.control_id, "no name to say")
        if not control.control_id or control.control_id in seen:
            yield Finding("R10", control.control_id or repr(control), "no id of its own")
        seen.add(control.control_id)


def _moves(controls: list[Control]) -> Iterator[Finding]:
    """Breadth first over one switch's moves: Next and Select only."""
    for target in controls:
        moves = _moves_to(controls, target.control_id)
        if moves > MOST_MOVES:
            yield Finding("R9", target.control_id, f"{moves} moves away, at most {MOST_MOVES}")


def _moves_to(controls: list[Control], control_id: str) -> int:
    path: FocusPath[Control] = FocusPath()
    path.follow(controls)
    for moves in range(1, 3 * len(controls) + 2):
        focused = path.move(+1)
        if len(focused) == 1 and focused[0].control_id == control_id:
            return moves
        if len(focused) > 1 and control_id in {c.control_id for c in focused}:
            path.select()
            while path.id != control_id:
                path.move(+1)
                moves += 1  # noqa: PLW2901 - moves inside the row
            return moves
    return 10**6


def _ring(look: Look) -> Iterator[Finding]:
    ratio = contrast(look.theme.focus, look.theme.paper)
    if ratio < LEAST_RING:
        yield Finding("R3", "focus ring", f"contrast {ratio:.1f}:1 on {look.theme.paper}")


def _overlaps(parts: list[Part]) -> Iterator[Finding]:
    """Letters of one part never lie on letters of another."""
    inked = [(part, ink) for part in parts for ink in part.inked]
    for (one, mine), (other, theirs) in itertools.combinations(inked, 2):
        if one is not other and _distance(mine.box, theirs.box) < 0:
            yield Finding(
                "R2", f"{type(one).__name__} / {type(other).__name__}", f"{mine.text!r} lies on {theirs.text!r}"
            )


def _is_inside(box: Box, room: Box) -> bool:
    return (
        box[0] >= room[0] - SLACK_PX
        and box[1] >= room[1] - SLACK_PX
        and box[0] + box[2] <= room[0] + room[2] + SLACK_PX
        and box[1] + box[3] <= room[1] + room[3] + SLACK_PX
    )


def _distance(one: Box, other: Box) -> float:
    """How far two boxes are apart; negative where they overlap."""
    across = max(one[0], other[0]) - min(one[0] + one[2], other[0] + other[2])
    along = max(one[1], other[1]) - min(one[1] + one[3], other[1] + other[3])
    if across < 0 and along < 0:
        return max(across, along)
    return max(across, along, 0.0) if across < 0 or along < 0 else (across**2 + along**2) ** 0.5


def _words(box: Box) -> str:
    return " ".join(f"{number:.0f}" for number in box)
