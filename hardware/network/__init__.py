"""Front door of the site's network: whether hosts answer an echo, and cameras and gateways describe their stream.

Knows no topology and no alarm. Driver: ``probes.ProbeLink`` (``field.Driver``). The other ends: ``simulator``.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class EchoTarget:
    """A host asked by ICMP echo. ``host`` is an IPv4 address: a name would need a server that may be lost, too.

    Points: ``reachable`` (True, or the error), ``latency_ms``, ``loss`` (% of the last 20).
    """

    device: str
    host: str
    every_s: float = 0.8
    within_s: float = 0.7
    port: int = 0  # of a simulated host, which speaks ICMP over UDP


@dataclass(frozen=True)
class Credentials:
    """Of a camera. Never in a log: the password is not in ``repr``."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class StreamTarget:
    """A camera or video gateway asked by RTSP DESCRIBE. ``url`` carries no password.

    Points: ``reachable`` (True when it describes a video stream, or the error), ``latency_ms``, ``loss``.
    """

    device: str
    url: str
    every_s: float = 2.0
    within_s: float = 1.5
    credentials: Credentials | None = None
    snapshot: str = ""  # URL of a still picture by HTTP; "" = its pictures are not looked at


@dataclass(frozen=True)
class GatewayTarget:
    """A gateway asked for its certificate by a TLS handshake. ``name``: asked for instead of ``host`` (SNI)."""

    device: str
    host: str
    port: int = 443
    every_s: float = 0.8
    within_s: float = 0.7
    name: str = ""


Target = EchoTarget | StreamTarget
