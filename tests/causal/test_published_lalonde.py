"""The two-period estimators against the published table of R's DRDID on LaLonde's controls.

No effect is true: 425 people whom a lottery left out of the National Supported Work programme are
compared, as if trained, with 15,992 of the Current Population Survey. ``nsw_controls.csv`` holds
the 425 (age, schooling, race, marriage, earnings in dollars of 1974, 1975 and 1978), from the data
set ``nsw`` of R's DRDID 1.2 (LaLonde 1986; Smith, Todd 2005); the others come with ``causaldata``.

Printed: README of DRDID (``summary`` of ``drdid``, ``estMethod = "imp"``) and the tables of all
four estimators of Stata's ``drdid`` on the same data, with the sample variance in the error.
"""

from __future__ import annotations

from pathlib import Path

import causaldata
import numpy as np
import pandas as pd
import pytest

from analysis.causal.did.two_period import two_period

COVARIATES = ["age", "educ", "black", "married", "nodegree", "hisp", "re74"]


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    trained = pd.read_csv(Path(__file__).parent / "nsw_controls.csv").assign(trained=True)
    others = causaldata.cps_mixtape.load_pandas().data.rename(columns={"marr": "married"})
    return pd.concat([trained, others.assign(trained=False)], ignore_index=True)


@pytest.mark.parametrize(
    ("method", "att", "se"),
    [
        ("dr_improved", -901.2703, 393.6247),
        ("dr", -871.3271, 396.0332),
        ("reg", -1300.645, 349.8365),
        ("ipw", -1021.609, 397.5322),
    ],
)
def test_the_printed_estimates(people, method, att, se):
    change = (people["re78"] - people["re75"]).to_numpy(float)
    trained = people["trained"].to_numpy(bool)
    found = two_period(
        change, trained, people[COVARIATES].to_numpy(float), np.ones(len(people)), method
    )
    assert found.att == pytest.approx(att, abs=6e-4)
    spread = found.influence.std(ddof=1) * np.sqrt(len(people))
    assert spread == pytest.approx(se, abs=6e-4)
