"""A made-up run folder: every kind of output, all states, both languages."""

import json
import math
from contextlib import contextmanager

import nbformat
import numpy as np
import pandas as pd
import pytest

from analysis import results
from analysis.present import Display, plots
from analysis.report import build, portfolio
from analysis.results import Alert, Check, Claim, Estimate, Finding, Topic
from analysis.wording import catalogue

SENTENCES = {
    "title": ("效果追踪：培训改变了什么？", "Tracking: what did the training change?"),
    "title_lead": (
        "比较受训与尚未受训的项目，从培训当月起追踪一年。",
        "Trained sites compared with sites not yet trained, followed for a year from the start.",
    ),
    "effect": ("培训对满意度的影响", "Effect on satisfaction"),
    "effect_text": (
        "下图给出逐月效果。培训前各月的效果应接近零，否则对照组与培训组本来就走势不同。",
        "The figure shows the effect month by month. Before training it should be near zero; "
        "otherwise the two sets of sites were already moving apart.",
    ),
    "event": (
        "{indicator}在培训前后各月的效果（竖线为 95% 区间）",
        "Effect on {indicator} by month since training started (bars: 95% intervals)",
    ),
    "event_alt": (
        "培训前效果接近零；第 1 个月最高，约 +0.25 分，此后逐渐减弱，第 12 个月约 +0.15 分。",
        "Near zero before training; highest at month 1, about +0.25 points, then fading to "
        "about +0.15 points at month 12.",
    ),
    "trends": ("两类项目的平均满意度", "Mean satisfaction of the two kinds of sites"),
    "trends_alt": ("两条线培训前平行，之后分开。", "Parallel before training, apart after."),
    "persistence": ("效果能持续多久", "How long the effect lasts"),
    "persistence_table": ("第 1、3、6、12 个月的效果", "Effect at months 1, 3, 6 and 12"),
    "types": ("各物业类型的效果", "Effect by property type"),
    "checks": ("这个结果靠得住吗", "Can the result be trusted?"),
    "alerts": ("需要处理的预警", "Alerts that need action"),
    "more": ("其他图表", "Other figures"),
    "any": ("{what}", "{what}"),
    "any_alt": ("示意图：{what}。", "Illustration: {what}."),
    "q_pretrend": ("培训前两组走势是否平行？", "Did both groups move in parallel before training?"),
    "q_clusters": ("受训项目是否足够多？", "Are there enough trained sites?"),
    "q_attrition": ("作答者的构成是否改变？", "Did the mix of respondents change?"),
    "q_spill": ("对照项目是否也受到影响？", "Were comparison sites affected too?"),
    "r_pretrend": ("没有发现培训前的差异。", "No difference before training was found."),
    "r_attrition": (
        "回收率下降了 {drop:pct}，结果可能偏乐观。",
        "The return rate fell by {drop:pct}; the result may be too favourable.",
    ),
    "r_spill": ("没有邻近项目的记录。", "There is no record of which sites are neighbours."),
    "fix_attrition": (
        "用电话回访补足未作答者，再算一次。",
        "Call back a sample of non-respondents and compute again.",
    ),
    "action": (
        "把课程推广到其余项目，并在第 12 个月复训。",
        "Extend the course to the remaining sites and refresh it at month 12.",
    ),
    "alert": (
        "{subject}的出勤率降到 {value:pct}，低于 {threshold:pct}。",
        "Attendance at {subject} fell to {value:pct}, below {threshold:pct}.",
    ),
    "response": ("两天内安排补课。", "Arrange make-up sessions within two days."),
    "no_value": ("没有费用数据。", "There are no fee data."),
}
MARKDOWN = """### How the effect is estimated

The **group-time effect** of cohort $g$ in month $t$ compares its change with the change of sites
not yet trained:

$$ATT(g,t) = E[Y_t - Y_{g-1} \\mid G=g] - E[Y_t - Y_{g-1} \\mid C=1]$$

Costs such as `$5` in code stay as they are. See Callaway and Sant'Anna (2021), eq. 2.
"""


