"""Error rates and their bounds against published values, and against scipy where it is at hand."""

import numpy as np
import pytest

from hardware.face import statistics as st

RNG = np.random.default_rng(11)


@pytest.mark.parametrize(
    ("errors", "trials", "low", "high"),
    [
        (0, 10, 0.0, 0.3085),  # Clopper and Pearson 1934; e.g. Agresti and Coull 1998, table of exact limits
        (5, 10, 0.1871, 0.8129),
        (10, 10, 0.6915, 1.0),
        (10, 100, 0.0490, 0.1762),
        (1, 100, 0.00025, 0.0545),
        (0, 300, 0.0, 0.0122),
    ],
)
def test_exact_bounds(errors, trials, low, high):
    found = st.clopper_pearson(errors, trials)
    assert found == pytest.approx((low, high), abs=6e-5)


def test_exact_bounds_are_the_quantiles_of_beta():
    beta = pytest.importorskip("scipy.stats").beta
    for trials in (7, 300, 3000, 325_221):
        for errors in {0, 1, 3, trials // 100, trials // 2, trials - 1, trials}:
            low, high = st.clopper_pearson(errors, trials)
            assert low == pytest.approx(beta.ppf(0.025, errors, trials - errors + 1) if errors else 0, rel=1e-6)
            expected = beta.ppf(0.975, errors + 1, trials - errors) if errors < trials else 1
            assert high == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("trials", "bound"), [(300, 0.01), (3000, 0.001), (30, 0.1), (2, 1.0), (0, 1.0)])
def test_the_rule_of_three(trials, bound):
    assert st.rule_of_three(trials) == pytest.approx(bound)
    if trials >= 30:  # it approximates the exact bound
        assert st.upper_bound(0, trials) == pytest.approx(bound, rel=0.06)
        assert st.upper_bound(0, trials) < bound


def test_counts_that_cannot_be():
    for errors, trials in ((-1, 5), (6, 5), (0, 0)):
        with pytest.raises(ValueError, match="trials"):
            st.clopper_pearson(errors, trials)


def test_errors_are_counted_as_the_booth_decides():
    """From the threshold up a match (ISO/IEC 19795-1: FMR and FNMR at a threshold)."""
    genuine, impostor = np.array([0.2, 0.5, 0.6, 0.9], "f4"), np.array([0.1, 0.2, 0.3, 0.5], "f4")
    at = st.point(genuine, impostor, 0.5)
    assert (at.fmr.errors, at.fnmr.errors) == (1, 1)
    fmr, fnmr = st.error_curves(genuine, impostor, np.array([0.0, 0.2, 0.5, 1.0], "f4"))
    assert fmr.tolist() == [1.0, 0.75, 0.25, 0.0]
    assert fnmr.tolist() == [0.0, 0.0, 0.25, 1.0]
    assert st.equal_error_rate(genuine, impostor)[0] == pytest.approx(0.25)
    assert st.best_accuracy(genuine, impostor)[0] == pytest.approx(0.75)


def test_normal_scores_have_the_equal_error_rate_of_theory():
    """Two unit normals 4 apart cross at 2: EER = 1 - Phi(2) = 2.275 %."""
    genuine, impostor = RNG.normal(4, 1, 200_000).astype("f4"), RNG.normal(0, 1, 200_000).astype("f4")
    eer, threshold = st.equal_error_rate(genuine, impostor)
    assert eer == pytest.approx(0.02275, abs=0.001)
    assert threshold == pytest.approx(2, abs=0.02)


@pytest.mark.parametrize("fmr", [1e-1, 1e-2, 1e-3])
def test_the_accept_threshold_s_upper_bound_keeps_the_rate(fmr):
    impostor = RNG.normal(0, 0.1, 20_000).astype("f4")
    threshold = st.accept_threshold(impostor, fmr)
    errors = int((impostor >= threshold).sum())
    assert st.upper_bound(errors, impostor.size) <= fmr
    lower = int((impostor >= threshold - 0.01).sum())
    assert st.upper_bound(lower, impostor.size) > fmr, "the lowest that keeps it"


def test_what_the_pairs_cannot_show_is_refused():
    impostor = RNG.normal(0, 0.1, 300).astype("f4")
    with pytest.raises(st.TooFewTrials, match=r"0\.001 cannot be shown with 300.*0\.01 .*3000") as caught:
        st.accept_threshold(impostor, 1e-3)
    assert caught.value.needed == 3000
    assert st.accept_threshold(impostor, 1e-2) > float(impostor.max()), "three hundred: none may match"
    with pytest.raises(st.TooFewTrials, match="false non-match"):
        st.reject_threshold(impostor[:299], 1e-2)
    with pytest.raises(st.TooFewTrials):
        st.accept_threshold(impostor[:0], 0.5)


def test_the_reject_threshold():
    genuine = np.linspace(0, 1, 1001, dtype="f4")
    threshold = st.reject_threshold(genuine, 0.01)
    assert (genuine < threshold).mean() <= 0.01
    assert (genuine < threshold + 0.002).mean() > 0.01


def test_the_curve_s_key_points():
    genuine, impostor = RNG.normal(0.6, 0.1, 1000).astype("f4"), RNG.normal(0, 0.1, 10_000).astype("f4")
    made = st.curve(genuine, impostor, 1, (0.3, 0.4))
    assert {0.3, 0.4} <= {point.threshold for point in made.points}
    assert [point.threshold for point in made.points] == sorted(point.threshold for point in made.points)
    rates = [point.fmr.errors for point in made.points]
    assert rates == sorted(rates, reverse=True)
    for wanted in (1000, 100, 10):
        assert any(0.8 * wanted <= errors <= wanted for errors in rates), "about each power of ten has its point"
    assert all(p.fmr.low <= p.fmr.errors / p.fmr.trials <= p.fmr.high for p in made.points)
