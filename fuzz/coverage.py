"""One target under atheris: ``python -m fuzz.coverage TARGET LIBFUZZER-ARGUMENT ...``. A process of its own."""

from __future__ import annotations

import importlib
import sys

import atheris


def main() -> None:
    """Instrument what is imported from here on, and fuzz until libFuzzer ends the process."""
    name, arguments = sys.argv[1], sys.argv[2:]
    with atheris.instrument_imports(include=["hardware", f"fuzz.fuzz_{name}"]):
        function = importlib.import_module(f"fuzz.fuzz_{name}").one_input
    atheris.Setup([sys.argv[0], *arguments], function)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
