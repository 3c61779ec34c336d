"""One client opened for one stage: what a notebook reads from and writes to.

A run folder holds ``canonical/`` (the canonical tables and the record of how they came about),
``panel.parquet`` and ``results/``. The pipeline prepares it once and hands its path to each
notebook; a notebook run by itself works on a copy of the latest complete run of the same inputs,
or prepares a folder of its own.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import causal, files, findings, indicators, ingest, results
from analysis import client as clients
from analysis.causal import Evaluation
from analysis.errors import RunError
from analysis.indicators import registry
from analysis.present import Display
from analysis.results import Check, Estimate, Finding, StageResults
from analysis.tables import TABLES, month_of
from analysis.workspace.prepare import CANONICAL, PANEL, prepare

STANDALONE = "standalone"
_NOTHING_TO_ESTIMATE = ("no_treated", "no_variation", "period_gap", "empty")
"""Broken rules of the estimation frame that are the client's data, not a mistake of the code."""
_NO_OUTCOME = ("unit", "period", "y", "n", "cohort")


@dataclass(frozen=True)
class Stage:
    """One stage of one client.

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
    """

    name: str
    client: clients.Client
    folder: Path
    show: Display
    language: str
    seed: int

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
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """The canonical tables that the client has, by name."""
        found = {name: self.table(name) for name in TABLES}
        return {name: frame for name, frame in found.items() if frame is not None}

    @cached_property
    def panel(self) -> pd.DataFrame:
        """The site x month panel of all indicators."""
        return pd.read_parquet(self.folder / PANEL)

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

    @property
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
                "source": source.title,
                "rows_in": source.rows_in + source.rows_added,
                "rows_out": source.rows_out,
                "left_out": sum(source.left_out.values()),
                "reasons": json.dumps(source.left_out, sort_keys=True),
            }
            for table, record in self.ingest_record.tables.items()
            for source in record.sources
        ]
        return pd.DataFrame(rows)

    @property
    def sites(self) -> pd.DataFrame:
        """Table ``sites``; the sites of the panel without particulars where there is none."""
        known = self.table("sites")
        if known is not None:
            return known
        return self.waves[["site_id"]].reindex(columns=list(TABLES["sites"].columns))

    @property
    def kinds(self) -> Mapping[str, Mapping[str, str]]:
        """What sites are told apart by: kind of property by site, where it is known."""
        known = self.sites.dropna(subset=["property_type"]).set_index("site_id")["property_type"]
        return {"property_type": known.to_dict()} if len(set(known)) > 1 else {}

    @property
    def registry(self) -> Mapping[str, registry.Indicator]:
        """The indicator registry."""
        return registry.load()

    @property
    def goal_units(self) -> Mapping[str, str]:
        """Unit of every indicator that has a goal, and of the primary outcome."""
        named = [self.primary, *(goal.indicator for goal in self.client.goals)]
        return {name: self.unit(name) for name in dict.fromkeys(named)}

    @property
    def plan_settings(self) -> Mapping[str, Any]:
        """What the plan fixes besides goals and waves, as ``design.make_plan`` takes it."""
        design = self.client.design
        return {
            "secondary_outcomes": design.secondary_outcomes,
            "alpha": design.alpha,
            "power": design.power,
            "smallest_effect": design.smallest_effect,
            "measure_at_months": design.measure_at_months,
            "anticipation_months": design.anticipation_months,
            "seed": self.seed,
            "choices": self.client.choices,
        }

    @property
    def made(self) -> Mapping[str, Any]:
        """Whether the client is made up, as every step takes it."""
        return {"simulated": self.simulated}

    @property
    def main(self) -> Mapping[str, Any]:
        """The primary outcome, as the steps that look at one outcome take it."""
        return {"indicator": self.primary, "simulated": self.simulated}

    @property
    def clock(self) -> Mapping[str, Any]:
        """The client's time zone, as the steps that need local months take it."""
        return {"timezone": self.client.client.timezone, "simulated": self.simulated}

    @property
    def power_settings(self) -> Mapping[str, Any]:
        """What power is computed for, as ``design.assess_power`` takes it."""
        design = self.client.design
        return {
            **self.main,
            "unit": self.unit(),
            "smallest_effect": design.smallest_effect,
            "alpha": design.alpha,
            "power": design.power,
            "seed": self.seed,
        }

    @property
    def reached(self) -> Mapping[str, Any]:
        """What goals are compared with besides changes, as ``value.assess_goals`` takes it."""
        return {
            "registry": self.registry,
            "levels": self.levels(),
            "baselines": self.mean_levels(before=self.first_wave),
            "simulated": self.simulated,
        }

    @property
    def chart_labels(self) -> Mapping[str, Any]:
        """Indicator and unit of the control charts."""
        name = self.charted["indicator"]
        return {"indicator": name, "unit": self.unit(name)}

    @property
    def charted(self) -> Mapping[str, Any]:
        """What the control charts show: top-2-box satisfaction, else the primary outcome."""
        measured = set(self.panel["indicator"])
        name = "csat_top2" if "csat_top2" in measured else self.primary
        known = registry.get(name)
        return {"indicator": name, "share": known.unit == "share", "direction": known.direction}

    @property
    def money(self) -> Mapping[str, Any]:
        """How money is counted, as ``value.assess_roi`` takes it."""
        from analysis.value import Switches

        rules = self.client.value
        return {
            "registry": self.registry,
            "exposure": self.exposure(),
            "simulated": self.simulated,
            "margin": rules.margin,
            "horizon_months": rules.horizon_months,
            "hour_cost": rules.participant_time_cost,
            "hours": self._hours_attended(),
            "switches": Switches(
                first_year_only=rules.first_year_only, lower_bound_only=rules.lower_bound_only
            ),
        }

    def _hours_attended(self) -> float | None:
        from analysis.monitoring import attended_effort

        return attended_effort(self.table("enrolments"))[1]

    def exposure(self) -> dict[str, float]:
        """Site-months, household-months and clients that the effects apply to."""
        from analysis.value import treated_exposure

        sites, rules = self.sites, self.client.value
        served = sites.dropna(subset=["households"]).set_index("site_id")["households"]
        return treated_exposure(
            self.outcome(),
            served.astype("float64").to_dict(),
            horizon_months=rules.horizon_months,
            first_year_only=rules.first_year_only,
            discount_rate=rules.discount_rate,
        )

    def changes(self) -> tuple[Estimate, ...]:
        """Every change found on any level: learning gains and effects on behaviour and results."""
        gains = [e for e in self.earlier("monitoring").estimates if e.id.endswith(".gain")]
        return (*gains, *self.effects().values())

    def unit(self, indicator: str = "") -> str:
        """Return the unit of an indicator; of the primary outcome when none is named."""
        return registry.get(indicator or self.primary).unit

    def day(self, as_of: str) -> dt.date:
        """Return the day of the evaluation; the last day of the period when ``as_of`` is empty."""
        return dt.date.fromisoformat(as_of) if as_of else self.until

    def trend_labels(self, evaluation: Evaluation) -> Mapping[str, Any]:
        """Return indicator, unit and first treated months for an evaluation's trend figure."""
        return {
            "indicator": evaluation.outcome,
            "unit": evaluation.unit,
            "starts": evaluation.starts,
        }

    def baseline_levels(self) -> StageResults:
        """Levels of the goals' indicators before the first wave, and the seal of the baseline."""
        from analysis import measurement

        return measurement.assess_levels(
            self.panel, before=self.first_wave, units=self.goal_units, simulated=self.simulated
        )

    def of(self, *names: str) -> tuple[pd.DataFrame | None, ...]:
        """Return several canonical tables; None for each the client has not."""
        return tuple(self.table(name) for name in names)

    def table(self, name: str) -> pd.DataFrame | None:
        """Return one canonical table; None where the client has none."""
        path = self.folder / CANONICAL / f"{name}.parquet"
        return pd.read_parquet(path) if path.is_file() else None

    def outcome(self, indicator: str = "", *, stratum: str = "") -> pd.DataFrame:
        """Return the estimation frame of an indicator, without rows where it is not measured.

        Parameters
        ----------
        indicator : str
            Registry id; the client's primary outcome when empty.
        stratum : str
            Breakdown of the indicator, e.g. a rater role.
        """
        indicator = indicator or self.primary
        panel = self.panel
        cells = (panel["indicator"] == indicator) & (panel["stratum"] == stratum)
        if not (cells & (panel["site_id"] != "") & panel["value"].notna()).any():
            return pd.DataFrame({name: pd.Series(dtype="float64") for name in _NO_OUTCOME})
        return indicators.outcome(panel, indicator, self.waves, stratum=stratum)

    def earlier(self, stage: str) -> StageResults:
        """Return the results of an earlier stage of this run; empty where it has none."""
        if not (self.folder / "results" / f"{stage}.json").is_file():
            return StageResults(stage=stage)
        return results.load(stage, self.folder / "results")

    def evaluate(self, indicator: str = "", *, draws: int = 999) -> Evaluation:
        """Evaluate one outcome as the plan says; the primary one when none is named.

        An outcome that is not in the panel, never changes, or has no trained site gives an
        evaluation without a value that says so.
        """
        indicator = indicator or self.primary
        options = causal.Options(
            anticipation=self.client.design.anticipation_months,
            level=1 - self.client.design.alpha,
            draws=draws,
            seed=self.seed,
            horizons=self.client.design.measure_at_months,
            simulated=self.simulated,
        )
        unit = registry.get(indicator).unit
        frame = self.outcome(indicator)
        if frame.empty:
            return causal.without_value(outcome=indicator, unit=unit, options=options)
        try:
            return causal.evaluate(frame, outcome=indicator, unit=unit, options=options)
        except causal.FrameError as error:
            if error.rule not in _NOTHING_TO_ESTIMATE:
                raise
            return causal.without_value(
                outcome=indicator,
                unit=unit,
                options=options,
                reason=f"causal.fault.{error.rule}",
            )

    def evaluate_others(self, *, draws: int = 999) -> tuple[Evaluation, ...]:
        """Evaluate the secondary outcomes of the plan and whatever else benefits are priced by."""
        wanted = [*self.client.design.secondary_outcomes]
        wanted += [benefit.indicator for benefit in self.client.value.benefits]
        named = [name for name in dict.fromkeys(wanted) if name != self.primary]
        return tuple(self.evaluate(name, draws=draws) for name in named)

    def claims(self, *evaluations: Evaluation) -> tuple[Finding, ...]:
        """Grade what evaluations say about their overall effects."""
        assigned = set(self.waves.loc[self.waves["wave"] > 0, "assigned_by"].fillna("unknown"))
        return tuple(
            findings.effect_finding(
                evaluation.overall,
                evaluation.checks(),
                assigned_by=assigned,
                direction=registry.get(evaluation.outcome).direction,
                subject=evaluation.outcome,
                smallest=(
                    self.client.design.smallest_effect
                    if evaluation.outcome == self.primary
                    else None
                ),
            )
            for evaluation in evaluations
        )

    def value_claims(self, goals: StageResults, roi: StageResults) -> tuple[Finding, ...]:
        """Say whether the training paid and which targets were reached."""
        effects = self.earlier("tracking").findings
        return findings.money_finding(roi, effects), findings.targets_finding(goals)

    def effects(self) -> dict[str, Estimate]:
        """Overall effect (or described change) by indicator, from the tracking stage."""
        found = self.earlier("tracking").estimates
        wanted = ("att_overall", "change_before_after")
        return {
            e.indicator: e
            for e in reversed(found)
            if e.estimand in wanted and not e.dims.get("beside") and e.indicator
        }

    def levels(self) -> dict[str, Estimate]:
        """Level reached by indicator: from monitoring, else the last twelve months' mean."""
        monitoring = {
            e.indicator: e
            for e in self.earlier("monitoring").estimates
            if e.id.endswith(".overall") and e.indicator
        }
        return self.mean_levels(before=self.client.period.last_period + 1) | monitoring

    def mean_levels(self, *, before: int) -> dict[str, Estimate]:
        """Level of the goals' indicators over the twelve months before a month, by indicator."""
        from analysis import measurement

        units = {goal.indicator: registry.get(goal.indicator).unit for goal in self.client.goals}
        found = measurement.assess_levels(
            self.panel, before=before, units=units, simulated=self.simulated
        )
        return {e.indicator: e for e in found.estimates if e.indicator}

    def evidence(self, *stages: str) -> tuple[Finding | Check | Any, ...]:
        """Return the findings, alerts and failed checks of earlier stages."""
        found: list[Any] = []
        for stage in stages:
            part = self.earlier(stage)
            found += [*part.findings, *part.alerts]
            found += [check for check in part.checks if check.status in ("failed", "caution")]
        return tuple(found)

    def save(
        self,
        *items: Any,
        facts: Mapping[str, Any] | None = None,
        tables: Mapping[str, pd.DataFrame] | None = None,
    ) -> StageResults:
        """Store the stage's results, replacing what an earlier attempt stored.

        Parameters
        ----------
        *items
            Results of steps, evaluations, or estimates, checks, alerts and findings.
        facts, tables : Mapping, optional
            Plain facts and tidy frames besides those of the steps.
        """
        parts = [
            item.results(self.name) if isinstance(item, Evaluation) else item
            for item in _flat(items)
        ]
        whole = results.merge(self.name, parts, facts=facts, tables=tables)
        results.save(whole, self.folder / "results")
        return whole


