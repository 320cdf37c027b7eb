"""The reference of the booth's voice: pyttsx3 by itself. ``python -m benchmarks.bare_voice file N | stop 1 SENTENCE``.

``file``: a sentence into a file; ``stop``: what its own stop() does while it plays. Prints milliseconds as JSON.
It plays through ``aplay``; whoever starts this sees to one that makes the file APLAY_ENDED when it is silent.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

VOICE = "sit/cmn"
_PLAYS_S = 0.6  # before it is stopped


def _file(engine: Any, sentence: str, folder: Path) -> float:
    began_s = time.monotonic()
    engine.save_to_file(sentence, str(folder / "one.wav"))
    engine.runAndWait()
    return (time.monotonic() - began_s) * 1000


def _stop(engine: Any, sentence: str) -> float:
    """Until its player is silent: stop() does not end it, and may itself not return."""
    ended = Path(os.environ["APLAY_ENDED"])
    engine.runAndWait()  # until its first run an engine does not speak

    def speak() -> None:
        engine.say(sentence)
        engine.runAndWait()

    threading.Thread(target=speak, daemon=True).start()
    time.sleep(_PLAYS_S)
    began_s = time.monotonic()
    threading.Thread(target=engine.stop, daemon=True).start()
    while not ended.exists():
        time.sleep(0.005)
    return (time.monotonic() - began_s) * 1000


def main() -> None:
    """Entry of the child."""
    import pyttsx3

    what, count, sentence = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        engine = pyttsx3.init("espeak")
        engine.setProperty("voice", VOICE)
        if what == "stop":  # once a process: after its stop() the next sentence may never end
            found = [_stop(engine, sentence)]
        else:
            found = [_file(engine, sentence, Path(folder)) for _ in range(count + 1)][1:]
    print(json.dumps(found), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
