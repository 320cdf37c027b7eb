"""The settings of the simulated booth: the wires of this run, written as the booth.toml a technician would write.

Knows where this run's other ends are; what the settings mean is the booth's business.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BOOTH = "B7"
COMMUNITY = "幸福里社区"


@dataclass(frozen=True)
class Wires:
    """Where the booth finds its devices in this run."""

    backend_port: int
    printer_port: int
    camera: str  # source: URL of the simulated camera, or a real webcam's device
    pcscd_socket: Path
    sam: Path
    trust_folder: Path
    keypad: Path
    sound: Path
    face_pack: str = ""
    display: str = "offscreen"  # offscreen | windowed | fullscreen
    presence_code: int = 0
    site: str = ""  # folder of the site around the booth; "" = none
    broker_port: int = 0  # of the platform's broker; 0 = the site's journal stays in the booth


def settings(wires: Wires) -> dict[str, dict[str, Any]]:
    """The sections of booth.toml. Paths under the run folder are relative to it."""
    return {
        "booth": {
            "id": BOOTH,
            "community": COMMUNITY,
            "is_laboratory": True,
            "way_out": "left",
            "meet_at": {"zh": "南门小广场", "en": "the square at the south gate"},
            "neighbours": [{"zh": "北门岗亭", "en": "the booth at the north gate"}],
        },
        "display": {"mode": wires.display},
        "card_reader": {
            "socket": str(wires.pcscd_socket),
            "sam": str(wires.sam),
            "trust_folder": str(wires.trust_folder),
        },
        "camera": {"source": wires.camera},
        "face": {"pack": wires.face_pack},
        "printer": {
            "connection": "network",
            "host": "127.0.0.1",
            "port": wires.printer_port,
            "has_exit_sensor": True,
        },
        "speech": {"sink": f"pipe:{wires.sound}", "prepared": "prepared"},
        "keypad": {"devices": [str(wires.keypad)], "presence_code": wires.presence_code},
        "ledger": {"folder": "ledger"},
        "backend": {
            "url": f"https://127.0.0.1:{wires.backend_port}",
            "ca": "pki/ca.pem",
            "certificate": "pki/booth.pem",
            "key": "pki/booth.key",
            "seal_pub": "pki/seal.pub",
            "sign_pub": "pki/sign.pub",
        },
        "bench": {"remote": "remote.sock"},
    } | _around(wires)


def _around(wires: Wires) -> dict[str, dict[str, Any]]:
    """The watch over the site, and its road to the platform."""
    if not wires.site:
        return {}
    folder = wires.site
    found: dict[str, dict[str, Any]] = {
        "site": {"file": f"{folder}/site.toml", "folder": folder, "secrets": f"{folder}/secrets.toml"}
    }
    if wires.broker_port:
        found["site.uplink"] = {
            "broker": f"127.0.0.1:{wires.broker_port}",
            "ca": "pki/ca.pem",
            "certificate": "pki/booth.pem",
            "key": "pki/booth.key",
        }
    return found


def write(file: Path, wires: Wires) -> None:
    """Write ``file`` whole or not at all."""
    lines = ["# Written anew by the bench at every start: the wires of this run.", ""]
    for name, section in settings(wires).items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {_toml(value)}" for key, value in section.items()]
        lines.append("")
    new = file.with_suffix(".toml.new")
    new.write_text("\n".join(lines), encoding="utf-8")
    new.replace(file)


def _toml(value: object) -> str:
    """A value on one line: a JSON text, number or truth value is the same in TOML, a table is not."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)
