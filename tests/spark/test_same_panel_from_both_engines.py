"""The same expressions give the same panel on DuckDB and on a Spark cluster."""

import hand_counted as hand
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from loopback_cluster import QUICK

from analysis import indicators, tables

pytestmark = pytest.mark.spark

TOLERANCE = 1e-9
NUMBERS = ["value", "total", "total_sq", "exposure"]
KEY = ["indicator", "stratum", "site_id", "period"]


@pytest.fixture(scope="module")
def compare(spark_master):
    def panels(sources, timezone, first, last, *, coverage=False):
        found = []
        for address in ("duckdb", spark_master):
            with indicators.connect(address, timezone=timezone, options=QUICK) as engine:
                panel = indicators.build_panel(
                    sources, client_timezone=timezone, first=first, last=last, engine=engine
                )
                lacks = indicators.coverage(sources, panel, engine=engine) if coverage else None
                found.append((panel, lacks))
        (duck, duck_coverage), (spark, spark_coverage) = found
        if coverage:
            pd.testing.assert_frame_equal(duck_coverage, spark_coverage)
        return duck, spark

    return panels


def assert_same(duck, spark):
    assert len(duck)
    pd.testing.assert_frame_equal(duck[[*KEY, "n"]], spark[[*KEY, "n"]])
    for column in NUMBERS:
        np.testing.assert_allclose(spark[column], duck[column], rtol=TOLERANCE, atol=TOLERANCE)


def test_client_counted_by_hand(compare):
    duck, spark = compare(hand.everything(), hand.TIMEZONE, hand.FIRST, hand.LAST, coverage=True)
    assert set(spark["indicator"]) == set(indicators.load())
    assert_same(duck, spark)


def test_random_client_across_a_change_of_clocks(compare, tmp_path):
    rng = np.random.default_rng(20240101)
    n = 20_000

    def instants(size):
        # Microseconds, so that rounding to seconds would show.
        start = pd.Timestamp("2024-01-01", tz="UTC").value // 1000
        spread = rng.integers(0, 180 * 86_400 * 10**6, size)
        return pd.Series(pd.to_datetime(start + spread, unit="us", utc=True))

    sites = [f"s{k:02d}" for k in range(12)]
    opened = instants(n)
    wait = pd.Series(pd.to_timedelta(rng.exponential(1800e6, n).astype("int64"), unit="us"))
    work = pd.Series(pd.to_timedelta(rng.exponential(36e9, n).astype("int64"), unit="us"))
    made = {
        "sites": hand.sites().iloc[:0].reindex(range(12)).assign(
            site_id=sites, site_name=sites, households=rng.integers(100, 900, 12)
        ),
        "instruments": hand.instruments(),
        "tickets": pd.DataFrame(
            {
                "ticket_id": [f"t{k}" for k in range(n)],
                "site_id": rng.choice(sites, n),
                "household_id": rng.choice([*(f"h{k}" for k in range(200)), None], n),
                "kind": rng.choice([*tables.TICKET_KINDS, None], n),
                "category": rng.choice(["lift", "noise", None], n),
                "opened_at": opened,
                "first_response_at": (opened + wait).where(rng.random(n) < 0.9),
                "resolved_at": (opened + work).where(rng.random(n) < 0.8),
                "reopened": pd.array(rng.choice([0, 0, 0, 1], n), dtype="Int64"),
            }
        ),
        "surveys": pd.DataFrame(
            {
                "response_id": [f"r{k // 2}" for k in range(n)],
                "item": ["q_all", "q_nps"] * (n // 2),
                "instrument": "owner_v1",
                "site_id": np.repeat(rng.choice(sites, n // 2), 2),
                "answered_at": instants(n // 2).repeat(2).reset_index(drop=True),
                "score": np.where(
                    np.arange(n) % 2, rng.integers(0, 11, n), rng.integers(1, 6, n)
                ).astype("float64"),
            }
        ),
    }  # fmt: skip
    paths = {}
    for name, frame in made.items():
        paths[name] = tmp_path / f"{name}.parquet"
        pq.write_table(tables.conform(name, frame), paths[name])
    assert_same(*compare(paths, "America/New_York", "2024-01", "2024-06"))


def test_demo_client(compare, project_root):
    folder = project_root / "reports" / "demo" / "latest" / "canonical"
    if not folder.is_dir():
        pytest.skip("no report of the demo client yet: make demo")
    sources = {path.stem: path for path in folder.glob("*.parquet") if path.stem in tables.TABLES}
    duck, spark = compare(sources, "Asia/Shanghai", "2023-01", "2025-12")
    assert_same(duck, spark)
    largest = max(float((spark[c] - duck[c]).abs().max()) for c in NUMBERS)
    cells = f"{len(duck):,} cells of {duck['indicator'].nunique()} indicators"
    print(f"\ndemo: {cells} agree; largest difference {largest:g}")
