"""Documents through the real PC/SC daemon and virtual cards at a real card's pace, beside a blind exchange.

The blind client sends the very commands of our reading, recorded before, and the card gives the recorded answers in the
recorded time; so what is left is what we do between two commands. Both begin with the card lying there.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.child import environment, module, said
from benchmarks.figure import Figure, Options, percentile
from benchmarks.transcript import Recorder, Transcript
from hardware.card_reader import AccessKey, CanKey, CardReaderStatus, Media, MrzKey, Progress
from hardware.card_reader.emrtd.virtual_specimens import PLANS, issue, new_country, seeded
from hardware.card_reader.rig import Rig, rig
from hardware.card_reader.simulator import REAL_PACE_MS, Misbehaviour, VirtualCard
from hardware.card_reader.ssse.virtual import CardFields, VirtualSocialCard

PORTRAIT_BYTES = 17_000
PACED = Misbehaviour(ms_a_block=REAL_PACE_MS)
CONTACT = Misbehaviour(ms_a_block=REAL_PACE_MS, delay_ms=20)  # short records over contacts
_HOLDER = CardFields("110105194912319024", "张秀英", "2")  # synthetic
READ_BINARY = "b0"
_WITHIN_S = 30.0


@dataclass(frozen=True)
class Read:
    """One reading of ours: until the document, until its masked name, CPU of the driver, blocks of files."""

    took_ms: float
    name_ms: float
    cpu_ms: float
    blocks: int


def emrtd(options: Options) -> Iterator[Figure]:
    """A passport's DG1, DG2 of 17 KB and what proves them: BAC and PACE, paced and as fast as it goes."""
    yield from asyncio.run(_emrtd(options.times(3, least=1)))


def ssse(options: Options) -> Iterator[Figure]:
    """All fields of a social security card, above the blind exchange; and a card put down until we know of it."""
    yield from asyncio.run(_ssse(options.times(9), options.times(40, least=5)))


async def _emrtd(rounds: int) -> list[Figure]:
    figures, names = [], []
    for name in ("bac", "pace"):
        make, key = passport(f"passport_{name}")
        async with card_table() as table:
            ours: list[float] = []
            blind: list[float] = []
            for _ in range(rounds):
                recorder = Recorder(make())
                read = await _read(table, recorder, key, PACED)
                ours.append(read.took_ms)
                names.append((read.name_ms, read.took_ms))
                blind.append(await _replay(table, recorder, PACED))
            unpaced = [await _read(table, make(), key, Misbehaviour()) for _ in range(max(3, rounds))]
        reference = "the same commands sent blindly, answers and pace replayed, median"
        figures.append(
            Figure(
                f"documents.emrtd_{name}", statistics.median(ours), "ms", reference, statistics.median(blind),
                at_most_times=1.15,
            )
        )  # fmt: skip
        cpu_ms = statistics.median(read.cpu_ms / read.blocks for read in unpaced)
        whole_ms = statistics.median(read.cpu_ms for read in unpaced)
        about = f"the driver's CPU of a whole reading, unpaced: {whole_ms:.0f} ms for {unpaced[0].blocks} blocks"
        figures.append(Figure(f"documents.emrtd_{name}_cpu", cpu_ms, "ms a block", about, at_most=0.5))
    name_ms, whole_ms = (statistics.median(column) for column in zip(*names, strict=True))
    about = "the same reading until DG2 and the document are there"
    figures.append(Figure("documents.name_first", name_ms, "ms", about, whole_ms, at_most=1500, at_most_times=0.5))
    return figures


async def _ssse(rounds: int, presents: int) -> list[Figure]:
    async with card_table() as table:
        ours: list[float] = []
        blind: list[float] = []
        for _ in range(rounds):
            recorder = Recorder(VirtualSocialCard(_HOLDER))
            ours.append((await _read(table, recorder, None, CONTACT)).took_ms)
            blind.append(await _replay(table, recorder, CONTACT))
        above_ms = statistics.median(ours) - statistics.median(blind)
        seen, blindly = await _presents(table, presents)
    return [
        Figure(
            "documents.ssse", above_ms, "ms above", "blind exchange of the same commands, median",
            statistics.median(blind), at_most=50,
        ),
        Figure(
            "documents.present", percentile(seen, 95), "ms", "p95 of a blind client on the same daemon",
            percentile(blindly, 95), at_most=500,
        ),
    ]  # fmt: skip


