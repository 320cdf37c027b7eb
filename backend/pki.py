"""A demo authority: certificates of platform and booth, seal and sign keys. For benches; a city has its own."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_CA_DAYS = 3650
_LEAF_DAYS = 825
_SPARE_DAYS = 7
FILES = (
    "ca.pem", "ca.key", "server.pem", "server.key", "booth.pem", "booth.key",
    "seal.key", "seal.pub", "sign.key", "sign.pub",
)  # fmt: skip


class PkiError(ValueError):
    """Key material that cannot be used: names the file and the cure."""


@dataclass(frozen=True)
class Issuer:
    """A demo authority that can issue leaves."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def make(cls) -> Issuer:
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("Booth demo authority " + secrets.token_hex(4))
        builder = _builder(name, name, key.public_key(), _CA_DAYS).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = builder.add_extension(usage, critical=True)
        return cls(builder.sign(key, hashes.SHA256()), key)

    @classmethod
    def load(cls, folder: Path) -> Issuer:
        certificate = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
        key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise PkiError(f"{folder / 'ca.key'}: not an EC key; delete {folder} and run init again")
        return cls(certificate, key)

    def server(self, folder: Path, stem: str = "server") -> None:
        """Issue a server certificate for localhost, 127.0.0.1 and ::1."""
        names = x509.SubjectAlternativeName(
            [x509.DNSName("localhost"), *(x509.IPAddress(ipaddress.ip_address(ip)) for ip in ("127.0.0.1", "::1"))]
        )
        self._leaf(folder, stem, "localhost", ExtendedKeyUsageOID.SERVER_AUTH, names)

    def booth(self, folder: Path, booth_id: str, stem: str = "booth") -> None:
        """Issue the client certificate of a booth: its id is the common name."""
        self._leaf(folder, stem, booth_id, ExtendedKeyUsageOID.CLIENT_AUTH, None)

    def _leaf(
        self, folder: Path, stem: str, name: str, use: x509.ObjectIdentifier, names: x509.SubjectAlternativeName | None
    ) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(name), self.certificate.subject, key.public_key(), _LEAF_DAYS)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
        builder = builder.add_extension(usage, critical=True)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
        )
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        _write(folder / f"{stem}.pem", _pem(builder.sign(self.key, hashes.SHA256())), 0o644)
        _write(folder / f"{stem}.key", _key_pem(key), 0o600)


def init(run: Path, booth_id: str) -> bool:
    """Make RUN/pki whole, or leave it alone when it is there and good. Returns whether it was made. Raises PkiError."""
    folder = run / "pki"
    if folder.exists():
        _check(folder, booth_id)
        return False
    run.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix="pki.", dir=run))
    try:
        issuer = Issuer.make()
        _write(fresh / "ca.pem", _pem(issuer.certificate), 0o644)
        _write(fresh / "ca.key", _key_pem(issuer.key), 0o600)
        issuer.server(fresh)
        issuer.booth(fresh, booth_id)
        seal, sign = X25519PrivateKey.generate(), Ed25519PrivateKey.generate()
        for stem, key in (("seal", seal), ("sign", sign)):
            _write(fresh / f"{stem}.key", key.private_bytes_raw().hex().encode() + b"\n", 0o600)
            _write(fresh / f"{stem}.pub", key.public_key().public_bytes_raw().hex().encode() + b"\n", 0o644)
        fresh.rename(folder)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return True


def platform_certificate(folder: Path) -> None:
    """Issue the client certificate with which the platform goes to its broker, unless a good one is there."""
    file = folder / "platform.pem"
    if file.is_file() and (folder / "platform.key").is_file():
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
        if certificate.not_valid_after_utc > dt.datetime.now(dt.UTC) + dt.timedelta(days=_SPARE_DAYS):
            return
    for name in ("platform.pem", "platform.key"):
        (folder / name).unlink(missing_ok=True)
    Issuer.load(folder).booth(folder, "platform", stem="platform")


def raw_key(file: Path) -> bytes:
    """Read a raw 32-byte key kept as hex text. Raises PkiError."""
    try:
        key = bytes.fromhex(file.read_text("ascii").strip())
    except (OSError, ValueError) as error:
        raise PkiError(f"{file}: {error}; run `python -m backend init --run {file.parent.parent}`") from None
    if len(key) != 32:
        raise PkiError(f"{file}: must hold 64 hex digits; delete {file.parent} and run init again")
    return key


def _check(folder: Path, booth_id: str) -> None:
    cure = f"delete {folder} and run init again"
    for name in FILES:
        if not (folder / name).is_file():
            raise PkiError(f"{folder / name}: missing; {cure}")
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(days=_SPARE_DAYS)
    for name in ("ca.pem", "server.pem", "booth.pem"):
        try:
            certificate = x509.load_pem_x509_certificate((folder / name).read_bytes())
        except ValueError:
            raise PkiError(f"{folder / name}: not a certificate; {cure}") from None
        if certificate.not_valid_after_utc < soon:
            raise PkiError(f"{folder / name}: expires {certificate.not_valid_after_utc:%Y-%m-%d}; {cure}")
        common_name = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        if name == "booth.pem" and common_name != booth_id:
            raise PkiError(f"{folder / name}: is for booth {common_name!r}, not {booth_id}; {cure}")


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))  # a booth's clock may be a little behind
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(file: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
