"""From a link of kind ``http_push`` to its listener: devices that call, by what their profiles name.

``at`` of a point: ``path`` of its value in a body (dotted; XML from its root), ``time`` of when the body was written,
``id`` of an event; ``plate`` beside ``path``: the event is told as listed, unlisted, late or read; ``mark`` alone: it
is told as the day's keyed hash of the plate; ``answer = "heard"`` or ``"clock"`` for what the listener itself knows.

A device's ``settings``: ``secret`` (default: the link's) names ``USER:PASSWORD`` for digest, or a bearer token;
``plate_secret`` (default: the same secret) keys the hashes; ``allow_list`` is a file beside site.toml; ``digest =
"MD5"`` is for a device that knows nothing else and looks no further than the first offer.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from booth.site_links import Wanted
from hardware.field import Driver, FieldError, Value
from hardware.push import Credential, PushDevice, PushPoint
from hardware.push.listener import PushListener
from kiosk.config import ConfigError
from kiosk.site.plates import AllowList, PlateJudge, PlateKeys
from kiosk.site.schema import PointSpec

ALLOW_LIST = "plates.allow"
KEYS = frozenset({"path", "time", "id", "plate", "mark", "answer"})
SETTINGS = frozenset({"secret", "plate_secret", "allow_list", "digest"})
ANSWERS = ("heard", "clock")
_PLATES = frozenset({"plate", "mark"})


def make(wanted: Wanted) -> tuple[Driver, ...]:
    """The one listener of the link. Raises ConfigError."""
    host, colon, port = wanted.link.where.rpartition(":")
    if not colon or not port.isdecimal():
        raise ConfigError(f"link.{wanted.name}.where: {wanted.link.where!r} is no address; write HOST:PORT")
    devices = tuple(_device(wanted, name) for name in wanted.devices)
    try:
        return (PushListener(host.strip("[]"), int(port), devices),)
    except FieldError as error:
        raise ConfigError(f"link.{wanted.name}: {error.message}; {error.cure or 'correct it'}") from None


def plate_list(wanted: Wanted, device: str) -> tuple[PlateKeys, AllowList]:
    """Keys and allow-list of a plate camera. Raises ConfigError."""
    settings = wanted.devices[device].settings
    keys = PlateKeys(wanted.secret(_secret_name(wanted, device, "plate_secret")))
    return keys, AllowList(wanted.folder / str(settings.get("allow_list", ALLOW_LIST)), keys)


def plate_cameras(wanted: Wanted) -> list[str]:
    """Devices of the link whose profile reads plates."""
    profile = wanted.plan.profile
    return [name for name in wanted.devices if any(_PLATES & one.at.keys() for one in profile(name).points.values())]


def _device(wanted: Wanted, name: str) -> PushDevice:
    plan, device = wanted.plan, wanted.devices[name]
    profile = plan.profile(name)
    if strange := sorted(set(device.settings) - SETTINGS):
        raise ConfigError(f"device.{name}.settings.{strange[0]}: no such setting; use {', '.join(sorted(SETTINGS))}")
    if device.settings.get("digest", "MD5") != "MD5":
        raise ConfigError(f'device.{name}.settings.digest: write "MD5", or leave it out')
    zone = ZoneInfo(plan.site.timezone)
    judge = PlateJudge(*plate_list(wanted, name)) if name in plate_cameras(wanted) else None
    times = {str(spec.at["time"]) for spec in profile.points.values() if "time" in spec.at}
    if len(times) > 1:
        raise ConfigError(f"profile {profile.id}: at.time: {len(times)} paths; a body has one time")
    try:
        credential = Credential.read(wanted.secret(_secret_name(wanted, name, "secret")))
    except FieldError as error:
        raise ConfigError(f"device.{name}: its secret is {error.message}; {error.cure}") from None
    return PushDevice(
        name,
        str(device.address),
        credential,
        tuple(_point(profile.id, point, spec, judge, zone) for point, spec in profile.points.items()),
        plan.every_s(name),
        plan.answer_s(name),
        next(iter(times), ""),
        zone,
        device.settings.get("digest") == "MD5",
    )


def _point(profile: str, name: str, spec: PointSpec, judge: PlateJudge | None, zone: tzinfo) -> PushPoint:
    at = {key: str(value) for key, value in spec.at.items()}
    where = f"profile {profile}: points.{name}.at"
    if strange := sorted(set(at) - KEYS):
        raise ConfigError(f"{where}.{strange[0]}: http_push has no such key; use {', '.join(sorted(KEYS))}")
    if at.get("answer") == "heard":
        return PushPoint(name, "heard")
    if at.get("answer") == "clock":
        return PushPoint(name, "clock")
    if spec.is_mark and judge is not None:
        return PushPoint(name, "event", at["mark"], frozenset(), at["mark"], _as_mark(judge, zone), at.get("id", ""))
    if "answer" in at or not at.get("path"):
        raise ConfigError(f"{where}: neither a path nor one of the answers {', '.join(ANSWERS)}; add one")
    if spec.kind == "state":
        return PushPoint(name, "state", at["path"])
    if spec.kind == "number":  # what is private is of one moment and one person, so it does not stand
        return PushPoint(name, "reading" if spec.is_private else "state", at["path"])
    if spec.kind != "event":
        raise ConfigError(f"{where}: a device that calls has no {spec.kind}; make it a state, number or event")
    if judge is None or "plate" not in at:
        return PushPoint(name, "event", at["path"], frozenset(spec.words), id_path=at.get("id", ""))
    raws = frozenset(spec.words) - {"listed", "unlisted", "late"}
    return PushPoint(name, "event", at["path"], raws, at["plate"], _as_word(judge, spec), at.get("id", ""))


def _as_word(judge: PlateJudge, spec: PointSpec) -> Callable[[str, bool], Value | None]:
    unread = next((raw for raw, word in spec.words.items() if word == "read"), None)

    def turn(text: str, is_late: bool) -> Value | None:
        word = judge.word(text, is_late=is_late)
        return unread if word == "read" else word

    return turn


def _as_mark(judge: PlateJudge, zone: tzinfo) -> Callable[[str, bool], Value | None]:
    return lambda text, _is_late: judge.mark(text, datetime.now(zone).date())


def _secret_name(wanted: Wanted, device: str, key: str) -> str:
    settings, link = wanted.devices[device].settings, wanted.link
    name = str(settings.get(key, settings.get("secret", link.secret)))
    if not name:
        raise ConfigError(f"device.{device}.settings.secret: missing; name its secret, or the link's for all devices")
    return name


__all__ = ["ALLOW_LIST", "make", "plate_cameras", "plate_list"]
