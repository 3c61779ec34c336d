"""What the alert rules look at: one frame a measure, one row per subject."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from analysis.measurement.columns import dates, floats, instants, present
from analysis.memory import remembered
from analysis.monitoring.alerts.rules import RECENT_MONTHS, Rule
from analysis.monitoring.inference.dependence import months_effect, subject_effects
from analysis.monitoring.training.levels import first_attempts, reactions_by_sheet
from analysis.standards import Lines, course
from analysis.tables import Rows, parts

_OF_TRAINING = ("enrolments", "assessments", "reactions", "instruments", "staff")
TABLES = (*_OF_TRAINING, "tickets")
"""Canonical tables that measures read."""


def alert_measures(
    tables: Mapping[str, Rows | None],
    panel: pd.DataFrame | None = None,
    *,
    baseline_until: int | None = None,
    own: Iterable[Rule] = (),
    lines: Lines | None = None,
) -> dict[str, pd.DataFrame]:
    """Prepare every measure the tables allow; the rest is absent.

    Parameters
    ----------
    tables : Mapping[str, DataFrame or Stored]
        Canonical tables by name; work orders alone may be stored.
    panel : DataFrame, optional
        Indicator panel, for what is watched by site.
    baseline_until : int, optional
        First month after the baseline; needed for drops.
    own : Iterable of Rule, optional
        Rules of the client about indicators of the panel.
    lines : Lines, optional
        What the client's programme is held to, for the pass marks; the course's without it.

    Returns
    -------
    dict[str, DataFrame]
        ``subject, n`` and ``hits``, ``values_`` or ``baseline, recent``. Return rates and
        satisfaction of sites take the last three months of the panel. ``design_effect``: how
        many answers say as much as one that stands by itself; answers of one class, of online
        courses of one site, and of a site's month resemble each other. ``place``, of what grows
        answer by answer: how many subjects began before.
    """
    read = {name: tables.get(name) for name in _OF_TRAINING}
    found = _of_training(read, (lines or course()).of("pass_marks") or {})
    if present(tables.get("tickets"), "kind", "due_at", "site_id"):
        found["complaints_in_time_site"] = complaints_in_time(tables["tickets"])
    if panel is not None and len(panel):
        found |= _by_site(panel, baseline_until)
        for rule in own:
            months = panel[(panel["indicator"] == rule.indicator) & (panel["stratum"] == "")]
            months = months[months["value"].notna() & (months["site_id"] != "")]
            if len(months):
                found[rule.measure] = _recent_shares(months)
    return found


@remembered
def _of_training(
    tables: Mapping[str, pd.DataFrame | None], marks: Mapping[str, float]
) -> dict[str, pd.DataFrame]:
    """Prepare the measures of modules, lecturers and tests."""
    enrolments, assessments, reactions, instruments, staff = map(tables.get, _OF_TRAINING)
    site = site_of(staff)
    found = {}
    if present(enrolments, "attended"):
        found["attendance_module"] = _attendance(enrolments, site)
    if present(enrolments, "completion", "mode"):
        found["completion_online"] = _completion(enrolments, site)
    if present(reactions, "score") and present(instruments, "scale_max"):
        for column, name in (("module", "module"), ("lecturer_id", "lecturer")):
            found[f"satisfaction_{name}"] = reaction_subjects(reactions, instruments, column)
    if present(assessments, "score"):
        found["pass_module"] = _passes(assessments, enrolments, site, marks)
    return found


def complaints_in_time(tickets: Rows) -> pd.DataFrame:
    """Count complaints that came due in the newest three months, and those resolved by then.

    The newest opening of any ticket is taken for today: a complaint due later is neither in
    time nor late.

    Returns
    -------
    DataFrame
        ``subject`` (site), ``hits`` (resolved in time), ``n`` (came due), ``design_effect``.
    """
    today = max(instants(part["opened_at"]).max() for part in parts(tickets, ["opened_at"]))
    read = ["kind", "site_id", "due_at", "resolved_at"]
    frame = pd.concat(_came_due(part, today) for part in parts(tickets, read))
    months = frame.groupby(["site_id", "period"], as_index=False)[["total", "exposure"]].sum()
    recent = frame[frame["recent"]].rename(columns={"site_id": "subject"})
    table = recent.groupby("subject", as_index=False).agg(
        hits=("total", "sum"), n=("exposure", "sum")
    )
    table = table.astype({"hits": int, "n": int})
    if table.empty:
        return table.assign(design_effect=pd.Series(dtype=float))
    effects = months_effect(months.astype({"period": int}), RECENT_MONTHS)
    return table.assign(design_effect=table["subject"].map(effects).fillna(1.0).astype(float))


def _came_due(part: pd.DataFrame, today: pd.Timestamp) -> pd.DataFrame:
    """Count complaints that came due, and those in time, by site and month before ``today``."""
    due, done = (instants(part[name]) for name in ("due_at", "resolved_at"))
    back = (today.year - due.dt.year) * 12 + today.month - due.dt.month
    behind = back - (due.dt.day > today.day).astype(int)
    frame = pd.DataFrame(
        {
            "site_id": part["site_id"].astype(object),
            "period": -behind,
            "recent": due > today - pd.DateOffset(months=RECENT_MONTHS),
            "total": (done <= due).astype(float),
            "exposure": 1.0,
        }
    )
    came = (part["kind"] == "complaint") & part["site_id"].notna() & (due <= today)
    return frame[came].groupby(["site_id", "period", "recent"], as_index=False).sum()


def reaction_subjects(
    reactions: pd.DataFrame, instruments: pd.DataFrame, column: str
) -> pd.DataFrame:
    """Count satisfied questionnaires of every module or lecturer, classes as clusters.

    Returns
    -------
    DataFrame
        ``subject, hits, n, design_effect, place``.
    """
    sheets = reactions_by_sheet(reactions, instruments)
    first = reactions.assign(day=_day(reactions, "answered_on")).groupby("response_id")["day"].min()
    answers = sheets.assign(subject=sheets[column], day=sheets["response_id"].map(first))
    return _counted(answers.rename(columns={"session": "cluster"}))


def _attendance(enrolments: pd.DataFrame, site: pd.Series) -> pd.DataFrame:
    known = enrolments[enrolments["attended"].notna()]
    day = _day(known, "held_on")
    return _counted(
        known.assign(
            subject=known["module"],
            hit=floats(known["attended"]),
            cluster=class_of(known, site),
            day=day,
        )
    )


def _completion(enrolments: pd.DataFrame, site: pd.Series) -> pd.DataFrame:
    """Return each person's share of every online module, people of a site as a cluster."""
    online = enrolments[(enrolments["mode"] == "online") & enrolments["completion"].notna()]
    people = online.assign(hit=floats(online["completion"]), day=_day(online, "held_on"))
    people = people.groupby(["module", "staff_id"], as_index=False).agg(
        hit=("hit", "mean"), day=("day", "min")
    )
    people = people.rename(columns={"module": "subject"})
    people["cluster"] = people["staff_id"].map(site).astype(object)
    table = _counted(people).drop(columns="hits")
    values = {m: g["hit"].to_numpy() for m, g in people.groupby("subject")}
    return table.assign(values_=[values[m] for m in table["subject"]])


