"""Two kinds of sites use the scale differently: the report refuses the comparison, and says why."""

import re

import numpy as np
import pandas as pd
import pytest

from analysis import client as clients
from analysis import results, wording
from analysis.present import MIME, Display
from analysis.workspace.pages.baseline import BaselinePage
from analysis.workspace.wiring.baseline import BaselineStage

ITEMS = ("q1", "q2", "q3", "q4", "q5")
SHIFTED = ("q3", "q5")
KINDS = ("ordinary", "old")
SHEETS, SITES = 900, 30
SECTION = {
    "zh_CN": (
        "不能直接比较。同样满意的客户，在不同组里对这些题打分不同",
        "“您对服务态度是否满意？”、“您对管家沟通是否满意？”",
        "不予比较：物业类型。这些群体的平均分不并列。",
    ),
    "en": (
        "Not directly. Customers who are equally satisfied score these items differently",
        "“您对服务态度是否满意？”, “您对管家沟通是否满意？”",
        "Not comparable: Property types. The average scores of these groups are not shown",
    ),
}


def answers(shift, sites, seed=5):
    """Five-step answers of two kinds of sites that differ by .2 in satisfaction."""
    rng = np.random.default_rng(seed)
    rows = []
    for kind, real in zip(KINDS, (0.0, -0.2), strict=True):
        trait = rng.normal(real, 1, SHEETS)
        for number, item in enumerate(ITEMS):
            moved = shift if kind == "old" and item in SHIFTED else 0.0
            loading = 0.75 + 0.03 * number
            score = 3.2 + moved + loading * trait + rng.normal(0, 0.6, SHEETS)
            rows.append(
                pd.DataFrame(
                    {
                        "response_id": [f"{kind}{i}" for i in range(SHEETS)],
                        "item": item,
                        "instrument": "csat_v1",
                        "site_id": [f"{kind}-{i % sites}" for i in range(SHEETS)],
                        "household_id": None,
                        "answered_at": pd.to_datetime("2023-03-01", utc=True)
                        + pd.to_timedelta([i % 300 for i in range(SHEETS)], unit="D"),
                        "channel": "微信",
                        "score": np.clip(np.rint(score), 1, 5),
                        "missing": None,
                    }
                )
            )
    return pd.concat(rows, ignore_index=True)


@pytest.fixture
def stage_of(tmp_path):
    """Return what opens the baseline of a client made of answers alone; its outputs are kept."""

    def open_with(shift, sites=SITES):
        client = clients.load("demo")
        folder = tmp_path / "canonical"
        folder.mkdir()
        names = [f"{kind}-{i}" for kind in KINDS for i in range(sites)]
        frame = pd.DataFrame({"site_id": names, "site_name": names, "region": "A"})
        frame["property_type"] = [kind for kind in KINDS for _ in range(sites)]
        frame.assign(households=300).to_parquet(folder / "sites.parquet")
        described = client.instruments["csat_v1"].items
        pd.DataFrame(
            [
                {
                    "instrument": "csat_v1",
                    "item": item,
                    "wording": described[item].wording,
                    "dimension": None,
                    "role": described[item].role,
                    "scale_min": 1.0,
                    "scale_max": 5.0,
                    "reversed": False,
                }
                for item in ITEMS
            ]
        ).to_parquet(folder / "instruments.parquet")
        answers(shift, sites).to_parquet(folder / "surveys.parquet")
        pd.DataFrame({"site_id": names, "period": 24276}).to_parquet(tmp_path / "panel.parquet")
        shown = []
        stage = BaselineStage(
            name="baseline",
            client=client,
            folder=tmp_path,
            show=Display("en", publish=shown.append),
            language="en",
            seed=1,
            layout=BaselinePage,
        )
        return stage, shown

    return open_with


def reported(stage, shown):
    """The section of the report, by language, as plain text; and what was found."""
    scale, register = stage.scale_use(), stage.instruments()
    found = results.merge("baseline", [scale, register])
    ready = stage.readiness([scale])
    stage.show.readiness(ready.checks[0], ready.table("repairs"), found.checks)
    stage.page(found).scale(scale)
    text = {
        language: re.sub(r"<[^>]+>", " ", " ".join(bundle[MIME][language] for bundle in shown))
        for language in wording.LANGUAGES
    }
    return found, text


def test_shifted_scale_is_refused_and_explained_in_both_languages(stage_of):
    found, text = reported(*stage_of(0.6))
    (gate,) = (c for c in found.checks if c.id.endswith("csat_v1.property_type"))
    assert gate.status == "failed"
    assert gate.reason == "measurement.check.invariance.partial_scalar"
    for language, sentences in SECTION.items():
        for sentence in sentences:
            assert sentence in text[language], (language, sentence)
        title = wording.text("measurement.repair.scale.title", language)
        assert title in text[language]
    # Raw means of the refused groups are nowhere, not even among the stored tables.
    assert "property_type" not in set(found.table("group_means")["by"])
    shifts = found.table("intercept_shifts_surveys_property_type")
    assert set(shifts["item"]) == set(SHIFTED)


def test_the_same_world_without_the_shift_passes(stage_of):
    found, text = reported(*stage_of(0.0))
    (gate,) = (c for c in found.checks if c.id.endswith("csat_v1.property_type"))
    assert gate.status == "passed"
    means = found.table("group_means")
    assert set(means.loc[means["by"] == "property_type", "group"]) == set(KINDS)
    for language, (refusal, _, instead) in SECTION.items():
        assert refusal not in text[language]
        assert instead not in text[language]
        yes = {
            "zh_CN": "可以。2 组对各题的理解和打分尺度一致",
            "en": "Yes. The 2 groups understand",
        }
        assert yes[language] in text[language]


OPEN = {
    "zh_CN": (
        "有一组的问卷只来自 6 个项目",
        "打分尺度可能造成的差（分）",
        "无法判断不同群体的打分尺度是否一致",
    ),
    "en": (
        "come from only 6 sites",
        "Could be due to use of the scale (points)",
        "Not clear whether groups use the rating scale alike",
    ),
}


def test_few_sites_are_neither_passed_nor_refused(stage_of):
    found, text = reported(*stage_of(0.0, sites=6))
    (gate,) = (c for c in found.checks if c.id.endswith("csat_v1.property_type"))
    assert gate.status == "caution"
    means = found.table("group_means")
    mine = means[means["by"] == "property_type"]
    assert not mine["comparable"].any()
    assert (mine["movable"] == gate.params["movable"]).all()
    for language, sentences in OPEN.items():
        for sentence in sentences:
            assert sentence in text[language], (language, sentence)
        assert wording.text("measurement.repair.scale.title", language) not in text[language]
