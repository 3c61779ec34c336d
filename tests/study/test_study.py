"""A panel of the researcher's own: read, estimated, printed, drawn."""

import inspect
from dataclasses import fields

import matplotlib
import numpy as np
import pandas as pd
import pytest

from analysis import causal, wording
from analysis.causal import Options
from analysis.study import PanelError, etable, evaluate, panelview

matplotlib.use("Agg")
NAMES = {"y": "killed", "unit": "state", "period": "year"}


def states(n=24, start=2006, later=2008, seed=3):
    """Return a yearly panel: a quarter treated from one year, a quarter from another."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(
        [(f"S{i:02d}", year) for i in range(n) for year in range(2000, 2012)],
        columns=["state", "year"],
    )
    number = rows["state"].str[1:].astype(int)
    first = np.select([number < n // 4, number < n // 2], [start, later], 0)
    rows["law"] = ((first > 0) & (rows["year"] >= first)).astype(int)
    rows["since"] = first
    level = np.repeat(rng.normal(0, 1, n), 12) + np.tile(rng.normal(0, 0.3, 12), n)
    rows["killed"] = 5 + level + 0.8 * rows["law"] + rng.normal(0, 0.3, len(rows))
    return rows


@pytest.fixture(scope="module")
def study():
    return evaluate(states(), **NAMES, treated="law", measured_in="per 100,000", language="en")


def test_it_is_the_estimate_of_the_reports(study):
    frame = states().rename(columns={"state": "unit", "year": "period", "killed": "y"})
    frame["cohort"] = frame["since"].where(frame["since"] > 0).astype(float)
    plain = causal.evaluate(
        frame[["unit", "period", "y", "cohort"]],
        outcome="killed",
        unit="",
        options=Options(horizons=()),
    )
    for name in ("value", "se", "ci_low", "ci_high", "p_value", "n", "n_clusters"):
        assert getattr(study.effect, name) == getattr(plain.overall, name)
    assert study.effect.ci_low < 0.8 < study.effect.ci_high


def counts(effect=0.7, seed=3):
    """Return counts of units of unequal size, a factor of ``effect`` from the start on."""
    rng = np.random.default_rng(seed)
    data = states(n=30, seed=seed).assign(people=np.repeat(rng.integers(200, 3000, 30), 12))
    rate = 0.01 * np.repeat(rng.gamma(20, 0.05, 30), 12) * (1 + 0.3 * np.sin(data["year"]))
    data["killed"] = rng.poisson(data["people"] * rate * np.where(data["law"], effect, 1.0))
    return data


@pytest.mark.parametrize(("form", "method"), [("rate", "rate_model"), ("share", "share_model")])
def test_counts_and_shares_weigh_by_what_they_are_of(form, method):
    data = counts()
    found = evaluate(data, **NAMES, treated="law", form=form, exposure="people", draws=199)
    assert found.effect.method == method
    assert found.measured_in == "killed / people"
    untreated = 1 / 0.7 * data.loc[data["law"] == 1, "killed"].sum()
    true = -0.3 * untreated / data.loc[data["law"] == 1, "people"].sum()
    assert found.effect.ci_low < true < found.effect.ci_high
    for language, words in (("en", "periods before"), ("zh_CN", "各期")):
        assert words in found.summary(language)
        assert "户数" not in found.summary(language)


def test_a_form_needs_what_it_divides_by():
    data = counts()
    for options in ({"form": "rate"}, {"exposure": "people"}):
        with pytest.raises(PanelError, match="take exposure="):
            evaluate(data, **NAMES, treated="law", **options)
    wrong = data.assign(people=np.where(data.index == 2, 0, data["people"]))
    with pytest.raises(PanelError, match="column 'people', row 3: 0; what y is divided by"):
        evaluate(wrong, **NAMES, treated="law", form="rate", exposure="people")


def test_a_dummy_and_a_first_period_say_the_same(study):
    dated = evaluate(states(), **NAMES, cohort="since", language="en")
    assert dated.effect.value == study.effect.value
    text = states().assign(since=lambda d: d["since"].map(lambda y: f"{y}年" if y else None))
    assert evaluate(text, **NAMES, cohort="since").effect.value == study.effect.value


def test_order_of_rows_and_labels_say_nothing(study):
    mixed = states().sample(frac=1, random_state=1)
    mixed["year"] = pd.to_datetime(mixed["year"].astype(str) + "-12-31")
    found = evaluate(mixed, **NAMES, treated="law")
    assert found.effect.value == pytest.approx(study.effect.value)
    assert found.calendar.label(found.panel.frame["period"].min()) == "2000"


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_it_prints_as_one_screen_without_keys(study, language):
    told = study.summary(language)
    assert len(told.splitlines()) <= 40
    assert max(len(line) for line in told.splitlines()) <= 110
    assert "2000 – 2011" in told
    for word in ("site", "training", "month", "项目", "培训", "study.", "causal.", "nan", "None"):
        assert word not in told
    assert f"{study.effect.value:.4g}" in told


def test_every_check_of_an_evaluation_has_words_for_any_panel():
    for language in ("en", "zh_CN"):
        for part in ("check", "why", "remedy"):
            for key in wording.keys(language):
                if key.startswith(f"study.{part}."):
                    assert wording.has(key.replace("study.", "causal.", 1)), key
    asked = {key for key in wording.keys("en") if key.startswith("study.check.")}
    few = states(6, seed=1)
    seen = set()
    for data, options in (
        (states(), {}),
        (few, {}),
        (states(), {"drawn_by_lot": True}),
        (states().query("since > 0"), {}),
        (states().assign(law=lambda d: (d["year"] >= 2006).astype(int)), {}),
        (states()[lambda d: d["year"].isin([2004, 2010])], {}),
        (states()[lambda d: d["year"] % 4 == 0], {}),
        (states()[lambda d: d["year"] != 2003], {}),
    ):
        checks = evaluate(data, **NAMES, treated="law", **options).checks
        seen |= {check.question.replace("causal.", "study.", 1) for check in checks}
    assert seen <= asked


def test_frame_latex_and_markdown(study):
    frame = study.to_frame()
    row = frame[frame["estimand"] == "att_overall"].iloc[0]
    assert row["estimate"] == study.effect.value
    assert frame.loc[frame["estimand"] == "att_cohort", "cohort"].tolist() == ["2006", "2008"]
    assert {"att_event_time", "att_calendar"} <= set(frame["estimand"])
    latex = study.to_latex()
    assert latex.startswith("\\begin{tabular}{lr}")
    assert "95\\%" in latex
    assert study.to_markdown().splitlines()[1] == "| --- | ---: |"
    html = study._repr_mimebundle_()["text/html"]
    assert "<script" not in html
    assert str(study) == study._repr_mimebundle_()["text/plain"]
    assert len(repr(study)) < 300


def test_several_studies_side_by_side(study):
    other = evaluate(states(), **NAMES, treated="law", method="reg", language="en")
    table = etable([study, other])
    assert table.frame.columns.tolist() == ["(1) killed", "(2) killed"]
    assert table.frame.loc["Units"].tolist() == ["24", "24"]
    assert etable([study, other], names=["a", "b"]).frame.columns.tolist() == ["a", "b"]
    mixed = etable([study, other.evaluation, other.effect], language="en")
    assert mixed.frame.columns.tolist() == ["(1) killed", "(2) killed", "(3) killed"]
    assert mixed.frame.iloc[:, 1].tolist() == mixed.frame.iloc[:, 2].tolist()
    with pytest.raises(ValueError, match="1 names for 2"):
        etable([study, other], names=["a"])
    with pytest.raises(ValueError, match="at least one"):
        etable([])


@pytest.mark.parametrize("what", ["event_study", "cohorts", "calendar", "trends", "estimators"])
@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_figures_have_axes_in_the_data_own_words(study, what, language, recwarn):
    import matplotlib.pyplot as plt

    figure, own = plt.subplots()
    axes = study.plot(what, ax=own, language=language)
    assert axes is own
    figure.canvas.draw()
    words = axes.get_xlabel() + axes.get_ylabel()
    assert words
    assert "month" not in words
    assert not [w for w in recwarn if "Glyph" in str(w.message)]
    plt.close(figure)


def test_the_event_study_is_labelled_in_years(study):
    assert study.plot().get_xlabel() == "years since the start of law"
    with pytest.raises(ValueError, match="event_study, cohorts"):
        study.plot("evnt")


def test_bounds_are_drawn_where_there_are_enough_units():
    axes = evaluate(states(80), **NAMES, treated="law", language="en").plot("sensitivity")
    assert len(axes.collections[0].get_segments()) == 6


def test_a_panel_is_looked_at():
    gap = states().drop(index=[3, 4])
    axes = panelview(gap, unit="state", period="year", treated="law", language="en")
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["not observed", "not treated", "treated"]
    assert axes.images[0].get_array().shape == (24, 12)


def test_without_comparison_nothing_is_called_an_effect():
    all_treated = states().assign(law=lambda d: (d["year"] >= 2006).astype(int))
    found = evaluate(all_treated, **NAMES, treated="law", language="en")
    told = found.summary()
    assert told.startswith("Change in killed from the start of law")
    assert "24 treated (1 start)" in told
    assert "Average effect" not in told
    assert "All units are treated from the same period on" in " ".join(told.split())
    with pytest.raises(ValueError, match="no comparison"):
        found.plot()
    assert etable([found]).frame.shape[1] == 1


def test_periods_that_nobody_has_are_skipped_and_labels_stay(study):
    """Two rounds are the plain comparison of both; every second year keeps its years."""
    two = evaluate(states()[lambda d: d["year"].isin([2004, 2011])], **NAMES, treated="law")
    means = states().assign(arm=lambda d: d["since"] > 0).pivot_table("killed", "arm", "year")
    change = means[2011] - means[2004]
    assert two.effect.value == pytest.approx(change[True] - change[False])
    every_second = states()[lambda d: d["year"] % 2 == 0]
    found = evaluate(every_second, **NAMES, treated="law", language="en")
    assert [found.calendar.label(g) for g in found.evaluation.starts] == ["2006", "2008"]
    assert {e.dims["event_time"] for e in found.evaluation.by_event_time(first=0)} == {0, 2, 4}
    told = found.summary()
    for word in ("month", "site", "training", "0166"):
        assert word not in told
    neighbours = states()[lambda d: d["year"].isin([2003, 2004, 2010, 2011])]
    assert len(evaluate(neighbours, **NAMES, treated="law").evaluation.options.rounds.months) == 4


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_units_in_chinese_have_a_font(language, recwarn):
    named = states().assign(state=lambda d: "云栖" + d["state"])
    how = {"unit": "state", "period": "year", "treated": "law", "language": language}
    panelview(named, **how).figure.canvas.draw()
    assert not [w for w in recwarn if "Glyph" in str(w.message)]


def test_months_have_horizons_and_years_have_none(study):
    assert not study.evaluation.of("att_horizon")
    monthly = states().assign(year=lambda d: (d["year"] - 2000).map(lambda k: f"2023-{k + 1:02d}"))
    found = evaluate(monthly, **NAMES, treated="law", language="en")
    assert found.evaluation.options.horizons == (1, 3, 6, 12)
    assert "2023-01 – 2023-12" in found.summary()


def test_starts_are_dated_as_the_periods_are():
    monthly = states()
    month = (monthly["year"] - 2000).map(lambda k: pd.Timestamp(2023, k + 1, 1))
    first = monthly["since"].map({0: pd.NaT, 2006: "2023-07-01", 2008: "2023-10-01"})
    dated = monthly.assign(year=month, since=pd.to_datetime(first))
    found = evaluate(dated, **NAMES, cohort="since", language="en")
    assert [found.calendar.label(g) for g in found.evaluation.starts] == ["2023-07", "2023-10"]
    text = dated.assign(since=dated["since"].dt.strftime("%Y-%m-%d"))
    assert evaluate(text, **NAMES, cohort="since").effect.value == found.effect.value


def dated(form):
    """Return the panel as months of 2023, periods and first periods in a form."""
    months = pd.PeriodIndex([f"2023-{year - 1999:02d}" for year in range(2000, 2012)], freq="M")
    known = dict(zip(range(2000, 2012), form(months), strict=True))
    data = states()
    started = data["since"].map(lambda year: known[year] if year else None)
    return data.assign(year=data["year"].map(known), since=started)


FORMS = {
    "periods": lambda months: months,
    "objects": lambda months: months.astype(object),
    "first days": lambda months: months.to_timestamp(),
    "last days": lambda months: months.to_timestamp("M").normalize(),
    "days of a time zone": lambda months: months.to_timestamp().tz_localize("Asia/Shanghai"),
    "text": lambda months: months.astype(str),
    "Chinese": lambda months: months.strftime("%Y年%m月"),
    "numbers": lambda months: months.strftime("%Y%m").astype(int),
    "running months": lambda months: months.year * 12 + months.month - 1,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("never", [None, "blank"])
def test_months_in_every_form_give_one_answer_and_lose_nobody(study, form, never):
    data = dated(FORMS[form])
    if never == "blank":
        data = data.assign(since=data["since"].astype(object).where(data["since"].notna(), ""))
    found = evaluate(data, **NAMES, cohort="since", language="en")
    assert found.effect.value == pytest.approx(study.effect.value)
    assert (found.effect.n_units, found.effect.n_treated) == (24, 12)
    assert found.calendar.label(found.evaluation.starts[0]) == "2023-07"
    assert len(found.panel.frame) == len(data)


def test_tab_completes_the_options():
    from IPython.core.completer import IPCompleter, provisionalcompleter

    with provisionalcompleter():
        for jedi in (True, False):
            completer = IPCompleter(namespace={"evaluate": evaluate}, use_jedi=jedi)
            line = "evaluate(data, compar"
            assert "comparison=" in {c.text for c in completer.completions(line, len(line))}


def broken():
    yield (
        {"treated": "lwa"},
        lambda d: d,
        r"no column 'lwa'; did you mean 'law'\? The frame has state, year",
    )
    yield {}, lambda d: d, "either treated= .* or cohort="
    yield {"treated": "law", "cohort": "since"}, lambda d: d, "either treated="
    yield {"treated": "law"}, lambda d: pd.concat([d, d.iloc[:1]]), "more than one row in 2000"
    yield {"treated": "law"}, lambda d: d.assign(law=d["law"] * 2), "treated is 0 or 1"
    yield (
        {"treated": "law"},
        lambda d: d.assign(law=(d["since"] > 0) * 1),
        "treated, not when",
    )
    yield (
        {"treated": "law"},
        lambda d: d.assign(law=d["law"].mask(d["year"] == 2009, 0)),
        "is treated from 2006 and no longer in 2009",
    )
    yield {"treated": "law"}, lambda d: d.assign(killed="many"), "column 'killed', row 1: 'many'"
    yield (
        {"cohort": "since"},
        lambda d: d.assign(since=d["since"].mask(d["year"] == 2003, 2010)),
        "more than one first period",
    )
    yield (
        {"cohort": "since"},
        lambda d: d.assign(since=d["since"].map(lambda y: f"{y}-05" if y else None)),
        "steps of a month, the periods in steps of a year",
    )
    yield {"treated": "law"}, lambda d: d.assign(state=None), "'state' is missing in row 1"
    yield {"treated": "law"}, lambda d: d.iloc[:0], "no rows"


@pytest.mark.parametrize(("how", "change", "said"), list(broken()))
def test_a_panel_that_cannot_be_read_is_refused(how, change, said):
    with pytest.raises(PanelError, match=said):
        evaluate(change(states()), **NAMES, **how)


def test_options_are_checked():
    with pytest.raises(causal.FrameError, match="not_yet_treated"):
        evaluate(states(), **NAMES, treated="law", comparison="nevertreated")
    with pytest.raises(causal.FrameError, match="did you mean 'never_treated'"):
        evaluate(states(), **NAMES, treated="law", comparison="nevertreated")
    with pytest.raises(TypeError, match="'comparisn'; did you mean 'comparison'"):
        evaluate(states(), **NAMES, treated="law", comparisn="never_treated")
    with pytest.raises(TypeError, match="'lvel'; did you mean 'level'"):
        Options(lvel=0.9)


@pytest.mark.parametrize("language", ["de", "EN", ""])
def test_a_language_is_one_of_two(study, language):
    for call in (
        lambda: evaluate(states(), **NAMES, treated="law", language=language),
        lambda: panelview(states(), unit="state", period="year", treated="law", language=language),
        lambda: study.summary(language),
        lambda: study.plot(language=language),
        lambda: etable([study], language=language),
    ):
        with pytest.raises(ValueError, match="language is 'zh_CN' or 'en'"):
            call()
    assert study.summary("zh") == study.summary("zh_CN")


def test_simulated_data_are_labelled():
    found = evaluate(states(), **NAMES, treated="law", simulated=True, language="en")
    assert "Simulated data" in found.summary()
    assert "Simulated data" in found.to_markdown()
    assert found.plot("trends").get_title("right") == "Simulated data"


def test_every_option_can_be_given_and_completed():
    """All choices of an evaluation but those that frames of the reports alone have."""
    ours = inspect.signature(evaluate).parameters
    inner = {"form", "rounds", "least_answers", "prefix"}
    assert {field.name for field in fields(Options)} - inner <= set(ours)
    assert all(p.kind is not inspect.Parameter.VAR_KEYWORD for p in ours.values())
    for field in fields(Options):
        if field.name in ours and field.name not in ("horizons", "covariates"):
            assert ours[field.name].default == field.default, field.name


def test_input_is_not_modified():
    data = states()
    kept = data.copy()
    evaluate(data, **NAMES, treated="law", covariates=(), weights=None)
    pd.testing.assert_frame_equal(data, kept)
