"""Tables, cards and the outputs of a notebook."""

import csv
import dataclasses
import io
import re
from urllib.parse import unquote

import html5lib
import pandas as pd
import pytest

from analysis.present import MIME, Display, cards, plots, suppressed, tables
from analysis.present.estimates import estimates_table, hide_estimates
from analysis.results import Check, Estimate, Finding, Topic
from analysis.wording.catalogue import WordingError

HTML = "{http://www.w3.org/1999/xhtml}"
COLUMNS = {
    "tier": ("report.column.tier", "label:terms.tier"),
    "share": ("terms.estimate", "pct1"),
    "n": ("terms.observations", "int"),
}


def parse(html):
    return html5lib.parse(html, treebuilder="etree")


def cells(html):
    return [
        [cell.text or "" for cell in row if cell.tag in (f"{HTML}th", f"{HTML}td")]
        for row in parse(html).iter(f"{HTML}tr")
    ]


def saved(html):
    link = next(a for a in parse(html).iter(f"{HTML}a") if a.get("download"))
    data = unquote(link.get("href").partition(",")[2]).encode()
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def mean(value, n, **more):
    return Estimate(
        id=f"m.{n}", estimand="mean", indicator="csat_top2", unit="share", value=value, n=n,
        method="wilson", **more
    )  # fmt: skip


def table(frame, language="en", **more):
    return tables.frame_table(
        frame, caption="A", columns=COLUMNS, anchor="t", language=language, **more
    )


FRAME = pd.DataFrame(
    {"tier": ["frontline", "middle", "senior"], "share": [0.8125, 0.5, None], "n": [48, 12, 3]}
)


def test_a_table_in_each_language():
    assert cells(table(FRAME)) == [
        ["Staff tier", "Estimate", "Observations"],
        ["Frontline", "81.2%", "48"],
        ["Middle management", "50.0%", "12"],
        ["Senior management", "not available", "3"],
    ]
    assert cells(table(FRAME, "zh_CN"))[1] == ["一线员工", "81.2%", "48"]


def test_the_csv_has_full_precision_and_no_nan():
    assert saved(table(FRAME))[1:] == [
        ["Frontline", "0.8125", "48"],
        ["Middle management", "0.5", "12"],
        ["Senior management", "", "3"],
    ]


def test_small_cells_are_hidden_in_the_csv_too():
    html = table(FRAME, n="n", min_cell=8)
    for rows in (cells(html), saved(html)):
        assert rows[1] == ["Frontline", rows[1][1], "48"]
        assert rows[2] == ["Middle management", "‡", "‡"]
        assert rows[3] == ["Senior management", "‡", "‡"]
    assert "fewer than 8" in html


@pytest.mark.parametrize(
    ("counts", "hidden"),
    [
        ([3, 12, 40], [True, True, False]),
        ([3, 5, 40], [True, True, False]),
        ([0, 12, 40], [False, False, False]),
        ([None, 12, 40], [False, False, False]),
        ([3], [True]),
        ([8, 9], [False, False]),
    ],
)
def test_suppression_by_hand(counts, hidden):
    assert suppressed(pd.Series(counts), 8).tolist() == hidden


def test_estimates_table_says_why_there_is_no_value():
    html = estimates_table(
        [
            mean(0.5, 40, ci_low=0.4, ci_high=0.6, dims={"tier": "frontline"}),
            mean(None, 0, reason="report.empty_table", dims={"tier": "senior"}),
        ],
        caption="A", rows="tier", anchor="t", language="en",
    )  # fmt: skip
    assert cells(html)[1:] == [
        ["Frontline", "50.0%", "40.0% to 60.0%", "40"],
        ["Senior management", "not available", "—", "—"],
    ]
    assert "No rows to show." in html


def test_a_difference_carries_its_sign_and_says_its_unit_once():
    html = estimates_table(
        [mean(0.05, 40, ci_low=-0.01, ci_high=0.11, comparison="never_treated", causal=True)],
        caption="A", rows="method", anchor="t", language="en",
    )  # fmt: skip
    assert cells(html)[1][1:3] == ["+5.0 pp", "−1.0 to +11.0 pp"]


