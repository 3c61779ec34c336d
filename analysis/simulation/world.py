"""A simulated client: canonical tables together with what is true about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analysis import tables
from analysis.simulation import (
    behaviour,
    comments,
    customers,
    ledgers,
    opinions,
    people,
    programme,
    records,
    sheets,
    skills,
    tasks,
    tickets,
)
from analysis.simulation import training as course
from analysis.simulation.parameters import WorldParameters
from analysis.simulation.sites import Roster, draw_roster
from analysis.simulation.truth import Truth, true_effects
from analysis.tables import periods_of

_EPOCH = pd.Timestamp(0, unit="s", tz="UTC")


@dataclass(frozen=True, slots=True)
class World:
    """One simulated client.

    Attributes
    ----------
    parameters : WorldParameters
        What it was drawn from.
    roster : Roster
        Sites, waves, and the share of the effect in every site-month.
    tables : mapping of str to DataFrame
        Canonical tables (see :mod:`analysis.tables`) in declared order and types. People's
        columns hold plain made-up identifiers where ingest would put pseudonyms.
    truth : Truth
        What is true.
    """

    parameters: WorldParameters
    roster: Roster
    tables: Mapping[str, pd.DataFrame]
    truth: Truth

    def satisfaction_means(self) -> pd.DataFrame:
        """Return mean overall satisfaction by site and month, the outcome of recovery tests.

        Returns
        -------
        DataFrame
            ``unit``, ``period``, ``y`` (mean of the overall item), ``n`` (answers), ``cohort``
            (first trained period, NaN for never); sorted by unit and period.
        """
        surveys = self.tables["surveys"]
        overall = surveys.loc[(surveys["item"] == "q1") & surveys["score"].notna()]
        local = overall["answered_at"].dt.tz_convert(customers.TIMEZONE)
        period = periods_of(local).astype("int64")
        keys = [overall["site_id"].astype(object).rename("unit"), period.rename("period")]
        means = overall["score"].astype(float).groupby(keys).agg(["mean", "size"]).reset_index()
        means.columns = ["unit", "period", "y", "n"]
        cohort = dict(zip(self.roster.sites["site_id"], self.roster.cohort, strict=True))
        means["cohort"] = means["unit"].map(cohort).astype(float)
        return means


def simulate(parameters: WorldParameters) -> World:
    """Draw a world.

    Parameters
    ----------
    parameters : WorldParameters
        What it is made of; equal parameters give equal tables, and a table does not depend
        on which other families are drawn (tickets name no employee without ``staff``).

    Returns
    -------
    World
        Canonical tables and the truth.
    """
    p = parameters
    roster = draw_roster(p)
    levels = customers.satisfaction(p, roster)
    drawn = {"sites": roster.sites, "waves": roster.waves}
    instruments = customers.instrument_rows()
    needs_staff = {"staff", "training", "ratings"} & set(p.families)
    staff = people.draw_staff(p, roster) if needs_staff else None
    if staff is not None:
        drawn["staff"] = staff
    if "surveys" in p.families:
        drawn |= customers.draw_surveys(p, roster, levels)
        drawn["reply_reports"] = customers.draw_reply_reports(p, roster)
        drawn["comments"] = comments.draw_comments(p, roster)
    if "tickets" in p.families:
        drawn["tickets"] = tickets.draw_tickets(p, roster, staff)
    if "training" in p.families:
        drawn |= course.draw_training(p, roster, staff)
        drawn["lecturers"] = records.draw_lecturers(p)
        drawn["test_answers"] = sheets.draw_test_answers(p, drawn["assessments"])
        drawn["skill_use"] = skills.draw_skill_use(p, staff, drawn["assessments"])
        drawn["coaching"] = skills.draw_coaching(p, staff, drawn["assessments"])
        drawn["task_scores"] = tasks.draw_task_scores(p, staff, drawn["assessments"])
        drawn["needs_asked"] = tasks.draw_needs_asked(p, roster, staff)
        drawn["attributions"] = opinions.draw_attributions(p, staff, drawn["enrolments"])
        drawn["appeals"] = records.draw_appeals(p, drawn["assessments"])
        later = course.draw_later_tests(p, drawn["assessments"])
        drawn["assessments"] = pd.concat([drawn["assessments"], later], ignore_index=True)
        instruments += course.instrument_rows()
    if "ratings" in p.families:
        drawn["ratings"] = behaviour.draw_ratings(p, roster, staff)
        instruments += behaviour.instrument_rows()
    if "ledgers" in p.families:
        drawn["fees"] = ledgers.draw_fees(p, roster)
        drawn["contracts"] = ledgers.draw_contracts(p, roster, drawn.get("tickets"))
        drawn["crm_usage"] = ledgers.draw_crm_usage(p, roster)
    if "programme" in p.families:
        drawn |= programme.draw_programme(p)
        drawn["documents"] = records.draw_documents(p)
        drawn["events"] = records.draw_events(p, roster)
    drawn["instruments"] = pd.DataFrame(instruments)
    return World(
        parameters=p,
        roster=roster,
        tables={name: _canonical(name, drawn[name]) for name in tables.TABLES if name in drawn},
        truth=true_effects(p, roster, levels),
    )


def _canonical(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    if frame.empty:  # columns that nobody filled have no type of their own
        frame = tables.TABLES[name].empty()
    table = tables.conform(name, frame)
    for i, field in enumerate(table.schema):
        column = table.column(i)
        if pa.types.is_timestamp(field.type) and column.null_count:
            # NaT lies under the NULLs and overflows in differences; put zeros there.
            zero = pc.if_else(pc.is_valid(column), pc.fill_null(column, _EPOCH), None)
            table = table.set_column(i, field, zero)
    return table.to_pandas(types_mapper=pd.ArrowDtype)
