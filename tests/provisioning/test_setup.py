"""Set-up by the real script: against this machine's packages, and against an apt and dpkg that we hold in hand.

The stand-ins are the other side of the script's wire: executables on its PATH, as apt is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "provisioning" / "setup.sh"
TOOLS = ("sh", "env", "cat", "chmod", "rm", "readlink", "dirname")


def run(*arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ)
    if path:
        environment |= {"PATH": str(path), "BOOTH_POLICY_FILE": str(path.parent / "policy-rc.d")}
    return subprocess.run(
        ["/bin/sh", str(SCRIPT), *arguments], capture_output=True, text=True, env=environment, timeout=60, check=False
    )


class Machine:
    """A folder of executables: dpkg knows the packages listed in ``installed``, apt those in ``index``."""

    def __init__(self, folder: Path, *, uid: int = 0) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.installed, self.index, self.log = folder / "installed", folder / "index", folder / "log"
        self.installed.touch()
        self.index.touch()
        self.log.touch()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool) or f"/bin/{tool}")
        self.put("id", f"echo {uid}")
        self.put(
            "dpkg-query",
            f'shift 3; for p in "$@"; do while read -r q; do [ "$p" = "$q" ] && printf "installed:%s " "$p"; done '
            f"<{self.installed}; done; exit 1",
        )
        self.put("apt-cache", f'shift 2; while read -r q; do [ "$1" = "$q" ] && exit 0; done <{self.index}; exit 1')
        self.put(
            "apt-get",
            f'echo "$DEBIAN_FRONTEND $*" >>{self.log}\n'
            f"{folder}/policy-rc.d postgresql.service start; echo $? >{folder}/policy\n"
            f'case "$*" in *update*) echo "$FRESH" | {shutil.which("tr")} " " "\\n" >>{self.index} ;; *install*) '
            'for p in "$@"; do case $p in -*|install|*=*) ;; '
            f"*) [ ! -e {folder}/broken ] || exit 100; echo $p >>{self.installed} ;; esac; done ;; esac",
        )

    def put(self, name: str, body: str) -> None:
        file = self.bin / name
        file.write_text(f"#!/bin/sh\n{body}\n")
        file.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        return self.log.read_text().splitlines()


def listed(*arguments: str, path: Path | None = None) -> list[str]:
    return run("--list", *arguments, path=path).stdout.split()


def test_this_machine_is_set_up_and_asking_again_is_quick() -> None:
    begun = time.monotonic()
    result = run("--bench")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert time.monotonic() - begun < 10  # a guard against calling apt, not a benchmark


def test_lists_name_what_the_booth_and_the_bench_need() -> None:
    booth, bench = listed(), listed("--bench")
    assert {"pcscd", "espeak-ng", "libportaudio2", "fonts-noto-cjk", "libgles2"} <= set(booth)
    assert set(booth) < set(bench)
    assert set(bench) - set(booth) >= {"vsmartcard-vpcd", "xvfb", "chromium", "postgresql", "mosquitto", "strace"}


def test_only_what_is_missing_is_installed_without_questions_and_services_stay_down(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    everything = listed(path=machine.bin)
    machine.index.write_text("\n".join(everything) + "\n")
    machine.installed.write_text("\n".join(p for p in everything if p not in ("swig", "espeak-ng")) + "\n")
    first = run(path=machine.bin)
    assert first.returncode == 0, first.stderr
    (call,) = machine.calls
    assert call.startswith("noninteractive ")
    assert call.endswith("install -y --no-install-recommends swig espeak-ng")
    assert (tmp_path / "policy").read_text() == "101\n"  # while apt ran, starting PostgreSQL was forbidden
    assert not (tmp_path / "policy-rc.d").exists()
    assert run(path=machine.bin).returncode == 0
    assert len(machine.calls) == 1  # nothing missing: apt is not asked


def test_policy_of_the_machine_is_kept(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.index.write_text("\n".join(listed(path=machine.bin)) + "\n")
    (tmp_path / "policy-rc.d").write_text("theirs")
    assert run(path=machine.bin).returncode == 0
    assert (tmp_path / "policy-rc.d").read_text() == "theirs"


def test_index_is_updated_when_a_package_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(tmp_path)
    everything = listed(path=machine.bin)
    machine.installed.write_text("\n".join(everything[1:]) + "\n")
    monkeypatch.setenv("FRESH", everything[0])
    assert run(path=machine.bin).returncode == 0
    assert [call.rpartition(" ")[2] for call in machine.calls] == ["update", everything[0]]


def test_unknown_package_after_the_update_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(tmp_path)
    machine.installed.write_text("\n".join(listed(path=machine.bin)[1:]) + "\n")
    monkeypatch.setenv("FRESH", "")
    result = run(path=machine.bin)
    assert result.returncode == 1
    assert "does not know all of: pcscd" in result.stderr
    assert "sources.list" in result.stderr


def test_failed_installation_updates_once_then_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(tmp_path)
    everything = listed(path=machine.bin)
    machine.index.write_text("\n".join(everything) + "\n")
    monkeypatch.setenv("FRESH", "")
    (tmp_path / "broken").touch()
    result = run(path=machine.bin)
    assert result.returncode == 1
    assert "apt-get install failed" in result.stderr
    assert [("update" in call) for call in machine.calls] == [False, True, False]


def test_neither_root_nor_sudo_says_what_to_do(tmp_path: Path) -> None:
    machine = Machine(tmp_path, uid=1000)
    result = run(path=machine.bin)
    assert result.returncode == 1
    assert "As root run: apt-get install pcscd" in result.stderr
    assert machine.calls == []


def test_sudo_is_used_where_it_is_needed(tmp_path: Path) -> None:
    machine = Machine(tmp_path, uid=1000)
    everything = listed(path=machine.bin)
    machine.index.write_text("\n".join(everything) + "\n")
    machine.installed.write_text("\n".join(everything[:-1]) + "\n")
    machine.put("sudo", f'echo sudo >>{machine.log}; exec "$@"')
    assert run(path=machine.bin).returncode == 0
    assert "sudo" in machine.calls


def test_other_systems_and_unknown_options_get_a_sentence(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    (machine.bin / "dpkg-query").unlink()
    assert "Debian 12 only" in run(path=machine.bin).stderr
    result = run("--everything")
    assert result.returncode == 1
    assert "unknown option '--everything'" in result.stderr
