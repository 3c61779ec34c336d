"""Alerts: every line that the client's standards draw, each firing tested against chance.

A value on the wrong side of a line rings only when chance alone would rarely put it there, and
data are looked at every week. Shares and means that grow answer by answer are therefore tested by
:mod:`analysis.monitoring.inference.repeated`: the error is that of *ever* ringing. What changes
only by the month (a window of months, a site's fall from its own baseline) is tested at each
month's share of the error, ``alpha / looks``. A rule's ``alpha`` is divided among its subjects: of
what is tested month by month among those tested (Bonferroni); of what grows, by the order in which
subjects began (:func:`place_share`), so that a finished course keeps its share, and its alert, when
others start. Answers of one class and months of one site resemble each other; their counts are
divided by a design effect first (:mod:`analysis.monitoring.inference.dependence`). Each alert
carries the probability, computed for its own n, that it rings although nothing is wrong.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from analysis import packaged
from analysis.memory import remembered
from analysis.monitoring.control_charts.steady import chart_test
from analysis.monitoring.control_charts.weekly import RULES as CHART_RULES
from analysis.monitoring.inference.dependence import months_alike, unbiased
from analysis.monitoring.inference.noise_tests import (
    NoiseTest,
    dropped,
    first_look,
    mean_ever_below,
    share_below,
    share_ever_below,
)
from analysis.monitoring.inference.repeated import Moderation, moderation
from analysis.results import Alert, StageResults, collect
from analysis.standards import Lines, course

RECENT_MONTHS = 3
"""Months that a drop is read from."""


class LineLike(Protocol):
    """The line of a declared outcome, as a client's file has it."""

    value: float
    grade: int
    min_n: int
    due_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One alert rule in force, as ``rules.yml`` and the client's standards explain its fields.

    Rules made from the lines of a client's own outcomes share one ``id`` (:data:`DECLARED`); their
    ``indicator`` tells them apart.
    """

    id: str
    measure: str
    indicator: str
    kind: str
    line: float
    min_n: int
    alpha: float
    grade: int
    requirement: str | None
    owner: str
    due_days: int
    looks: int = 0


DECLARED = "declared_line"
"""Identifier of the rules that come from the lines of a client's own outcomes."""


def declared_rules(lines: Mapping[str, LineLike]) -> tuple[Rule, ...]:
    """Return a rule for each line that a client draws for an outcome of its own.

    Parameters
    ----------
    lines : Mapping[str, Line]
        By indicator: the share below which a site's newest three months ring.
    """
    return tuple(
        Rule(
            id=DECLARED,
            measure=f"{DECLARED}.{indicator}",
            indicator=indicator,
            kind="share",
            line=line.value,
            min_n=line.min_n,
            alpha=0.05,
            grade=line.grade,
            requirement=None,
            owner="site_manager",
            due_days=line.due_days,
            looks=12,
        )
        for indicator, line in lines.items()
    )


def rules(lines: Lines | None = None) -> tuple[Rule, ...]:
    """Return the rules that are in force, in the order of ``rules.yml``.

    Parameters
    ----------
    lines : Lines, optional
        What the client's programme is held to; a rule without a line there is not in force.
        Without it the lines of the course.
    """
    lines = lines or course()
    found = []
    for id, rule in packaged.content(Path(__file__).with_name("rules.yml")).items():
        drawn = lines.alerts.get(id)
        if drawn is None or _set_aside(drawn, lines.choices):
            continue
        if rule["kind"] != "chart" and drawn.get("line") is None:
            continue
        own = {name: value for name, value in drawn.items() if name != "unless"}
        found.append(Rule(id=id, **{"requirement": None, "line": 0.0, **rule, **own}))
    return tuple(found)


def _set_aside(drawn: Mapping[str, Any], choices: Mapping[str, str]) -> bool:
    """Return whether the client's readings of contradictions set a rule aside."""
    return any(choices.get(id) in readings for id, readings in drawn.get("unless", {}).items())


FIRST_PLACES = 10
"""Subjects of the first block: what most programmes have of modules, lecturers and tests."""

LEFT = 0.2
"""Share of the error that each block leaves to those that begin later."""


def place_share(place: int) -> float:
    """Return the share of a rule's error that a subject has by the order in which it began.

    The first ten subjects share 80 %, the next twenty 16 %, the next forty 3.2 % and so on: all
    together at most 1, whoever is still to come, and nobody's share shrinks when others begin.

    Parameters
    ----------
    place : int
        Subjects that began before.
    """
    block, size = 0, FIRST_PLACES
    while place >= size:
        place -= size
        block, size = block + 1, 2 * size
    return (1 - LEFT) * LEFT**block / size


@dataclass(frozen=True, slots=True)
class SpreadOfSites:
    """What all sites say of one site's months: their spread, and how alike neighbours are."""

    prior: Moderation
    alike: float


