"""All kinds of mess by name, and examples made of one, two or three of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from messy import cells, rows, shapes
from messy.tidy import TABLES, Export, tidy
from messy.writing import CONTAINERS

FEES, TIMED = ("fees",), ("tickets", "surveys", "enrolments")
PLACED = ("fees", "tickets", "surveys")


@dataclass(frozen=True, slots=True)
class Mess:
    """One way to make a mess of an export.

    ``stage`` orders several: 0 the spelling of cells, 1 the shape, 2 columns, 3 lines, 4 the
    spelling of amounts, 5 what stands around the table, 6 the kind of file. An example takes one
    of a ``kind`` at most.
    """

    name: str
    make: Callable[[Export, random.Random], None]
    tables: tuple[str, ...]
    stage: int
    kind: str


def _all() -> dict[str, Mess]:
    spelled = {
        "site": (PLACED, [cells.odd_spaces, cells.other_spellings]),
        "id": (("tickets",), [cells.apostrophes, cells.scientific_ids]),
        "staff": (("enrolments",), [cells.zeros_lost]),
        "day": (TIMED, [cells.date_spellings, cells.foreign_dates, cells.mac_serials]),
        "time": (("tickets", "surveys"), [cells.split_time]),
        "month": (FEES, [cells.month_spellings]),
        "score": (("surveys",), [cells.number_and_label, cells.labels, cells.reversed_codes]),
        "none": (("surveys", "tickets"), [cells.markers]),
        "share": (("enrolments",), [cells.percents]),
        "hours": (("enrolments",), [cells.durations]),
        "label": (("tickets",), [cells.other_kinds]),
        "building": (FEES, [cells.digits_lost]),
    }  # fmt: skip
    shaped = {
        "shape": (FEES, [shapes.months_as_sheets, shapes.months_as_files, shapes.months_as_columns,
                         shapes.measures_as_sheets]),
        "split": (PLACED, [shapes.sites_as_sheets, shapes.sites_as_files]),
        "rounds": (("surveys",), [shapes.numbers_restart]),
    }  # fmt: skip
    columns = {
        "same": (TABLES, [shapes.same_header]), "extra": (TABLES, [shapes.extra_columns]),
        "side": (FEES, [shapes.side_total]), "order": (TABLES, [shapes.other_order]),
    }  # fmt: skip
    lined = {
        "twice": (TABLES, [rows.repeated_lines, rows.newer_states]),
        "total": (FEES, [rows.totals_between, rows.total_at_end, rows.total_at_top]),
        "merged": (PLACED, [rows.merged_sites, rows.blank_repeats, rows.sections]),
        "hidden": (TABLES, [rows.hidden_lines]), "blank": (TABLES, [rows.blank_lines]),
        "units": (FEES, [rows.units_below]), "again": (TABLES, [rows.header_again]),
    }  # fmt: skip
    amounts = {
        "amount": (FEES, [cells.thousands, cells.text_numbers, cells.ten_thousands,
                          cells.approximate, cells.failed_formulas]),
        "digits": (("fees", "tickets", "surveys"), [cells.full_width]),
    }  # fmt: skip
    around = {
        "above": (TABLES, [rows.titles]), "below": (TABLES, [rows.notes, rows.second_table]),
        "sheets": (TABLES, [shapes.other_sheets]), "headers": (TABLES, [rows.odd_headers]),
    }  # fmt: skip
    found = {}
    for stage, group in enumerate((spelled, shaped, columns, lined, amounts, around)):
        for kind, (tables, makers) in group.items():
            for make in makers:
                found[make.__name__] = Mess(make.__name__, make, tables, stage, kind)
    for container in CONTAINERS[2:]:
        found[container] = Mess(container, _writer(container), TABLES, 6, "container")
    return found


def _writer(container: str) -> Callable[[Export, random.Random], None]:
    def make(export: Export, rng: random.Random) -> None:
        export.container = container

    return make


MESSES = _all()
_NEEDS_TIDY_MONTHS = {"month_spellings", "mac_serials"}
_APART = (
    {"shape", "split"}, {"rounds", "split"}, {"month", "shape"}, {"time", "day"},
    {"site", "split"}, {"amount", "digits"}, {"score", "digits"}, {"score", "none"},
    {"id", "digits"}, {"same", "order"},
)  # fmt: skip
"""Kinds of which an example takes one."""


def names(table: str) -> list[str]:
    """Return the messes that can be made of a table."""
    return [name for name, mess in MESSES.items() if table in mess.tables]


def random_kinds(seed: int) -> tuple[str, tuple[str, ...]]:
    """Return the table and the messes of a seed: one to three that go together."""
    rng = random.Random(f"kinds {seed}")
    table = rng.choice(TABLES)
    wanted = rng.choice((1, 2, 2, 3))
    chosen: list[Mess] = []
    for name in rng.sample(names(table), len(names(table))):
        mess = MESSES[name]
        kinds = {m.kind for m in chosen}
        apart = any(mess.kind in pair and kinds & (pair - {mess.kind}) for pair in _APART)
        writer = mess.kind == "container" and any(m.name == "mac_serials" for m in chosen)
        other = mess.name == "mac_serials" and "container" in kinds
        if mess.kind not in kinds and not apart and not writer and not other:
            chosen.append(mess)
        if len(chosen) == wanted:
            break
    return table, tuple(m.name for m in sorted(chosen, key=lambda m: m.stage))


def example(table: str, kinds: Sequence[str], seed: int) -> Export:
    """Return a messy export.

    Parameters
    ----------
    table : str
        Canonical table.
    kinds : sequence of str
        Names of messes, made in the order of their stages.
    seed : int
        Settles the values and every choice a mess has.
    """
    rng = random.Random(f"{table} {' '.join(kinds)} {seed}")
    export = tidy(table, rng)
    if "digits_lost" in kinds and "楼栋" not in export.sheets[0].headers:
        kinds = [kind for kind in kinds if kind != "digits_lost"]
    for mess in sorted((MESSES[kind] for kind in kinds), key=lambda mess: mess.stage):
        mess.make(export, rng)
    return export
