"""``booth site plate``: plates in by standard input, only hashes out."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from booth.site_links.http_push import ALLOW_LIST
from booth.site_plates import plate
from tests.booth.field_site import HEAD
from tests.booth.test_links_http_push import SITE


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site.toml").write_text(HEAD + SITE, encoding="utf-8")
    secrets = tmp_path / "secrets.toml"
    secrets.touch(0o600)
    secrets.write_text('push = "camera:not-a-real-password"\nplates = "not-a-real-plate-key"\n')
    return tmp_path


def run(site: Path, verb: str, typed: str = "", *more: str) -> Result:
    given = [verb, "--site", str(site / "site.toml"), "--secrets", str(site / "secrets.toml"), *more]
    return CliRunner().invoke(plate, given, input=typed)


def test_plates_are_added_and_removed_and_never_repeated(site: Path) -> None:
    added = run(site, "add", "沪A·12345\n京B88888\n\n沪a12345\n")
    assert (added.exit_code, added.output) == (0, "added: 2, there already: 1, no plates: 0\n")
    assert "2 plates" in run(site, "count").output
    wrong = run(site, "add", "沪C11111\nnot a plate!\n")
    assert wrong.exit_code == 2
    assert wrong.output.startswith("line 2: not a plate")
    assert run(site, "remove", "沪A12345\n沪D00000\n").output == "removed: 1, not there: 1, no plates: 0\n"
    assert "2 plates" in run(site, "count").output
    assert "沪" not in (site / ALLOW_LIST).read_text()


def test_what_is_missing_is_said(site: Path) -> None:
    assert "no camera that reads plates" in run(site, "count", "", "--device", "gate").output
    (site / "secrets.toml").chmod(0o644)
    refused = run(site, "add", "沪A12345\n")
    assert refused.exit_code == 2
    assert "0600" in refused.output
    (site / "secrets.toml").chmod(0o600)
    run(site, "add", "沪A12345\n")
    (site / "secrets.toml").write_text('push = "x:not-a-real-password"\nplates = "not-the-same-plate-key"\n')
    assert "another secret" in run(site, "add", "沪A12345\n").output
