"""``python -m benchmarks [NAME ...] [--json] [--list] [--visits N] [--verifications N] [--rounds F] [--seed N]``.

Exit status 0 also where a goal is missed (the figures say so); 1 when a benchmark broke down; 2 for a wrong name.
"""

from __future__ import annotations

import argparse
import signal
import sys
import traceback

from benchmarks.catalogue import Benchmark, chosen
from benchmarks.figure import Figure, Options, Unavailable, table


def main(arguments: list[str] | None = None) -> int:
    """Entry of the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Figures beside their references.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a figure, or the beginning of some (default: all)")
    parser.add_argument("--json", action="store_true", help="one object a line")
    parser.add_argument("--list", action="store_true", help="only name them")
    parser.add_argument("--visits", type=int, default=100, help="of the growth benchmark (default 100)")
    parser.add_argument(
        "--verifications", type=int, default=200, help="of the face worker's growth (default 200; the promise: 1000)"
    )
    parser.add_argument("--rounds", type=float, default=1.0, help="times the usual repetitions (default 1)")
    parser.add_argument("--seed", type=int, default=0, help="of synthetic attacks: others than limits were set on")
    given = parser.parse_args(arguments)
    try:
        wanted = chosen(given.names)
    except LookupError as error:
        parser.error(str(error.args[0]))
    if given.list:
        for benchmark, figures in wanted:
            for name in sorted(figures, key=benchmark.names.index):
                print(f"{name:28} {benchmark.about}")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended, too
    options = Options(max(4, given.visits), given.rounds, max(20, given.verifications), max(0, given.seed))
    return _run(wanted, options, as_json=given.json)


def _run(wanted: list[tuple[Benchmark, set[str]]], options: Options, *, as_json: bool) -> int:
    collected: list[Figure] = []
    status = 0
    for benchmark, names in wanted:
        print(f"measuring {', '.join(sorted(names))[:90]} ...", file=sys.stderr, flush=True)
        try:
            figures = benchmark.run(options)
        except Unavailable as lack:
            print(f"{benchmark.names[0]}: skipped: {lack}", file=sys.stderr)
            continue
        except Exception as error:
            traceback.print_exc()
            print(f"{benchmark.names[0]}: crashed: {type(error).__name__}: {error}", file=sys.stderr)
            status = 1
            continue
        figures = [figure for figure in figures if figure.name in names]
        collected += figures
        if as_json:
            for figure in figures:
                print(figure.as_json(), flush=True)
    if not as_json and collected:
        print(table(collected))
    return status


if __name__ == "__main__":
    sys.exit(main())
