"""booth.toml -> typed, validated settings. Every time-out in one place, with its unit and its reason.

Knows names and places of devices as text; building drivers from them is the composition root's job.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

KEYS_DEFAULT = {
    15: "next", 106: "next", 108: "next", 105: "previous", 103: "previous", 28: "select", 96: "select",
    1: "back", 59: "help", 60: "repeat", 61: "more_time", 14: "delete",
    82: "0", 79: "1", 80: "2", 81: "3", 75: "4", 76: "5", 77: "6", 71: "7", 72: "8", 73: "9",
    11: "0", 2: "1", 3: "2", 4: "3", 5: "4", 6: "5", 7: "6", 8: "7", 9: "8", 10: "9",
}  # fmt: skip


class ConfigError(Exception):
    """booth.toml (or another settings file) cannot be used; the text names file, key, what is wrong and the cure."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Neighbour(_Section):
    """Another booth, in words for somebody who walks there."""

    zh: Annotated[str, Field(min_length=1, max_length=20)]
    en: Annotated[str, Field(min_length=1, max_length=40)]
    services: tuple[str, ...] = ()  # ids of what it offers; none named = the same as here


class BoothSection(_Section):
    id: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{0,7}$")]
    community: str
    is_enrolled: bool = False
    is_laboratory: bool = False
    language: Literal["zh", "en"] = "zh"
    telephone: str = "12345"
    way_out: Literal["", "left", "right", "ahead", "behind"] = ""  # for whoever faces the screen; "" = no arrow
    meet_at: dict[Literal["zh", "en"], str] = {}  # where to go after a fire alarm: { zh = "南门广场", en = "..." }
    neighbours: tuple[Neighbour, ...] = ()  # other booths, the nearest first


class DisplaySection(_Section):
    mode: Literal["fullscreen", "windowed", "offscreen"] = "fullscreen"
    width_px: Annotated[int, Field(ge=480, le=7680)] = 1080
    height_px: Annotated[int, Field(ge=480, le=7680)] = 1920
    dpi: Annotated[float, Field(ge=40, le=400)] = 102.5


class CardReaderSection(_Section):
    reader: str = ""  # part of the PC/SC reader's name; "" = the first one
    socket: str = ""  # PC/SC daemon's socket; "" = the system's
    extended: tuple[str, ...] = ()  # parts of the names of readers that pass APDUs of extended length
    trust_folder: str = ""  # country signing certificates (CSCA): *.cer, *.der, *.pem; "" = no passport is trusted
    sam: str = ""  # SAM module for resident cards: serial port, "usb" or "usb:VVVV:PPPP"; "" = none
    sam_baud: Literal[0, 9600, 19200, 38400, 57600, 115200] = 0  # 0 = try them all
    wlt_library: str = ""  # a vendor's decoder of the resident card's photo; "" = none
    wlt_pixels: Literal["bgr", "rgb", "bgr-down", "rgb-down"] = "bgr"  # how it lays them out

    @field_validator("sam")
    @classmethod
    def _port_or_usb(cls, value: str) -> str:
        if value.startswith("usb:") and not re.fullmatch(r"usb:[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}", value):
            raise ValueError(f"{value!r} names no USB device; write usb, or usb:0400:C35A with four hex digits each")
        return value

    @field_validator("extended")
    @classmethod
    def _names_a_reader(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not part.strip() for part in value):
            raise ValueError("an empty name fits every reader; name the reader or remove it")
        return value


class CameraSection(_Section):
    source: str = "/dev/video0"  # V4L2 device, URL or file
    second_source: str = ""  # of a binocular camera the right one, "" for one camera; needs face.stereo_calibration
    width_px: int = 1280
    height_px: int = 720
    rotation: Literal[0, 90, 180, 270] = 0
    fps: Annotated[int, Field(ge=1, le=60)] = 15


class FaceSection(_Section):
    pack: str = ""  # folder of the model pack; "" = no face verification
    liveness: Literal["challenge", "passive", "off"] = "challenge"  # the other two in a laboratory only
    stereo_calibration: str = ""  # file that `booth face cameras calibrate` made; needs camera.second_source


class PrinterSection(_Section):
    connection: Literal["network", "usb", "serial"] = "network"
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 9100
    usb_vendor: int = 0
    usb_product: int = 0
    device: str = "/dev/ttyUSB0"
    baud: int = 38400
    paper_mm: Literal[58, 80] = 80
    dpi: int = 203
    has_exit_sensor: bool = False


class SpeechSection(_Section):
    sink: Annotated[str, Field(pattern=r"^(device|device:.+|pipe:.+|null)$")] = "device"
    prepared: str = ""  # folder of prepared sentences; "" = what `make setup-booth` prepared