@contextmanager
def sample_wording():
    """Put the sentences of the made-up pages into the catalogue, and take them out again."""
    for number, language in enumerate(("zh_CN", "en")):
        loaded = catalogue._catalogue(language)
        loaded.update({f"sample.{key}": pair[number] for key, pair in SENTENCES.items()})
    try:
        yield
    finally:
        for language in ("zh_CN", "en"):
            loaded = catalogue._catalogue(language)
            for key in SENTENCES:
                del loaded[f"sample.{key}"]


def effect(time, **more):
    value = 0.0 if time < 0 else 0.25 * math.exp(-time / 22)
    value += 0.012 * math.sin(time * 2.1)
    width = 0.05 + 0.004 * abs(time)
    return Estimate(
        **{
            "id": f"tracking.csat_mean.att.{time}",
            "estimand": "att_event_time",
            "indicator": "csat_mean",
            "unit": "score",
            "value": value,
            "ci_low": value - width,
            "ci_high": value + width,
            "p_value": 0.8 if time < 0 else 0.0004,
            "n": 12000 - 300 * abs(time),
            "n_units": 60,
            "n_treated": 40,
            "method": "group_time_dr",
            "interval_method": "influence_function",
            "comparison": "not_yet_treated",
            "causal": True,
            "dims": {"event_time": time},
            "simulated": True,
            **more,
        }
    )


def described(indicator, unit, value, n, **more):
    return Estimate(
        id=f"value.{indicator}",
        estimand="mean",
        indicator=indicator,
        unit=unit,
        value=value,
        ci_low=None if value is None else value * 0.97,
        ci_high=None if value is None else value * 1.03,
        n=n,
        method="wilson",
        simulated=True,
        **more,
    )


def checks():
    return [
        Check(id="tracking.pretrend", topic=Topic.PRETREND, question="sample.q_pretrend",
              status="passed", value=0.61, threshold=0.05, unit="p", reason="sample.r_pretrend"),
        Check(id="tracking.clusters", topic=Topic.COMPARISON_SIZE, question="sample.q_clusters",
              status="passed", value=40, threshold=10, unit="sites"),
        Check(id="tracking.attrition", topic=Topic.RESPONDENTS, question="sample.q_attrition",
              status="caution", value=0.09, threshold=0.05, unit="share",
              reason="sample.r_attrition", remedy="sample.fix_attrition", params={"drop": 0.09}),
        Check(id="tracking.spill", topic=Topic.SPILL_OVER, question="sample.q_spill",
              status="not_possible", reason="sample.r_spill"),
    ]  # fmt: skip


def finding():
    return Finding(
        id="finding.csat",
        claim=Claim.BETTER,
        design="quasi_experimental",
        strength="moderate",
        params={
            "indicator": "csat_mean",
            "value": 0.212,
            "ci_low": 0.15,
            "ci_high": 0.274,
            "unit": "score",
            "level": 0.95,
            "n_units": 60,
            "n_treated": 40,
        },
        estimates=("tracking.csat_mean.att.0", "value.csat_top2"),
        checks=("tracking.attrition",),
        reasons=("sample.r_attrition",),
        action="sample.action",
    )


def alerts():
    return [
        Alert(id=f"alert.{n}", rule="attendance", grade=min(3, n), message="sample.alert",
              response="sample.response", subject=["翠湖花园", "Lakeside", "喆堃里"][n - 1],
              value=0.71, threshold=0.85, n=42, false_alarm_rate=0.02, owner="terms.tier.middle",
              due_on="2024-05-03", requirement="R066")
        for n in (1, 2, 3)
    ]  # fmt: skip


