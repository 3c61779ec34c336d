"""Alerts: every line of the requirements, each firing tested against chance.

A value on the wrong side of a line rings only when chance alone would rarely put it there, and
data are looked at every week. Shares and means that grow answer by answer are therefore tested by
:mod:`analysis.monitoring.repeated`: the error is that of *ever* ringing. What changes only by
the month (a window of months, a site's fall from its own baseline) is tested at each month's
share of the error, ``alpha / looks``. A rule's ``alpha`` is divided among the subjects it tests
(Bonferroni), and each alert carries the probability, computed for its own n, that it rings
although nothing is wrong.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files

import numpy as np
import pandas as pd
from scipy import stats

from analysis.monitoring.repeated import (
    HORIZON,
    Moderation,
    errors_below,
    ever_as_extreme,
    mean_boundary,
    mean_ever_as_extreme,
    moderated,
    moderation,
    share_boundary,
)
from analysis.monitoring.weekly import RULES as CHART_RULES
from analysis.monitoring.weekly_alerts import chart_test
from analysis.results import Alert, StageResults, collect

RECENT_MONTHS = 3
"""Months that a drop is read from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One alert rule, as ``rules.yml`` explains its fields."""

    id: str
    measure: str
    indicator: str
    kind: str
    line: float
    min_n: int
    alpha: float
    grade: int
    requirement: str
    owner: str
    due_days: int
    looks: int = 0
    unless: Mapping[str, list[str]] = field(default_factory=dict)

    def applies(self, choices: Mapping[str, str]) -> bool:
        """Whether the client's readings leave the rule in force."""
        return not any(choices.get(id) in readings for id, readings in self.unless.items())


def rules() -> tuple[Rule, ...]:
    """Return the packaged rules in file order."""
    from ruamel.yaml import YAML

    text = files("analysis.monitoring").joinpath("rules.yml").read_text(encoding="utf-8")
    return tuple(Rule(id=id, **entry) for id, entry in YAML(typ="safe").load(text).items())


@dataclass(frozen=True, slots=True)
class NoiseTest:
    """Outcome of a noise test: p-value, and the computed false-alarm rate of the test used."""

    p_value: float
    false_alarm_rate: float
    fires: bool


def share_ever_below(hits: int, n: int, line: float, alpha: float, min_n: int) -> NoiseTest:
    """Test that a share is below a line, right however often growing answers are looked at.

    Fires when evidence as strong is *ever* seen, at any look up to
    :data:`~analysis.monitoring.repeated.HORIZON` answers, with probability at most ``alpha`` when
    the true share is at the line. The false-alarm rate is the exact probability to have rung by
    today, had every answer been looked at.
    """
    boundary = share_boundary(line, alpha, min_n, max(n, HORIZON))
    p_value = ever_as_extreme(hits, n, line, min_n)
    return NoiseTest(p_value, float(boundary.rung[n]), hits <= boundary.critical[n])


def share_below(hits: int, n: int, line: float, alpha: float) -> NoiseTest:
    """Exact binomial test, at one look, that a share is below a line.

    Fires when ``P(X <= hits | n, line) <= alpha``. The false-alarm rate is the largest
    such probability that is attainable, hence at most ``alpha``.
    """
    p_value = float(stats.binom.cdf(hits, n, line))
    critical = int(stats.binom.ppf(alpha, n, line))
    while critical >= 0 and stats.binom.cdf(critical, n, line) > alpha:
        critical -= 1
    rate = float(stats.binom.cdf(critical, n, line)) if critical >= 0 else 0.0
    return NoiseTest(p_value, rate, p_value <= alpha and hits < n * line)


def mean_ever_below(values: np.ndarray, line: float, alpha: float, min_n: int) -> NoiseTest:
    """Test over people that a mean is below a line, right at every look as people are added.

    As :func:`share_ever_below`, with the boundary of a normal walk; asymptotic in people.
    """
    values = np.asarray(values, dtype=float)
    n = values.size
    spread = values.std(ddof=1) / np.sqrt(n) if n > 1 else 0.0
    if spread <= 0:
        return NoiseTest(1.0, 0.0, fires=False)
    z = float(errors_below(values.mean(), spread, n, line))
    boundary = mean_boundary(alpha, min_n, max(n, HORIZON))
    p_value = mean_ever_as_extreme(z, n, min_n)
    return NoiseTest(p_value, float(boundary.rung[n]), z >= boundary.critical[n])


def dropped(
    baseline: np.ndarray,
    recent: np.ndarray,
    line: float,
    alpha: float,
    prior: Moderation | None = None,
) -> NoiseTest:
    """One-sided t test, at one look, that recent months fell below a site's own baseline months.

    Fires when the mean fell by at least the share ``line`` of the baseline mean *and* the
    test rejects "nothing changed". The spread is that of the baseline months, drawn towards
    what the other sites show (``prior``), so over-dispersion beyond sampling is in it. The
    false-alarm rate is the probability of both together when nothing changed (months taken as
    independent).
    """
    k, b = recent.size, baseline.size
    level = baseline.mean() if b else 0.0
    if b <= 2 or not k or level <= 0:
        return NoiseTest(1.0, 0.0, fires=False)
    own = float(baseline.var(ddof=1))
    variance, df = moderated(own, b - 1, prior or Moderation(0.0, 0.0))
    spread = np.sqrt(variance * (1 / k + 1 / b))
    if own <= 0 or spread <= 0:
        return NoiseTest(1.0, 0.0, fires=False)
    fall = level - recent.mean()
    p_value = float(stats.t.sf(fall / spread, df))
    needed = max(float(stats.t.isf(alpha, df)), line * level / spread)
    rate = float(stats.t.sf(needed, df))
    return NoiseTest(p_value, rate, fall >= line * level and p_value <= alpha)


