"""A page shows the first rows of a long table and says where the rest is."""

import re
from urllib.parse import unquote

import pandas as pd
import pytest

from analysis import wording
from analysis.present import cards, figures, plots, tables
from analysis.results import Alert

COLUMNS = {"site": ("report.column.tier", "text"), "n": ("terms.observations", "int")}
ROWS = 12_000


def table(frame, language="en", **more):
    return tables.frame_table(
        frame, caption="A", columns=COLUMNS, anchor="t", language=language, **more
    )


def saved(html):
    data = re.search(r'data:text/csv;charset=utf-8,([^"]*)"', html).group(1)
    return unquote(data).removeprefix("\ufeff").splitlines()


def many(rows=ROWS, n=50):
    return pd.DataFrame({"site": [f"S{i:05d}" for i in range(rows)], "n": n})


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_a_long_table_shows_its_first_rows_and_says_where_the_rest_is(language):
    html = table(many(), language)
    assert html.count("<tr>") == tables.MOST + 1
    assert len(saved(html)) == tables.MOST + 1
    told = wording.text("report.rest_in_workbook", language, shown=tables.MOST, total=ROWS)
    assert told in html
    assert "tables.xlsx" in told
    assert "12" in told
    assert "S00000" in html
    assert f"S{tables.MOST:05d}" not in html


def test_a_table_that_is_not_longer_says_nothing_of_a_rest():
    html = table(many(tables.MOST))
    assert "tables.xlsx" not in html
    assert len(saved(html)) == tables.MOST + 1


def test_the_workbook_has_every_row():
    _, shown, values, _ = tables.frame_cells(many(), columns=COLUMNS, language="en")
    assert len(shown) == len(values) == ROWS


def test_a_small_cell_beyond_the_page_still_hides_its_neighbour():
    frame = many(300)
    frame.loc[250, "n"] = 3  # alone, so that the next smallest must go with it
    frame.loc[5, "n"] = 9
    html = table(frame, n="n")
    row = re.search(r"<tr>(?:(?!</tr>).)*S00005.*?</tr>", html).group(0)
    assert "‡" in row
    assert ">9<" not in row
    _, shown, _, hidden = tables.frame_cells(frame, columns=COLUMNS, language="en", n="n")
    assert hidden
    assert [row for row, cells in enumerate(shown) if "‡" in cells] == [5, 250]


def alert(place, grade):
    subject = f"S{place:04d}"
    return Alert(
        id=f"monitoring.alert.return_low.{subject}",
        rule="return_low",
        grade=grade,
        message="monitoring.alert.return_low.message",
        response="monitoring.alert.return_low.response",
        subject=subject,
        value=0.2,
        params={"subject": subject, "value": 0.2, "n": 90, "line": 0.3},
    )


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_of_very_many_alerts_the_most_urgent_are_listed(language):
    given = [alert(i, 3) for i in range(900)] + [alert(i, 1) for i in range(900, 910)]
    html = cards.alerts(given, "alerts", language)
    assert html.count('<li class="alert') == 60
    assert html.count("grade-1") == 10
    assert wording.text("report.alerts_in_workbook", language, shown=60, total=910) in html
    few = cards.alerts(given[:20], "alerts", language)
    assert few.count('<li class="alert') == 20
    assert "tables.xlsx" not in few


def test_a_figure_of_very_many_rows_says_where_its_data_are():
    from matplotlib.figure import Figure

    def draw(_, *, language):
        return Figure(figsize=(1, 1))

    given = {"params": {}, "caption": "A", "alt": "B", "anchor": "f", "language": "en"}
    html = figures.figure(draw, many(figures.MOST + 1), **given)
    assert "download" not in html
    assert wording.text("report.figure_in_workbook", "en", total=figures.MOST + 1) in html
    assert "download" in figures.figure(draw, many(figures.MOST), **given)


def test_very_many_sites_are_drawn_as_bars_and_those_outside_as_dots():
    frame = pd.DataFrame({"unit": range(1000), "arm": ["treated", "comparison"] * 500})
    frame["propensity"] = [0.4 + 0.2 * (i % 97) / 97 for i in range(1000)]
    frame = frame.assign(outside=frame.index < 3, low=0.4, high=0.6)
    axes = plots.propensities(frame, language="en").axes[0]
    assert sum(len(line.get_xdata()) for line in axes.lines) == 3
    assert max(bar.get_height() for bar in axes.patches[1:]) == pytest.approx(0.7)
    few = plots.propensities(frame.head(300), language="en").axes[0]
    assert sum(len(line.get_xdata()) for line in few.lines) == 300
