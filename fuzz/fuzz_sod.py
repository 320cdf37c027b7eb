"""Whatever a chip may pass off as its security object, into the decoders of CMS, X.509 and BER: one error type.

The first byte of an input chooses the way in, the rest is what came. ``python -m fuzz.fuzz_sod [CORPUS ...]`` fuzzes
with atheris; the kept corpus also runs as a test. ``seeds`` says what the corpus began with.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from datetime import date

from hardware.card_reader import CardUnreadable, Result, tlv
from hardware.card_reader.emrtd import algorithms, ber, passive_auth, public_keys, sod
from hardware.card_reader.emrtd.certificates import comparable_name, parse_certificate
from hardware.card_reader.emrtd.issuing import new_csca, new_ec_key, new_signer, new_sod
from hardware.card_reader.emrtd.virtual_specimens import seeded

TODAY = date(2026, 1, 1)
GROUPS = {1: b"\x61\x00", 2: b"\x75\x01\x00"}


def _sod(data: bytes) -> None:
    security = sod.parse(data)
    assert security.hashes
    names = ["dg_hashes", "sod_signature", "csca_trust", "signer_valid"]
    checks = passive_auth.verify(data, GROUPS, None, TODAY)
    assert [check.name for check in checks] == names
    assert checks[2].result is Result.NOT_DONE  # nobody is trusted without a trust folder


def _certificate(data: bytes) -> None:
    certificate = parse_certificate(data)
    comparable_name(certificate.issuer)
    with contextlib.suppress(public_keys.UnknownScheme):
        certificate.has_signed(certificate)


def _ber(data: bytes) -> None:
    definite = ber.definite(data)
    assert ber.definite(definite) == definite
    tlv.read_all(definite)


def _public_key(data: bytes) -> None:
    public_keys.parse_public_key(data)


def _algorithm(data: bytes) -> None:
    algorithms.parse_digest(data)
    with contextlib.suppress(public_keys.UnknownScheme):
        algorithms.parse_scheme(data, "sha256")


WAYS: tuple[Callable[[bytes], None], ...] = (_sod, _certificate, _ber, _public_key, _algorithm)


def one_input(data: bytes) -> None:
    """Feed one input; anything but ``CardUnreadable`` is a finding."""
    if not data:
        return
    with contextlib.suppress(CardUnreadable):
        WAYS[data[0] % len(WAYS)](data[1:])


def seeds() -> dict[str, bytes]:
    """Give the inputs the corpus begins with, by file name: objects of a synthetic country, the same every time."""

    def way(function: Callable[[bytes], None]) -> bytes:
        return bytes((WAYS.index(function),))

    random = seeded(1)
    found: dict[str, bytes] = {}
    for curve in ("secp256r1", "brainpoolP384r1", "brainpoolP320r1"):
        csca = new_csca(new_ec_key(random, curve, is_explicit=curve != "secp256r1"))
        signer = new_signer(csca, new_ec_key(random, curve, is_explicit=curve == "brainpoolP384r1"))
        found[f"sod_{curve}"] = way(_sod) + new_sod(signer, GROUPS)
        found[f"csca_{curve}"] = way(_certificate) + csca.certificate
        found[f"signer_{curve}"] = way(_certificate) + signer.certificate
        found[f"key_{curve}"] = way(_public_key) + signer.key.spki
    raw = tlv.read_exactly(found["sod_secp256r1"][1:], 0x77)
    found["ber"] = way(_ber) + b"\x30\x80" + raw + b"\x24\x80\x04\x01\x00\x04\x01\x01\x00\x00\x00\x00"
    found["ber_nested"] = way(_ber) + b"\x30\x80" * 1000
    found["ber_many"] = way(_ber) + b"\x30\x80" + b"\x02\x01\x80" * 5000
    found["sod_ber"] = way(_sod) + tlv.encode(0x77, b"\x30\x80" + tlv.read_exactly(raw, 0x30) + b"\x00\x00")
    pss = "3041 06092A864886F70D01010A 3034 A00F300D06096086480165030402010500"
    pss += "A11C301A06092A864886F70D010108300D06096086480165030402010500 A203020120"
    found["pss"] = way(_algorithm) + bytes.fromhex(pss.replace(" ", ""))
    return found


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
