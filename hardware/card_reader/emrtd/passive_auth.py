"""Passive authentication: is what the chip says what its issuer signed, and who is that issuer (Doc 9303-11, 5.1).

Four separate answers, because they mean different things to the one who decides: data that was changed, a signature
that is wrong, an issuer nobody here knows, a signer outside its time. Unknown is not forged. Asks nobody: revocation
lists are not looked up.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path

from hardware.card_reader import CardUnreadable, Check, Result
from hardware.card_reader.emrtd import sod
from hardware.card_reader.emrtd.algorithms import digest, parse_scheme
from hardware.card_reader.emrtd.certificates import Certificate, is_same_name
from hardware.card_reader.emrtd.public_keys import UnknownScheme
from hardware.card_reader.emrtd.public_keys import verify as verify_signature
from hardware.card_reader.emrtd.trust_store import load

_WEAK = "sha1"


def verify(
    sod_raw: bytes,
    groups: Mapping[int, bytes],
    trust_folder: Path | None,
    today: date,
    asked: Collection[int] = (),
) -> tuple[Check, Check, Check, Check]:
    """Give the checks ``dg_hashes``, ``sod_signature``, ``csca_trust`` and ``signer_valid``, in this order.

    ``groups``: number of a data group -> the whole of it as it came, tag and length included. ``asked``: the groups
    that were asked for; one of them that is signed for and did not come is a warning. ``trust_folder`` holds CSCA
    certificates; None and an empty folder: trust is ``NOT_DONE``. Raises ``CardUnreadable`` for an EF.SOD that is none.
    """
    security = sod.parse(sod_raw)
    signature, signer, certificate = _signature(security, sod.CONTENT_TYPE)
    hashes = _hashes(security, groups, asked)
    if signer is None or certificate is None:
        reason = "the signature of EF.SOD was not found right, so its signer means nothing"
        return (
            hashes,
            signature,
            Check("csca_trust", Result.NOT_DONE, reason),
            Check("signer_valid", Result.NOT_DONE, reason),
        )
    return hashes, signature, _trust(certificate, trust_folder), _validity(certificate, signer, today)


def verify_signed(signed: sod.SignedData, content_type: bytes, trust_folder: Path | None) -> tuple[Check, Check]:
    """Give the checks ``sod_signature`` and ``csca_trust`` for another signed file of the chip (EF.CardSecurity)."""
    signature, _, certificate = _signature(signed, content_type)
    if certificate is None:
        return signature, _trusted(Result.NOT_DONE, "the signature was not found right, so its signer means nothing")
    return signature, _trust(certificate, trust_folder)


def _hashes(security: sod.SecurityObject, groups: Mapping[int, bytes], asked: Collection[int]) -> Check:
    if not groups:
        return Check("dg_hashes", Result.NOT_DONE, "no data group was read")
    try:
        wrong = [n for n, raw in groups.items() if security.hashes.get(n) != digest(security.hash_algorithm, raw)]
    except UnknownScheme as unknown:
        return Check("dg_hashes", Result.NOT_DONE, f"nobody here can compute them: {unknown}")
    if wrong:
        return Check("dg_hashes", Result.FAIL, f"not what EF.SOD vouches for: {_names(wrong)}")
    if withheld := [number for number in asked if number in security.hashes and number not in groups]:
        return Check("dg_hashes", Result.WARN, f"EF.SOD vouches for what the chip does not give: {_names(withheld)}")
    if security.hash_algorithm == _WEAK:
        return Check("dg_hashes", Result.WARN, "the hashes agree, but are of the outdated SHA-1")
    return Check("dg_hashes", Result.PASS)


def _names(numbers: Collection[int]) -> str:
    return ", ".join(f"DG{number}" for number in sorted(numbers))


def _signature(security: sod.SignedData, content_type: bytes) -> tuple[Check, sod.Signer | None, Certificate | None]:
    """Find a signer whose signature is right; without one, give what is wrong with the first."""
    first: Check | None = None
    for signer in security.signers:
        check, certificate = _judge(security, signer, content_type)
        if check.result in (Result.PASS, Result.WARN):
            return check, signer, certificate
        first = first or check
    return first or Check("sod_signature", Result.FAIL, "EF.SOD has no signer"), None, None


def _judge(security: sod.SignedData, signer: sod.Signer, content_type: bytes) -> tuple[Check, Certificate | None]:
    certificate = _certificate(security, signer)
    if certificate is None:
        return _signed(Result.NOT_DONE, "the signer's certificate is not in EF.SOD"), None
    if security.content_type != content_type:
        return _signed(Result.FAIL, "EF.SOD signs something else than a security object"), None
    message = signer.attributes or security.content
    try:
        if signer.attributes:
            if signer.content_type != content_type:
                return _signed(Result.FAIL, "the signed attributes are of another content"), None
            if signer.message_digest != digest(signer.digest, security.content):
                return _signed(Result.FAIL, "the signed digest is not the security object's"), None
        scheme = parse_scheme(signer.algorithm, signer.digest)
        is_right = verify_signature(certificate.public_key, signer.signature, message, scheme)
    except (UnknownScheme, CardUnreadable) as unknown:
        return _signed(Result.NOT_DONE, f"nobody here can verify it: {unknown}"), None
    if not is_right:
        return _signed(Result.FAIL, "the signature is wrong"), None
    if _WEAK in (scheme.hash_name, signer.digest):
        return _signed(Result.WARN, "the signature is right, but made with the outdated SHA-1"), certificate
    return _signed(Result.PASS), certificate


def _signed(result: Result, reason: str = "") -> Check:
    return Check("sod_signature", result, reason)


def _certificate(security: sod.SignedData, signer: sod.Signer) -> Certificate | None:
    """Find the signer's certificate. The only one is taken even where the identifier is written otherwise.

    That costs nothing: the signature must be right with its key, and a trusted authority must have signed it.
    """
    for one in security.certificates:
        if signer.key_id is not None:
            is_it = signer.key_id == one.key_id
        else:
            is_it = signer.serial == one.serial and is_same_name(signer.issuer or b"", one.issuer)
        if is_it:
            return one
    return security.certificates[0] if len(security.certificates) == 1 else None


def _trust(certificate: Certificate, folder: Path | None) -> Check:
    key_id = certificate.authority_key_id
    if folder is not None and key_id is not None:
        # The one that is named first: with all countries' installed, decoding the others takes a while.
        check = _judge_trust(certificate, load(folder, key_id))
        if check.result is Result.PASS:
            return check
    return _judge_trust(certificate, load(folder) if folder is not None else ())


def _judge_trust(certificate: Certificate, anchors: tuple[Certificate, ...]) -> Check:
    if not anchors:
        return _trusted(Result.NOT_DONE, "no CSCA: no country signing certificate is installed")
    named = [one for one in anchors if is_same_name(one.subject, certificate.issuer)]
    by_key = [one for one in anchors if one.key_id is not None and one.key_id == certificate.authority_key_id]
    unjudged = ""
    for anchor in (*by_key, *(one for one in named if one not in by_key)):
        try:
            if not anchor.may_sign or not anchor.has_signed(certificate):
                continue
        except (UnknownScheme, CardUnreadable) as unknown:
            unjudged = str(unknown)
            continue
        if not anchor.is_valid_at(certificate.not_before):
            return _trusted(Result.WARN, "the CSCA was outside its time when it signed the document's signer")
        if parse_scheme(certificate.algorithm).hash_name == _WEAK:
            return _trusted(Result.WARN, "the CSCA signed the document's signer, but with the outdated SHA-1")
        return _trusted(Result.PASS)
    if unjudged:
        return _trusted(Result.NOT_DONE, f"nobody here can verify the signer's certificate: {unjudged}")
    if any(one in named for one in by_key):
        return _trusted(Result.FAIL, "the signer claims a CSCA that has not signed it")
    return _trusted(Result.WARN, f"untrusted: none of the {len(anchors)} installed CSCA signed the document's signer")


def _trusted(result: Result, reason: str = "") -> Check:
    return Check("csca_trust", result, reason)


def _validity(certificate: Certificate, signer: sod.Signer, today: date) -> Check:
    now = datetime.combine(today, time(12), UTC)
    signed_at = signer.signing_time
    if signed_at is not None and not certificate.is_valid_at(signed_at):
        return Check("signer_valid", Result.FAIL, "EF.SOD was signed outside the time of its signer's certificate")
    if signed_at is not None and signed_at.date() > today:
        return Check("signer_valid", Result.WARN, "EF.SOD was signed in the future; is the booth's clock right?")
    if certificate.is_valid_at(now):
        return Check("signer_valid", Result.PASS)
    if now < certificate.not_before:
        return Check("signer_valid", Result.WARN, "the signer's certificate begins in the future; the booth's clock?")
    when = "; it was valid at signing" if signed_at else ", and EF.SOD does not say when it was signed"
    return Check("signer_valid", Result.WARN, f"the signer's certificate has run out since{when}")
