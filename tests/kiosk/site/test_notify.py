"""The service manager hears that the loop turns, on a socket of our own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.site.notify import ServiceManager


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.setblocking(False)
        yield heard


def words(heard: socket.socket) -> list[bytes]:
    found = []
    while True:
        try:
            found.append(heard.recv(100))
        except BlockingIOError:
            return found


def test_it_is_told_four_times_within_its_patience(manager: socket.socket) -> None:
    environment = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "7"}
    told = ServiceManager(environment, pid=7)
    told.ready()
    for tick in range(100):
        told.turn(tick / 10)
    told.stopping()
    assert words(manager) == [b"READY=1", *[b"WATCHDOG=1"] * 4, b"STOPPING=1"]


@pytest.mark.parametrize(
    "environment", [{}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "8"}]
)
def test_a_watchdog_that_is_not_ours_is_not_fed(manager: socket.socket, environment: dict[str, str]) -> None:
    told = ServiceManager({"NOTIFY_SOCKET": manager.getsockname(), **environment}, pid=7)
    told.turn(1.0)
    assert words(manager) == []


def test_without_a_manager_or_with_one_that_is_gone_nothing_happens(tmp_path: Path) -> None:
    ServiceManager({}).ready()
    ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "none")}).ready()
    ServiceManager({"NOTIFY_SOCKET": "@none-of-this-name"}).ready()
