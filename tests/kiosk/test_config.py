"""booth.toml: every error names file, key and cure; relative paths begin at the file's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from kiosk.config import BoothSection, Config, ConfigError, Times, load

GOOD = """
[booth]
id = "B7"
community = "幸福里社区"

[ledger]
folder = "ledger"

[backend]
url = "https://localhost:8443"
ca = "pki/ca.pem"
certificate = "pki/booth.pem"
key = "pki/booth.key"
seal_pub = "pki/seal.pub"
sign_pub = "/etc/booth/sign.pub"
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "booth.toml"
    file.write_text(text, encoding="utf-8")
    return file


def without(section: str) -> str:
    """GOOD without one of its sections."""
    before, _, rest = GOOD.partition(f"[{section}]")
    return before + rest[rest.index("\n[") :] if "\n[" in rest else before


def test_a_short_file_is_enough(tmp_path: Path) -> None:
    config = load(write(tmp_path, GOOD))
    assert config.booth == BoothSection(id="B7", community="幸福里社区")
    assert config.times == Times()
    assert config.keypad.keys[28] == "select"


def test_relative_paths_begin_at_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = """
[face]
pack = "models/pack"
[speech]
sink = "pipe:sound.fifo"
prepared = "prepared"
[bench]
remote = "remote.sock"
[keypad]
devices = ["keypad.fifo", "/dev/input/by-id/pad"]
[card_reader]
socket = "pcscd/pcscd.comm"
[camera]
source = "film.mjpeg"
"""
    write(tmp_path, GOOD + more)
    monkeypatch.chdir(tmp_path)
    config = load(Path("booth.toml"))
    at = str(tmp_path)
    assert config.ledger.folder == f"{at}/ledger"
    assert config.backend.ca == f"{at}/pki/ca.pem"
    assert config.backend.sign_pub == "/etc/booth/sign.pub"
    assert config.face.pack == f"{at}/models/pack"
    assert (config.speech.prepared, config.speech.sink) == (f"{at}/prepared", f"pipe:{at}/sound.fifo")
    assert config.bench.remote == f"{at}/remote.sock"
    assert config.keypad.devices == (f"{at}/keypad.fifo", "/dev/input/by-id/pad")
    assert config.card_reader.socket == f"{at}/pcscd/pcscd.comm"
    assert config.camera.source == f"{at}/film.mjpeg"


def test_a_link_to_a_device_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "event5").touch()
    (tmp_path / "by-id").symlink_to(tmp_path / "event5")
    config = load(write(tmp_path, GOOD + '[keypad]\ndevices = ["by-id"]\n'))
    assert config.keypad.devices == (f"{tmp_path}/by-id",)  # after re-plugging it leads to another event number


def test_the_card_readers_places(tmp_path: Path) -> None:
    (tmp_path / "csca").mkdir()
    (tmp_path / "libwlt.so").touch()
    more = '[card_reader]\ntrust_folder = "csca"\nwlt_library = "libwlt.so"\nsam = "sam.tty"\nextended = ["Acme 3"]\n'
    config = load(write(tmp_path, GOOD + more)).card_reader
    assert (config.trust_folder, config.wlt_library) == (f"{tmp_path}/csca", f"{tmp_path}/libwlt.so")
    assert (config.sam, config.extended) == (f"{tmp_path}/sam.tty", ("Acme 3",))


@pytest.mark.parametrize("sam", ["", "usb", "usb:0400:c35a", "/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0"])
def test_a_sam_module_is_a_port_or_on_usb(sam: str, tmp_path: Path) -> None:
    assert load(write(tmp_path, GOOD + f'[card_reader]\nsam = "{sam}"\n')).card_reader.sam == sam


@pytest.mark.parametrize("source", ["0", "/dev/video2", "http://127.0.0.1:8081/stream", "rtsp://camera/1"])
def test_a_camera_is_no_file_of_ours(source: str, tmp_path: Path) -> None:
    assert load(write(tmp_path, GOOD + f'[camera]\nsource = "{source}"\n')).camera.source == source


@pytest.mark.parametrize("sink", ["device", "device:hw:1", "null"])
def test_sinks_that_are_no_path(sink: str, tmp_path: Path) -> None:
    assert load(write(tmp_path, GOOD + f'[speech]\nsink = "{sink}"\n')).speech.sink == sink