@pytest.mark.parametrize(("counts", "hidden"), [((5, 6), True), ((5, 60), True), ((50, 60), False)])
def test_a_difference_of_hidden_values_is_hidden_too(counts, hidden):
    arms = [
        mean(0.5, n, dims={"label": arm}, reason="r")
        for n, arm in zip(counts, ("treated", "comparison"), strict=True)
    ]
    both = mean(0.1, sum(counts), dims={"label": "difference"}, reason="r", n_smallest=min(counts))
    both = dataclasses.replace(both, comparison="never_treated", causal=True)
    assert hide_estimates([*arms, both], 8, parts=True) == [hidden] * 3
    assert hide_estimates([both], 8) == [hidden]


def test_text_of_clients_is_escaped():
    frame = pd.DataFrame({"tier": ["<b>&"], "share": [0.5], "n": [9]})
    assert "<b>" not in table(frame)
    assert cells(table(frame))[1][0] == "<b>&"


def check(status, **more):
    return Check(id=f"c.{status}", topic=Topic.RULE, question="brief.sure", status=status, **more)


def test_checks_come_worst_first_in_words():
    html = cards.checks(
        [check("passed"), check("failed"), check("not_possible", reason="report.empty_table")],
        "c",
        "en",
    )
    text = " ".join(parse(html).itertext())
    listed = text.partition("How sure")[0] and [
        word for word in ("Failed", "Not possible", "Passed") if word in text
    ]
    assert listed == ["Failed", "Not possible", "Passed"]
    order = [html.rindex(f"check state-{s}") for s in ("failed", "not_possible", "passed")]
    assert order == sorted(order)


def finding(**more):
    return Finding(
        id="f", claim="findings.targets.not_possible", design="descriptive", strength="weak",
        checks=("c.failed",), reasons=("report.n",), **more,
    )  # fmt: skip


def test_a_reason_is_filled_from_its_check():
    html = cards.answer([finding()], [check("failed", reason="report.n", n=12)], "a", "en")
    assert "n = 12" in html
    assert "Weak evidence" in html


def test_a_reason_without_its_check_says_what_to_do():
    with pytest.raises(WordingError, match="checks=checks"):
        cards.answer([finding()], [], "a", "en")


def test_display_emits_both_languages_once_a_call():
    shown = []
    show = Display("zh_CN", publish=shown.append)
    show.title("report.title")
    show.section("brief.sure")
    show.section("brief.sure")
    show.prose("brief.do_none")
    show.alerts([])
    show.table(FRAME, caption="brief.missing_caption", columns=COLUMNS)
    assert [bundle[MIME]["role"] for bundle in shown] == [
        "title",
        "section",
        "section",
        "prose",
        "alerts",
        "table",
    ]
    for bundle in shown:
        assert bundle["text/html"].endswith(bundle[MIME]["zh_CN"])
        assert bundle[MIME]["zh_CN"] != bundle[MIME]["en"]
    assert shown[1][MIME]["anchor"] != shown[2][MIME]["anchor"]
    assert "Table 1. Numbers" in shown[-1][MIME]["en"]
    assert "表 1　给不出" in shown[-1][MIME]["zh_CN"]


@pytest.mark.parametrize("data", [pd.DataFrame(), []])
def test_a_figure_without_data_says_so(data):
    shown = []
    show = Display("en", publish=shown.append)
    show.figure(plots.event_study, data, caption="report.title", alt="report.title")
    assert "Nothing to draw" in shown[0]["text/html"]
    assert "Figure 1." in shown[0]["text/html"]


def test_a_headline_is_hidden_when_too_few_answered():
    html = cards.kpis([mean(0.7, 5), mean(0.6, 500)], "k", "en")
    assert "70.0%" not in html
    assert "60.0%" in html


def test_what_is_saved_has_the_number_of_its_caption():
    shown = []
    show = Display("en", publish=shown.append)
    show.alerts([])
    for _ in range(2):
        show.table(FRAME, caption="brief.missing_caption", columns=COLUMNS)
    for number, bundle in enumerate(shown[1:], start=1):
        html = bundle[MIME]["en"]
        assert f"Table {number}." in html
        assert re.findall(r'download="(.*?)"', html) == [f"table-{number}.csv"]
