"""Secrets of the site's links by name, from a file that only the booth's user can read. No secret is in site.toml, in a
log or in an error's text."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

from kiosk.config import ConfigError, read_toml


def secrets_of(file: str) -> Callable[[str], str]:
    """Give a secret by its name; the file is read when the first is wanted, and again at each reload.

    The function raises ConfigError for a file that others can read, and for a name it does not have.
    """

    def secret(name: str) -> str:
        if not file:
            raise ConfigError(f"site.secrets: a link wants the secret {name!r}; name the file that has it")
        path = Path(file)
        if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError(f"{path}: others can read it; give it mode 0600")
        value = read_toml(path).get(name)
        if not isinstance(value, str) or not value:
            raise ConfigError(f'{path}: {name}: no such secret; add {name} = "..."')
        return value

    return secret