class KeypadSection(_Section):
    devices: tuple[str, ...] = ()  # input event devices, by-id paths
    keys: dict[int, str] = Field(
        default_factory=lambda: dict(KEYS_DEFAULT)
    )  # Linux key code -> hardware.keypad.Key value
    presence_code: int = 0  # key or switch code of a presence sensor; 0 = none

    @field_validator("keys", mode="before")
    @classmethod
    def _codes_are_numbers(cls, value: Any) -> Any:
        from hardware.keypad import Key  # noqa: PLC0415 - the keeper knows no device

        if not isinstance(value, dict):
            return value
        for code, name in value.items():
            if not str(code).isdecimal():
                raise ValueError(f"{code!r} is no key code; use the number of a Linux key code")
            if name not in {key.value for key in Key}:
                raise ValueError(f"{code} = {name!r}: no such key; use one of {', '.join(key.value for key in Key)}")
        return {int(code): name for code, name in value.items()}


class LedgerSection(_Section):
    folder: str


class BackendSection(_Section):
    url: Annotated[str, Field(pattern=r"^https://")]
    ca: str
    certificate: str
    key: str
    seal_pub: str  # file: X25519 public key, 64 hex digits
    sign_pub: str  # file: Ed25519 public key, 64 hex digits


class BenchSection(_Section):
    remote: str = ""  # Unix socket of screens/remote.py; only on a booth that is not enrolled


class UplinkSection(_Section):
    """The site's journal to the platform, MQTT 5 over TLS; without TLS only on this computer."""

    broker: str = ""  # host:port; "" = the journal stays here
    ca: str = ""
    certificate: str = ""
    key: str = ""

    @field_validator("broker")
    @classmethod
    def _has_a_port(cls, value: str) -> str:
        if value and not re.fullmatch(r"[^\s:/]+:\d{1,5}|\[[0-9A-Fa-f:]+\]:\d{1,5}", value):
            raise ValueError(f"{value!r} is no host:port; write for example platform.example:8883")
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> UplinkSection:
        missing = [name for name in ("ca", "certificate", "key") if self.broker and not getattr(self, name)]
        is_here = re.match(r"localhost:|127\.|\[::1\]:", self.broker) is not None
        if missing and not (is_here and len(missing) == 3):
            raise ValueError(f"a broker needs TLS both ways; add {', '.join(missing)}")
        return self


class SiteSection(_Section):
    """The watch over the site (``booth site run``)."""

    file: str = ""  # site.toml; "" = nothing is watched
    folder: str = ""  # site.db and feed.sock; "" = the ledger's folder
    secrets: str = ""  # TOML, mode 0600: name = "secret", for the links that name one
    staff_uids: tuple[Annotated[int, Field(ge=0)], ...] = ()  # users besides the booth's own and root at the feed
    uplink: UplinkSection = UplinkSection()


class Times(_Section):
    """All waiting times of a visit, in seconds. Defaults are the product's; a site may lengthen them."""

    idle_s: float = 120  # R21: no input and no speech, identified resident
    idle_with_aids_s: float = 300  # R21: a headset, keypad or large text is in use
    idle_anonymous_s: float = 60  # R21: nobody is identified yet
    alert_s: float = 60  # R22: "still there?" before the visit ends
    more_time_s: float = 300  # one press of "I need more time"
    progress_after_s: float = 0.5  # R19: a wait longer than this is shown and spoken
    progress_again_s: float = 10  # R19
    way_out_after_s: float = 30  # R19: a wait longer than this offers a way out
    face_attempt_s: float = 40  # one attempt: coaching and two movements included; nobody is hurried within 30 s
    clerk_wait_s: float = 120  # nobody answers within this -> another way
    clerk_poll_s: float = 1
    lookup_s: float = 8  # total deadline of one enquiry to the backend
    acknowledgement_s: float = 3  # after commit; then the receipt says "recorded, not yet accepted"
    print_s: float = 30  # longest receipt at 150 mm/s, three times over
    goodbye_s: float = 4  # long enough to hear "all done, nothing kept"
    belongings_s: float = 20  # how long a card or paper left behind keeps the welcome away
    banner_s: float = 10  # news that ends no question (help is called) is read twice in this time
    way_out_again_s: float = 2  # a breath of silence before the way out is said again

    @field_validator("*")
    @classmethod
    def _positive(cls, value: float) -> float:
        if not 0 < value <= 3600:
            raise ValueError("must be more than 0 and at most 3600 seconds")
        return value

    @model_validator(mode="after")
    def _no_wait_without_a_way_out(self) -> Times:
        for name in ("lookup_s", "acknowledgement_s", "print_s"):
            if getattr(self, name) > self.way_out_after_s:
                raise ValueError(f"{name}: a wait without a way out may last {self.way_out_after_s:g} s; shorten it")
        return self


class Config(_Section):
    booth: BoothSection
    display: DisplaySection = DisplaySection()
    card_reader: CardReaderSection = CardReaderSection()
    camera: CameraSection = CameraSection()
    face: FaceSection = FaceSection()
    printer: PrinterSection = PrinterSection()
    speech: SpeechSection = SpeechSection()
    keypad: KeypadSection = KeypadSection()
    ledger: LedgerSection
    backend: BackendSection
    bench: BenchSection = BenchSection()
    site: SiteSection = SiteSection()
    times: Times = Times()

    @model_validator(mode="after")
    def _two_cameras_and_what_they_are(self) -> Config:
        if bool(self.camera.second_source) is not bool(self.face.stereo_calibration):
            raise ValueError(
                "camera.second_source and face.stereo_calibration belong together: give both or none"
                " (the file is made by `booth face cameras calibrate`)"
            )
        return self


