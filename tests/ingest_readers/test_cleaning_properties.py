"""Whatever is written out in a known spelling is read back exactly."""

import datetime as dt
from decimal import Decimal

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.ingest.cleaning import KINDS, convert, normalise

FULL_WIDTH = str.maketrans("0123456789.-,%/:", "０１２３４５６７８９．－，％／：")
DAYS = st.dates(dt.date(1970, 1, 1), dt.date(2068, 12, 31))
AMOUNTS = st.decimals(-(10**9), 10**9, places=2, allow_nan=False).map(lambda d: d + 0)
REQUIRED = {"instant": {"zone": "Asia/Shanghai"}, "duration": {"unit": "seconds"}}
few = settings(max_examples=60, deadline=None)


def read_back(cells, kind, **options):
    result = convert(pd.Series(cells, dtype=object), kind, **options)
    assert len(result.faults) == 0, result.faults
    return result.values.tolist()


@few
@given(st.lists(DAYS, min_size=1, max_size=8))
def test_days(days):
    for spelling in (
        lambda d: d.isoformat(),
        lambda d: f"{d.year}年{d.month}月{d.day}日",
        lambda d: f"{d.year}/{d.month}/{d.day}",
        lambda d: f"{d.year}.{d.month}.{d.day}",
        lambda d: f"{d:%Y%m%d}",
        lambda d: f"{d:%y-%m-%d}",
        lambda d: (d - dt.date(1899, 12, 30)).days,
        lambda d: f"{d.year}-{d.month}-{d.day}".translate(FULL_WIDTH),
        lambda d: d,
    ):
        assert read_back([spelling(d) for d in days], "date") == days
    assert read_back([f"{d:%m/%d/%Y}" for d in days], "date", order="mdy") == days
    assert read_back([f"{d:%d.%m.%Y}" for d in days], "date", order="dmy") == days
    serial = [(d - dt.date(1904, 1, 1)).days for d in days]
    assert read_back(serial, "date", date_system="1904") == days


@few
@given(st.lists(AMOUNTS, min_size=1, max_size=8))
def test_numbers(amounts):
    expected = [float(a) for a in amounts]
    for spelling in (
        str,
        lambda a: f"{a:,}",
        lambda a: f"{a:,}元",
        lambda a: f"{a:,}".translate(FULL_WIDTH),
        lambda a: f" {a}\u200b",
        lambda a: f"({-a:,})" if a < 0 else f"￥{a:,}",
        lambda a: f"{a / 10_000}万" if "E" not in str(a / 10_000) else str(a),
        float,
    ):
        assert read_back([spelling(a) for a in amounts], "number") == expected


@few
@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=8))
def test_shares(basis_points):
    expected = [float(Decimal(b) / 10_000) for b in basis_points]
    percent = [f"{Decimal(b) / 100}%" for b in basis_points]
    assert read_back(percent, "share") == expected
    share = [float(Decimal(b) / 10_000) for b in basis_points]
    assert read_back(share, "share", unit="share") == expected


@few
@given(
    st.lists(st.datetimes(dt.datetime(1992, 1, 1), dt.datetime(2068, 1, 1)), min_size=1, max_size=6)
)
def test_instants(moments):
    moments = [m.replace(microsecond=0) for m in moments]
    expected = [pd.Timestamp(m, tz="Asia/Shanghai") for m in moments]
    for spelling in (
        str,
        lambda m: f"{m.year}/{m.month}/{m.day} {m:%H:%M:%S}",
        lambda m: (
            f"{m.year}年{m.month}月{m.day}日 {'下午' if m.hour > 11 else '上午'}"
            f"{m.hour - 12 if m.hour > 12 else m.hour}:{m:%M:%S}"
        ),
        lambda m: (m - dt.datetime(1899, 12, 30)) / dt.timedelta(days=1),
        lambda m: pd.Timestamp(m, tz="Asia/Shanghai").tz_convert("UTC").isoformat(),
        lambda m: m,
    ):
        cells = [spelling(m) for m in moments]
        result = read_back(cells, "instant", zone="Asia/Shanghai", date_only="midnight")
        assert result == expected


@few
@given(st.lists(st.text(max_size=12), max_size=8), st.sampled_from(KINDS))
def test_any_text_is_a_value_missing_or_a_fault(cells, kind):
    result = convert(pd.Series(cells, dtype=object), kind, **REQUIRED.get(kind, {}))
    faulty = set(result.faults["position"])
    reasons = result.reasons.fillna("").tolist()
    assert {i for i, reason in enumerate(reasons) if reason == "fault"} == faulty
    assert [reason != "" for reason in reasons] == result.values.isna().tolist()


@few
@given(st.permutations(["85", "８５", "待定", "—", None, "1.2万", "x"]))
def test_order_of_rows_does_not_matter(cells):
    result = convert(pd.Series(cells, dtype=object), "number", high=100_000)
    value = dict(zip(map(str, cells), result.values.tolist(), strict=True))
    assert value["85"] == value["８５"] == 85
    assert value["1.2万"] == 12_000
    assert len(result.faults) == 2


@few
@given(st.text(max_size=20))
def test_normalising_twice_changes_nothing_more(text):
    once = normalise(text)[0]
    if not once.startswith(("'", '="')):
        assert normalise(once)[0] == once
