"""What booth.toml says of the site: where things are, how the platform is reached, and where secrets come from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from booth.site_run import place_of
from booth.site_secrets import secrets_of
from kiosk.config import Config, ConfigError, load

_BOOTH = """
[booth]
id = "T7"
community = "test"
[ledger]
folder = "ledger"
[backend]
url = "https://127.0.0.1:1/"
ca = "ca"
certificate = "c"
key = "k"
seal_pub = "s"
sign_pub = "s"
"""


def config(folder: Path, more: str) -> Config:
    (folder / "booth.toml").write_text(_BOOTH + more, encoding="utf-8")
    return load(folder / "booth.toml")


def test_the_ledgers_folder_is_the_sites_unless_another_is_given(tmp_path: Path) -> None:
    assert config(tmp_path, "").site.folder == str(tmp_path / "ledger")
    found = config(tmp_path, '[site]\nfile = "site.toml"\nfolder = "watch"\nsecrets = "secrets.toml"\n').site
    assert (found.file, found.folder, found.secrets) == tuple(
        str(tmp_path / name) for name in ("site.toml", "watch", "secrets.toml")
    )


def test_without_a_site_file_there_is_nothing_to_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"site\.file: missing"):
        place_of(config(tmp_path, ""), tmp_path)


def test_the_uplink_gets_what_it_needs_and_only_with_a_broker(tmp_path: Path) -> None:
    assert place_of(config(tmp_path, '[site]\nfile = "site.toml"\n'), tmp_path).uplink == ""
    tls = 'ca = "ca.pem"\ncertificate = "c.pem"\nkey = "k.pem"\n'
    place = place_of(
        config(tmp_path, f'[site]\nfile = "s.toml"\n[site.uplink]\nbroker = "grid.example:8883"\n{tls}'), tmp_path
    )
    assert json.loads(place.uplink) == {
        "booth": "T7", "folder": str(tmp_path / "ledger"), "site": str(tmp_path / "s.toml"),
        "profiles": str(tmp_path), "broker": "grid.example:8883", "ca": str(tmp_path / "ca.pem"),
        "certificate": str(tmp_path / "c.pem"), "key": str(tmp_path / "k.pem"),
    }  # fmt: skip


@pytest.mark.parametrize("broker", ["127.0.0.1:1883", "localhost:1883", "[::1]:1883"])
def test_on_this_computer_a_broker_needs_no_tls(tmp_path: Path, broker: str) -> None:
    assert config(tmp_path, f'[site.uplink]\nbroker = "{broker}"\n').site.uplink.broker == broker


@pytest.mark.parametrize(
    ("words", "cure"),
    [
        ('broker = "grid.example:8883"\n', "add ca, certificate, key"),
        ('broker = "grid.example:8883"\nca = "ca"\ncertificate = "c"\n', "add key"),
        ('broker = "localhost:1883"\nca = "ca"\n', "add certificate, key"),
        ('broker = "grid.example"\n', "platform.example:8883"),
        ('broker = "mqtt://grid.example:8883"\n', "platform.example:8883"),
    ],
)
def test_anywhere_else_it_is_refused_with_its_cure(tmp_path: Path, words: str, cure: str) -> None:
    with pytest.raises(ConfigError, match=cure):
        config(tmp_path, f"[site.uplink]\n{words}")


def test_a_secret_comes_from_a_file_of_our_own(tmp_path: Path) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text('bus = "0011"\nempty = ""\n', encoding="utf-8")
    file.chmod(0o600)
    secret = secrets_of(str(file))
    assert secret("bus") == "0011"
    for name in ("none", "empty"):
        with pytest.raises(ConfigError, match=f"{name}: no such secret; add") as caught:
            secret(name)
        assert "0011" not in str(caught.value)


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text('bus = "0011"\n', encoding="utf-8")
    file.chmod(0o640)
    with pytest.raises(ConfigError, match="mode 0600"):
        secrets_of(str(file))("bus")
    with pytest.raises(ConfigError, match=r"site\.secrets"):
        secrets_of("")("bus")
    with pytest.raises(ConfigError, match="no such file"):
        secrets_of(str(tmp_path / "none"))("bus")
