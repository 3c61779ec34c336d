"""Results show themselves in a line or two, in a terminal and in Jupyter."""

import pandas as pd
import pytest
from IPython.lib.pretty import pretty

from analysis.results import Check, Estimate, StageResults, Topic

EFFECT = Estimate(
    id="tracking.csat_mean.att.overall",
    estimand="att_overall",
    unit="score_1_5",
    value=0.1542,
    n=26985,
    method="group_time_dr",
    ci_low=0.0569,
    ci_high=0.25149,
    n_units=60,
    n_treated=40,
    comparison="not_yet_treated",
    causal=True,
)
LINE = (
    "tracking.csat_mean.att.overall: 0.1542 [0.0569, 0.2515] score_1_5; "
    "n = 26,985, 60 units (40 treated), against not_yet_treated"
)


def test_an_estimate_is_one_line_with_its_interval_and_n():
    assert str(EFFECT) == pretty(EFFECT) == LINE
    assert pretty([EFFECT]) == f"[{LINE}]"
    assert repr(EFFECT).startswith("Estimate(id=")


def test_without_a_value_the_reason_stands_there():
    none = Estimate(
        id="a.b", estimand="mean", unit="share", value=None, n=3, method="none", reason="why.few"
    )
    assert str(none) == "a.b: no value (why.few); n = 3"


def test_a_check_is_one_line():
    given = {"value": 46.0, "threshold": 60.0, "unit": "sites", "n": 60, "reason": "why.few"}
    check = Check(id="a.c", topic=Topic.RULE, question="q", status="caution", **given)
    assert pretty(check) == "a.c: caution; 46 sites, threshold 60, n = 60, why: why.few"


def test_results_of_a_stage_tell_how_much_there_is():
    checks = [Check(id=f"c{n}", topic=Topic.RULE, question="q", status="passed") for n in range(3)]
    found = StageResults(
        stage="tracking",
        estimates=(EFFECT,),
        checks=tuple(checks),
        facts={"seed": 1},
        tables={f"table_{n}": pd.DataFrame() for n in range(200)},
    )
    assert repr(found).startswith(
        "StageResults 'tracking': 1 estimates, 3 checks (3 passed), 0 alerts, 0 findings\n"
    )
    assert len(repr(found)) < 1500
    with pytest.raises(KeyError, match=r"near: \['tracking.csat_mean.att.overall'\] of 1"):
        found.estimate("tracking.csat_mean.overall")
