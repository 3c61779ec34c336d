"""Clients measured in rounds: finished pages give an effect and say when it was measured."""

import pytest
from ruamel.yaml import YAML
from small_client import NAME, ROOT, SmallClient
from visible import visible_text

from analysis import results


def write(root, days, score, *, sites):
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
        "period": {"first": "2023-11", "last": "2024-07"},
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
    done = client.run()
    assert done.state == "complete", done.error
    found = results.load("tracking", done.folder / "results")
    own = {e.id.removeprefix("tracking.csat_mean."): e for e in found.estimates}
    return done.folder, found, own


def test_three_sites_against_three_before_and_after(tmp_path):
    """Trained sites go from 3.5 to 4.5, the others stay at 3.5: +1.0 by hand."""

    def score(number, trained, day):
        return 4 if trained and day >= "2024-03" else 3

    client = write(tmp_path, lambda i: ("2023-11-10", "2024-06-10"), score, sites=6)
    folder, found, own = finished(client)
    assert own["att.overall"].value == pytest.approx(1.0)
    assert own["att.overall"].p_value == pytest.approx(0.1)  # 2 of the 20 ways to choose 3 of 6
    assert found.findings[0].strength == "insufficient"
    for page, said in (
        ("zh", "共测量 2 轮：2023年11月和2024年6月"),
        ("en", "Nov 2023 and Jun 2024"),
    ):
        text = visible_text(folder / page / "tracking.html")
        assert said in text
        assert "+1.00" in text


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
    text = visible_text(folder / "en" / "tracking.html")
    assert "Measured in 2 rounds" in text
