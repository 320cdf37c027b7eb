"""What the worst input costs every parser of documents: CPU of this process, so that a busy machine does not count.

The inputs are the fuzzers' kept ones, and large ones made of what parsers are slow at, each as large as the reading
lets through or larger. The longest of all is the figure. The reference is the longest of what genuine documents hold.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator

from benchmarks.figure import Figure, Options
from fuzz.__main__ import corpus, one_input, targets
from hardware.card_reader import tlv
from hardware.card_reader.emrtd.reading import MOST_BYTES
from hardware.card_reader.sdt.frames import MAX_GARBAGE_BYTES, MAX_LENGTH

AT_MOST_MS = 50
_SLOW = (
    b"\x00", b"\xff", b"\x30\x80", b"\x24\x80", b"\x04\x00", b"\x1f\x81", b"\x7f\x61\x82\xff\xf0", b"\xff\xe0\x00\x02",
    b"\xff\x4f\xff\x51", b"\xaa\xaa\xaa\x96\x69",
)  # fmt: skip
_WAYS = 12  # a target's first byte says which of its parsers is meant
# How much one answer, file or frame can hold before the reader itself refuses it.
_MOST_BYTES = {"dg": 192 << 10, "sod": 48 << 10, "tlv": 192 << 10, "secure_messaging": 64 << 10}
_USUAL_BYTES = MAX_LENGTH + MAX_GARBAGE_BYTES
_GROUPS = (0x75, 0x6E, 0x6F, 0x6B, 0x6C, 0x60, 0x77)  # wrappers that the parsers look for first
_QUICK_S = 0.005
_TAGS = 1000

assert max(_MOST_BYTES.values()) <= MOST_BYTES


def parsers(options: Options) -> Iterator[Figure]:
    """Every target, every kept input, every large one."""
    times = options.times(3)
    genuine, worst = 0.0, 0.0
    for name in targets():
        parse = one_input(name)
        seeds = importlib.import_module(f"fuzz.fuzz_{name}").seeds()
        genuine = max(genuine, *(_least_ms(parse, data, times) for data in seeds.values()))
        kept = (file.read_bytes() for file in corpus(name))
        worst = max(worst, *(_least_ms(parse, data, times) for data in (*kept, *_large(name))))
    reference = "the longest of the genuine specimens"
    yield Figure("documents.hostile", worst, "ms", reference, genuine, at_most=AT_MOST_MS)


def _large(name: str) -> Iterator[bytes]:
    size = _MOST_BYTES.get(name, _USUAL_BYTES)
    nested = b""
    for _ in range(_TAGS):
        nested = tlv.encode(0x30, nested)
    for piece in (nested, *(slow * (size // len(slow)) for slow in _SLOW)):
        for way in range(_WAYS):
            yield bytes((way,)) + piece
            if name in ("dg", "sod"):
                yield from (bytes((way,)) + tlv.encode(group, piece) for group in _GROUPS)


def _least_ms(work: Callable[[bytes], None], data: bytes, times: int) -> float:
    """The least of several, because what else this process does now and then is not the input's."""
    least_s = float("inf")
    for _ in range(times):
        began_s = time.process_time()
        work(data)
        least_s = min(least_s, time.process_time() - began_s)
        if least_s < _QUICK_S:
            break
    return least_s * 1000
