"""Which rows of a booth are here: one number up to which nothing is missing, and islands beyond it. Pure."""

from __future__ import annotations

from bisect import bisect_left

MOST_ISLANDS = 1000  # more come only from a booth that does not send in order


class TooScatteredError(ValueError):
    """A span that would be one island too many; the booth sends it again when the gaps before it are filled."""


def covered(committed: int, islands: list[list[int]], first: int, last: int) -> tuple[int, list[list[int]]]:
    """(committed, islands) once ``first..last`` is here, too. Islands are ``[first, last]``, apart and in order.

    Raises TooScatteredError; ValueError for a span that is none.
    """
    if first < 1 or last < first:
        raise ValueError(f"{first}..{last} is no span of rows")
    if last <= committed:
        return committed, islands
    begin = bisect_left(islands, first - 1, key=lambda one: one[1])  # the first that may touch it
    end = begin
    while end < len(islands) and islands[end][0] <= last + 1:
        first, last = min(first, islands[end][0]), max(last, islands[end][1])
        end += 1
    merged = [*islands[:begin], [first, last], *islands[end:]]
    if merged[0][0] <= committed + 1:
        committed = max(committed, merged.pop(0)[1])
    if len(merged) > MOST_ISLANDS:
        raise TooScatteredError(f"more than {MOST_ISLANDS} islands of rows")
    return committed, merged
