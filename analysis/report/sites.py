"""What a run says of each site, and the links from tables that name a site to its page."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

import pandas as pd

from analysis.indicators import registry
from analysis.present import people, strips, views
from analysis.present.suppression import suppressed
from analysis.report.run import Run
from analysis.results import Alert, StageResults
from analysis.value import register

MOST_SPANS = 12
"""Spans of three months that are drawn: three years."""
_STANDING, _PROFILES = "monitoring.site_standing", "monitoring.site_profiles"
_ENDED = ("done", "done_late", "declined")
_CELL = re.compile(r'(<t[hd]\b[^>]*>)((?:[^<>]|<span lang="zh">|</span>)+)(</t[hd]>)')
_MARKS = re.compile(r'<span lang="zh">|</span>')
"""Of Chinese words on an English page."""


@dataclass(frozen=True, slots=True)
class History:
    """Values of an indicator of a site in time, and the first month that they are of."""

    first: int
    points: tuple[strips.Point, ...]


@dataclass(frozen=True)
class Sites:
    """What a run says of each site, ready for pages in any language.

    Attributes
    ----------
    run : Run
        The run.
    """

    run: Run

    @property
    def _found(self) -> StageResults | None:
        return self.run.results.get("monitoring")

    @cached_property
    def profiles(self) -> pd.DataFrame:
        """One row a site, by name; without rows where the run tells none."""
        return self._supported(_PROFILES)

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The profiles as rows."""
        return records(self.profiles)

    @cached_property
    def standing(self) -> pd.DataFrame:
        """One row a site and indicator, rounded, with ``hidden`` where it rests on too few."""
        return self._supported(_STANDING)

    def _supported(self, name: str) -> pd.DataFrame:
        view = views.get(name)
        frame = self.run.stored(name, view)
        if frame.empty:
            return frame
        found = self.run.supported(name, view)
        small = suppressed(frame["people"], self.run.min_cell).to_numpy(bool)
        return found.frame.assign(hidden=small | found.withheld)

    @cached_property
    def standing_of(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """The rows of :attr:`standing` by site."""
        found: dict[str, list[Mapping[str, Any]]] = {}
        for row in records(self.standing):
            found.setdefault(row["site_id"], []).append(row)
        return found

    @cached_property
    def newest(self) -> int | None:
        """Latest month in which any site was measured; None where none was."""
        return None if self.standing.empty else int(self.standing["last"].max())

    @cached_property
    def histories(self) -> Mapping[tuple[str, str], History]:
        """Values in time by site and indicator."""
        if self.standing.empty or self._found is None:
            return {}
        frame = self._found.table("site_spans")
        least = {
            name: self.run.min_cell if known is None or known.suppress else 0
            for name in frame["indicator"].unique()
            for known in [registry.known().get(name)]
        }
        kept = frame[(frame["span"] < MOST_SPANS) & (frame["n"] >= frame["indicator"].map(least))]
        names = ("site_id", "indicator", "first", "span", "value", "ci_low", "ci_high")
        rows: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
        for site, name, *row in zip(*(kept[n].tolist() for n in names), strict=True):
            rows.setdefault((site, name), []).append(tuple(row))
        return {of: _history(found) for of, found in rows.items()}

    @cached_property
    def alerts(self) -> Mapping[str, list[Alert]]:
        """Alerts by site, the most urgent first."""
        found: dict[str, list[Alert]] = {}
        for alert in sorted(self._alerts, key=lambda a: (a.grade, a.due_on or "", a.id)):
            found.setdefault(alert.subject, []).append(alert)
        return found

    @property
    def _alerts(self) -> tuple[Alert, ...]:
        return () if self._found is None else self._found.alerts

    @cached_property
    def actions(self) -> pd.DataFrame:
        """Actions of all sites as they stand, with ``site_id``, by name of site and day due."""
        worth = self.run.results.get("value")
        if worth is None or self.profiles.empty:
            return pd.DataFrame(columns=["site_id", "action_id", "due_on"])
        known = (worth.table_or_empty(name) for name in ("actions", "action_register"))
        rows = register.current(*known)
        place = {site: number for number, site in enumerate(self.profiles["site_id"])}
        rows = rows[rows["subject"].isin(list(place))].rename(columns={"subject": "site_id"})
        return rows.iloc[rows["site_id"].map(place).argsort(kind="stable")]

    @cached_property
    def open_actions(self) -> Mapping[str, int]:
        """Number of actions that wait, by site."""
        waiting = self.actions[~self.actions.get("state", pd.Series(dtype=str)).isin(_ENDED)]
        return {str(site): int(n) for site, n in waiting["site_id"].value_counts().items()}

    @cached_property
    def told(self) -> tuple[str, ...]:
        """Sites that have a page: all, or as many as the client wants, the most urgent first."""
        everyone = list(self.profiles.get("site_id", ()))
        if len(everyone) <= self.run.appearance.site_pages:
            return tuple(everyone)

        def urgency(site: str) -> tuple[int, str]:
            alerts = self.alerts.get(site, [])
            grade = min((alert.grade for alert in alerts), default=4)
            return grade if alerts or not self.open_actions.get(site) else 3, site

        asked = [s for s in everyone if self.alerts.get(s) or self.open_actions.get(s)]
        chosen = set(sorted(asked, key=urgency)[: self.run.appearance.site_pages])
        return tuple(site for site in everyone if site in chosen)

    @cached_property
    def files(self) -> Mapping[str, str]:
        """File of each site's page, in the folder of pages by site."""
        return {site: file_name(site) for site in self.told}

    @cached_property
    def links(self) -> Mapping[str, str]:
        """File of a site's page by what tables call the site; a name of several leads nowhere."""
        if self.profiles.empty:
            return {}
        # What is also a region, or reads as a number, does not say that it is the site.
        taken = set(self.profiles["region"].dropna().astype(str))
        names: dict[str, set[str]] = {}
        for row in self.rows:
            for name in {str(row["site_id"]), str(row["site_name"])}:
                if name not in taken and not name.replace(".", "").isdigit():
                    names.setdefault(name, set()).add(row["site_id"])
        one = {name: next(iter(found)) for name, found in names.items() if len(found) == 1}
        return {name: self.files[site] for name, site in one.items() if site in self.files}


def _history(rows: Sequence[tuple[Any, ...]]) -> History:
    """Return the history of rows of first month, span, value and ends; spans count backwards."""
    oldest = max(span for _, span, *_ in rows)
    points = (strips.Point(float(oldest - span), *map(float, ends)) for _, span, *ends in rows)
    return History(int(min(first for first, *_ in rows)), tuple(points))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame by the names of its columns."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def file_name(site: str) -> str:
    """Return the file of a site's page: the same in every run, and allowed on every system."""
    short = re.sub(r"[^a-z0-9]+", "-", str(site).lower()).strip("-")[:24]
    digest = hashlib.sha256(str(site).encode()).hexdigest()[:6]
    return f"{short or 'site'}-{digest}.html"


def linked(html: str, sites: Sites, prefix: str) -> str:
    """Let the cells of tables that name a site lead to its page.

    Parameters
    ----------
    html : str
        A page.
    sites : Sites
        The sites of its run.
    prefix : str
        Path from the page to the folder of pages by site, e.g. ``sites/``.
    """
    known = {escape(people.hidden(name)): path for name, path in sites.links.items()}

    def lead(cell: re.Match[str]) -> str:
        target = known.get(_MARKS.sub("", cell[2]))
        if target is None:
            return cell[0]
        return f'{cell[1]}<a href="{prefix}{target}">{cell[2]}</a>{cell[3]}'

    return _CELL.sub(lead, html) if known else html
