"""Front door of the booth's power: the uninterruptible supply, as Network UPS Tools (NUT) tells of it.

Knows no alarm and no visit. Driver: ``nut.NutLink`` (``field.Driver``). The other end: ``simulator.VirtualUpsd``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Supply:
    """One supply of an upsd. ``device`` is the site's name for it, ``name`` upsd's.

    Points handed over: ``mains`` (bool), ``battery_low`` (bool), ``battery_bad`` (bool: replace it), ``overload``
    (bool), ``charge`` (%), ``runtime`` (s), ``load`` (%), ``input_voltage`` (V), ``temperature`` (degrees C),
    ``status`` (NUT's words). What the supply does not tell is not handed over.
    """

    device: str
    name: str
    every_s: float = 2.0
