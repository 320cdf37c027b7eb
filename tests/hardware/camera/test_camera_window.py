"""Which part the preview shows: within the frame, reached calmly, nonsense shows everything."""

import math

import numpy as np
import pytest

from hardware.camera.window import WHOLE, checked, cut, eased
from tests.hardware.camera.rig import camera_rig, until


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ((0.2, 0.3, 0.7, 0.8), (0.2, 0.3, 0.7, 0.8)),
        ((-1.0, 0.0, 0.5, 2.0), (0.0, 0.0, 0.5, 1.0)),
        ((0.5, 0.5, 0.5, 0.5), WHOLE),
        ((0.7, 0.1, 0.2, 0.9), WHOLE),
        ((0.0, 0.0, math.nan, 1.0), WHOLE),
    ],
)
def test_a_window_is_checked(given, meant):
    assert checked(given) == meant


def test_it_is_reached_in_steps():
    shown, wanted = WHOLE, (0.3, 0.2, 0.7, 0.6)
    steps = []
    for _ in range(20):
        shown = eased(shown, wanted)
        steps.append(shown[0])
    assert steps == sorted(steps)
    assert steps[0] < 0.1
    assert shown == pytest.approx(wanted, abs=0.01)


def test_the_part_is_cut_out():
    frame = np.arange(100 * 200 * 3, dtype=np.uint32).astype(np.uint8).reshape(100, 200, 3)
    assert (cut(frame, (0.25, 0.5, 0.75, 1.0)) == frame[50:100, 50:150]).all()
    assert cut(frame, WHOLE).shape == frame.shape


@pytest.mark.peer
async def test_only_the_preview_follows():
    async with camera_rig() as rig:
        rig.camera.aim((0.3, 0.2, 0.7, 0.6))
        await rig.camera.open()
        await until(rig.preview.newest)
        whole = rig.preview.newest()[2]
        rig.camera.aim((0.3, 0.2, 0.7, 0.6))
        last = rig.preview.newest()[0]
        await until(lambda: (rig.preview.newest() or (0,))[0] > last + 12)
        part = rig.preview.newest()[2]
        assert part.shape == whole.shape
        assert rig.full.newest()[2].shape == (720, 1280, 3)
        assert np.abs(part.astype(int) - whole).mean() > 5, "another part of the scene"