def evaluate(rule: Rule, subjects: pd.DataFrame) -> pd.DataFrame:
    """Test every subject of one rule.

    Parameters
    ----------
    rule : Rule
    subjects : DataFrame
        ``subject`` and, by kind, ``hits, n`` (share), ``values_`` (mean: one value a person),
        ``baseline, recent`` (drop: arrays of months) or what
        :func:`~analysis.monitoring.weekly_alerts.weekly_measures` gives (chart), and ``n``.
        ``told``, where given: more blanks of the message.

    Returns
    -------
    DataFrame
        ``rule, subject, value, line, n, p_value, false_alarm_rate, alpha, state``: ``fired``,
        ``within_noise`` (wrong side of the line, but chance may have put it there),
        ``kept`` or ``too_few``. ``false_alarm_rate`` and ``alpha`` are of a year of looks.
    """
    enough = subjects["n"] >= rule.min_n
    tested_subjects = max(int(enough.sum()), 1)
    alpha = rule.alpha / tested_subjects / max(rule.looks, 1)
    prior = _prior(subjects[enough]) if rule.kind == "drop" else None
    rows = []
    for row, tested in zip(subjects.itertuples(), enough, strict=True):
        value, wrong, test = _apply(rule, row, alpha, prior)
        if not tested:
            rows.append(
                (rule.id, row.subject, value, rule.line, row.n, None, None, None, "too_few")
            )
            continue
        state = "fired" if test.fires else "within_noise" if wrong else "kept"
        rate = 1 - (1 - test.false_alarm_rate) ** max(rule.looks, 1)
        rows.append(
            (
                rule.id,
                row.subject,
                value,
                rule.line,
                row.n,
                test.p_value,
                rate,
                rule.alpha / tested_subjects,
                state,
            )
        )
    columns = [
        "rule",
        "subject",
        "value",
        "line",
        "n",
        "p_value",
        "false_alarm_rate",
        "alpha",
        "state",
    ]
    return pd.DataFrame(rows, columns=columns)


def _apply(
    rule: Rule, row, alpha: float, prior: Moderation | None
) -> tuple[float, bool, NoiseTest]:
    if rule.kind == "share":
        value = row.hits / row.n if row.n else float("nan")
        hits, n = int(row.hits), int(row.n)
        if rule.looks:
            return value, value < rule.line, share_below(hits, n, rule.line, alpha)
        test = share_ever_below(hits, n, rule.line, alpha, rule.min_n)
        return value, value < rule.line, test
    if rule.kind == "mean":
        value = float(np.mean(row.values_))
        test = mean_ever_below(row.values_, rule.line, alpha, rule.min_n)
        return value, value < rule.line, test
    if rule.kind == "chart":
        test = NoiseTest(*chart_test(row, alpha, CHART_RULES))
        return float(row.change), row.signals > 0, test
    level = float(np.mean(row.baseline)) if len(row.baseline) else float("nan")
    value = float(np.mean(row.recent)) / level - 1 if len(row.recent) and level else float("nan")
    test = dropped(row.baseline, row.recent, rule.line, alpha, prior)
    return value, value <= -rule.line, test


def _prior(subjects: pd.DataFrame) -> Moderation:
    variances = [float(np.var(b, ddof=1)) for b in subjects["baseline"] if len(b) > 2]
    degrees = [len(b) - 1 for b in subjects["baseline"] if len(b) > 2]
    return moderation(np.array(variances), np.array(degrees))


def assess_alerts(
    measures: Mapping[str, pd.DataFrame],
    *,
    on: dt.date,
    choices: Mapping[str, str] | None = None,
) -> StageResults:
    """Apply every rule in force to the measures at hand.

    Parameters
    ----------
    measures : Mapping[str, DataFrame]
        Subjects by measure, as :func:`analysis.monitoring.measures.alert_measures` makes them.
    on : date
        Day of the evaluation; actions are due ``due_days`` later.
    choices : Mapping[str, str], optional
        Chosen readings of the contradictions.

    Returns
    -------
    StageResults
        Alerts ``monitoring.alert.<rule>.<subject>``, gravest first; tables ``alert_tests``
        (every subject tested) and ``alert_rules`` (``rule, subjects, fired, within_noise,
        too_few, family_false_alarm``: probability that the rule rings at least once in a
        year of looks although nothing is wrong, subjects taken as independent).
    """
    tests, alerts, summary = [], [], []
    for rule in rules():
        subjects = measures.get(rule.measure)
        if subjects is None or subjects.empty or not rule.applies(choices or {}):
            continue
        table = evaluate(rule, subjects)
        tests.append(table)
        rates = table["false_alarm_rate"].dropna().astype(float)
        states = table["state"].value_counts()
        summary.append(
            (
                rule.id,
                rule.requirement,
                rule.line,
                len(table),
                int(states.get("fired", 0)),
                int(states.get("within_noise", 0)),
                int(states.get("too_few", 0)),
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
    return Alert(
        id=f"monitoring.alert.{rule.id}.{row.subject}",
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
            **_named(str(row.subject), person=rule.measure.endswith("_lecturer")),
            "value": float(row.value),
            "line": rule.line,
            "n": int(row.n),
            "rate": float(row.false_alarm_rate),
            "subjects": subjects,
            **told,
        },
    )


def _named(subject: str, *, person: bool) -> dict[str, str]:
    """Return the subject's parts as parameters; a test's form as the key of its word.

    Of a pseudonym what tells people apart on a page is enough.
    """
    if person:
        return {"subject": subject[:6]}
    name, _, form = subject.partition(" / ")
    return {"subject": name} | ({"form": f"monitoring.form.{form}"} if form else {})
