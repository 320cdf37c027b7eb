"""A driver that misbehaves on demand; run by hardware.worker in the tests of hardware.worker."""

import os
import threading
import time
from pathlib import Path

import msgspec

from hardware.device import DeviceError


class PaperGone(DeviceError):
    pass


class Options(msgspec.Struct):
    greeting: str = "hello"


class Word(msgspec.Struct):
    word: str


class Facts(msgspec.Struct):
    pid: int
    threads: int
    modules: list[str]
    environment: dict[str, str]
    descriptors: int


class Driver:
    options = Options

    def __init__(self, options):
        self._options = options
        self._emit = None

    def commands(self):
        return {
            "greet": (Word, lambda word: Word(f"{self._options.greeting} {word.word}")),
            "facts": (Word, self.facts),
            "hang": (Word, lambda _: time.sleep(60)),
            "hold": (Word, self.hold),
            "die": (Word, lambda _: os._exit(3)),
            "refuse": (Word, self.refuse),
            "bug": (Word, lambda word: {}[word.word]),
            "large": (Word, lambda word: Word("x" * int(word.word))),
            "tell": (Word, self.tell),
            "nothing": (Word, lambda _: None),
        }

    def begin(self, emit):
        self._emit = emit
        emit("ready", Word("ready"))

    def end(self):
        if path := os.environ.get("ENDED_FILE"):
            Path(path).write_text("ended")

    def facts(self, _):
        import sys

        return Facts(
            os.getpid(),
            threading.active_count(),
            sorted(sys.modules),
            {key: value for key, value in os.environ.items() if key.startswith("TEST_")},
            len(os.listdir("/proc/self/fd")),
        )

    def hold(self, word):
        """Hang as native code does: the interpreter's lock is kept, no signal handler can run."""
        import ctypes

        ctypes.PyDLL(None).sleep(int(word.word))

    def refuse(self, word):
        raise PaperGone("no paper", where="tray 1", cure="put paper in")

    def tell(self, word):
        for index in range(int(word.word)):
            threading.Thread(target=self._emit, args=("told", Word(str(index)))).start()


class Broken(Driver):
    def begin(self, emit):
        os._exit(1)
