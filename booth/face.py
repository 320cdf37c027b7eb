"""``booth face``: what a technician says and reads when calibrating; the work is ``provisioning.face_calibration``."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from pathlib import Path

import click

from hardware.face import NoModelPack
from hardware.face.calibration import CALIBRATION, Calibration, Rate, write_calibration
from hardware.face.engines import load_engine
from hardware.face.pack import load as load_pack
from hardware.face.statistics import rule_of_three
from kiosk.config import load
from provisioning.face_calibration import (
    CalibrationError,
    Scored,
    calibrate,
    cross_all,
    embed_pictures,
    read_pairs,
    score_pairs,
)
from provisioning.face_curves import draw

Say = Callable[[str], None]


def run_calibrate(
    pairs: Path, config_file: Path, pack_folder: Path | None, *, all_pairs: bool, fmr: float, fnmr: float,
    out_file: Path | None, plot: Path | None, out: Say, err: Say,
) -> int:  # fmt: skip
    """Calibrate; 0 when the calibration was written, 1 when these pairs or this pack cannot be used."""
    is_laboratory = False
    if config_file.exists() or pack_folder is None:
        config = load(config_file)
        is_laboratory = config.booth.is_laboratory
        pack_folder = pack_folder or (Path(config.face.pack) if config.face.pack else None)
    try:
        trials = read_pairs(pairs)
        # To compare volunteers' pictures on a bench is a laboratory's use, wherever the pack will run.
        engine = load_engine(load_pack(pack_folder, is_laboratory=True, is_calibrating=True))
        engine.self_test()
        pictures = {path for trial in trials for path in (trial.reference, *trial.probe)}
        with click.progressbar(length=len(pictures), label="pictures", file=click.get_text_stream("stderr")) as bar:
            vectors = embed_pictures(engine, pictures, lambda done, _all: bar.update(done - bar.pos))
        out(f"{len(pictures)} pictures; no usable face on {len(pictures) - len(vectors)} (failure to acquire)")
        scored = cross_all(trials, vectors) if all_pairs else score_pairs(trials, vectors)
        for one in scored:
            _say_size(one, out)
        if all_pairs:
            out("crossed comparisons share pictures, so they are not independent: the bounds are on the hopeful side")
        made = calibrate(engine, scored, fmr=fmr, fnmr=fnmr, on=date.today())
        target = out_file or engine.pack.folder / CALIBRATION
        _say_result(made, scored, out)
        drawn = plot or target.with_suffix(".png")
        draw(scored, made.thresholds, f"{made.pack}, {made.made_on}", drawn)
        write_calibration(target, made)
    except (CalibrationError, NoModelPack) as error:
        err(f"booth: {error}")
        return 1
    except OSError as error:
        err(f"booth: {error.filename or out_file or plot}: cannot be written: {error.strerror}")
        return 1
    out(f"written: {target} and {drawn}")
    if not is_laboratory and engine.pack.manifest.pack.permitted_use == "laboratory":
        out("note: this pack is for a laboratory; a booth that serves the public refuses it")
    return 0


def _say_size(one: Scored, out: Say) -> None:
    what = "single pictures" if one.frames == 1 else f"{one.frames} pictures fused"
    out(
        f"{what}: {one.genuine.size} comparisons of one person, {one.impostor.size} of two;"
        f" they can show an FNMR of {rule_of_three(one.genuine.size):.2g}"
        f" and an FMR of {rule_of_three(one.impostor.size):.2g} (rule of three)"
    )


def _say_result(made: Calibration, scored: list[Scored], out: Say) -> None:
    limits = made.thresholds
    for curve in made.curves:
        out(f"{'single' if curve.frames == 1 else f'{curve.frames} fused'}: EER {100 * curve.equal_error_rate:.2f} %")
        for point in curve.points:
            mark = {limits.reject: "  <- reject", limits.accept: "  <- accept"}.get(point.threshold, "")
            out(f"  score {point.threshold:7.4f}  FMR {_rate(point.fmr)}  FNMR {_rate(point.fnmr)}{mark}")
    out(
        f"accept from {limits.accept:.4f} up (FMR at most {made.wanted_fmr:g}, one-sided 95 %),"
        f" reject below {limits.reject:.4f}, between them a clerk decides"
    )
    if not any(one.frames > 1 and one.impostor.size * made.wanted_fmr >= 3 for one in scored):
        out("note: too few fused comparisons; the booth fuses 3 to 5 pictures, whose FMR is about twice a single one's")


def _rate(rate: Rate) -> str:
    share = rate.errors / rate.trials if rate.trials else math.nan
    return f"{100 * share:8.4f} % [{100 * rate.low:.4f}, {100 * rate.high:.4f}]"
