"""The watch's socket: what is seen goes out, what staff and platform want comes in, one JSON object a line.

Nobody is waited for: a listener that does not read is dropped, one that says too much or nonsense is, too. Only this
user, root and users of the settings may connect; the kernel says who they are. Knows messages, not what they do.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import socket
import struct
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path
from typing import Any

import msgspec

from kiosk.config import ConfigError
from kiosk.site.messages import (
    MAX_LINE_BYTES,
    MAX_SAID_BYTES,
    Answer,
    Changed,
    Delivered,
    Do,
    FromWatch,
    Hello,
    Measured,
    Role,
    Snapshot,
    Told,
    ToWatch,
)

FEED_FILE = "feed.sock"
LISTENERS = 16
WAITING_BYTES = 2 * MAX_LINE_BYTES  # what a listener may leave unread
HELLO_WITHIN_S = 5.0
MAX_PATH_BYTES = 107  # sun_path, unix(7)
_PEER = struct.Struct("3i")  # pid, uid, gid

Pieces = AsyncIterator[bytes]
"""The first line in parts, built between other work."""

OnSaid = Callable[["Listener", "Do | Measured | Delivered"], None]

_said: msgspec.json.Decoder[ToWatch] = msgspec.json.Decoder(ToWatch)
_heard: msgspec.json.Decoder[FromWatch] = msgspec.json.Decoder(FromWatch)


class FeedError(Exception):
    """The watch cannot be listened to; the text says what to do."""


class Listener:
    """One connection that has said hello."""

    def __init__(self, role: Role, user: str, writer: asyncio.StreamWriter, *, wants_points: bool) -> None:
        self.role: Role = role
        self.user = user
        self.wants_points = wants_points
        self._writer = writer
        self._early: list[bytes] | None = []  # what changed while the snapshot was being built

    def send(self, line: bytes) -> None:
        """Queue one line, or drop the listener that does not read."""
        if self._early is not None:
            self._early.append(line)
            if sum(len(one) for one in self._early) > WAITING_BYTES:
                self.drop()
            return
        if self._writer.transport.get_write_buffer_size() + len(line) > WAITING_BYTES:
            self.drop()
        elif not self._writer.is_closing():
            self._writer.write(line)

    def answer(self, answer: Answer) -> None:
        self.send(_line(answer))

    def begin(self, snapshot: bytes) -> None:
        """The snapshot first, then what changed since."""
        early, self._early = self._early or [], None
        self._writer.write(snapshot)
        for line in early:
            self.send(line)

    def drop(self) -> None:
        self._early = None if self._early is None else []
        self._writer.transport.abort()


class Feed:
    """The server. ``snapshot()`` gives the first line in parts; ``on_said(listener, message)`` gets what roles may say
    and must return at once (it may ``listener.send``)."""

    def __init__(
        self, path: Path, snapshot: Callable[[], Pieces], on_said: OnSaid, *, uids: Collection[int] = (),
        note: Callable[[str], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self._path = path
        self._snapshot = snapshot
        self._on_said = on_said
        self._uids = frozenset(uids) | {0, os.geteuid()}
        self._note = note
        self._listeners: set[Listener] = set()
        self._server: asyncio.Server | None = None
        self._held: object = _holds(Changed(0))  # what held when it was last told
        self._tasks: set[asyncio.Task[Any]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    @property
    def wants_points(self) -> bool:
        """Anybody wants to see every value."""
        return any(one.wants_points for one in self._listeners)

    async def open(self) -> None:
        """Listen. The folder is ours alone (see site.db's lock), so what lies there is of a watch that died."""
        check_path(self._path)
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            listening.bind(str(self._path))
        except OSError as error:
            listening.close()
            raise ConfigError(f"{self._path}: {error.strerror}; give the booth's user a writable site.folder") from None
        finally:
            os.umask(before)
        self._server = await asyncio.start_unix_server(self._serve, sock=listening, limit=MAX_SAID_BYTES)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()  # each connection's task ends with it
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()

    def tell(self, message: Changed | Told) -> None:
        """To everybody. Who wants no points gets a change without them, and none that is only about them."""
        if not self._listeners:
            return
        whole = _line(message)
        rest: bytes | None = whole
        if isinstance(message, Changed) and message.points:
            bare = msgspec.structs.replace(message, points=())
            rest = _line(bare) if bare.alarms or bare.health or _holds(bare) != self._held else None
        if isinstance(message, Changed):
            self._held = _holds(message)
        for one in list(self._listeners):
            line = whole if one.wants_points else rest
            if line is not None:
                one.send(line)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        listener: Listener | None = None
        try:
            uid = peer_uid(writer.get_extra_info("socket"))
            if uid not in self._uids or len(self._writers) > LISTENERS:
                self._note("feed_stranger" if uid not in self._uids else "feed_full")
                return
            listener = await self._greet(reader, writer, uid)
            self._listeners.add(listener)
            listener.begin(b"".join([piece async for piece in self._snapshot()]))
            while line := await reader.readline():
                self._said(listener, line)
        except (OSError, ValueError, TimeoutError, msgspec.MsgspecError):  # gone, too long a line, or nonsense
            self._note("feed_listener_lost")
        finally:
            self._writers.discard(writer)
            self._tasks.discard(task)
            if listener is not None:
                self._listeners.discard(listener)
            writer.transport.abort() if listener is None else writer.close()

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, uid: int) -> Listener:
        async with asyncio.timeout(HELLO_WITHIN_S):
            hello = _said.decode(await reader.readline())
        if not isinstance(hello, Hello):
            raise ValueError("no hello")
        return Listener(hello.role, user_name(uid), writer, wants_points=hello.wants_points)

    def _said(self, listener: Listener, line: bytes) -> None:
        message = _said.decode(line)
        if isinstance(message, Do):
            if listener.role == "screen":
                listener.answer(Answer(message.id, "not_allowed", "the screen measures; staff act"))
                return
            if listener.role == "staff" and f"{message.who} ".partition(" ")[0] != listener.user:
                message = msgspec.structs.replace(message, who=f"{listener.user} ({message.who})")
        elif isinstance(message, Hello):
            raise ValueError("hello is said once")
        elif listener.role != ("screen" if isinstance(message, Measured) else "uplink"):
            raise ValueError("not this role's word")
        self._on_said(listener, message)


