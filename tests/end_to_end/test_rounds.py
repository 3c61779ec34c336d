"""Clients measured in rounds: finished pages give an effect and say when it was measured."""

import pytest
from in_process import run_here
from one_truth import differing, shown
from ruamel.yaml import YAML
from small_client import NAME, ROOT, SmallClient
from visible import visible_text

from analysis import results


def write(root, days, score, *, sites, first="2023-11", last="2024-07"):
    """Write a client whose first half of sites is trained in March 2024, asked on some days."""
    folder = root / "data" / NAME
    (folder / "raw").mkdir(parents=True)
    (root / "notebooks").symlink_to(ROOT / "notebooks", target_is_directory=True)
    names = [f"P{i:02d}" for i in range(sites)]
    trained = set(names[: sites // 2])
    rows = [
        f"{site},{day},{score(i, site in trained, day) + lift}"
        for i, site in enumerate(names)
        for day in days(i)
        for lift in (0, 1)
    ]
    lines = ["response_id,site,date,overall", *(f"R{i},{row}" for i, row in enumerate(rows))]
    (folder / "raw" / "survey.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    started = {"wave": 1, "arm": "treated", "planned_start": "2024-03-01"}
    waits = {"wave": 0, "arm": "comparison"}
    document = {
        "client": {
            "id": NAME,
            "name": {"zh_CN": "测试", "en": "Test"},
            "timezone": "Asia/Shanghai",
        },
        "period": {"first": first, "last": last},
        "privacy": {"purpose": "test", "legal_basis": {"default": "consent"}},
        "instruments": {
            "s": {"scale": [1, 5], "items": {"q1": {"wording": "overall", "role": "overall"}}}
        },
        "min_cell": 2,
        "sources": [
            {
                "table": "sites",
                "inline": [{"site_id": s, "site_name": f"S{s}", "households": 500} for s in names],
            },
            {
                "table": "waves",
                "inline": [{"site_id": s, **(started if s in trained else waits)} for s in names],
            },
            {
                "table": "surveys",
                "files": ["survey.csv"],
                "columns": {
                    "response_id": "response_id",
                    "site_id": "site",
                    "answered_at": {"from": "date", "date_only": "midnight"},
                },
                "constants": {"instrument": "s"},
                "unpivot": {"items": {"q1": "overall"}},
            },
        ],
    }
    YAML().dump(document, folder / "client.yml")
    return SmallClient(root)


def finished(client):
    done = run_here(client)
    assert done.state == "complete", done.error
    assert differing(shown(done.folder)) == {}
    found = results.load("tracking", done.folder / "results")
    own = {e.id.removeprefix("tracking.csat_mean."): e for e in found.estimates}
    return done.folder, found, own


def said(folder, page):
    """Return the texts of a page in both languages."""
    return {language: visible_text(folder / language / f"{page}.html") for language in ("zh", "en")}


def test_three_sites_against_three_before_and_after(tmp_path):
    """Trained sites go from 3.5 to 4.5, the others stay at 3.5: +1.0 by hand."""

    def score(number, trained, day):
        return 4 if trained and day >= "2024-03" else 3

    client = write(tmp_path, lambda i: ("2023-11-10", "2024-06-10"), score, sites=6)
    folder, found, own = finished(client)
    assert own["att.overall"].value == pytest.approx(1.0)
    assert own["att.overall"].p_value == pytest.approx(0.1)  # 2 of the 20 ways to choose 3 of 6
    assert found.findings[0].strength == "insufficient"
    headline = {
        "zh": "效果估计为 +1.00 分（受训项目与对照项目相比；6 个项目中 3 个受训）。项目太少，"
        "无法界定其误差范围，不存在 95% 区间。随机化检验 p = 0.10；在这一设计下，无论结果如何，"
        "p 都不可能小于 0.10。",
        "en": "+1.00 points at the trained sites, against the comparison sites (3 trained of 6 "
        "sites). With so few sites its uncertainty cannot be bounded: there is no 95% interval. "
        "The randomisation test gives p = 0.10; with this design p could not fall below 0.10",
    }
    rounds = {
        "zh": "共测量 2 轮：2023年11月、2024年6月。2023年12月至2024年5月没有数据",
        "en": "Measured in 2 rounds: Nov 2023, Jun 2024. There are no data for Dec 2023 to",
    }
    before = {"zh": "培训前只测量了一轮", "en": "Only one round was measured before training"}
    repair = {"zh": "补正数据", "en": "Fix the data"}
    for page in ("index", "tracking"):
        for language, text in said(folder, page).items():
            assert headline[language] in text
            assert before[language] in text
            assert repair[language] not in text
    for language, text in said(folder, "tracking").items():
        assert rounds[language] in text


def test_a_missing_february_leaves_effect_horizons_and_grade(tmp_path):
    """Monthly but for February 2024; trained sites gain 1 from March on."""
    months = [f"2023-{m:02d}" for m in range(8, 13)] + [f"2024-{m:02d}" for m in (1, *range(3, 11))]

    def score(number, trained, day):
        by_itself = (number + months.index(day[:7])) % 3 == 0
        return 2 + by_itself + (trained and day >= "2024-03")

    days = [f"{month}-12" for month in months]
    span = {"first": "2023-08", "last": "2024-10"}
    client = write(tmp_path, lambda i: days, score, sites=12, **span)
    folder, found, own = finished(client)
    effect = own["att.overall"]
    assert effect.ci_low < 1 < effect.ci_high
    assert effect.value == pytest.approx(1.0, abs=0.1)
    assert found.findings[0].claim in ("findings.effect.better", "findings.effect.better_weak")
    assert [own[f"att.horizon.{h}"].dims["event_time"] for h in (1, 3, 6)] == [1, 3, 6]
    missing = {
        "zh": "2023年8月至2024年10月共有 14 个月有数据。2024年2月所有项目都没有数据",
        "en": "Measured in 14 months from Aug 2023 to Oct 2024. No site has data for Feb 2024",
    }
    grade = {"zh": "证据较弱", "en": "Weak evidence"}
    improved = {"zh": "受训项目的变化好于对照项目", "en": "developed better than at the"}
    for page in ("index", "tracking"):
        for language, text in said(folder, page).items():
            assert grade[language] in text
            assert improved[language] in text
    for language, text in said(folder, "tracking").items():
        assert missing[language] in text


def test_sites_that_answer_on_either_side_of_a_month_are_compared(tmp_path):
    """Every other pair of sites answers some days later, in the next month; the effect is 1."""

    def days(number):
        late = number // 2 % 2
        return ("2023-12-03", "2024-07-02") if late else ("2023-11-28", "2024-06-27")

    def score(number, trained, day):
        by_itself = number % 3 == 0  # one site of three, trained or not
        return 2 + (day >= "2024-03") * (by_itself + trained)

    client = write(tmp_path, days, score, sites=12)
    folder, found, own = finished(client)
    effect = own["att.overall"]
    assert (effect.n_units, effect.n_treated) == (12, 6)
    assert effect.value == pytest.approx(1.0)
    assert effect.ci_low < 1 < effect.ci_high
    assert found.findings[0].strength in ("weak", "moderate")
    only = {
        "zh": "培训后只测量了一轮（2024年6月）",
        "en": "only one round was measured after training (Jun 2024)",
    }
    for language, text in said(folder, "tracking").items():
        assert only[language] in text
        assert {"zh": "共测量 2 轮", "en": "Measured in 2 rounds"}[language] in text
