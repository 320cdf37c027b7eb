"""Hosts, cameras and gateways on the network, each asked by what its profile speaks: echo, RTSP or TLS.

A device's address is its IPv4 address; a camera's may be the whole URL of its stream. ``settings`` of a camera:
``port``, ``path``, ``user`` and ``secret`` (the name of its password), ``snapshot`` (URL of a still picture by HTTP,
for one that tells how old and how bright its pictures are); of a gateway: ``port`` (of one that is asked by
RTSP: ``tls_port``) and ``name`` of its certificate; ``udp_port``: of a simulated host.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from booth.site_links import Wanted
from booth.site_links.named import names_of
from hardware.field import Driver, FieldError
from hardware.network import Credentials, EchoTarget, GatewayTarget, StreamTarget
from hardware.network.icmp import Pinger
from hardware.network.probes import ProbeLink
from hardware.network.simulator import open_udp
from kiosk.config import ConfigError

WORDS = frozenset({"reachable", "latency_ms", "loss"})
TLS_WORDS = frozenset({"handshake", "days_left"})
RTSP_PORT, TLS_PORT = 554, 443


def make(wanted: Wanted) -> tuple[Driver, ...]:
    """A driver for each language that devices of the link speak. Raises ``ConfigError``."""
    speak: dict[str, list[str]] = {}
    for name, device in wanted.devices.items():
        driver = wanted.plan.profile(name).driver
        speak.setdefault("udp" if driver == "icmp" and "udp_port" in device.settings else driver, []).append(name)
        if driver == "rtsp" and "tls_port" in device.settings:  # two languages, two drivers, one device
            speak.setdefault("tls", []).append(name)
        if driver == "rtsp" and _tells_frames(wanted, name):
            speak.setdefault("frames", []).append(name)
    try:
        return tuple(_MAKERS[driver](wanted, names) for driver, names in speak.items())
    except FieldError as error:
        raise ConfigError(f"link {wanted.name}: {error.message}; {error.cure or 'correct it'}") from None


def _echoes(wanted: Wanted, devices: list[str]) -> Driver:
    return ProbeLink([_host(wanted, name) for name in devices], names=_names(wanted, devices))


def _simulated(wanted: Wanted, devices: list[str]) -> Driver:
    hosts = [_host(wanted, name) for name in devices]
    return ProbeLink(hosts, pinger=Pinger(open_udp), names=_names(wanted, devices))


def _streams(wanted: Wanted, devices: list[str]) -> Driver:
    return ProbeLink([_camera(wanted, name) for name in devices], names=_names(wanted, devices))


def _certificates(wanted: Wanted, devices: list[str]) -> Driver:
    from hardware.network.tls import TlsLink  # a site without gateways needs no TLS

    names = {name: names_of(wanted, name, TLS_WORDS, "answer") for name in devices}
    return TlsLink([_gateway(wanted, name) for name in devices], names=names)


def _pictures(wanted: Wanted, devices: list[str]) -> Driver:
    from hardware.network.frames import WORDS as FRAME_WORDS
    from hardware.network.frames import FrameLink

    names = {name: names_of(wanted, name, FRAME_WORDS, "answer") for name in devices}
    return FrameLink([_camera(wanted, name) for name in devices], names=names)


_MAKERS = {"icmp": _echoes, "udp": _simulated, "rtsp": _streams, "tls": _certificates, "frames": _pictures}


def _tells_frames(wanted: Wanted, name: str) -> bool:
    return any(spec.at.get("answer") == "frame_age" for spec in wanted.plan.profile(name).points.values())


def _names(wanted: Wanted, devices: list[str]) -> dict[str, dict[str, str]]:
    return {name: names_of(wanted, name, WORDS) for name in devices}


def _host(wanted: Wanted, name: str) -> EchoTarget:
    device, plan = wanted.devices[name], wanted.plan
    port = int(str(device.settings.get("udp_port", 0)))
    return EchoTarget(name, str(device.address), plan.every_s(name), plan.answer_s(name), port)


def _gateway(wanted: Wanted, name: str) -> GatewayTarget:
    device, plan = wanted.devices[name], wanted.plan
    own = "tls_port" if plan.profile(name).driver == "rtsp" else "port"
    port, server = int(str(device.settings.get(own, TLS_PORT))), str(device.settings.get("name", ""))
    host = urlsplit(str(device.address)).hostname or str(device.address)
    return GatewayTarget(name, host, port, plan.every_s(name), plan.answer_s(name), server)


def _camera(wanted: Wanted, name: str) -> StreamTarget:
    device, plan = wanted.devices[name], wanted.plan
    url = str(device.address)
    if "://" not in url:
        path = str(device.settings.get("path", "")).lstrip("/")
        url = f"rtsp://{url}:{device.settings.get('port', RTSP_PORT)}/{path}"
    user, secret = str(device.settings.get("user", "")), str(device.settings.get("secret", ""))
    if bool(user) != bool(secret):
        raise ConfigError(f"device.{name}.settings: a camera's user and secret go together; give both or none")
    credentials = Credentials(user, wanted.secret(secret)) if user else None
    snapshot = str(device.settings.get("snapshot", ""))
    return StreamTarget(name, url, plan.every_s(name), plan.answer_s(name), credentials, snapshot)