class Line:
    """The other end. Iterate for ``Changed`` and ``Told``; ends when the watch does. ``snapshot``: the first line."""

    def __init__(self, snapshot: Snapshot, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.snapshot = snapshot
        self._writer = writer
        self._messages: asyncio.Queue[Changed | Told | None] = asyncio.Queue(1000)
        self._answers: dict[str, asyncio.Future[Answer]] = {}
        self._is_over = False
        self._task = asyncio.get_running_loop().create_task(self._read(reader))

    def __aiter__(self) -> Line:
        return self

    async def __anext__(self) -> Changed | Told:
        message = None if self._is_over and self._messages.empty() else await self._messages.get()
        if message is None:
            raise StopAsyncIteration
        return message

    async def do(self, do: Do, *, within_s: float = 15.0) -> Answer:
        """Say it and wait for the answer. Raises FeedError when there is none."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._answers[do.id] = answer
        try:
            await self._write(do)
            return await asyncio.wait_for(answer, within_s)
        except TimeoutError:
            raise FeedError(f"the watch did not answer within {within_s:g} s; look at `booth site status`") from None
        finally:
            self._answers.pop(do.id, None)

    async def send(self, message: Measured | Delivered) -> None:
        """Say what is not answered. Raises FeedError when the watch is gone."""
        await self._write(message)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def _write(self, message: Do | Measured | Delivered) -> None:
        if self._is_over:
            raise FeedError("the watch has gone; connect again")
        try:
            self._writer.write(_line(message))
            await self._writer.drain()
        except OSError:
            raise FeedError("the watch has gone; connect again") from None

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                message = _heard.decode(line)
                if isinstance(message, Answer):
                    waiting = self._answers.get(message.id)
                    if waiting is not None and not waiting.done():
                        waiting.set_result(message)
                elif not isinstance(message, Snapshot):
                    await self._messages.put(message)
        except (OSError, ValueError, msgspec.MsgspecError):
            pass  # as good as gone
        finally:
            self._is_over = True
            for waiting in self._answers.values():
                if not waiting.done():
                    waiting.set_exception(FeedError("the watch has gone; connect again"))
            with contextlib.suppress(asyncio.QueueFull):
                self._messages.put_nowait(None)


@contextlib.asynccontextmanager
async def listen(path: Path, role: Role, *, wants_points: bool = True, within_s: float = 5.0) -> AsyncIterator[Line]:
    """Connect to the watch at ``path``. Raises FeedError with the cure."""
    check_path(path)
    try:
        async with asyncio.timeout(within_s):
            line = await _connected(path, Hello(role, wants_points))
    except (FileNotFoundError, ConnectionRefusedError):
        raise FeedError(f"{path}: no watch here; start it with `booth site run`, or give its folder") from None
    except PermissionError:
        raise FeedError(f"{path}: not for this user; use the booth's user, or root") from None
    except TimeoutError:
        raise FeedError(f"{path}: the watch does not answer within {within_s:g} s; look at its log") from None
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise FeedError(f"{path}: this is no watch ({type(error).__name__}); give its folder") from None
    try:
        yield line
    finally:
        await line.close()


async def _connected(path: Path, hello: Hello) -> Line:
    reader, writer = await asyncio.open_unix_connection(str(path), limit=MAX_LINE_BYTES)
    try:
        writer.write(_line(hello))
        first = await reader.readline()
        if not first:
            raise FeedError(f"{path}: the watch does not talk to this user; use the booth's user, or root")
        snapshot = _heard.decode(first)
        if not isinstance(snapshot, Snapshot):
            raise ValueError("no snapshot")
    except BaseException:
        writer.transport.abort()
        raise
    return Line(snapshot, reader, writer)


def _holds(message: Changed) -> object:
    test = message.walk_test
    return message.released, message.standing, None if test is None else (test.who, test.devices)


def check_path(path: Path) -> None:
    """Raises ConfigError for a path that the kernel cannot take."""
    if len(os.fsencode(path)) > MAX_PATH_BYTES:
        raise ConfigError(f"site.folder: {path} is longer than {MAX_PATH_BYTES} bytes, no socket fits; use a shorter")


def peer_uid(connection: Any) -> int:
    """The other process's user, by the kernel's word."""
    _, uid, _ = _PEER.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    return int(uid)


def user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid:{uid}"


def _line(message: Any) -> bytes:
    return msgspec.json.encode(message) + b"\n"
