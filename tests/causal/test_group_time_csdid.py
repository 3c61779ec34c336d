"""Gaps and anticipation against csdid 0.4.3, the Python port that equals R's did exactly.

``csdid_0_4_3.csv`` was made from mpdta by

    ATTgt(yname="lemp", tname="year", idname="countyreal", gname="first.treat",
          xformla="lemp~lpop", control_group=[...], panel=True, anticipation=...,
          allow_unbalanced_panel=...).fit(est_method=..., base_period="varying", bstrap=False)

``gaps``: the rows with ``default_rng(1).random(2500) > 0.1``, allow_unbalanced_panel=True.
``anticipation``: all rows, one period of anticipation. Spec: method|covariate|comparison|periods.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.causal.did.group_time import group_time
from analysis.causal.panel.frame import prepare

EXACT = 1e-9
ROWS = pd.read_csv(Path(__file__).with_name("csdid_0_4_3.csv"))
COMPARISON = {"nevertreated": "never_treated", "notyettreated": "not_yet_treated"}


@pytest.mark.parametrize(("data", "spec"), list(ROWS.groupby(["data", "spec"]).groups))
def test_csdid(mpdta, data, spec):
    method, covariate, comparison, anticipation = spec.split("|")
    frame = mpdta
    if data == "gaps":
        frame = mpdta[np.random.default_rng(1).random(len(mpdta)) > 0.1]
    panel = prepare(
        frame,
        covariates=[] if covariate == "none" else [covariate],
        anticipation=int(anticipation),
    )
    cells = group_time(
        panel,
        method=method,
        comparison=COMPARISON[comparison],
        unbalanced="cross_sections" if data == "gaps" else "pairs",
    ).table()
    wanted = ROWS[(ROWS["data"] == data) & (ROWS["spec"] == spec)]
    both = wanted.merge(cells, on=["cohort", "period"], suffixes=("_r", ""))
    assert len(both) == len(wanted) == len(cells)
    np.testing.assert_allclose(both["att"], both["att_r"], atol=EXACT)
    np.testing.assert_allclose(both["se"], both["se_r"], atol=EXACT)