def _passes(
    assessments: pd.DataFrame,
    enrolments: pd.DataFrame | None,
    site: pd.Series,
    marks: Mapping[str, float],
) -> pd.DataFrame:
    """Count first attempts at or above the mark by test; people of a class as a cluster."""
    first = first_attempts(assessments, marks)
    subject = first["module"].astype(str) + " / " + first["form"].astype(str)
    cluster = class_of_attempts(first, enrolments, site)
    return _counted(first.assign(subject=subject, cluster=cluster, day=_day(first, "assessed_on")))


def class_of_attempts(
    attempts: pd.DataFrame, enrolments: pd.DataFrame | None, site: pd.Series
) -> pd.Series:
    """Return the class in which each person was taught the module of the test, else the site.

    Parameters
    ----------
    attempts : DataFrame
        ``staff_id, module``.
    enrolments : DataFrame or None
        Canonical table.
    site : Series
        As of :func:`site_of`.
    """
    cluster = attempts["staff_id"].map(site).astype(object)
    if not present(enrolments, "session"):
        return cluster
    sat = enrolments[enrolments["session"].notna()]
    sat = sat.assign(cluster=class_of(sat, site)).drop_duplicates(["staff_id", "module"])
    keys = pd.MultiIndex.from_frame(attempts[["staff_id", "module"]].astype(object))
    held = sat.astype({"staff_id": object, "module": object})
    held = held.set_index(["staff_id", "module"])["cluster"].reindex(keys)
    held = pd.Series(held.to_numpy(), index=attempts.index, dtype=object)
    return held.where(held.notna(), cluster)