def spread_of_sites(baselines: Iterable[np.ndarray]) -> SpreadOfSites:
    """Estimate from all sites' months before training how months spread and resemble each other.

    Parameters
    ----------
    baselines : iterable of ndarray
        Each site's months before training, in time order.
    """
    used = [np.asarray(b, dtype=float) for b in baselines if len(b) > 2]
    if not used:
        return SpreadOfSites(Moderation(0.0, 0.0), 0.0)
    months = np.full((len(used), max(b.size for b in used)), np.nan)
    for row, b in zip(months, used, strict=True):
        row[: b.size] = b
    alike = float(months_alike(months))
    freed = [unbiased(b.var(ddof=1), b.size, alike) for b in used]
    variances, degrees = (np.array(part, dtype=float) for part in zip(*freed, strict=True))
    return SpreadOfSites(moderation(variances, degrees), alike)


@remembered
def evaluate(rule: Rule, subjects: pd.DataFrame) -> pd.DataFrame:
    """Test every subject of one rule.

    Parameters
    ----------
    rule : Rule
    subjects : DataFrame
        ``subject`` and, by kind, ``hits, n`` (share), ``values_`` (mean: one value a person),
        ``baseline, recent`` (drop: arrays of months) or what
        :func:`~analysis.monitoring.control_charts.weekly_alerts.weekly_measures` gives (chart), and
        ``n``. Where given: ``design_effect`` of the subject's answers (1 without), ``place`` of
        subjects that grow (:func:`place_share`; without it they share the error equally), ``told``
        (more blanks of the message).

    Returns
    -------
    DataFrame
        ``rule, subject, value, line, n, p_value, false_alarm_rate, alpha, design_effect,
        state``: ``fired``, ``within_noise`` (wrong side of the line, but chance may have put it
        there), ``kept`` or ``too_few`` (answers, or independent ones among them). From five
        answers on a subject with too few of them fires where they leave no doubt.
        ``false_alarm_rate`` and ``alpha`` are of a year of looks.
    """
    effects = subjects.get("design_effect", pd.Series(1.0, index=subjects.index))
    subjects = subjects.assign(design_effect=effects.astype(float))
    enough = subjects["n"] >= rule.min_n
    if rule.kind in ("share", "mean") and not rule.looks:
        enough &= subjects["n"] / subjects["design_effect"] >= first_look(rule.min_n)
    tested_subjects = max(int(enough.sum()), 1)
    looked_at = max(int((subjects["n"] >= FEWEST).sum()), 1)
    looks = max(rule.looks, 1)
    spread = spread_of_sites(subjects.loc[enough, "baseline"]) if rule.kind == "drop" else None
    rows = []
    for row, tested in zip(subjects.itertuples(), enough, strict=True):
        grows = rule.kind in ("share", "mean") and not rule.looks and "place" in subjects
        alpha = rule.alpha * (place_share(int(row.place)) if grows else 1 / tested_subjects)
        value, wrong, test = _apply(rule, row, alpha / looks, spread)
        known = (rule.id, row.subject, value, rule.line, row.n)
        if not tested:
            alpha = alpha if grows else rule.alpha / looked_at
            early = _early(rule, row, alpha / looks)
            if early is None or not early.fires:
                rows.append((*known, None, None, None, row.design_effect, "too_few"))
                continue
            test = early
        state = "fired" if test.fires else "within_noise" if wrong else "kept"
        rate = 1 - (1 - test.false_alarm_rate) ** looks
        rows.append((*known, test.p_value, rate, alpha, row.design_effect, state))
    columns = [
        "rule",
        "subject",
        "value",
        "line",
        "n",
        "p_value",
        "false_alarm_rate",
        "alpha",
        "design_effect",
        "state",
    ]
    return pd.DataFrame(rows, columns=columns)


FEWEST = 5
"""Answers from which a subject below the least number is looked at for the plainest cases."""

EARLY_SHARE = 0.5
"""Part of a subject's error that such looks at a share may add. At means they add nothing: the
evidence is the same as later, and its bound holds at every look."""


def _early(rule: Rule, row, alpha: float) -> NoiseTest | None:
    """Test a subject with too few answers for what leaves no doubt: nobody of eight finished.

    The evidence of :func:`mean_ever_below` is right at every number of answers and every look,
    whatever their distribution; None where a rule has no line for single answers.
    """
    if rule.kind not in ("share", "mean") or not row.n >= FEWEST:
        return None
    if rule.kind == "mean":
        return mean_ever_below(row.values_, rule.line, alpha, float(row.design_effect))
    values = np.repeat([0.0, 1.0], [int(row.n) - int(row.hits), int(row.hits)])
    return mean_ever_below(values, rule.line, EARLY_SHARE * alpha, float(row.design_effect))


