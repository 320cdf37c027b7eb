"""Front door of the booth's own computer: what it measures of itself, and what the screen's side tells of its devices.

Knows no alarm and no resident. Driver: ``driver.HostLink`` (``field.Driver``).
"""

from __future__ import annotations

OWN = frozenset({"disk_free", "memory_free", "cpu_temperature", "clock"})
"""Measures of the computer: % free, % available, degrees C, 1 while a time server steers the clock (else 0)."""

TOLD = frozenset({"screen", "card_reader", "printer", "paper", "camera", "face", "speech", "keypad"})
"""Measures of the resident's devices, as the screen's side tells them: ``screen`` 1 while it draws, ``paper`` a word of
XFS4IoT Printer, the others words of XFS4IoT Common (device status)."""
