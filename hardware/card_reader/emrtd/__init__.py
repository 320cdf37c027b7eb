"""Passports, permits and identity cards with a chip after ICAO Doc 9303 (eMRTD).

``read(task)`` is all a reader needs; the modules below it each implement a clause of the standard and can be used
alone. Knows no reader: command bytes are yielded, response bytes are sent back.
"""

from hardware.card_reader.emrtd.reading import read

__all__ = ["read"]