def frames():
    rng = np.random.default_rng(7)
    months = np.arange(2023 * 12, 2023 * 12 + 36)
    lift = np.where(months >= 2024 * 12 + 2, 0.2, 0.0)
    trend = 3.8 + 0.004 * np.arange(36)
    trends = pd.concat(
        [
            pd.DataFrame({"period": months, "arm": arm, "value": y, "ci_low": y - 0.06,
                          "ci_high": y + 0.06})
            for arm, y in (
                ("treated", trend + lift + rng.normal(0, 0.02, 36)),
                ("comparison", trend - 0.05 + rng.normal(0, 0.02, 36)),
            )
        ]
    )  # fmt: skip
    rate = np.clip(rng.normal(0.86, 0.03, 24), 0, 1)
    rate[17] = 0.70
    return {
        "trends": trends,
        "control": pd.DataFrame(
            {"period": months[:24], "value": rate, "centre": 0.86, "lower": 0.78, "upper": 0.94,
             "signal": rate < 0.78}
        ),
        "response": pd.DataFrame(
            {"label": ["terms.property_type.villa", "terms.property_type.high_end",
                       "terms.property_type.ordinary", "terms.property_type.old"],
             "value": [0.41, 0.36, 0.29, 0.22], "ci_low": [0.36, 0.33, 0.27, 0.2],
             "ci_high": [0.46, 0.39, 0.31, 0.24]}
        ),
        "gantt": pd.DataFrame(
            {"label": ["terms.stage.design", "terms.stage.baseline", "terms.stage.monitoring",
                       "terms.stage.tracking"],
             "start": ["2024-01-05", "2024-02-01", "2024-03-01", "2024-09-01"],
             "planned_on": ["2024-01-31", "2024-02-20", "2024-08-31", "2024-09-01"],
             "end": ["2024-01-31", "2024-02-28", "2024-08-31", "2024-09-01"],
             "done": [True, True, False, False], "critical": [True, True, True, False],
             "gate": [False, True, False, False]}
        ),
        "love": pd.DataFrame(
            {"covariate": ["户数", "物业类型", "片区"],
             "smd_before": [0.42, -0.25, 0.12], "smd_after": [0.05, -0.04, 0.02]}
        ),
        "power": pd.DataFrame(
            {"n_sites": [20, 40, 60, 80, 100] * 2,
             "power": [0.1, 0.3, 0.55, 0.78, 0.92, 0.07, 0.2, 0.38, 0.58, 0.75],
             "series": ["terms.assigned_by.randomised"] * 5 + ["terms.assigned_by.management"] * 5}
        ),
        "scorecard": pd.DataFrame(
            {"indicator": ["csat_top2", "nps", "fee_collection"], "value": [0.83, 31.0, 0.91],
             "ci_low": [0.81, 27.0, 0.9], "ci_high": [0.85, 35.0, 0.92],
             "target": [0.85, 30.0, 0.95], "unit": ["share", "nps_points", "share"]}
        ),
        "tornado": pd.DataFrame(
            {"label": ["terms.cost.trainer", "terms.cost.platform", "terms.cost.travel"],
             "low": [1.2e6, 2.1e6, 2.6e6], "high": [4.1e6, 3.2e6, 2.9e6], "base": [2.8e6] * 3}
        ),
    }  # fmt: skip


