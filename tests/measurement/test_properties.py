"""What must hold for any data: margins met, labels without meaning, intervals in their range."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from analysis.measurement import (
    cronbach_alpha,
    gwet_ac1,
    icc_forms,
    kish_design_effect,
    krippendorff_alpha,
    mean_t,
    net_promoter,
    newcombe,
    poststratify,
    rake,
    trim,
    wilson,
)

calm = settings(max_examples=40, deadline=None)

counts = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
levels = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99])
cells = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("xy")), min_size=12, max_size=60
).filter(lambda rows: {r for r, _ in rows} == set("abc") and {k for _, k in rows} == set("xy"))
shares = st.lists(st.floats(0.05, 1.0), min_size=3, max_size=3)


@calm
@given(cells, shares, st.floats(0.1, 0.9), st.floats(1, 1e6))
def test_raked_weights_meet_their_margins_and_keep_the_sum(rows, regions, kind, total):
    frame = pd.DataFrame(rows, columns=["region", "kind"])
    assume((frame.groupby("region")["kind"].nunique() == 2).all())
    regions = np.array(regions) / sum(regions) * total
    margins = {
        "region": dict(zip("abc", regions, strict=True)),
        "kind": {"x": kind * total, "y": (1 - kind) * total},
    }
    found = rake(frame, margins)
    assert found.converged
    assert found.weight.sum() == pytest.approx(total)
    assert (found.weight > 0).all()
    for column, wanted in margins.items():
        reached = found.weight.groupby(frame[column]).sum()
        for level, households in wanted.items():
            assert reached[level] == pytest.approx(households, abs=1e-6 * total)
    assert 1 - 1e-9 <= found.design_effect <= len(frame)
    moved = rake(frame.iloc[::-1], margins)
    assert moved.weight[frame.index].to_numpy() == pytest.approx(found.weight.to_numpy(), rel=1e-5)


@calm
@given(cells, shares)
def test_poststratified_weights_are_equal_within_a_stratum(rows, households):
    strata = pd.Series([r for r, _ in rows])
    found = poststratify(strata, dict(zip("abc", households, strict=True)))
    within = found.weight.groupby(strata)
    assert (within.max() - within.min()).max() == pytest.approx(0, abs=1e-12)
    assert found.weight.sum() == pytest.approx(sum(households))


@calm
@given(st.lists(st.floats(0.01, 100), min_size=2, max_size=40), st.floats(0.01, 1000))
def test_design_effect_and_trimming_do_not_know_the_unit(weights, unit):
    weights = np.array(weights)
    assert kish_design_effect(weights * unit) == pytest.approx(kish_design_effect(weights))
    assert kish_design_effect(weights) >= 1 - 1e-12
    scaled = trim(weights * unit, (0.3, 3))
    assert scaled / unit == pytest.approx(trim(weights, (0.3, 3)), rel=1e-6)
    assert kish_design_effect(scaled) <= kish_design_effect(weights) + 1e-9


sheets = st.integers(2, 4).flatmap(
    lambda raters: st.lists(
        st.lists(st.sampled_from([1.0, 2.0, 3.0, np.nan]), min_size=raters, max_size=raters),
        min_size=3,
        max_size=15,
    )
)


def close(one, other):
    if one is None or other is None:
        return one is None and other is None
    return one.value == pytest.approx(other.value, abs=1e-9)


@calm
@given(sheets, st.permutations([1.0, 2.0, 3.0]), st.randoms())
def test_agreement_does_not_know_names(rows, names, random):
    ratings = np.array(rows).T
    renamed = np.full_like(ratings, np.nan)
    for value, name in zip([1.0, 2.0, 3.0], names, strict=True):
        renamed[ratings == value] = name * 10
    assert close(krippendorff_alpha(ratings, "nominal"), krippendorff_alpha(renamed, "nominal"))
    assert close(gwet_ac1(ratings), gwet_ac1(renamed))
    order = random.sample(range(len(ratings)), len(ratings))
    units = random.sample(range(ratings.shape[1]), ratings.shape[1])
    shuffled = ratings[order][:, units]
    for scale in ("nominal", "ordinal", "interval"):
        assert close(krippendorff_alpha(ratings, scale), krippendorff_alpha(shuffled, scale))
    turned = krippendorff_alpha(4 - ratings, "ordinal")
    assert close(krippendorff_alpha(ratings, "ordinal"), turned)
    assert close(
        krippendorff_alpha(ratings * 3 + 1, "interval"), krippendorff_alpha(ratings, "interval")
    )
    for found in (krippendorff_alpha(ratings, "ordinal"), gwet_ac1(ratings)):
        assert found is None or found.value <= 1 + 1e-12


@calm
@given(st.integers(0, 10_000), st.integers(2, 4), st.floats(0.1, 50), st.floats(-100, 100))
def test_intraclass_correlations_and_alpha_do_not_know_the_unit(seed, raters, scale, shift):
    rng = np.random.default_rng(seed)
    ratings = rng.normal(size=(8, 1)) + rng.normal(size=(8, raters))
    forms, again = icc_forms(ratings), icc_forms(ratings[::-1, ::-1] * scale + shift)
    for name, form in forms.items():
        assert again[name].value == pytest.approx(form.value, abs=1e-6)
        assert form.low <= form.value + 1e-9
        assert form.value <= form.high + 1e-9
    alpha = cronbach_alpha(pd.DataFrame(ratings))
    moved = cronbach_alpha(pd.DataFrame(ratings * scale + shift))
    assert moved.value == pytest.approx(alpha.value, abs=1e-6)
    assert forms["ICC3k"].value == pytest.approx(alpha.value)  # the same number by two roads


@calm
@given(counts, levels)
def test_wilson_is_within_its_range_symmetric_and_widens_with_the_level(count, level):
    k, n = count
    found, mirror = wilson(k, n, level), wilson(n - k, n, level)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert (1 - mirror.high, 1 - mirror.low) == pytest.approx((found.low, found.high))
    wider = wilson(k, n, (1 + level) / 2)
    assert wider.low <= found.low
    assert wider.high >= found.high
    if k < n:
        more = wilson(k + 1, n, level)
        assert more.low >= found.low
        assert more.high >= found.high
    larger = wilson(4 * k, 4 * n, level)
    assert larger.high - larger.low <= found.high - found.low + 1e-12


@calm
@given(counts, counts)
def test_newcombe_changes_sign_with_the_order(one, other):
    found, back = newcombe(*one, *other), newcombe(*other, *one)
    assert -1 <= found.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.high <= 1
    assert (-back.high, -back.low) == pytest.approx((found.low, found.high), abs=1e-9)


@calm
@given(st.tuples(*[st.integers(0, 200)] * 3).filter(lambda t: sum(t) > 0))
def test_net_promoter_score_stays_between_its_ends_and_mirrors(answers):
    promoters, passives, detractors = answers
    found = net_promoter(promoters, passives, detractors)
    mirror = net_promoter(detractors, passives, promoters)
    assert -1 <= found.low <= found.high <= 1
    assert (-mirror.high, -mirror.low) == pytest.approx((found.low, found.high))


@calm
@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30), st.floats(-1e3, 1e3))
def test_a_shift_moves_the_interval_of_a_mean_with_it(values, shift):
    found, moved = mean_t(np.array(values)), mean_t(np.array(values) + shift)
    assert found.low <= found.value <= found.high
    assert (moved.low, moved.high) == pytest.approx(
        (found.low + shift, found.high + shift), abs=1e-6
    )


tables = st.tuples(st.integers(2, 6), st.integers(2, 5)).flatmap(
    lambda shape: st.lists(
        st.lists(st.integers(1, 5), min_size=shape[1], max_size=shape[1]),
        min_size=shape[0],
        max_size=shape[0],
    )
)


@settings(max_examples=400, deadline=None)
@given(tables)
@example([[5, 5, 1, 1, 5], [1, 5, 1, 4, 5]])  # raters who disagree more than by chance
@example([[1, 4, 5, 4, 3, 5], [4, 1, 5, 1, 5, 5]])
def test_every_correlation_within_classes_lies_between_its_ends(ratings):
    for form in (icc_forms(np.array(ratings)) or {}).values():
        if np.isfinite(form.value):
            assert form.low <= form.value + 1e-9
            assert form.value <= min(form.high, 1.0) + 1e-9
