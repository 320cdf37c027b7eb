"""Front door of the radio sensors: what a broker passes on from LoRaWAN (ChirpStack) and Zigbee (Zigbee2MQTT).

Knows no alarm and no broker of its own. Driver: ``mqtt.MqttLink`` (``field.Driver``). The other end:
``simulator.RadioPeer``. Radio sensors are supervisory: no fire input and no release output is one.
"""

from __future__ import annotations

from dataclasses import dataclass

from hardware.field import Value

REST_S = 150.0  # longer than two heartbeats of a call point: a button that is held says so in between


@dataclass(frozen=True)
class Reading:
    """Where a point is found: in messages on ``topic``, at ``path`` (``object.button``, ``rxInfo.0.rssi``).

    ``path`` "" is the whole message. ``rest``: the value that a button has again ``rest_s`` after it was pressed, when
    it does not say so itself. ``is_offset``: what is found is a time, and the point is by how many seconds it is ahead
    of ours. ``is_word``: each value counts, also one that was overtaken by a newer. ``is_event``: it is a moment, and
    never told twice.
    """

    point: str
    path: str
    topic: str
    rest: Value | None = None
    rest_s: float = REST_S
    is_offset: bool = False
    is_word: bool = False
    is_event: bool = False


@dataclass(frozen=True)
class Switch:
    """An output: ``on`` or ``off`` is published on ``topic``.

    ``hold_s``: it falls back by itself so long after it was last told, and is told again in time. ``longest_s``: it is
    told ``off`` after so long, however often it was asked. ``shown_at``: the topic of the message in which the device
    confirms; a command then waits for the next one, else only until the broker has it.
    """

    point: str
    topic: str
    on: str
    off: str
    hold_s: float | None = None
    longest_s: float | None = None
    shown_at: str = ""


@dataclass(frozen=True)
class Sensor:
    """One device. ``every_s``: it says something at least as often. ``availability``: the topic on which a gateway says
    that the device is offline; "" for none."""

    device: str
    readings: tuple[Reading, ...]
    every_s: float
    switches: tuple[Switch, ...] = ()
    availability: str = ""


@dataclass(frozen=True)
class Credentials:
    """Who we are to the broker: a name and a password, or (files, PEM) a certificate with its key, or both.

    ``ca``: who signed the broker's certificate; with it the connection is TLS.
    """

    user: str = ""
    password: str = ""
    ca: str = ""
    certificate: str = ""
    key: str = ""

    def __repr__(self) -> str:
        return f"Credentials(user={self.user!r})"  # the password is nobody's business