def notebook(stage):
    """Return a notebook of one stage as a run would have left it."""
    outputs = []
    show = Display("zh_CN", publish=outputs.append)
    data = frames()
    method = {"tags": ["method"]}
    about = "# Tracking\n\nWhat the notebook is for."
    cells = [nbformat.v4.new_markdown_cell(about, metadata=method)]

    def cell(source, *calls, markdown=None):
        if markdown:
            cells.append(nbformat.v4.new_markdown_cell(markdown, metadata=method))
        outputs.clear()
        for call in calls:
            call()
        cells.append(
            nbformat.v4.new_code_cell(
                source,
                outputs=[nbformat.v4.new_output("display_data", data=b) for b in outputs],
            )
        )

    def figure(name, what, *data, **params):
        return lambda: show.figure(
            getattr(plots, name), *data, caption="sample.any", alt="sample.any_alt", what=what,
            **params,
        )  # fmt: skip

    times = [effect(t) for t in range(-12, 13)]
    cell(
        'stage = workspace.open_stage("tracking", client=client)\nshow = stage.show',
        lambda: show.title("sample.title"),
        lambda: show.answer(finding(), checks()),
        lambda: show.kpis(
            [effect(0), described("csat_top2", "share", 0.834, 6120),
             described("nps", "nps_points", 31.2, 5)]
        ),
    )  # fmt: skip
    cell(
        "effects = causal.evaluate(stage.outcome())  # by event time\neffects.estimates()[0:3]",
        lambda: show.section("sample.effect"),
        lambda: show.prose("sample.effect_text"),
        lambda: show.figure(
            plots.event_study, times, caption="sample.event", alt="sample.event_alt",
            indicator="csat_mean",
        ),
        lambda: show.figure(
            plots.trends, data["trends"], caption="sample.trends", alt="sample.trends_alt",
            indicator="csat_mean", unit="score", starts=(2024 * 12 + 2, 2024 * 12 + 5),
        ),
        markdown=MARKDOWN,
    )  # fmt: skip
    cell(
        "show.estimates(effects)",
        lambda: show.section("sample.persistence"),
        lambda: show.estimates(
            [effect(t) for t in (1, 3, 6, 12)],
            caption="sample.persistence_table",
            rows="event_time",
        ),
        lambda: show.table(
            pd.DataFrame(
                {"property_type": ["villa", "high_end", "ordinary", "old"],
                 "value": [0.81, 0.84, 0.79, 0.7], "n": [6, 310, 2200, 950]}
            ),
            caption="sample.types",
            columns={
                "property_type": ("report.column.property_type", "label:terms.property_type"),
                "value": ("terms.estimate", "pct1"),
                "n": ("terms.observations", "int"),
            },
            n="n",
        ),
    )  # fmt: skip
    cell("show.checks(effects.checks())", lambda: show.section("sample.checks"),
         lambda: show.checks(checks()))  # fmt: skip
    cell("show.alerts(alerts)", lambda: show.section("sample.alerts"),
         lambda: show.alerts(alerts()), lambda: show.alerts([]))  # fmt: skip
    cohorts = [
        effect(t, id=f"gt.{g}.{t}", dims={"cohort": g, "event_time": t})
        for g in (2024 * 12 + 2, 2024 * 12 + 5, 2024 * 12 + 8)
        for t in range(-6, 10)
    ]
    cell(
        "",
        lambda: show.section("sample.more"),
        figure("group_time", "group time", cohorts),
        figure("forest", "forest",
               [effect(1), effect(3, indicator="csat_top2"), effect(6, indicator="nps")]),
        figure("control_chart", "control chart", data["control"], indicator="attendance",
               unit="share"),
        figure("response_bars", "response bars", data["response"], overall=0.31),
        figure("programme_gantt", "programme gantt", data["gantt"], today="2024-05-01"),
        figure("love_plot", "love plot", data["love"]),
        figure("power_by_sites", "power", data["power"]),
        figure("scorecard", "scorecard", data["scorecard"]),
        figure("tornado", "tornado", data["tornado"], unit="CNY"),
    )  # fmt: skip
    return nbformat.v4.new_notebook(cells=cells)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
    """Return the built run folder of a project of its own: one stage done and one failed."""
    folder = tmp_path_factory.mktemp("project") / "reports" / "sample" / "20240501-0800"
    with sample_wording():
        write_run(folder)
        build(folder)
        portfolio(folder.parents[2])
    return folder


def write_run(folder):
    (folder / "notebooks").mkdir(parents=True)
    nbformat.write(notebook("tracking"), folder / "notebooks" / "03_tracking.ipynb")
    (folder / "results").mkdir()
    results.save(
        results.collect(
            "tracking",
            [finding(), checks(), [effect(t) for t in range(-3, 13)],
             described("fee_collection", "share", None, 0, reason="sample.no_value")],
        ),
        folder / "results",
    )  # fmt: skip
    results.save(
        results.collect("value", [described("csat_top2", "share", 0.834, 6120)]),
        folder / "results",
    )
    steps = {
        "ingest": {"state": "done"},
        "design": {"state": "skipped"},
        "tracking": {"state": "done"},
        "value": {"state": "failed", "error": "costs.csv: no rows"},
    }
    manifest = {
        "client": "sample",
        "run_id": folder.name,
        "state": "complete",
        "started": "2024-05-01T08:00:00+00:00",
        "inputs": {"client.yml": "a" * 64, "raw/满意度.xlsx": "b" * 64},
        "packages": {"pandas": "3.0.0", "numpy": "2.3.1"},
        "parameters": {"seed": 20240101},
        "revision": "0123456789abcdef",
        "steps": steps,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (folder.parent / "latest").symlink_to(folder.name)
