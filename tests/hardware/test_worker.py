"""hardware/worker.py: deadlines kill, errors keep their class, nobody outlives its parent."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from hardware.device import DeviceError, DeviceGone, DeviceTimeout
from hardware.worker import Worker

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from worker_driver import Facts, Options, PaperGone, Word  # noqa: E402


def make(**more) -> Worker:
    environment = {"PYTHONPATH": str(HERE), **more.pop("environment", {})}
    driver = more.pop("driver", "worker_driver:Driver")
    return Worker(driver, Options("hi"), errors=(PaperGone,), environment=environment, **more)


@pytest.fixture
async def worker():
    worker = make()
    await worker.start()
    yield worker
    await worker.stop()


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        return False


async def until(condition, within_s=5.0):
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.01)


async def test_a_call_gets_its_reply_as_a_struct(worker):
    assert await worker.call("greet", Word("you"), reply=Word, within_s=5) == Word("hi you")
    assert await worker.call("nothing", Word(""), within_s=5) is None


async def test_calls_made_at_once_each_get_their_own_reply(worker):
    calls = [worker.call("greet", Word(str(index)), reply=Word, within_s=5) for index in range(20)]
    assert await asyncio.gather(*calls) == [Word(f"hi {index}") for index in range(20)]


async def test_an_error_comes_back_by_class_with_where_and_cure(worker):
    with pytest.raises(PaperGone, match="no paper") as caught:
        await worker.call("refuse", Word(""), within_s=5)
    assert (caught.value.where, caught.value.cure) == ("tray 1", "put paper in")


async def test_an_error_the_door_does_not_name_is_a_device_error():
    worker = Worker("worker_driver:Driver", Options(), environment={"PYTHONPATH": str(HERE)})
    await worker.start()
    with pytest.raises(DeviceError) as caught:
        await worker.call("refuse", Word(""), within_s=5)
    assert type(caught.value) is DeviceError
    await worker.stop()


async def test_a_bug_in_the_driver_names_its_class_but_not_the_data(worker):
    with pytest.raises(DeviceError) as caught:
        await worker.call("bug", Word("11010519491231002X"), within_s=5)
    assert str(caught.value) == "KeyError in bug"
    assert await worker.call("greet", Word("a"), reply=Word, within_s=5) == Word("hi a")


async def test_an_unknown_verb_is_an_error_not_a_crash(worker):
    with pytest.raises(DeviceError, match="KeyError in fly"):
        await worker.call("fly", Word(""), within_s=5)


@pytest.mark.parametrize("verb", ["hang", "hold"])
async def test_past_the_deadline_the_child_is_killed_and_replaced(verb):
    restarted = asyncio.Event()
    worker = make(on_restart=restarted.set)
    await worker.start()
    await worker.call("greet", Word("a"), reply=Word, within_s=5)
    old = worker.pid
    began = time.monotonic()
    with pytest.raises(DeviceTimeout, match=r"no answer within 0\.2 s"):
        await worker.call(verb, Word("60"), within_s=0.2)
    assert time.monotonic() - began < 1.0
    await asyncio.wait_for(restarted.wait(), 5)
    assert not is_running(old)
    assert worker.pid != old
    assert worker.restarts == 1
    assert await worker.call("greet", Word("b"), reply=Word, within_s=5) == Word("hi b")
    await worker.stop()


async def test_a_child_that_dies_ends_the_call_and_is_replaced():
    restarted = asyncio.Event()
    worker = make(on_restart=restarted.set)
    await worker.start()
    with pytest.raises(DeviceGone):
        await worker.call("die", Word(""), within_s=5)
    await asyncio.wait_for(restarted.wait(), 5)
    assert await worker.call("greet", Word("b"), reply=Word, within_s=5) == Word("hi b")
    await worker.stop()


async def test_a_driver_that_dies_at_once_does_not_spin():
    worker = make(driver="worker_driver:Broken")
    await worker.start()
    await until(lambda: worker.restarts >= 2)
    with pytest.raises(DeviceGone):
        await worker.call("greet", Word("a"), within_s=5)
    restarts, began = worker.restarts, time.monotonic()
    await until(lambda: worker.restarts > restarts)
    assert time.monotonic() - began > 0.1
    await worker.stop()


async def test_stop_amid_a_replacement_leaves_nothing():
    worker = make(driver="worker_driver:Broken")
    await worker.start()
    await until(lambda: worker.restarts >= 1)
    await worker.stop()
    restarts = worker.restarts
    assert worker.pid is None
    await asyncio.sleep(0.3)
    assert worker.pid is None
    assert worker.restarts == restarts


async def test_a_cancelled_call_does_not_disturb_the_next(worker):
    task = asyncio.create_task(worker.call("greet", Word("a"), reply=Word, within_s=5))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await worker.call("greet", Word("b"), reply=Word, within_s=5) == Word("hi b")


async def test_a_reply_past_the_limit_ends_the_child_not_the_parent(worker):
    assert len((await worker.call("large", Word("1000000"), reply=Word, within_s=5)).word) == 1_000_000
    with pytest.raises(DeviceGone):
        await worker.call("large", Word(str(17 * 1024 * 1024)), reply=Word, within_s=10)


async def test_events_come_from_any_thread_whole():
    told = []
    worker = make(on_event=lambda name, raw: told.append((name, msgspec.msgpack.decode(raw, type=Word).word)))
    await worker.start()
    await worker.call("tell", Word("20"), within_s=5)
    await until(lambda: len(told) == 21)
    assert told[0] == ("ready", "ready")
    assert sorted(int(word) for name, word in told if name == "told") == list(range(20))
    await worker.stop()


async def test_an_event_of_another_shape_replaces_the_child():
    """Control for the test above: the parent does not live on with a driver whose words it cannot read."""
    worker = make(on_event=lambda name, raw: msgspec.msgpack.decode(raw, type=Facts))
    await worker.start()
    await until(lambda: worker.restarts >= 1)
    await worker.stop()


async def test_the_child_is_no_fork_and_imports_its_driver_only(worker):
    marker = "a_module_of_the_parent"
    sys.modules[marker] = sys.modules[__name__]
    try:
        facts = await worker.call("facts", Word(""), reply=Facts, within_s=5)
    finally:
        del sys.modules[marker]
    assert facts.pid == worker.pid != os.getpid()
    assert marker not in facts.modules
    assert "pytest" not in facts.modules
    assert facts.threads == 1
    assert facts.descriptors <= 6  # 0, 1, 2, the pipe, and the folder being listed


async def test_the_environment_given_reaches_the_child():
    worker = make(environment={"TEST_COLOUR": "blue"})
    await worker.start()
    facts = await worker.call("facts", Word(""), reply=Facts, within_s=5)
    assert facts.environment == {"TEST_COLOUR": "blue"}
    await worker.stop()


async def test_the_child_starts_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    worker = make()
    await worker.start()
    assert await worker.call("greet", Word("a"), reply=Word, within_s=5) == Word("hi a")
    await worker.stop()


async def test_stop_is_orderly_idempotent_and_final(tmp_path):
    ended = tmp_path / "ended"
    worker = make(environment={"ENDED_FILE": str(ended)})
    await worker.start()
    await worker.call("greet", Word("a"), reply=Word, within_s=5)
    pid = worker.pid
    await worker.stop()
    await worker.stop()
    assert ended.read_text() == "ended"
    assert not is_running(pid)
    with pytest.raises(DeviceGone):
        await worker.call("greet", Word("a"), within_s=5)


async def test_stop_ends_a_hung_child_and_its_caller(worker):
    pid = worker.pid
    call = asyncio.create_task(worker.call("hold", Word("60"), within_s=30))
    await asyncio.sleep(0.1)
    began = time.monotonic()
    await worker.stop()
    assert time.monotonic() - began < 2.0
    assert not is_running(pid)
    with pytest.raises(DeviceGone):
        await call


PARENT = """
import asyncio, sys
from hardware.worker import Worker
from worker_driver import Options, Word

async def main():
    worker = Worker("worker_driver:Driver", Options())
    await worker.start()
    await worker.call("greet", Word("a"), within_s=5)
    print(worker.pid, flush=True)
    await worker.call("hold", Word("60"), within_s=60)

asyncio.run(main())
"""


def test_a_hung_child_dies_with_its_parent():
    root = HERE.parent.parent
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{HERE}"},
    )
    with parent:
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    end = time.monotonic() + 3
    while is_running(pid) and time.monotonic() < end:
        time.sleep(0.01)
    assert not is_running(pid)