def class_of(enrolments: pd.DataFrame, site: pd.Series) -> pd.Series:
    """Return the class of every enrolment; of online courses, which have none, the site."""
    if "session" in enrolments:
        session = enrolments["session"].astype(object)
    else:
        session = pd.Series(None, index=enrolments.index, dtype=object)
    if "mode" not in enrolments:
        return session
    online = (enrolments["mode"] == "online").fillna(False).to_numpy(dtype=bool)
    return session.mask(online, enrolments["staff_id"].map(site).astype(object))


def site_of(staff: pd.DataFrame | None) -> pd.Series:
    """Return every employee's site; none without the table."""
    if not present(staff, "site_id"):
        return pd.Series(dtype=object)
    return staff.drop_duplicates("staff_id").set_index("staff_id")["site_id"].astype(object)


def _day(frame: pd.DataFrame, column: str) -> pd.Series:
    if column in frame:
        return dates(frame[column])
    return pd.Series(pd.NaT, index=frame.index)


def _counted(answers: pd.DataFrame) -> pd.DataFrame:
    """Add up answers by subject: ``subject, hits, n, design_effect, place``."""
    kept = answers[answers["subject"].notna()]
    kept = kept.assign(subject=kept["subject"].astype(object))
    if kept.empty:
        return pd.DataFrame(columns=["subject", "hits", "n", "design_effect", "place"])
    table = kept.groupby("subject", as_index=False).agg(
        hits=("hit", "sum"), n=("hit", "size"), day=("day", "min")
    )
    order = table.sort_values(["day", "subject"], kind="stable").index
    table["place"] = pd.Series(range(len(table)), index=order)
    if answers["hit"].dropna().isin([0.0, 1.0]).all():
        table["hits"] = table["hits"].astype(int)
    effects = subject_effects(kept, value="hit", cluster="cluster")
    table["design_effect"] = table["subject"].map(effects).astype(float)
    return table[["subject", "hits", "n", "design_effect", "place"]]


def _by_site(panel: pd.DataFrame, baseline_until: int | None) -> dict[str, pd.DataFrame]:
    found = {}
    cells = panel[(panel["stratum"] == "") & panel["value"].notna() & (panel["site_id"] != "")]
    for indicator, name in (("return_rate", "return_site"), ("csat_top2", "satisfaction_site")):
        months = cells[cells["indicator"] == indicator]
        if len(months):
            found[name] = _recent_shares(months)
    scores = cells[cells["indicator"] == "csat_mean"].sort_values("period")
    if baseline_until is None or scores.empty:
        return found
    last = scores["period"].max()
    rows = []
    for site, months in scores.groupby("site_id"):
        base = months[months["period"] < baseline_until]
        late = months[
            (months["period"] > last - RECENT_MONTHS) & (months["period"] >= baseline_until)
        ]
        if len(base) > 2 and len(late):
            rows.append(
                (
                    site,
                    int(late["n"].sum()),
                    base["value"].to_numpy(dtype=float),
                    late["value"].to_numpy(dtype=float),
                )
            )
    found["csat_site"] = pd.DataFrame(rows, columns=["subject", "n", "baseline", "recent"])
    return found


def _recent_shares(months: pd.DataFrame) -> pd.DataFrame:
    """Add up a share's counts over the newest three months.

    ``subject`` (site), ``hits, n, design_effect``.
    """
    late = months[months["period"] > months["period"].max() - RECENT_MONTHS]
    sums = late.groupby("site_id", as_index=False)[["total", "exposure"]].sum()
    sums = sums[(sums["exposure"] > 0) & (sums["total"] <= sums["exposure"])]
    sums["design_effect"] = sums["site_id"].map(months_effect(months, RECENT_MONTHS)).astype(float)
    sums = sums.rename(columns={"site_id": "subject", "total": "hits", "exposure": "n"})
    return sums.astype({"hits": int, "n": int})
