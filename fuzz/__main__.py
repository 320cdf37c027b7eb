"""``python -m fuzz [TARGET ...] [--seconds N] [--seed N] [--plain]``: fuzz each target for so many seconds.

With atheris, where it is installed; else (or with --plain) by seeded mutation of the corpus, and it says so. What is
new and interesting is kept in .cache/fuzz; an input that is a finding goes to the target's corpus, where the tests find
it. Exit status 0: nothing found; 1: findings; 2: no such target.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import importlib.util
import random
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
KEPT = FOLDER.parent / ".cache" / "fuzz"
MOST_BYTES = 4096
SLOW_S = 0.5  # of CPU; a parser is to need a tenth of this at most, whatever comes
_MARKS = (
    b"\x00",
    b"\xff",
    b"\x80",
    b"\x7f",
    b"\x1f\x81",
    b"\x30\x80",
    b"\x82\xff\xff",
    b"\x84\xff\xff\xff\xff",
    b"\x90\x00",
)


def targets() -> list[str]:
    """Name all."""
    return sorted(file.stem.removeprefix("fuzz_") for file in FOLDER.glob("fuzz_*.py"))


def corpus(name: str) -> list[Path]:
    """Files of a target's kept corpus."""
    return sorted(file for file in (FOLDER / "corpus" / name).glob("*") if file.is_file())


def one_input(name: str) -> Callable[[bytes], None]:
    """Give a target's function."""
    function: Callable[[bytes], None] = importlib.import_module(f"fuzz.fuzz_{name}").one_input
    return function


def mutate(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Change ``data`` a little: flip, cut, repeat, insert a byte with a meaning, splice with ``other``."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        at = chance.randrange(len(changed) + 1)
        what = chance.randrange(6)
        if what == 0 and changed:
            changed[at % len(changed)] ^= 1 << chance.randrange(8)
        elif what == 1 and changed:
            changed[at % len(changed)] = chance.randrange(256)
        elif what == 2:
            changed[at:at] = chance.choice(_MARKS)
        elif what == 3:
            del changed[at : at + chance.randrange(1, 9)]
        elif what == 4:
            changed[at:at] = changed[at : at + chance.randrange(1, 65)]
        else:
            changed[at:] = other[chance.randrange(len(other) + 1) :]
    return bytes(changed[:MOST_BYTES])


def run_plain(name: str, seconds: float, seed: int) -> int:
    """Mutate the corpus until the time is over; the number of findings (0 or 1: the first one ends it)."""
    function, chance = one_input(name), random.Random(seed)  # noqa: S311 - reproducible on purpose
    pool = [file.read_bytes() for file in corpus(name)] or [b""]
    slowest_s, count, until = 0.0, 0, time.monotonic() + seconds
    for data in pool:  # warm: what is loaded at first use is nobody's input
        function(data)
    while time.monotonic() < until:
        data = mutate(chance.choice(pool), chance.choice(pool), chance)
        began_s = time.process_time()
        try:
            function(data)
            took_s = time.process_time() - began_s
            if took_s > SLOW_S:
                raise TimeoutError(f"{took_s:.2f} s of CPU for {len(data)} bytes")
        except Exception:
            file = FOLDER / "corpus" / name / f"finding-{hashlib.sha256(data).hexdigest()[:16]}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
            traceback.print_exc()
            _say(f"{name}: FOUND after {count} inputs: {file}")
            return 1
        slowest_s, count = max(slowest_s, took_s), count + 1
    _say(f"{name}: {count} inputs, nothing found, slowest {slowest_s * 1000:.1f} ms of CPU")
    return 0


def run_atheris(name: str, seconds: float, seed: int) -> int:
    """Fuzz in a child, because libFuzzer ends its process."""
    kept = KEPT / name
    kept.mkdir(parents=True, exist_ok=True)
    (FOLDER / "corpus" / name).mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [
            sys.executable, "-m", "fuzz.coverage", name, f"-max_total_time={max(1, round(seconds))}", f"-seed={seed}",
            f"-max_len={MOST_BYTES}", "-timeout=5", "-rss_limit_mb=1024", "-print_final_stats=0", "-verbosity=0",
            f"-artifact_prefix={FOLDER / 'corpus' / name}/finding-", str(kept), str(FOLDER / "corpus" / name),
        ],
        cwd=FOLDER.parent, check=False,
    )  # fmt: skip
    _say(f"{name}: {'nothing found' if done.returncode == 0 else 'FOUND, see its corpus'}")
    return int(done.returncode != 0)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """Entry of the command."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description="Fuzz every parser of bytes from outside.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(targets())} (default: all)")
    parser.add_argument("--seconds", type=float, default=30.0, help="for each target (default 30)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="seeded mutation even where atheris is installed")
    given = parser.parse_args(arguments)
    chosen = given.targets or targets()
    if unknown := [name for name in chosen if name not in targets()]:
        parser.error(f"no target is called {unknown[0]!r}; there are {', '.join(targets())}")
    is_guided = not given.plain and importlib.util.find_spec("atheris") is not None
    if not is_guided:
        _say("atheris is not used: seeded mutation of the corpus, without coverage")
    run = run_atheris if is_guided else run_plain
    return 1 if sum(run(name, given.seconds, given.seed) for name in chosen) else 0


if __name__ == "__main__":
    sys.exit(main())
