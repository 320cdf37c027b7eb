"""How a visit leaves its path: exceptions with the word that audit and goodbye use. Knows no screen."""

from __future__ import annotations


class Left(Exception):
    """The visit ends before its end; ``outcome`` is the word for audit and goodbye."""

    outcome = "left"


class Cancelled(Left):
    outcome = "cancelled"


class TimedOut(Left):
    outcome = "timed_out"


class NotVerified(Left):
    outcome = "not_verified"


class OutOfService(Left):
    outcome = "out_of_service"


class Evacuated(Left):
    """A fire stands: nobody stays for a goodbye."""

    outcome = "evacuated"


class Tampered(Left):
    """Somebody is at the booth's cabinet: what is typed here is no longer safe."""

    outcome = "tampered"


class Back(Exception):
    """The resident wants the question before this one."""
