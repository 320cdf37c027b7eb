"""Shoulder guard, coaching about masks, search and framing: small rules, each with its limits."""

import pytest

from hardware.face import Coaching
from hardware.face.coaching import MASK_PATIENCE_S, MaskAdvice
from hardware.face.company import CompanyGuard, has_company
from hardware.face.search import Framing
from tests.hardware.face.test_face_gates import face


def small(share: float, x: float = 1100.0):
    """Another face with ``share`` of the area of a face with 100 px between the eyes."""
    return face(x=x, eyes_px=100 * share**0.5)


def test_company_is_told_within_two_frames_and_its_leaving_after_a_second():
    guard, first = CompanyGuard(), face()
    told = [guard.update([first, small(0.5)], n / 7.5) for n in range(4)]
    assert told == [None, True, None, None]
    assert guard.is_there
    told = [guard.update([first], 4 / 7.5 + n / 7.5) for n in range(12)]
    assert told.count(False) == 1
    assert told.index(False) == 7, "a second after it was last seen"


def test_one_false_find_masks_nothing():
    guard = CompanyGuard()
    for n in range(20):
        assert guard.update([face(), small(0.5)] if n % 2 else [face()], n / 7.5) is None


@pytest.mark.parametrize(
    ("faces", "expected"),
    [
        ([], False),
        ([face()], False),
        ([face(), small(0.21)], True),
        ([face(), small(0.19)], False),
        ([face(), face(x=1270)], True),
        ([face(), face(x=655)], False),
        ([face(), face(x=1100, score=0.4)], False),
    ],
)
def test_who_is_company(faces, expected):
    assert has_company(faces) is expected


def test_the_mask_is_asked_about_once_and_then_lived_with():
    advice = MaskAdvice()
    said = [advice.judge(True, n / 10) for n in range(100)]
    assert set(said[:5]) == {Coaching.MASK_OFF}, "covered frames do not count while there is hope"
    last = max(n for n, one in enumerate(said) if one is not None)
    assert last / 10 == pytest.approx(0.2 + MASK_PATIENCE_S, abs=0.11)
    assert advice.was_covered


def test_a_hand_before_the_mouth_is_no_mask():
    advice = MaskAdvice()
    assert all((advice.judge(n % 3 != 0, n / 10) is None) is (n % 3 == 0) for n in range(60))
    assert not advice.was_covered, "its frames do not count, and nobody is asked about a mask for ever"


@pytest.mark.parametrize("y", [150.0, 360.0, 1130.0])
def test_the_preview_follows_a_face_at_any_height(y):
    window = Framing().update(face(x=360, y=y, eyes_px=80), 720, 1280, 1.0)
    assert window is not None
    left, top, right, bottom = window
    assert 0 <= left < right <= 1
    assert 0 <= top < bottom <= 1
    assert top * 1280 < y - 40 < y + 100 < bottom * 1280
    assert right - left == pytest.approx(bottom - top), "the picture keeps its shape"


def test_the_preview_does_not_tremble():
    framing = Framing()
    assert framing.update(face(), 1280, 720, 0.0) is not None
    assert all(framing.update(face(x=640 + n % 5), 1280, 720, 1.0 + n) is None for n in range(20))
    assert framing.update(None, 1280, 720, 60.0) == (0.0, 0.0, 1.0, 1.0)
