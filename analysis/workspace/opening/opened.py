"""One client opened for one stage: its tables, its panel, and what earlier stages found."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis import client as clients
from analysis import contents, indicators, ingest, measurement, parameters, results
from analysis import tables as canonical
from analysis.design import BaseChoice, choose_base
from analysis.errors import RunError
from analysis.indicators import registry
from analysis.keywords import Named, meant
from analysis.memory import remembered
from analysis.present import Display
from analysis.refusals import Asked, step
from analysis.results import Estimate, StageResults
from analysis.settings import TRAINING, Language, Settings
from analysis.standards import Lines
from analysis.tables import MOST_ROWS, OF_TRAINING, TABLES, Rows, Stored, month_of
from analysis.workspace.opening.prepare import CANONICAL, PANEL
from analysis.workspace.opening.sampled import told

COUNTED = frozenset({"surveys", "tickets", "dispositions"})
"""Tables that customers fill, a row per answer, request or invitation; those of staff and sites
are read whole."""

_NO_OUTCOME = ("unit", "period", "y", "n", "cohort", "total", "exposure")


@dataclass(frozen=True)
class Opened:
    """One client opened for one stage, before anything is decided about it.

    Attributes
    ----------
    name : str
        Stage name.
    client : Client
        The typed client file.
    folder : Path
        Run folder.
    show : Display
        Writes what the reader sees, in both languages.
    language : str
        Language shown in the notebook.
    seed : int
        Seed of the stage's random draws.
    as_of : date or None
        Day looked back to; None when everything was taken. The client's period ends with the
        last month that had ended then.
    alone : bool
        Whether a notebook was opened by itself: results of earlier stages may be missing, and are
        asked for by the name of their notebook.
    """

    name: str
    client: clients.Client
    folder: Path
    show: Display
    language: Language
    seed: int
    as_of: dt.date | None = None
    alone: bool = False

    def __repr__(self) -> str:
        """Name the stage, client and run; the tables are in the attributes."""
        until = "" if self.as_of is None else f", looking back to {self.as_of}"
        return f"<{type(self).__name__} {self.name!r} of {self.client.id!r}{until}: {self.folder}>"

    @property
    def simulated(self) -> bool:
        """Whether the client is made up; every estimate carries it."""
        return self.client.client.simulated

    @property
    def titles(self) -> Mapping[str, str]:
        """The client's name by language."""
        return self.client.client.name.model_dump()

    @property
    def primary(self) -> str:
        """Registry id of the primary outcome."""
        return self.client.design.primary_outcome

    @cached_property
    def tables(self) -> Mapping[str, Rows]:
        """The canonical tables that the client has, by name, as :meth:`rows` gives them."""
        found = {name: self.rows(name) for name in TABLES}
        there = {name: rows for name, rows in found.items() if rows is not None}
        return Named(f"table of {self.client.id}", there)

    @cached_property
    def panel(self) -> pd.DataFrame:
        """The site x month panel of all indicators."""
        if (found := self._once(PANEL)) is None:
            raise FileNotFoundError(self.folder / PANEL)
        return found

    @cached_property
    def measured(self) -> frozenset[str]:
        """Indicators of the panel."""
        return frozenset(self.panel["indicator"].unique())

    def cells(self, indicator: str) -> pd.DataFrame:
        """Return the panel's rows of one indicator: what a step about it is given.

        What is measured besides is no argument of it then, and need not be the same as before.
        """
        return self.panel.iloc[self._places.get(indicator, [])].reset_index(drop=True)

    @cached_property
    def _places(self) -> Mapping[str, np.ndarray]:
        """Places of the panel's rows by indicator, ascending."""
        return self.panel.groupby("indicator", observed=True).indices

    def cells_before(self, month: int) -> pd.DataFrame:
        """Return the panel's rows of the months before one."""
        return self.panel[self.panel["period"] < month].reset_index(drop=True)

    @cached_property
    def waves(self) -> pd.DataFrame:
        """The roll-out; without a table of it every site counts as never trained."""
        known = self.table("waves")
        sites = pd.Index(self.panel["site_id"].unique()).difference([""])
        listed = set() if known is None else set(known["site_id"])
        rest = pd.DataFrame({"site_id": [site for site in sites if site not in listed]})
        rest = rest.assign(wave=0, arm="comparison")
        rest = rest.reindex(columns=list(TABLES["waves"].columns))
        return rest if known is None else pd.concat([known, rest], ignore_index=True)

    @cached_property
    def first_wave(self) -> int:
        """Running month of the first wave; the month after the last one without any."""
        starts = indicators.cohorts(self.waves).dropna()
        return int(starts.min()) if len(starts) else self.client.period.last_period + 1

    @property
    def first_day(self) -> dt.date:
        """First day of the month of the first wave."""
        return month_of(self.first_wave)

    @property
    def until(self) -> dt.date:
        """Last day of the evaluated months."""
        return month_of(self.client.period.last_period + 1) - dt.timedelta(days=1)

    @cached_property
    def ingest_record(self) -> ingest.IngestRecord:
        """What ingest did with every file, row and column."""
        return ingest.IngestRecord.load(self.folder / CANONICAL)

    @cached_property
    def ingest_counts(self) -> pd.DataFrame:
        """Rows read and kept by table and source, and the reasons why rows stayed out."""
        rows = [
            {
                "table": table,
                "source": source.spelled_out,
                "rows_in": source.rows_in + source.rows_added,
                "rows_out": source.rows_out,
                "left_out": sum(source.left_out.values()),
                "reasons": json.dumps(source.left_out, sort_keys=True),
            }
            for table, record in self.ingest_record.tables.items()
            for source in record.sources
        ]
        return pd.DataFrame(rows)

    @cached_property
    def unread(self) -> pd.DataFrame:
        """What lies among the exports and was not read, and hidden rows that were.

        Columns ``file, sheet, rows, reason``; one row per file, sheet or sheet with hidden rows.
        """
        record = self.ingest_record
        rows = [(r.file, r.sheet, r.rows, r.reason) for r in record.unread]
        files = {
            (f.file, f.sheet): f.hidden_rows
            for table in record.tables.values()
            for source in table.sources
            for f in source.files
            if f.hidden_rows
        }
        rows += [(*place, hidden, "rows_hidden") for place, hidden in files.items()]
        return pd.DataFrame(rows, columns=["file", "sheet", "rows", "reason"])

    @cached_property
    def _read(self) -> dict[str, pd.DataFrame | None]:
        """Tables read so far, by their file in the run folder; handed out as copies alone."""
        return {}

    def _once(self, name: str) -> pd.DataFrame | None:
        """Return a table of the run folder, read once; None where there is no such file."""
        if name not in self._read:
            path = self.folder / name
            self._read[name] = found = pd.read_parquet(path) if path.is_file() else None
            if found is not None:
                contents.hold(found)
        frame = self._read[name]
        return None if frame is None else frame.copy(deep=False)

    @cached_property
    def asked(self) -> Asked:
        """Puts questions to methods that may refuse; what was refused is saved with the stage."""
        return Asked(self.name)

    def step(
        self,
        topic: str,
        make: Callable[..., StageResults],
        /,
        *args: Any,
        about: str = "",
        **settings: Any,
    ) -> StageResults:
        """Return the results of a step, or the check that says why its method refuses.

        A step that is a function of a module gives what it gave before to the same arguments
        (:mod:`analysis.memory`).
        """
        return step(self.name, topic, remembered(make), *args, about=about, **settings)

    @cached_property
    def _earlier(self) -> dict[str, StageResults]:
        """Results of earlier stages read so far."""
        return {}

    @property
    def sites(self) -> pd.DataFrame:
        """Table ``sites``; the sites of the panel without particulars where there is none."""
        known = self.table("sites")
        if known is not None:
            return known
        return self.waves[["site_id"]].reindex(columns=list(TABLES["sites"].columns))

    @cached_property
    def registry(self) -> Mapping[str, registry.Indicator]:
        """The indicator registry, with the outcomes that the client declares."""
        return Named("indicator", indicators.of_client(self.client))

    @cached_property
    def settings(self) -> Settings:
        """What the client settled for all stages."""
        return Settings(
            level=1 - self.client.design.alpha,
            min_cell=self.client.min_cell,
            seed=self.seed,
            language=self.language,
        )

    @cached_property
    def lines(self) -> Lines:
        """What the client's programme is held to."""
        return self.client.lines

    @property
    def told(self) -> Mapping[str, Any]:
        """Level of intervals, as every step takes it that gives any."""
        return {"level": self.settings.level}

    @property
    def made(self) -> Mapping[str, Any]:
        """Level of intervals and whether the client is made up, as steps with estimates take it."""
        return {**self.told, "simulated": self.simulated}

    @property
    def main(self) -> Mapping[str, Any]:
        """The primary outcome, as the steps that look at one outcome take it."""
        return {"indicator": self.primary, **self.made}

    @property
    def clock(self) -> Mapping[str, Any]:
        """The client's time zone, as the steps that need local months take it."""
        return {"timezone": self.client.client.timezone, **self.made}

    def unit(self, indicator: str = "") -> str:
        """Return the unit of an indicator; of the primary outcome when none is named."""
        return self.registry[indicator or self.primary].unit

    def least_answers(self, indicator: str) -> int:
        """Return the fewest answers on which a value is shown; 0 where nobody is behind it."""
        return self.settings.min_cell if self.registry[indicator].suppress else 0

    def of(self, *names: str) -> tuple[pd.DataFrame | None, ...]:
        """Return several canonical tables; None for each the client has not."""
        return tuple(self.table(name) for name in names)

    def given(self, names: Iterable[str]) -> Mapping[str, Rows | None]:
        """Return some canonical tables by name, as :meth:`rows` does: what a step reads of them.

        Of the others none is an argument of it then, and none need be the same as before.
        """
        return {name: self.rows(name) for name in names}

    def table(self, name: str) -> pd.DataFrame | None:
        """Return one canonical table; None where the client has none. Read once.

        Tables that only a training uses count as absent in any other programme.

        Raises
        ------
        KeyError
            When no canonical table has that name.
        """
        if name in OF_TRAINING and self.client.programme != TRAINING:
            return None
        if name not in TABLES:
            raise KeyError(f"no canonical table {name!r}{meant(name, TABLES)}")
        return self._once(f"{CANONICAL}/{name}.parquet")

    def rows(self, name: str) -> Rows | None:
        """Return one canonical table as steps take it that count; None where there is none.

        Tables that customers fill (:data:`COUNTED`) stay on disk where they are large.
        """
        stored = Stored(self.folder / CANONICAL / f"{name}.parquet", most=MOST_ROWS)
        if name in COUNTED and stored.path.is_file() and len(stored) > MOST_ROWS:
            return stored
        return self.table(name)

    def sampled(
        self, table: Rows | None, columns: Sequence[str], *, unit: str, about: str
    ) -> pd.DataFrame | None:
        """Return the rows of a table for a step that needs single records at once.

        Of a large one these are a sample of whole units, which a check of the stage tells.

        Parameters
        ----------
        table : DataFrame, Stored or None
            As of :meth:`rows`.
        columns : sequence of str
            What the step needs of it.
        unit : str
            Column of what is drawn whole.
        about : str
            What the rows are, and what is estimated from them: a word of the catalogue.
        """
        if table is None:
            return None
        found, drawn = canonical.sample(table, columns, unit=unit, seed=self.seed)
        if drawn is not None:
            self._samples[about] = told(self.name, about, drawn)
        return found

    @cached_property
    def _samples(self) -> dict[str, results.Check]:
        """What is said of each sample; saved with the stage."""
        return {}

    def outcome(self, indicator: str = "", *, stratum: str = "") -> pd.DataFrame:
        """Return the estimation frame of an indicator, without rows where it is not measured.

        Months known in part (:meth:`months_in_part`) are left out: they would count like whole
        ones.

        Parameters
        ----------
        indicator : str
            Registry id; the client's primary outcome when empty.
        stratum : str
            Breakdown of the indicator, e.g. a rater role.

        Raises
        ------
        KeyError
            For an indicator that the client has not; names the nearest.
        """
        key = (self.registry[indicator or self.primary].id, stratum)
        if key not in self._outcomes:
            self._outcomes[key] = self._outcome(*key)
        return self._outcomes[key].copy()

    @cached_property
    def _outcomes(self) -> dict[tuple[str, str], pd.DataFrame]:
        """Estimation frames made so far, by indicator and stratum."""
        return {}

    def _outcome(self, indicator: str, stratum: str) -> pd.DataFrame:
        cells = self.cells(indicator)
        known = (cells["stratum"] == stratum) & (cells["site_id"] != "") & cells["value"].notna()
        if not known.any():
            return pd.DataFrame({name: pd.Series(dtype="float64") for name in _NO_OUTCOME})
        frame = indicators.outcome(
            cells, indicator, self.waves, stratum=stratum, indicators=self.registry
        )
        part = self.months_in_part(indicator)
        return frame[~frame["period"].isin(part)].reset_index(drop=True) if part else frame

    def base_by_rule(self, indicator: str) -> BaseChoice:
        """Return the base that the rule on the months before training gives an indicator."""
        if indicator not in self._bases:
            self._bases[indicator] = choose_base(self.outcome(indicator))
        return self._bases[indicator]

    @cached_property
    def _bases(self) -> dict[str, BaseChoice]:
        """Bases found so far, by indicator."""
        return {}

    def months_in_part(self, indicator: str) -> tuple[int, ...]:
        """Return the months of which less than half is known, as tickets are followed or traced."""
        known = self.registry[indicator]
        if not (known.follow_up_days or known.look_back_days):
            return ()
        if indicator not in self._in_part:
            tickets = self.rows("tickets")
            if tickets is None:
                return ()
            zone = self.client.client.timezone
            parts = canonical.parts(tickets, ["opened_at"])
            opened = pd.concat(part["opened_at"].agg(["min", "max"]) for part in parts)
            days = pd.to_datetime(opened, utc=True).dt.tz_convert(zone)
            begins, ends = days.min().date(), days.max().date()
            silent = indicators.silent_in(tickets, zone)
            cells = self.cells(indicator).dropna(subset="value")
            found = indicators.known_in_part(
                cells["period"], known, begins=begins, ends=ends, silent=silent
            )
            # What is left has to be something.
            whole = set(cells["period"].astype(int)) - set(found)
            self._in_part[indicator] = found if whole else ()
        return self._in_part[indicator]

    @cached_property
    def _in_part(self) -> dict[str, tuple[int, ...]]:
        """Months known in part by indicator, as far as asked."""
        return {}

    def earlier(self, stage: str) -> StageResults:
        """Return the results of an earlier stage of this run; empty where it has none.

        Raises
        ------
        ValueError
            For a stage that this one does not declare to read: it may be running beside it.
        RunError
            In a notebook by itself, when the stage was not run on these inputs.
        """
        if stage not in parameters.stage(self.name).reads:
            raise ValueError(f"{self.name} does not declare in analysis.parameters to read {stage}")
        if stage not in self._earlier:
            folder = self.folder / "results"
            stored = (folder / f"{stage}.json").is_file()
            if self.alone and not stored:
                raise RunError(self._run_first())
            none = StageResults(stage=stage)
            self._earlier[stage] = results.load(stage, folder) if stored else none
        return self._earlier[stage]

    def _run_first(self) -> str:
        """Say which notebooks have to be run before this one."""
        own = parameters.stage(self.name)
        lacking = [
            parameters.stage(name).source(self.client.programme)
            for name in own.reads
            if not (self.folder / "results" / f"{name}.json").is_file()
        ]
        return (
            f"{own.source(self.client.programme)} reads results that these inputs do not have yet. "
            f"Correct: run {', then '.join(lacking)} first, or crmeval run {self.client.id}"
        )

    def mean_levels(self, *, before: int) -> dict[str, Estimate]:
        """Level of the goals' indicators over the twelve months before a month, by indicator."""
        units = {g.indicator: self.registry[g.indicator].unit for g in self.client.goals}
        found = self.step(
            "level",
            measurement.assess_levels,
            self.cells_before(before),
            before=before,
            units=units,
            sealed=False,
            **self.made,
        )
        self.asked.note(found.checks)
        return {e.indicator: e for e in found.estimates if e.indicator}