def explain(error: ValidationError, file: Path, data: Mapping[str, Any] | None = None) -> str:
    """Pydantic's findings as one line each: file, key, what is wrong and what to do; entries of a list by their id."""
    lines = []
    for item in error.errors():
        problem = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            problem = "unknown key: remove it or correct its spelling"
        elif item["type"] == "missing":
            problem = "missing: add it"
        elif item["type"] != "value_error":
            problem += "; correct it"
        lines.append(": ".join(part for part in (str(file), _key(item["loc"], data), problem) if part))
    return "\n".join(dict.fromkeys(lines))


def _key(path: tuple[int | str, ...], data: Any) -> str:
    """``printer.port``, or ``field[phone].kind`` where a list's entry has an id; "" for the file as a whole."""
    key = ""
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            data = None
        if isinstance(part, int):
            name = data.get("id", part) if isinstance(data, dict) else part
            key += f"[{name}]"
        else:
            key += f".{part}" if key else part
    return key


def read_toml(file: Path) -> dict[str, Any]:
    """Parse a TOML file. Raises ``ConfigError`` naming file, line and cure."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{file}: no such file; give the right path or write it first") from None
    except OSError as error:
        raise ConfigError(
            f"{file}: cannot be read ({error.strerror}); give the path of a file this user may read"
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: not UTF-8 at byte {error.start}; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: {error}; correct the TOML there") from None


def load(file: Path) -> Config:
    """Read booth.toml; relative paths are taken from its folder. Raises ``ConfigError``."""
    data = read_toml(file)
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        raise ConfigError(explain(error, file, data)) from None
    if config.face.liveness != "challenge" and not config.booth.is_laboratory:
        raise ConfigError(
            f"{file}: face.liveness: {config.face.liveness!r} proves no life and is for a laboratory; use 'challenge'"
        )
    if config.booth.is_enrolled and config.bench.remote:
        raise ConfigError(f"{file}: bench.remote: not allowed on an enrolled booth; remove it")
    anchored = _anchored(config, file.parent)
    _demand_places(anchored.card_reader, file)
    return anchored


def _demand_places(section: CardReaderSection, file: Path) -> None:
    """What the card reader's settings name must be there: a booth that trusts no passport should say so at once."""
    for key, path, is_right, what in (
        ("trust_folder", section.trust_folder, Path.is_dir, "folder"),
        ("wlt_library", section.wlt_library, Path.is_file, "file"),
    ):
        if path and not is_right(Path(path)):
            raise ConfigError(f"{file}: card_reader.{key}: {path}: no such {what}; correct the path or remove the key")


def _anchored(config: Config, folder: Path) -> Config:
    """Relative paths taken from ``folder``. Devices keep the name they were given: a link by id is not followed."""

    def at(path: str) -> str:
        return str((folder / path).resolve()) if path else ""

    def named(path: str) -> str:
        return str(folder.absolute() / path) if path else ""

    def place(source: str) -> str:
        return source if not source or "://" in source or source.isdecimal() else named(source)

    def changed(section: _Section, **update: object) -> _Section:
        return section.model_copy(update=update)

    site, uplink = config.site, config.site.uplink
    backend, card, source, sink = config.backend, config.card_reader, config.camera.source, config.speech.sink
    return config.model_copy(
        update={
            "ledger": changed(config.ledger, folder=at(config.ledger.folder)),
            "face": changed(
                config.face, pack=at(config.face.pack), stereo_calibration=at(config.face.stereo_calibration)
            ),
            "speech": changed(
                config.speech,
                prepared=at(config.speech.prepared),
                sink=f"pipe:{named(sink.removeprefix('pipe:'))}" if sink.startswith("pipe:") else sink,
            ),
            "camera": changed(config.camera, source=place(source), second_source=place(config.camera.second_source)),
            "card_reader": changed(
                card,
                socket=named(card.socket),
                trust_folder=at(card.trust_folder),
                wlt_library=at(card.wlt_library),
                sam=card.sam if card.sam.partition(":")[0] == "usb" else named(card.sam),
            ),
            "printer": changed(config.printer, device=named(config.printer.device)),
            "keypad": changed(config.keypad, devices=tuple(named(path) for path in config.keypad.devices)),
            "bench": changed(config.bench, remote=at(config.bench.remote)),
            "site": changed(
                site,
                file=at(site.file),
                folder=at(site.folder or config.ledger.folder),
                secrets=at(site.secrets),
                uplink=changed(uplink, **{k: at(getattr(uplink, k)) for k in ("ca", "certificate", "key")}),
            ),
            "backend": changed(
                backend, **{k: at(getattr(backend, k)) for k in ("ca", "certificate", "key", "seal_pub", "sign_pub")}
            ),
        }
    )
