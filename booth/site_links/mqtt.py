"""Radio links of site.toml: the sensors behind one MQTT broker.

A profile's ``at`` says where a point is in its device's messages: ``topic`` (behind the device's address; none for the
address itself) and ``path`` in the JSON. ``as = "offset"`` makes a time there the seconds by which it is ahead of ours.
``rest`` and ``rest_s`` belong to a button that never says it was let go. An output has ``topic``, ``on`` and ``off``,
and perhaps ``path`` and ``from`` (the topic) where the device shows it.
"""

from __future__ import annotations

import json

from booth.site_links import Wanted
from hardware.field import Driver, FieldError
from hardware.sensors import REST_S, Credentials, Reading, Sensor, Switch
from hardware.sensors.mqtt import MqttLink
from kiosk.config import ConfigError
from kiosk.site.plan import Plan
from kiosk.site.schema import PointSpec

PORT = 1883
SECURE_PORT = 8883
ZIGBEE = "zigbee2mqtt/"  # Zigbee2MQTT's base topic; another one: settings = { availability = "availability" }
_FORM = "user:password, or JSON with user, password, ca, certificate, key"
_KEYS = {"state": {"topic", "path", "as", "rest", "rest_s"}, "output": {"topic", "on", "off", "path", "from"}}
_WORDS = {"user", "password", "ca", "certificate", "key"}


def make(wanted: Wanted) -> tuple[Driver, ...]:
    """One driver for the link. Raises ``ConfigError``."""
    credentials = credentials_of(wanted.link.secret, wanted.secret(wanted.link.secret) if wanted.link.secret else "")
    host, port = _place(wanted.name, wanted.link.where, SECURE_PORT if credentials.ca else PORT)
    sensors = [sensor_of(wanted.plan, name) for name in wanted.devices]
    identity = f"{wanted.plan.site.id}-{wanted.name}"
    try:
        return (MqttLink(sensors, host=host, port=port, name=wanted.name, identity=identity, credentials=credentials),)
    except FieldError as error:
        raise ConfigError(f"link {wanted.name}: {error.message}; {error.cure or 'correct it'}") from None


def credentials_of(name: str, secret: str) -> Credentials:
    """From a secret's text; "" for none. Raises ``ConfigError`` that does not repeat it."""
    if not secret:
        return Credentials()
    if not secret.lstrip().startswith("{"):
        user, colon, password = secret.partition(":")
        if not colon or not user:
            raise ConfigError(f"secret {name}: cannot be read; write {_FORM}")
        return Credentials(user, password)
    try:
        given = json.loads(secret)
    except ValueError:
        raise ConfigError(f"secret {name}: is no JSON; write {_FORM}") from None
    if not set(given) <= _WORDS or not all(isinstance(one, str) for one in given.values()):
        raise ConfigError(f"secret {name}: has other words than user, password, ca, certificate, key; write {_FORM}")
    if given.get("certificate") and not given.get("ca"):
        raise ConfigError(f"secret {name}: a certificate without ca; name the file of who signed the broker's")
    return Credentials(**given)


def sensor_of(plan: Plan, device: str) -> Sensor:
    """Where a device's points are found. Raises ``ConfigError`` naming profile, point and cure."""
    profile, placed = plan.profile(device), plan.devices[device]
    address = str(placed.address).strip("/")
    readings: list[Reading] = []
    switches: list[Switch] = []
    for point, spec in profile.points.items():
        try:
            if spec.kind == "output":
                switches.append(_switch(point, spec, address))
                if "path" in spec.at:
                    readings.append(Reading(point, str(spec.at["path"]), _topic(address, spec.at.get("from", ""))))
            else:
                readings.append(_reading(point, spec, address))
        except ValueError as error:
            raise ConfigError(f"profile {profile.id}: points.{point}.at: {error}") from None
    default = "availability" if address.startswith(ZIGBEE) else ""
    availability = str(placed.settings.get("availability", default))
    return Sensor(
        device,
        tuple(readings),
        plan.every_s(device),
        tuple(switches),
        _topic(address, availability) if availability else "",
    )


def _reading(point: str, spec: PointSpec, address: str) -> Reading:
    _check(spec, {"path"}, _KEYS["state"])
    if spec.at.get("as", "offset") != "offset" or ("as" in spec.at and spec.kind != "number"):
        raise ValueError('as can only be "offset", of a number in seconds; remove it')
    rest_s = float(spec.at.get("rest_s", REST_S))
    if rest_s <= 0:
        raise ValueError(f"rest_s is {rest_s:g}; give the seconds after which a button is at rest")
    return Reading(
        point, str(spec.at["path"]), _topic(address, spec.at.get("topic", "")), rest=spec.at.get("rest"), rest_s=rest_s,
        is_offset="as" in spec.at, is_word=spec.kind != "number", is_event=spec.kind == "event",
    )  # fmt: skip


def _switch(point: str, spec: PointSpec, address: str) -> Switch:
    _check(spec, {"topic", "on", "off"}, _KEYS["output"])
    eui = address.rpartition("/")[2]
    on, off = (str(spec.at[word]).replace("{device}", eui) for word in ("on", "off"))
    shown_at = _topic(address, spec.at.get("from", "")) if "path" in spec.at else ""
    return Switch(
        point, _topic(address, spec.at["topic"]), on, off, hold_s=spec.hold_s, longest_s=spec.longest_s,
        shown_at=shown_at,
    )  # fmt: skip


def _check(spec: PointSpec, needed: set[str], known: set[str]) -> None:
    if missing := needed - set(spec.at):
        raise ValueError(f"{', '.join(sorted(missing))} is missing; add it")
    if strange := set(spec.at) - known:
        raise ValueError(f"{', '.join(sorted(strange))} is unknown; use {', '.join(sorted(known))}")


def _topic(address: str, suffix: object) -> str:
    return f"{address}/{suffix}" if suffix else address


def _place(name: str, where: str, usual: int) -> tuple[str, int]:
    host, _, port = where.rpartition(":") if ":" in where else (where, "", str(usual))
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ConfigError(f"link {name}: where: {where!r} is no broker; write host:port, for example 127.0.0.1:{PORT}")
    return host, int(port)
