"""A broker that wants certificates: the right one gets in, others do not, and no strange broker is trusted."""

from __future__ import annotations

import asyncio
import datetime
import gc
import ipaddress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench.broker import Broker
from hardware.field import Auth, Config, FieldError
from hardware.sensors import Credentials
from hardware.sensors.mqtt import MqttLink
from tests.hardware.sensors.conftest import SENSORS, Taken

pytestmark = pytest.mark.peer


class Signer:
    """An authority with its certificates in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = self._builder(self._name, self._key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self.ca = folder / f"{name}.pem"
        self._write(self.ca, builder)

    def certificate(self, name: str) -> tuple[str, str]:
        """Files of a certificate and its key, for 127.0.0.1."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        file, key_file = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        self._write(file, self._builder(subject, key.public_key()).add_extension(address, critical=False))
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return str(file), str(key_file)

    def _builder(self, subject, public) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return x509.CertificateBuilder(
            self._name, subject, public, x509.random_serial_number(), now - datetime.timedelta(hours=1),
            now + datetime.timedelta(days=1),
        )  # fmt: skip

    def _write(self, file: Path, builder: x509.CertificateBuilder) -> None:
        file.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


@pytest.fixture
def signer(tmp_path):
    return Signer(tmp_path, "community")


@pytest.fixture
def broker(tmp_path, signer):
    certificate, key = (Path(one) for one in signer.certificate("broker"))
    with Broker(tmp_path / "broker", tls=(signer.ca, certificate, key)) as running:
        yield running


async def errors(broker: Broker, credentials: Credentials) -> list[FieldError | None]:
    """What the link says of itself until it is up, or for a moment."""
    taken = Taken()
    link = MqttLink(SENSORS, host=broker.host, port=broker.port, name="radio", credentials=credentials)
    await link.open(taken)
    for _ in range(30):
        await asyncio.sleep(0.1)
        if link.connections:
            break
    await taken.until(lambda: len(taken.of("radio")) >= 3)
    await link.close()
    return [one.error for one in taken.of("radio")]


async def test_the_right_certificate(broker, signer):
    certificate, key = signer.certificate("booth")
    assert (await errors(broker, Credentials(ca=str(signer.ca), certificate=certificate, key=key)))[-1] is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the client library drops its socket
async def test_a_broker_that_somebody_else_signed(broker, signer, tmp_path):
    certificate, key = signer.certificate("booth")
    (tmp_path / "x").mkdir()
    stranger = Signer(tmp_path / "x", "stranger")
    found = await errors(broker, Credentials(ca=str(stranger.ca), certificate=certificate, key=key))
    assert isinstance(found[-1], Auth)
    gc.collect()


async def test_without_a_certificate_nobody_gets_in(broker, signer):
    assert None not in await errors(broker, Credentials(ca=str(signer.ca)))


async def test_certificates_that_cannot_be_read(broker, signer, tmp_path):
    found = await errors(broker, Credentials(ca=str(tmp_path / "none.pem")))
    assert isinstance(found[-1], Config)
    assert "cannot be read" in str(found[-1])
