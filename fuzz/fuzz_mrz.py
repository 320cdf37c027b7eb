"""Any text as a machine readable zone: decoded, or the one error; never a date or a name that no zone can hold.

``python -m fuzz.fuzz_mrz [CORPUS ...]`` fuzzes with atheris; the kept corpus also runs as a test.
"""

from __future__ import annotations

import contextlib
import sys
from datetime import date

from hardware.card_reader import CardUnreadable, Result
from hardware.card_reader.emrtd import mrz, virtual_lds
from hardware.card_reader.emrtd.virtual_specimens import PLANS

TODAY = date(2026, 1, 1)


def one_input(data: bytes) -> None:
    """Feed one input; anything but ``CardUnreadable`` is a finding."""
    with contextlib.suppress(CardUnreadable):
        zone = mrz.parse(data.decode("latin-1"), TODAY)
        assert len(zone.text) in (72, 88, 90)
        assert zone.text.isascii()
        assert "<" not in zone.number + zone.latin_name + zone.optional
        assert all(check.result in (Result.PASS, Result.FAIL) for check in zone.checks)
        assert not zone.chinese_name.isascii() or not zone.chinese_name
        assert len(zone.information) >= 24
        if zone.expiry is not None and zone.document_code != "C":
            assert abs(zone.expiry.year - TODAY.year) <= 100


def seeds() -> dict[str, bytes]:
    """Give the inputs the corpus begins with, by file name: zones of synthetic specimens."""
    found = {}
    for name, plan in PLANS.items():
        write = {"TD3": virtual_lds.td3, "TD1": virtual_lds.td1, "CN_PERMIT": virtual_lds.travel_permit}[plan.layout]
        found[name] = write(plan.holder).encode("ascii")
    found["td2"] = b"I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<D231458907UTO7408122F1204159<<<<<<<6"
    found["long_td1"] = b"I<UTOD23145890<7349<<<<<<<<<<<3407127M9507122UTO<<<<<<<<<<<2STEVENSON<<PETER<JOHN<<<<<<<<<"
    found["permit_from_hong_kong"] = (
        b"CRH1234567850113306304M0002295" + b"NFMFNDKC<<<<<<<<<<CK1234567<70" + b"ZHANG<<YING".ljust(30, b"<")
    )
    found["permit_of_1999"] = (
        b"C<CHN".ljust(30, b"<") + b"3201019F1306302H12345678007120" + b"CHAN<<TAI".ljust(30, b"<")
    )
    return found


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
