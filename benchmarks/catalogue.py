"""Which benchmarks there are: the names of their figures, and where each is measured."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from benchmarks.figure import Figure, Options

WORKERS = ("card_reader", "printer", "camera", "face", "voice", "player")


@dataclass(frozen=True)
class Benchmark:
    """``names`` are the figures that one measurement gives; ``place`` is its module and function."""

    names: tuple[str, ...]
    place: str
    about: str

    def run(self, options: Options) -> list[Figure]:
        """Measure. Raises ``Unavailable``, or whatever breaks."""
        module, _, function = self.place.partition(":")
        measure: Callable[[Options], Iterable[Figure]] = getattr(
            importlib.import_module(f"benchmarks.{module}"), function
        )
        return list(measure(options))


def _memory() -> tuple[str, ...]:
    processes = ("keeper", "visit_warm", "visit_idle", "visit_busy", *(f"worker_{worker}" for worker in WORKERS))
    return tuple(f"memory.{name}{kind}" for name in processes for kind in ("", "_pss"))


def _attacks() -> tuple[str, ...]:
    species = ("bona_fide", "flat", "bent_150", "bent_80", "folded")
    return tuple(
        f"face.pad_stereo_{one}_{baseline}{by}" for baseline in (60, 100) for one in species for by in ("", "_by_nose")
    )


def _one_camera() -> tuple[str, ...]:
    return tuple(
        f"face.pad_one_camera_{one}{by}"
        for one in ("bona_fide", "print_still", "print_obeying", "print_waved")
        for by in ("", "_at_most")
    )


BENCHMARKS = (
    Benchmark(("screen.start",), "start:start", "start of a visit process until its first frame can be touched"),
    Benchmark(
        ("screen.next_welcome", "screen.next_welcome_gap"), "start:next_welcome",
        "goodbye to the next welcome, and how often the display was seen without either",
    ),
    Benchmark(
        ("screen.touch", "screen.change", "screen.first_change"), "screen:inside",
        "touch to changed frame, answer to the next question's frame, off-screen",
    ),
    Benchmark(
        ("screen.click_to_pixel", "screen.press_to_pixel"), "screen:outside",
        "click seen from outside, until the next screen (or the pressed button) is on the display",
    ),
    Benchmark(("visit.pension", "visit.pension_longest"), "visit:pension", "what a resident waits for in a visit"),
    Benchmark(_memory(), "memory:resident", "resident set of every process, and its proportional share (PSS)"),
    Benchmark(
        ("memory.growth_keeper", "memory.growth_bench", "memory.growth_platform", "memory.descriptors",
         "memory.threads"), "growth:growth",
        "growth over many visits (--visits): the last half's slope, descriptors and threads",
    ),
    Benchmark(("card.read",), "card:read", "card on the reader until the document is there"),
    Benchmark(("documents.sam",), "documents_sam:read", "a resident card read over 115 200 baud, module at no time"),
    Benchmark(("documents.sam_present",), "documents_sam:present", "a resident card laid down until it is parsed"),
    Benchmark(("documents.pace_ec",), "documents_crypto:points", "PACE's part on elliptic curves, 256 bits, CPU time"),
    Benchmark(("documents.sm_block",), "documents_crypto:block", "one protected block of 256 bytes, CPU time"),
    Benchmark(
        ("documents.emrtd_bac", "documents.emrtd_bac_cpu", "documents.emrtd_pace", "documents.emrtd_pace_cpu",
         "documents.name_first"), "documents:emrtd",
        "a passport's data and portrait of 17 KB at a real chip's pace; when its name is known; our CPU a block",
    ),
    Benchmark(
        ("documents.ssse", "documents.present"), "documents:ssse",
        "a social security card's fields above the blind exchange; a card put down until the booth knows",
    ),
    Benchmark(("documents.pulled",), "documents_pulled:pcsc", "a passport pulled while it is read, until it is told"),
    Benchmark(("documents.sam_pulled",), "documents_pulled:sam", "a resident card pulled while it is read"),
    Benchmark(("documents.hostile",), "documents_hostile:parsers", "the worst input of every parser, CPU time"),
    Benchmark(("printer.receipt",), "printer:receipt", "a receipt until it is cut"),
    Benchmark(
        ("face.accuracy_opencv", "face.accuracy_opencv_eer", "face.accuracy_insightface",
         "face.accuracy_insightface_eer", "face.accuracy_fused_eer", "face.accuracy_102x126_1kb_eer",
         "face.accuracy_dark_eer", "face.accuracy_overexposed_eer", "face.accuracy_sidelight_eer"),
        "face_accuracy:accuracy", "people told apart on LFW pairs: ungated, best threshold, in-sample",
    ),
    Benchmark(("face.frame_cost",), "face_accuracy:frame_cost", "detect, align, embed and vote on one 1280x720 frame"),
    Benchmark(("face.match", "face.match_p95"), "face:match", "one comparison, from the first frame to the decision"),
    Benchmark(
        ("face.company", "face.company_p95", "face.company_gone"), "face:company",
        "a second person comes into view, and goes, until it is told",
    ),
    Benchmark(
        tuple(f"face.worker_{what}{by}" for by in ("", "_insightface") for what in ("start", "rss", "idle")),
        "face:worker",
        "the face worker: from nothing to the first decision, what it weighs, what it does while nobody asks",
    ),
    Benchmark(
        ("face.camera_loss", "face.camera_frozen", "face.camera_recovery", "face.worker_killed"), "face:loss",
        "camera unplugged, frozen, back; worker killed in the middle of a comparison",
    ),
    Benchmark(
        ("face.growth", "face.descriptors"), "face:growth",
        "many verifications (--verifications): does the worker grow?",
    ),
    Benchmark(
        _one_camera(), "face_liveness:one_camera",
        "synthetic people and prints before one camera: who is called live (minutes)",
    ),
    Benchmark(
        _attacks(), "face_pad:stereo",
        "synthetic attacks on two cameras, 60 and 100 mm apart: share of prints called live, of heads not (minutes)",
    ),
    Benchmark(("speech.start", "speech.start_prepared"), "speech:start", "a sentence until its first sound"),
    Benchmark(("speech.hush",), "speech:hush", "touch until silence"),
    Benchmark(("keeper.commit",), "keeper:commit", "one durable transaction"),
    Benchmark(
        ("site.dead_units", "site.dead_units_worst"), "site_bus:dead_units",
        "30 % of the reference bus dead: growth of the healthy units' poll period",
    ),
    Benchmark(
        ("site.modbus_tcp", "site.modbus_tcp_late"), "site_bus:modbus_tcp",
        "400 units behind 20 gateways at 1 Hz: CPU a question, lateness",
    ),
    Benchmark(
        ("site.late_answers",), "site_late:late_answers",
        "answers after their time-out on a serial line: values that go to the wrong register",
    ),
    Benchmark(
        ("site.load_cpu", "site.load_rss", "site.load_late"), "site_load:load",
        "the watch with 2 000 units behind 100 gateways, 20 000 points at 1 Hz: CPU, memory, lateness",
    ),
    Benchmark(
        ("site.release", "site.release_max"), "site_release:release",
        "a fire's reply to the doors' release, in a storm of 10 000 changes a second, the screen stopped",
    ),
    Benchmark(
        ("site.start", "site.start_fire"), "site_start:start",
        "start of the watch until 200 devices were read once, and until the fire loop was",
    ),
    Benchmark(("site.memory",), "site_example:memory", "resident set of the watch with the example site"),
    Benchmark(
        (*(f"site.lost_{kind}" for kind in ("loop", "reader", "camera", "unit", "link")), "site.back"),
        "site_example:losses", "devices of the example site fall silent and come back, until the watch says so",
    ),
    Benchmark(
        ("site.false_losses", "site.false_losses_day"), "site_example:false_losses",
        "2 % of all answers lost: the drivers for a minute a round, the states for a simulated day",
    ),
    Benchmark(
        ("site.way_out",), "way_out:until_seen",
        "a fire on the watch's socket until the way out is on the glass, in the middle of a visit",
    ),
    Benchmark(
        ("site.call", "site.call_max"), "site_call:call",
        "a pressed call button's message published until the watch tells of it",
    ),
    Benchmark(
        ("site.osdp_back", "site.osdp_lost", "site.osdp_card", "site.osdp_card_p95", "site.osdp_dead",
         "site.osdp_memory"), "site_osdp:doors",
        "the door bus: a reader lost and back, a card until it is told, what a dead reader costs the others",
    ),
    Benchmark(("site.journal_burst",), "site_uplink:journal", "10 000 events into the site's journal, durable"),
    Benchmark(
        ("site.uplink_backlog", "site.uplink_backlog_postgresql", "site.uplink_memory"), "site_uplink:backlog",
        "86 400 rows until the platform has acknowledged the last, in SQLite and PostgreSQL; growth of the process",
    ),
    Benchmark(
        ("site.fleet_rate", "site.fleet_delay", "site.fleet_delay_p99", "site.fleet_storm", "site.fleet_duplicates",
         "site.fleet_gaps"), "site_uplink:fleet",
        "200 booths, Mosquitto, PostgreSQL: events a second, delay, and everybody back at once after a killed broker",
    ),
)  # fmt: skip


def names() -> list[str]:
    """All figures."""
    return [name for benchmark in BENCHMARKS for name in benchmark.names]


def chosen(prefixes: Iterable[str]) -> list[tuple[Benchmark, set[str]]]:
    """The benchmarks that have figures beginning with one of ``prefixes`` (none: all), each with those figures.

    Raises ``LookupError`` for a prefix of nothing.
    """
    prefixes = tuple(prefixes)
    for prefix in prefixes:
        if not any(name.startswith(prefix) for name in names()):
            raise LookupError(f"no benchmark is called {prefix!r}; --list names them all")
    found = []
    for benchmark in BENCHMARKS:
        wanted = {name for name in benchmark.names if not prefixes or name.startswith(prefixes)}
        if wanted:
            found.append((benchmark, wanted))
    return found
