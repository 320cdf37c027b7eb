"""The real keeper with visitors instead of visit processes: ``python keeper_child.py CONFIG STAND``."""

import sys
from pathlib import Path

from booth.keeper import run_keeper, settings_of
from booth.rota import Patience
from kiosk.config import load

if __name__ == "__main__":
    config, stand = map(Path, sys.argv[1:3])
    visitor = Path(__file__).with_name("visitor.py")
    patience = Patience(alive_s=2.5, crash_first_s=0.2, crash_last_s=2.0)
    settings = settings_of(load(config), [sys.executable, str(visitor), str(stand)])
    sys.exit(run_keeper(settings, patience=patience))