def _apply(
    rule: Rule, row, alpha: float, spread: SpreadOfSites | None
) -> tuple[float, bool, NoiseTest]:
    if rule.kind == "share":
        value = row.hits / row.n if row.n else float("nan")
        hits, n, effect = int(row.hits), int(row.n), float(row.design_effect)
        if rule.looks:
            return value, value < rule.line, share_below(hits, n, rule.line, alpha, effect)
        test = share_ever_below(hits, n, rule.line, alpha, rule.min_n, effect)
        return value, value < rule.line, test
    if rule.kind == "mean":
        value = float(np.mean(row.values_)) if len(row.values_) else float("nan")
        test = mean_ever_below(row.values_, rule.line, alpha, float(row.design_effect))
        return value, value < rule.line, test
    if rule.kind == "chart":
        test = NoiseTest(*chart_test(row, alpha, CHART_RULES))
        return float(row.change), row.signals > 0, test
    level = float(np.mean(row.baseline)) if len(row.baseline) else float("nan")
    value = float(np.mean(row.recent)) / level - 1 if len(row.recent) and level else float("nan")
    test = dropped(row.baseline, row.recent, rule.line, alpha, spread.prior, spread.alike)
    return value, value <= -rule.line, test


def assess_alerts(
    measures: Mapping[str, pd.DataFrame],
    *,
    on: dt.date,
    lines: Lines | None = None,
    own: Iterable[Rule] = (),
) -> StageResults:
    """Apply every rule in force to the measures at hand.

    Parameters
    ----------
    measures : Mapping[str, DataFrame]
        Subjects by measure, as :func:`analysis.monitoring.training.measures.alert_measures` makes
        them.
    on : date
        Day of the evaluation; actions are due ``due_days`` later.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.
    own : Iterable of Rule, optional
        Rules of the client, as :func:`declared_rules` makes them.

    Returns
    -------
    StageResults
        Alerts ``monitoring.alert.<rule>.<subject>``, gravest first; tables ``alert_tests``
        (every subject tested) and ``alert_rules`` (``rule, subjects, fired, within_noise,
        too_few, design_effect`` (middle one of its subjects), ``family_false_alarm``: probability
        that the rule rings at least once in a year of looks although nothing is wrong, subjects
        taken as independent).
    """
    tests, alerts, summary = [], [], []
    for rule in (*rules(lines), *own):
        subjects = measures.get(rule.measure)
        if subjects is None or subjects.empty:
            continue
        table = evaluate(rule, subjects)
        tests.append(table)
        rates = table["false_alarm_rate"].dropna().astype(float)
        states = table["state"].value_counts()
        summary.append(
            (
                rule.id,
                rule.requirement,
                np.nan if rule.kind == "chart" else rule.line,
                len(table),
                int(states.get("fired", 0)),
                int(states.get("within_noise", 0)),
                int(states.get("too_few", 0)),
                float(table["design_effect"].median()),
                float(1 - np.prod(1 - rates)),
            )
        )
        fired = table[table["state"] == "fired"]
        told = dict(zip(subjects["subject"], subjects.get("told", [{}] * len(table)), strict=True))
        alerts += [
            _alert(rule, row, on, len(table), told[row.subject]) for row in fired.itertuples()
        ]
    alerts.sort(key=lambda a: (a.grade, a.p_value, a.id))
    columns = [
        "rule",
        "requirement",
        "line",
        "subjects",
        "fired",
        "within_noise",
        "too_few",
        "design_effect",
        "family_false_alarm",
    ]
    tables = {"alert_rules": pd.DataFrame(summary, columns=columns)}
    if tests:
        everything = pd.concat(tests, ignore_index=True)
        numbers = ["p_value", "false_alarm_rate", "alpha"]
        everything[numbers] = everything[numbers].astype(float)
        tables["alert_tests"] = everything
    return collect("monitoring", alerts, tables=tables)


def _alert(rule: Rule, row, on: dt.date, subjects: int, told: Mapping[str, float]) -> Alert:
    own = rule.id == DECLARED
    return Alert(
        id=f"monitoring.alert.{rule.measure if own else rule.id}.{row.subject}",
        rule=rule.id,
        grade=rule.grade,
        message=f"monitoring.alert.{rule.id}.message",
        response=f"monitoring.alert.{rule.id}.response",
        subject=str(row.subject),
        indicator=rule.indicator,
        unit="share",
        value=float(row.value),
        threshold=-rule.line if rule.kind == "drop" else rule.line,
        n=int(row.n),
        p_value=float(row.p_value),
        false_alarm_rate=float(row.false_alarm_rate),
        owner=f"monitoring.owner.{rule.owner}",
        due_on=(on + dt.timedelta(days=rule.due_days)).isoformat(),
        requirement=rule.requirement,
        params={
            **_named(str(row.subject), rule.measure),
            "indicator": rule.indicator,
            "value": float(row.value),
            "line": rule.line,
            "n": int(row.n),
            "rate": float(row.false_alarm_rate),
            "subjects": subjects,
            **told,
        },
    )


def _named(subject: str, measure: str) -> dict[str, str]:
    """Return the subject's parts as parameters; a test's form as the key of its word.

    Of a pseudonym what tells people apart on a page is enough.
    """
    if measure == "satisfaction_lecturer":
        return {"subject": subject[:6]}
    if measure != "pass_module":
        return {"subject": subject}
    name, _, form = subject.rpartition(" / ")
    return {"subject": name, "form": f"monitoring.form.{form}"}
