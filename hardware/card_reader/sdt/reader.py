"""The card reader as its front door describes it, over a SAM module. Chooses deadlines; knows no command.

A card's removal is noticed at the next look, 0.3 s after the last: a module that answers for a read card is asked for
the added address, any other is reset once and asked to find what lies there. On the few modules that can do neither
well, a card that is lifted and laid back within one look counts as never lifted.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from hardware.card_reader.sdt.document import KINDS
from hardware.card_reader.sdt.messages import SamOptions
from hardware.card_reader.worker_reader import Wire, WorkerCardReader

# The worst talk that still ends by itself: every reply as late as allowed, one of them twice, and a vendor's photo
# decoder. Past it the driver hangs in native code (USB), and is replaced.
READ_WITHIN_S = 20.0
FIRST_STATUS_WITHIN_S = 4.0  # five speeds are tried, 0.3 s each


class SamCardReader(WorkerCardReader):
    """``CardReader`` over a SAM module; a key is ignored. Use from one event loop."""

    def __init__(self, options: SamOptions, *, today: Callable[[], date] = date.today) -> None:
        wire = Wire(
            driver="hardware.card_reader.sdt.driver:Driver",
            options=options,
            where=f"SAM {options.port}",
            cure="check the reader's plug and its power",
            read_within_s=READ_WITHIN_S,
            first_status_within_s=FIRST_STATUS_WITHIN_S,
        )
        super().__init__(wire, tuple(dict.fromkeys(KINDS.values())), today)
