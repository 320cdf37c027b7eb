"""Which answer belongs to which question, on a wire that does not say so.

An RTU answer names its unit and function and, for a read, its length; not the address. So after a time-out an answer to
the next read of that unit may be the late one to the last. This ledger of unanswered questions tells when that can be:
an answer counts only if no question of its shape is still unanswered. A unit works in order, so one answer that counts
settles all before it. Knows no wire and no clock.
"""

from __future__ import annotations

from hardware.modbus.pdu import Request

Shape = tuple[int, int, int]


class Unanswered:
    """``latest_s``: what comes later than that after its question comes never (a unit was switched off and on)."""

    def __init__(self, latest_s: float) -> None:
        self.latest_s = latest_s
        self._open: dict[int, dict[Shape, float]] = {}

    def shapes(self, unit: int, now_s: float) -> frozenset[Shape]:
        """What the next question to ``unit`` should not look like."""
        if unit not in self._open:
            return frozenset()
        young = {shape: at_s for shape, at_s in self._open[unit].items() if now_s - at_s < self.latest_s}
        self._open[unit] = young
        if not young:
            del self._open[unit]
        return frozenset(young)

    def give_up(self, unit: int, request: Request, sent_s: float) -> None:
        """The window of a question is over without an answer that counts."""
        self._open.setdefault(unit, {})[request.shape] = sent_s

    def settle(self, unit: int) -> None:
        """An answer counted: everything before it is done with."""
        self._open.pop(unit, None)