@contextlib.asynccontextmanager
async def card_table() -> AsyncIterator[Rig]:
    with tempfile.TemporaryDirectory(prefix="booth-card-") as folder:
        async with rig(Path(folder) / "pcscd") as table:
            yield table


def passport(plan: str) -> tuple[Callable[[], VirtualCard], AccessKey]:
    specimen = issue(PLANS[plan], _portrait(), new_country(seeded(1)), seeded(2))
    holder = specimen.holder
    key = CanKey(specimen.can) if specimen.can else MrzKey(holder.number, holder.birth, holder.expiry)
    return specimen.chip, key


def _portrait() -> bytes:
    """A picture of nobody, of a passport's size."""
    out = io.BytesIO()
    Image.effect_noise((240, 320), 60).convert("RGB").save(out, "JPEG", quality=30)
    return out.getvalue().ljust(PORTRAIT_BYTES, b"\x00")[:PORTRAIT_BYTES]


async def _lay(table: Rig, card: VirtualCard, how: Misbehaviour) -> None:
    """Put a card there and wait until it is known to lie there."""
    there = asyncio.Event()
    forget = table.reader.watch(
        lambda status: there.set() if isinstance(status, CardReaderStatus) and status.media is Media.PRESENT else None
    )
    await table.slot.present(card, how)
    await asyncio.wait_for(there.wait(), _WITHIN_S)
    forget()


async def _take(table: Rig) -> None:
    await table.slot.remove()
    await asyncio.wait_for(table.reader.wait_for_removal(), _WITHIN_S)


async def _read(table: Rig, card: VirtualCard, key: AccessKey | None, how: Misbehaviour) -> Read:
    await _lay(table, card, how)
    named_s: list[float] = []

    def listen(progress: Progress) -> None:
        if progress.seen is not None:
            named_s.append(time.monotonic())

    before_ms, began_s = _cpu_ms(table.reader.worker_pid), time.monotonic()
    await asyncio.wait_for(table.reader.wait_for_document(key, listen), _WITHIN_S)
    took_ms = (time.monotonic() - began_s) * 1000
    cpu_ms = _cpu_ms(table.reader.worker_pid) - before_ms
    blocks = sum(step.name[2:4] == READ_BINARY for step in table.reader.last_steps)
    await _take(table)
    return Read(took_ms, (named_s[0] - began_s) * 1000 if named_s else took_ms, cpu_ms, blocks)


def _cpu_ms(pid: int | None) -> float:
    """CPU of all threads of a process so far (nanoseconds of the scheduler's own account)."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e6


async def _replay(table: Rig, recorder: Recorder, how: Misbehaviour) -> float:
    """Our driver only watches meanwhile, as another program on the same daemon."""
    file = table.daemon.folder / "commands.txt"
    recorder.save(file)
    await _lay(table, Transcript(recorder), how)
    heard = await blind_client(table, ("replay", str(file)))
    await _take(table)
    return float(heard["took_ms"])


async def blind_client(table: Rig, what: tuple[str, ...], then: Callable[[], Awaitable[None]] | None = None) -> Any:
    env = environment(PCSCLITE_CSOCK_NAME=str(table.daemon.socket))
    with module("benchmarks.blind_card", *what, env=env) as child:
        await asyncio.to_thread(said, child)  # it is ready
        if then is not None:
            await then()
        return await asyncio.wait_for(asyncio.to_thread(said, child), _WITHIN_S)


async def _presents(table: Rig, count: int) -> tuple[list[float], list[float]]:
    """Milliseconds until our event, and until a blind client on the same daemon knew, for the same presentations."""
    ours: list[float] = []
    blind: list[float] = []
    chance = random.Random(7)
    for _ in range(count):
        at_s = [0.0, 0.0]

        async def put(at_s: list[float] = at_s) -> None:
            await asyncio.sleep(chance.random() * 0.4)
            at_s[0] = time.monotonic()
            await _lay(table, VirtualSocialCard(_HOLDER), CONTACT)
            at_s[1] = time.monotonic()

        heard = await blind_client(table, ("see",), put)
        ours.append((at_s[1] - at_s[0]) * 1000)
        blind.append((heard["at_s"] - at_s[0]) * 1000)
        await _take(table)
    return ours, blind
