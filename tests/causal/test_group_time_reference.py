"""Group-time effects against R's did 2.5.1 (numbers and their makers in the reference file)."""

import re

import numpy as np
import pytest

from analysis.causal.did.aggregate import aggregate
from analysis.causal.did.group_time import group_time
from analysis.causal.panel.frame import prepare

COMPUTED, PRINTED = 1e-6, 5.1e-5  # R run to full precision; README of did, four decimals
COMPARISON = {"nevertreated": "never_treated", "notyettreated": "not_yet_treated"}
SPECS = [
    f"{m}|{x}|{c}|{b}"
    for m in ("dr", "reg", "ipw")
    for x in ("none", "lpop")
    for c in COMPARISON
    for b in ("varying", "universal")
]


def computed(mpdta, spec):
    method, covariate, comparison, base = spec.split("|")
    panel = prepare(mpdta, covariates=[] if covariate == "none" else [covariate])
    cells = group_time(panel, method=method, comparison=COMPARISON[comparison], base=base)
    found = {
        f"ATT({g},{t})": (att, se)
        for g, t, att, se in zip(cells.cohort, cells.period, cells.att, cells.se, strict=True)
    }
    for kind, name in (
        ("simple", "simple"),
        ("event", "dynamic"),
        ("cohort", "group"),
        ("calendar", "calendar"),
    ):
        result = aggregate(cells, kind)
        overall = result.overall or result
        found[f"{name}:overall"] = (overall.att[0], overall.se(panel.cluster)[0])
        if kind != "simple":
            for key, att, se in zip(result.key, result.att, result.se(panel.cluster), strict=True):
                found[f"{name}:{key}"] = (att, se)
    return found


@pytest.mark.parametrize("spec", SPECS)
def test_did(mpdta, reference, spec):
    rows = reference.query("dataset == 'mpdta' and estimator == 'callaway_santanna'")
    rows = rows[(rows["spec"] == spec) & (rows["quantity"] != "pretest_wald_p")]
    assert len(rows) >= 30
    found = computed(mpdta, spec)
    for row in rows.itertuples():
        printed = "README" in row.source
        att, se = found[row.quantity]
        assert att == pytest.approx(row.value, abs=PRINTED if printed else COMPUTED), row
        if np.isnan(row.se):
            assert np.isnan(se), row
        elif printed:  # standard errors there come from a bootstrap
            assert se == pytest.approx(row.se, rel=0.15), row
        else:
            assert se == pytest.approx(row.se, abs=COMPUTED), row
    assert {q for q in found if re.match("ATT", q)} == {
        q for q in rows["quantity"] if re.match("ATT", q)
    }