BROKEN = {
    "unknown key": (GOOD + "[camera]\ncolour = 1\n", "camera.colour: unknown key: remove it or correct its spelling"),
    "unknown section": (GOOD + "[prnter]\nport = 1\n", "prnter: unknown key: remove it or correct its spelling"),
    "missing section": (without("ledger"), "ledger: missing: add it"),
    "missing key": (GOOD.replace('id = "B7"\n', ""), "booth.id: missing: add it"),
    "wrong type": (GOOD + '[printer]\nport = "x"\n', "printer.port: Input should be a valid integer, unable to"),
    "out of range": (
        GOOD + "[printer]\nport = 70000\n",
        "printer.port: Input should be less than or equal to 65535; correct",
    ),
    "not one of": (GOOD + "[printer]\npaper_mm = 76\n", "printer.paper_mm: Input should be 58 or 80; correct it"),
    "bad id": (
        GOOD.replace('"B7"', '"b 7"'),
        "booth.id: String should match pattern '^[A-Z][A-Z0-9]{0,7}$'; correct it",
    ),
    "plain http": (GOOD.replace("https:", "http:"), "backend.url: String should match pattern '^https://'; correct it"),
    "no such sink": (GOOD + '[speech]\nsink = "loud"\n', "speech.sink: String should match pattern"),
    "no such key": (
        GOOD + '[keypad.keys]\n28 = "enter"\n',
        "keypad.keys: 28 = 'enter': no such key; use one of next, previous",
    ),
    "no key code": (
        GOOD + '[keypad.keys]\nF1 = "help"\n',
        "keypad.keys: 'F1' is no key code; use the number of a Linux key code",
    ),
    "keys of another shape": (
        GOOD + '[keypad]\nkeys = "all"\n',
        "keypad.keys: Input should be a valid dictionary; correct it",
    ),
    "no speed of a SAM module": (
        GOOD + "[card_reader]\nsam_baud = 4800\n",
        "card_reader.sam_baud: Input should be 0, 9600, 19200, 38400, 57600 or 115200; correct it",
    ),
    "no USB device": (
        GOOD + '[card_reader]\nsam = "usb:400:C35A"\n',
        "card_reader.sam: 'usb:400:C35A' names no USB device; write usb, or usb:0400:C35A with four hex digits each",
    ),
    "any reader": (
        GOOD + '[card_reader]\nextended = [" "]\n',
        "card_reader.extended: an empty name fits every reader; name the reader or remove it",
    ),
    "no trust folder": (
        GOOD + '[card_reader]\ntrust_folder = "/nowhere/csca"\n',
        "card_reader.trust_folder: /nowhere/csca: no such folder; correct the path or remove the key",
    ),
    "no photo decoder": (
        GOOD + '[card_reader]\nwlt_library = "/nowhere/libwlt.so"\n',
        "card_reader.wlt_library: /nowhere/libwlt.so: no such file; correct the path or remove the key",
    ),
    "no time": (GOOD + "[times]\nidle_s = 0\n", "times.idle_s: must be more than 0 and at most 3600 seconds"),
    "endless time": (GOOD + "[times]\nidle_s = 1e9\n", "times.idle_s: must be more than 0 and at most 3600 seconds"),
    "long wait": (
        GOOD + "[times]\nprint_s = 31\n",
        "times: print_s: a wait without a way out may last 30 s; shorten it",
    ),
    "remote of an enrolled booth": (
        GOOD.replace('id = "B7"', 'id = "B7"\nis_enrolled = true') + '[bench]\nremote = "remote.sock"\n',
        "bench.remote: not allowed on an enrolled booth; remove it",
    ),
    "no toml": (GOOD + "[times\n", "(at line 16, column 7); correct the TOML there"),
    "twice": (GOOD + '[booth]\nid = "B8"\n', "(at line 16, column 7); correct the TOML there"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_an_error_names_file_key_and_cure(case: str, tmp_path: Path) -> None:
    text, problem = BROKEN[case]
    file = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load(file)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{file}: ")
    assert problem in line


def test_all_errors_are_told_together(tmp_path: Path) -> None:
    file = write(tmp_path, without("ledger") + "[camera]\nfps = 0\ncolour = 1\n")
    with pytest.raises(ConfigError) as caught:
        load(file)
    keys = [line.removeprefix(f"{file}: ").split(": ")[0] for line in str(caught.value).splitlines()]
    assert sorted(keys) == ["camera.colour", "camera.fps", "ledger"]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"booth\.toml: no such file; give the right path or write it first"):
        load(tmp_path / "booth.toml")
    with pytest.raises(ConfigError, match=r"cannot be read \(Is a directory\); give the path of a file"):
        load(tmp_path)
    file = tmp_path / "booth.toml"
    file.write_bytes(GOOD.encode("gb18030"))
    with pytest.raises(ConfigError, match=r"booth\.toml: not UTF-8 at byte 32; save it as UTF-8"):
        load(file)


def test_an_error_does_not_show_what_was_written(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD.replace('"pki/booth.key"', '["-----BEGIN PRIVATE KEY-----"]'))
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert "backend.key" in str(caught.value)
    assert "PRIVATE" not in str(caught.value)


def test_settings_do_not_change_under_way(tmp_path: Path) -> None:
    config = load(write(tmp_path, GOOD))
    with pytest.raises(ValueError, match="frozen"):
        config.times.idle_s = 1  # type: ignore[misc]


def test_every_time_is_used() -> None:
    """A time-out that nobody reads would be a promise that nobody keeps."""
    root = Path(__file__).resolve().parents[2]
    sources = "".join(
        file.read_text(encoding="utf-8")
        for room in ("kiosk", "booth", "screens")
        for file in (root / room).rglob("*.py")
    )
    definition = (root / "kiosk" / "config.py").read_text(encoding="utf-8").partition("class Config(")[0]
    for name in Times.model_fields:
        assert sources.count(name) > definition.count(name) or f"self.{name}" in definition, name


def sections() -> list[type[BaseModel]]:
    return [field.annotation for field in Config.model_fields.values()]  # type: ignore[misc]


@pytest.mark.parametrize("section", sections())
def test_every_section_refuses_what_it_does_not_know(section: Any) -> None:
    assert section.model_config["extra"] == "forbid"
    assert section.model_config["frozen"]


def test_every_setting_stands_in_operations() -> None:
    """A technician finds each key, with the waiting times as they are."""
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = {row.split("|")[1].strip(" `"): row for row in page.splitlines() if row.startswith("| `[")}
    for name, field in Config.model_fields.items():
        row = rows[f"[{name}]"]
        assert isinstance(field.annotation, type)
        assert issubclass(field.annotation, BaseModel)
        for key in field.annotation.model_fields:
            assert f"`{key}`" in row or f"[{name}.{key}]" in row, f"{name}.{key}"
    for key, value in Times():
        assert f"`{key}` {value:g}" in rows["[times]"]
