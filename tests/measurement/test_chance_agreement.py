"""Kappa, Fleiss' kappa, AC1 and AC2 against published values, and at their edges."""

import numpy as np
import pytest

from analysis.measurement import (
    agreement_weights,
    fleiss_kappa,
    gwet_ac1,
    gwet_ac2,
    krippendorff_alpha,
    weighted_kappa,
)

# cac.raw4raters of R's irrCAC: 12 subjects × 4 raters (after Gwet 2014).
FOUR = "11.1 2232 3333 3333 2222 1234 4444 1121 2222 .555 ..11 ..3."
# distrib.6raters of irrCAC: Fleiss (1971), 6 psychiatrists, 15 of the patients, five diagnoses.
SIX = "00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031"
ABSTRACTORS = [[13, 0, 0], [0, 20, 7], [0, 4, 56]]
"""cont3x3abstractors of irrCAC: diagnoses of 100 emergency patients by two abstractors."""


def four():
    return np.array([[float(r.replace(".", "nan")) for r in row] for row in FOUR.split()]).T


def six():
    counted = ([int(c) for c in row] for row in SIX.split())
    return np.array([np.repeat(range(5), counts) for counts in counted], dtype=float).T


def abstractors():
    pairs = [(i, j) for i in range(3) for j in range(3) for _ in range(ABSTRACTORS[i][j])]
    return np.array(pairs, dtype=float).T


# Printed by the README of R's irrCAC 1.0 (github.com/kgwet/irrCAC): coeff.val and coeff.se.
@pytest.mark.parametrize(
    ("coefficient", "ratings", "value", "se"),
    [
        (gwet_ac1, four(), 0.77544, 0.14295),
        (fleiss_kappa, four(), 0.76117, 0.15302),
        (gwet_ac1, six(), 0.4448007, 0.08418757),
        (fleiss_kappa, six(), 0.4139265, 0.08119291),
    ],
)
def test_published_values_of_irrcac(coefficient, ratings, value, se):
    found = coefficient(ratings)
    assert found.value == pytest.approx(value, abs=6e-6)
    assert found.se == pytest.approx(se, abs=6e-6)


# Computed with the Python package irrCAC 0.4.4 on its data set raw_4raters; its pages print the
# quadratic AC2 to as many digits, its own tests hold the others to three.
@pytest.mark.parametrize(
    ("weights", "ac2", "ac2_se", "fleiss", "fleiss_se"),
    [
        ("quadratic", 0.91400, 0.10396, 0.86494, 0.14603),
        ("ordinal", 0.89894, 0.10690, 0.85021, 0.14704),
        ("linear", 0.85874, 0.11733, 0.81794, 0.14850),
    ],
)
def test_weighted_values_of_irrcac(weights, ac2, ac2_se, fleiss, fleiss_se):
    ours = gwet_ac2(four(), weights=weights), fleiss_kappa(four(), weights=weights)
    assert [c.value for c in ours] == pytest.approx([ac2, fleiss], abs=6e-6)
    assert [c.se for c in ours] == pytest.approx([ac2_se, fleiss_se], abs=6e-6)


def test_kappa_of_two_raters_as_irrcac_prints_it():
    """README of R's irrCAC, kappa2.table: 0.7964094, 0.05891072, (0.68, 0.913)."""
    found = weighted_kappa(*abstractors(), weights="identity")
    assert found.value == pytest.approx(0.7964094, abs=5e-8)
    assert found.se == pytest.approx(0.05891072, abs=5e-8)
    assert (found.low, found.high) == pytest.approx((0.68, 0.913), abs=2e-3)


def test_quadratic_kappa_is_the_intraclass_correlation_of_large_samples():
    """Fleiss & Cohen (1973): equal to 1 minus the mean squared gap over the expected one."""
    rng = np.random.default_rng(3)
    first = rng.integers(1, 6, 400).astype(float)
    second = np.clip(first + rng.integers(-1, 2, 400), 1, 5)
    gap = ((first - second) ** 2).mean()
    expected = ((first[:, None] - second[None, :]) ** 2).mean()
    assert weighted_kappa(first, second).value == pytest.approx(1 - gap / expected)


def test_where_one_answer_prevails_kappa_falls_and_ac2_does_not():
    """The paradox of Feinstein & Cicchetti (1990): 94 of 100 agree on 5, three pairs differ."""
    ratings = np.full((2, 100), 5.0)
    ratings[0, :3] = ratings[1, 3:6] = 4.0
    assert fleiss_kappa(ratings).value < 0
    assert krippendorff_alpha(ratings, "ordinal").value < 0.1
    assert gwet_ac2(ratings).value > 0.9


def test_a_scale_wider_than_the_answers_changes_chance():
    ratings = np.array([[4.0, 5, 4, 5, 5, 4], [4.0, 5, 5, 5, 4, 4]])
    assert gwet_ac2(ratings, categories=range(1, 6)).value > gwet_ac2(ratings).value
    with pytest.raises(ValueError, match="not all of"):
        gwet_ac2(ratings, categories=[1, 2])


@pytest.mark.parametrize("coefficient", [gwet_ac2, fleiss_kappa])
def test_complete_agreement_is_one_with_some_width(coefficient):
    ratings = np.tile([1.0, 2, 3, 4, 5], (3, 1))
    found = coefficient(ratings)
    assert found.value == 1.0
    assert found.low < 1.0
    assert found.method == "one_rating_off"


def test_two_raters_in_complete_agreement_have_a_kappa_without_interval():
    found = weighted_kappa([1.0, 2, 3, 4, 5], [1.0, 2, 3, 4, 5])
    assert (found.value, found.low, found.high, found.method) == (1, None, None, "none")


def test_one_answer_only_leaves_kappa_without_meaning():
    ratings = np.full((3, 8), 5.0)
    assert fleiss_kappa(ratings) is None
    assert weighted_kappa(ratings[0], ratings[1]) is None
    assert gwet_ac2(ratings).value == 1.0


def test_nobody_rated_twice():
    ratings = np.array([[1.0, np.nan], [np.nan, 2.0]])
    assert gwet_ac2(ratings) is None
    assert fleiss_kappa(ratings) is None
    assert weighted_kappa(*ratings) is None


def test_weights_are_those_of_the_vignette():
    """irrCAC's weighting vignette, three categories."""
    assert agreement_weights([1, 2, 3], "linear")[0].tolist() == [1, 0.5, 0]
    assert agreement_weights([1, 2, 3], "quadratic")[0].tolist() == [1, 0.75, 0]
    assert agreement_weights([1, 2, 3], "ordinal")[0] == pytest.approx([1, 2 / 3, 0])
    with pytest.raises(ValueError, match="identity, linear"):
        agreement_weights([1, 2], "bipolar")


def test_order_of_units_and_raters_does_not_matter():
    mixed = four()[[2, 0, 3, 1]][:, np.random.default_rng(1).permutation(12)]
    for coefficient in (gwet_ac2, fleiss_kappa):
        assert coefficient(mixed).value == pytest.approx(coefficient(four()).value)
