import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import client, ingest
from analysis.measurement import (
    Dispositions,
    aapor_rates,
    aapor_table,
    assess_aapor,
    eligibility,
    wilson,
)

# The example of outcomerate's README: I4 P2 R1 NC1 O1 UH1 UO1 NE1.
SMALL = Dispositions(
    complete=4,
    partial=2,
    refusal=1,
    noncontact=1,
    other=1,
    unknown_household=1,
    unknown_other=1,
    not_eligible=1,
)


def test_rates_reproduce_outcomerate(reference):
    published = reference["aapor_12"]
    found = aapor_rates(SMALL, e=0.9)
    assert set(found.rates) == set(published["values"])
    for name, value in published["values"].items():
        assert found.rates[name].value == pytest.approx(value, abs=published["tolerance"]), name


def test_e_is_estimated_by_proportional_allocation():
    assert eligibility(SMALL) == pytest.approx(9 / 10)
    found = aapor_rates(SMALL)
    assert (found.e_source, found.e) == ("estimated", pytest.approx(0.9))
    assert found.rates["RR3"].value == pytest.approx(4 / (9 + 0.9 * 2))


def test_whole_counts_give_the_plain_wilson_interval():
    rate = aapor_rates(SMALL).rates["RR1"]
    plain = wilson(4, 11)
    assert (rate.low, rate.high, rate.n) == pytest.approx((plain.low, plain.high, 11))


def test_interval_of_rr3_covers_at_its_level():
    rng = np.random.default_rng(5)
    shares = np.array([0.3, 0.05, 0.1, 0.1, 0.02, 0.2, 0.08, 0.15])
    names = list(Dispositions.__dataclass_fields__)
    e = shares[:5].sum() / (shares[:5].sum() + shares[7])
    truth = shares[0] / (shares[:5].sum() + e * shares[5:7].sum())
    inside = 0
    for draw in rng.multinomial(300, shares, size=600):
        rate = aapor_rates(Dispositions(**dict(zip(names, map(int, draw), strict=True)))).rates[
            "RR3"
        ]
        inside += rate.low <= truth <= rate.high
    assert 0.925 <= inside / 600 <= 0.975


@given(st.tuples(*[st.integers(0, 30)] * 8), st.floats(0, 1))
def test_rates_are_ordered_shares(cells, e):
    names = list(Dispositions.__dataclass_fields__)
    rates = aapor_rates(Dispositions(**dict(zip(names, cells, strict=True))), e=e).rates
    for rate in rates.values():
        assert 0 <= rate.low <= rate.value + 1e-9
        assert rate.value - 1e-9 <= rate.high <= 1
    if "RR5" in rates:
        ordered = [rates[name].value for name in ("RR1", "RR3", "RR5")]
        assert ordered == sorted(ordered)


def test_codes_are_counted_by_their_group_and_unknown_codes_named():
    counts = Dispositions.from_codes(["1.1", 1.2, "2.112", "2.20", "2.36", "3.10", "3.9", "4.50"])
    assert counts == Dispositions(**dict.fromkeys(Dispositions.__dataclass_fields__, 1))
    with pytest.raises(ValueError, match="no final disposition"):
        Dispositions.from_codes(["5.1"])
    with pytest.raises(ValueError, match="refusal"):
        Dispositions(refusal=-1)


def test_no_cases_and_no_known_eligibility_leave_rates_out():
    assert aapor_rates(Dispositions()).rates == {}
    unknown = aapor_rates(Dispositions(unknown_household=5))
    assert unknown.e_source == "not_estimable"
    assert set(unknown.rates) == {"RR1", "RR2", "REF1", "CON1", "LOC1"}


CASES = pd.DataFrame(
    {
        "site_id": ["a"] * 4 + ["b"] * 4,
        "disposition": ["1.1", "1.1", "2.1", "2.2", "1.1", "2.2", "3.1", "3.1"],
    }
)


def test_table_counts_by_group():
    table = aapor_table(CASES, ["site_id"]).set_index(["site_id", "rate"])
    assert table.loc[("a", "RR1"), "value"] == 0.5
    assert table.loc[("b", "RR5"), "value"] == 0.5
    assert table.loc[("b", "RR1"), "value"] == 0.25


def test_stage_says_what_is_missing_and_cautions_on_unknown_eligibility():
    assert assess_aapor(None).checks[0].status == "not_possible"
    found = assess_aapor(CASES)
    assert found.checks[0].status == "caution"
    assert found.estimate("baseline.aapor.rr2").value == pytest.approx(3 / 8)
    assert set(found.tables) == {"aapor_site"}


CLIENT = """
client: {id: called, name: {zh_CN: 电话回访, en: Called}, simulated: true}
period: {first: 2024-03, last: 2024-04}
privacy: {demo_key: only for a test}
labels:
  outcome:
    "1.1 完成": complete
    "1.2 部分完成": partial
    "2.1 拒访": refusal
    "2.2 未联系上": noncontact
    "2.3 其他": other
    "3.1 是否有人居住不详": unknown_household
    "3.2 其他不详": unknown_other
    "4.5 空置": not_eligible
sources:
  - {table: sites, inline: [{site_id: P01, site_name: 城市花园}, {site_id: P02, site_name: 滨江}]}
  - table: dispositions
    files: [联系结果.csv]
    columns:
      invitation_id: 样本编号
      site_id: 项目
      household_id: 房号
      month: 月份
      channel: 渠道
      disposition: {from: 联系结果, labels: outcome}
"""

OUTCOMES = ["1.1 完成"] * 4 + ["1.2 部分完成"] * 2
OUTCOMES += ["2.1 拒访", "2.2 未联系上", "2.3 其他", "3.1 是否有人居住不详", "3.2 其他不详"]
OUTCOMES += ["4.5 空置"]


def test_an_export_of_contact_outcomes_gives_the_published_rates(reference, tmp_path):
    folder = tmp_path / "called"
    (folder / "raw").mkdir(parents=True)
    (folder / "client.yml").write_text(CLIENT, encoding="utf-8")
    rows = ["样本编号,项目,房号,月份,渠道,联系结果"]
    rows += [
        f"S{i},{'P01' if i < 6 else 'P02'},H{i},2024-03-01,电话,{outcome}"
        for i, outcome in enumerate(OUTCOMES)
    ]
    text = "\n".join(rows) + "\n"
    (folder / "raw" / "联系结果.csv").write_text(text, encoding="utf-8")
    described = client.load(folder)
    ingest.ingest(described, tmp_path / "canonical")
    cases = pd.read_parquet(tmp_path / "canonical" / "dispositions.parquet")
    assert not cases["household_id"].str.startswith("H").any()
    found = assess_aapor(cases, e=0.9)
    published = reference["aapor_12"]
    for name, value in published["values"].items():
        estimate = found.estimate(f"baseline.aapor.{name.lower()}")
        assert estimate.value == pytest.approx(value, abs=published["tolerance"]), name
    assert set(found.tables) == {"aapor_site", "aapor_channel", "aapor_month"}
    assert found.checks[0].status == "passed"
