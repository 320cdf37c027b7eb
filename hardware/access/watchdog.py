"""When a reader is given up, when it is tried again, and how much of the bus the silent ones may take. Pure.

libosdp alone waits 300 s after one loss, and asks a dead reader once a second for 200 ms each until then. Here a reader
is given up after three silences, and all silent ones together get a sixteenth of the bus; the healthy ones keep the
rest.
"""

from __future__ import annotations

from dataclasses import dataclass

MISSES = 3  # silences in a row; at 2 % loss every few hours, and costs one handshake
SICK_SHARE = 1 / 16
LEAST_WAIT_S = 0.06
MEAN_SHARE, DEVIATION_SHARE, DEVIATIONS = 1 / 8, 1 / 4, 4.0  # RFC 6298, 2: how long an answer is waited for
FULL_EVERY = 8  # a probe in so many waits for the whole time: it may have become slow
PROBE_S = 1.0  # the same reader is probed no more often
REFUSED_S = (5.0, 10.0, 20.0, 40.0, 60.0)  # a wrong key does not become right by asking again
FAILED_S = (0.0, 1.0, 2.0, 4.0)  # answers and yet does not come online


@dataclass
class Budget:
    """Of the bus time that silent readers may take."""

    free_s: float = 0.0  # nobody silent is asked before

    def spend(self, took_s: float, now_s: float) -> None:
        """A silent one took so long until now."""
        self.free_s = now_s + took_s * (1 / SICK_SHARE - 1)


@dataclass
class Watchdog:
    """Of one reader. ``answer_s``: its worst answer as promised."""

    answer_s: float
    misses: int = 0
    retry_s: float = 0.0  # not before (monotonic)
    _mean_s: float = 0.0
    _deviation_s: float = 0.0
    _probes: int = 0
    _refusals: int = 0
    _failures: int = 0

    @property
    def wait_s(self) -> float:
        """How long an answer is waited for now."""
        if not self._mean_s or (self.misses and self._probes % FULL_EVERY == FULL_EVERY - 1):
            return self.answer_s
        return min(self.answer_s, max(LEAST_WAIT_S, self._mean_s + DEVIATIONS * self._deviation_s))

    def answered(self, took_s: float) -> None:
        """It answered after so long."""
        if self._mean_s:
            self._deviation_s += DEVIATION_SHARE * (abs(took_s - self._mean_s) - self._deviation_s)
            self._mean_s += MEAN_SHARE * (took_s - self._mean_s)
        else:
            self._mean_s, self._deviation_s = took_s, took_s / 2
        self.misses = self._probes = 0

    def missed(self, now_s: float) -> bool:
        """It did not; True: give it up, and begin anew at ``retry_s``."""
        self.misses += 1
        self._probes += 1
        self.retry_s = now_s + PROBE_S
        return self.misses >= MISSES

    def refused(self, now_s: float) -> None:
        """It has another key."""
        self.retry_s = now_s + REFUSED_S[min(self._refusals, len(REFUSED_S) - 1)]
        self._refusals += 1

    def failed(self, now_s: float) -> None:
        """It answers and did not come (or stay) online."""
        self.retry_s = now_s + FAILED_S[min(self._failures, len(FAILED_S) - 1)]
        self._failures += 1

    def settled(self) -> None:
        """It is online and stays so: the next trouble is the first again."""
        self._refusals = self._failures = 0
