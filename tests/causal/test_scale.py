"""The unit of the outcome moves every estimator and bound by its factor, from 1e-9 to 1e9."""

import numpy as np
import pytest
from causal_panels import staggered

from analysis.causal import (
    Options,
    evaluate,
    event_moments,
    imputation,
    lee_bounds,
    prepare,
    relative_magnitudes,
    smoothness,
    sun_abraham,
    twfe,
    twfe_event_study,
    two_by_two,
    two_stage,
)
from analysis.causal.parallel_trends.honest import breakdown_relative, breakdown_smoothness

FIELDS = ("value", "ci_low", "ci_high")
FACTORS = (1e-9, 1e-4, 1e4, 1e9)


def same(found, base, factor):
    """Compare numbers that carry the outcome's unit; None stays None."""
    assert len(found) == len(base)
    for name, value in base.items():
        if value is None:
            assert found[name] is None, name
        else:
            assert found[name] / factor == pytest.approx(value, rel=1e-4, abs=1e-5), name


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("lead", ["influence_function", "wild_bootstrap", "randomisation"])
@pytest.mark.parametrize("base", ["universal", "all_before"])
def test_effects_and_intervals(factor, lead, base):
    frame = staggered(3, sizes=(5, 5, 5), never=6, periods=14)
    options = Options(draws=49, inference=lead, base=base, horizons=(1,))

    def ends(scale):
        found = evaluate(
            frame.assign(y=frame["y"] * scale), outcome="csat_mean", unit="u", options=options
        )
        kept = [e for e in found.estimates() if e.estimand in ("att_overall", "att_cohort")]
        return {
            (e.id, field): getattr(e, field)
            for e in kept
            for field in ("value", "ci_low", "ci_high")
        }

    same(ends(factor), ends(1.0), factor)


@pytest.mark.parametrize("factor", FACTORS)
def test_regressions(factor):
    frame = staggered(4, sizes=(5, 5, 5), never=6, periods=14)

    def numbers(scale):
        panel = prepare(frame.assign(y=frame["y"] * scale))
        interaction, guess, plain = sun_abraham(panel), imputation(panel), two_by_two(panel)
        both, dynamic, staged = twfe(panel), twfe_event_study(panel), two_stage(panel)
        listed = [interaction.overall, interaction.overall_se, guess.overall, guess.overall_se]
        listed += [
            plain.att,
            plain.se,
            *both.coef,
            *both.se,
            *dynamic.coef,
            *staged.coef,
            *staged.se,
        ]
        return dict(enumerate(map(float, listed)))

    same(numbers(factor), numbers(1.0), factor)


@pytest.mark.parametrize("factor", FACTORS)
def test_bounds(factor):
    frame = staggered(5)
    options = Options(draws=49, alternatives=(), horizons=(1,))

    def ends(scale):
        found = evaluate(
            frame.assign(y=frame["y"] * scale), outcome="csat_mean", unit="u", options=options
        )
        moments = event_moments(found, 1)
        low, high = relative_magnitudes(moments, 1.0)
        straight, bent = smoothness(moments, 0.0), smoothness(moments, 0.02 * scale)
        return dict(
            enumerate(
                [
                    *(low, high, *straight, *bent),
                    breakdown_smoothness(moments),
                    breakdown_relative(moments) * scale,
                ]
            )
        )

    same(ends(factor), ends(1.0), factor)


@pytest.mark.parametrize("factor", FACTORS)
def test_lee_bounds(factor):
    rng = np.random.default_rng(0)
    treated = np.arange(400) % 2 == 0
    stayed = rng.random(400) < np.where(treated, 0.8, 0.6)
    y = np.where(stayed, rng.normal(size=400) + treated, np.nan)
    site = np.arange(400) // 10

    def ends(scale):
        found = lee_bounds(y * scale, stayed, treated, cluster=site)
        names = ("lower", "upper", "ci_low", "ci_high", "se_lower", "difference")
        return {name: getattr(found, name) for name in names}

    same(ends(factor), ends(1.0), factor)
