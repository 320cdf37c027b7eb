"""``python -m booth``: the command, for a tree that is not installed."""

from booth.cli import booth

booth()
