"""Reference numbers from R and printed sources."""

import os
from pathlib import Path

import pandas as pd
import pytest

SHARED = Path(os.environ.get("CRMEVAL_SHARED", Path(__file__).parents[3] / "shared"))
REFERENCE = SHARED / "reference"


@pytest.fixture(scope="session")
def reference():
    """All reference entries: dataset, estimator, spec, quantity, value, se, source."""
    path = REFERENCE / "causal.csv"
    if not path.exists():
        pytest.skip(f"reference numbers are not at {path}")
    return pd.read_csv(path, dtype={"quantity": str})


@pytest.fixture(scope="session")
def mpdta():
    """Log teen employment by county and year (Callaway, Sant'Anna 2021), as a frame."""
    path = REFERENCE / "data" / "mpdta.csv"
    if not path.exists():
        pytest.skip(f"reference data are not at {path}")
    raw = pd.read_csv(path)
    return pd.DataFrame(
        {
            "unit": raw["countyreal"],
            "period": raw["year"],
            "y": raw["lemp"],
            "cohort": raw["first.treat"].where(raw["first.treat"] > 0).astype(float),
            "lpop": raw["lpop"],
        }
    )


@pytest.fixture(scope="session")
def prop99():
    """Cigarette packs by state and year (Abadie et al. 2010), as a frame."""
    path = REFERENCE / "data" / "california_prop99.csv"
    if not path.exists():
        pytest.skip(f"reference data are not at {path}")
    raw = pd.read_csv(path, sep=None, engine="python")
    start = raw.loc[raw["treated"] == 1].groupby("State")["Year"].min()
    return pd.DataFrame(
        {
            "unit": raw["State"],
            "period": raw["Year"],
            "y": raw["PacksPerCapita"],
            "cohort": raw["State"].map(start).astype(float),
        }
    )