def open_stage(
    name: str,
    *,
    client: str,
    run_dir: str = "",
    language: str = "zh_CN",
    seed: int = 20240101,
) -> Stage:
    """Open a client for a stage.

    Parameters
    ----------
    name : str
        ``design``, ``baseline``, ``monitoring``, ``tracking`` or ``value``.
    client : str
        Folder name under ``data/``.
    run_dir : str
        Run folder; empty in a notebook run by itself.
    language : {"zh_CN", "en"}
        Language shown in the notebook; reports are made in both.
    seed : int
        Seed of the stage's random draws.

    Raises
    ------
    InputError
        When the client file or the exports have faults.
    RunError
        When ``run_dir`` is no run folder.
    """
    opened = clients.load(client)
    folder = Path(run_dir) if run_dir else _standalone(client, opened)
    if not (folder / PANEL).is_file():
        raise RunError(
            f"{folder} holds no panel. Correct: leave run_dir empty, or give the folder of a run."
        )
    return Stage(
        name=name,
        client=opened,
        folder=folder,
        show=Display(language, min_cell=opened.min_cell),
        language=language,
        seed=seed,
    )


def _standalone(client: str, opened: clients.Client) -> Path:
    """Return a folder of its own, filled from the latest complete run of the same inputs.

    Without such a run it is prepared from the exports. Results written there never change a
    finished report.
    """
    home = files.project_root() / "reports" / client
    made_of = {"inputs": files.input_hashes(opened.folder), "code": files.code_hash()}
    manifest, run = home / "latest" / "manifest.json", None
    if manifest.is_file():
        run = json.loads(manifest.read_text(encoding="utf-8"))
        run = run if all(run[name] == value for name, value in made_of.items()) else None
    folder, stamp = home / STANDALONE, home / STANDALONE / "made_of.json"
    text = json.dumps({**made_of, "run": run and run["run_id"]}, sort_keys=True)
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == text:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    if run is None:
        prepare(client, folder)
    else:
        for part in (CANONICAL, "results"):
            shutil.copytree(manifest.parent / part, folder / part)
        shutil.copy(manifest.parent / PANEL, folder / PANEL)
    files.write_text(stamp, text)
    return folder


def _flat(items: Iterable[Any]) -> list[Any]:
    flat: list[Any] = []
    for item in items:
        flat += _flat(item) if isinstance(item, (list, tuple)) else [item]
    return flat
