"""Everything instead of a sample: ``python -m tests.torture [PYTEST ARGUMENT ...]`` runs the faults to their end.

The same tests as ever, told by BOOTH_TORTURE to try every place instead of a seeded few; takes about half an hour.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

PLACES = (
    "tests/faults/test_card_pulled.py",
    "tests/faults/test_card_swapped.py",
    "tests/faults/test_card_hung.py",
    "tests/faults/test_card_endurance.py",
    "tests/faults/test_card_put_back.py",
    "tests/faults/test_site_killed.py",
    "tests/hardware/card_reader",
)
SEED = 20260601


def is_torture() -> bool:
    """Tell whether everything is to be tried."""
    return os.environ.get("BOOTH_TORTURE", "") not in ("", "0")


def some(everything: Sequence[T], count: int) -> list[T]:
    """All of it in torture; else the first, the last and a seeded few between, in order."""
    if is_torture() or len(everything) <= count:
        return list(everything)
    middle = range(1, len(everything) - 1)
    picked = sorted(random.Random(SEED).sample(middle, max(0, count - 2)))
    return [everything[0], *(everything[place] for place in picked), everything[-1]]


def main() -> int:
    """Run; exit status of pytest."""
    os.environ["BOOTH_TORTURE"] = "1"
    import pytest

    arguments = sys.argv[1:]
    places = [] if any(not one.startswith("-") for one in arguments) else list(PLACES)
    return pytest.main(["--timeout=7200", "-p", "no:schemathesis", *arguments, *places])


if __name__ == "__main__":
    sys.exit(main())
