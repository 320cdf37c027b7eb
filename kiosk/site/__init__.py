"""The watch over the site: points, alarms, rules, actions, health. Pure: no wire, no clock of its own, no screen.

Times called ``now`` or ``..._at`` are seconds of one monotonic clock that the caller reads. Wall time occurs only as a
label that is shown and journaled, never computed with.
"""
