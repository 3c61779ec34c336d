"""From raw tables to a draft of one source: every mapped column taken, every fault told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.client import Client, ColumnMap, Source
from analysis.client.faults import nearest
from analysis.client.sources import PLACES
from analysis.ingest.columns import Taker
from analysis.ingest.comments import TABLE as COMMENTS
from analysis.ingest.comments import is_coded, themes
from analysis.ingest.constants import constant
from analysis.ingest.draft import Draft, Origin
from analysis.ingest.gather import head_of
from analysis.ingest.headers import folded, personal_reason
from analysis.ingest.parts import Cells, Part
from analysis.ingest.problems import Problem, fault, screened, without_values
from analysis.ingest.readers import RawTable, is_empty
from analysis.ingest.record import ColumnRecord, FileRecord
from analysis.ingest.scales import (
    SCALED_TABLES,
    Scaled,
    Taken,
    Unscaled,
    by_scale,
    no_reasons,
    nothing,
    rows_of,
)
from analysis.ingest.totals import Finer, suspected
from analysis.ingest.wide import CELL, HEAD, Longer, to_rows
from analysis.tables import ARROW_TYPES, TABLES, Column


def draft_source(source: Source, tables: Sequence[RawTable], taker: Taker) -> Draft:
    """Take all columns of one source out of its raw tables, all sheets together.

    Parameters
    ----------
    source : Source
        The description.
    tables : sequence of RawTable
        Every sheet and file of it, in order; never changed.
    taker : Taker
        Converts columns for the client.

    Returns
    -------
    Draft
        One row per raw row, minus those that ``only`` leaves out; nothing else is removed.
    """
    work = _Work(source, taker)
    longer = to_rows(source, [work.only(table) for table in tables])
    for number in range(len(longer.tables)):
        work.add(number, longer)
    draft = work.draft([Origin(t.source.file, t.source.sheet) for t in longer.tables])
    draft.rows_in = sum(len(t) + len(t.dropped) for t in tables)
    draft.rows_added = longer.added
    draft.left_out.update(longer.left_out)
    for table in tables:
        draft.left_out.update(table.dropped_counts())
    return draft


def part_of(source: Source, table: RawTable, record: FileRecord, taker: Taker) -> Part:
    """Take all columns of one source out of one sheet that needs no other.

    Parameters
    ----------
    source : Source
        The description, a plain one (:func:`analysis.ingest.parts.is_plain`).
    table, record : RawTable, FileRecord
        The sheet and what is recorded of it.
    taker : Taker
        Converts columns for the client; what it learns of spellings stays in the part.
    """
    work = _Work(source, replace(taker, spellings={}))
    work.add(0, to_rows(source, [work.only(table)]))
    return Part(
        head=head_of(table),
        record=record,
        columns={column: parts[0] for column, parts in work.parts.items()},
        items={item: parts[0] for item, parts in work.items.items()},
        row=work.row[0],
        problems=work.problems,
        once=work.once,
        left_out=work.left_out,
    )


def joined(source: Source, parts: Sequence[Part], taker: Taker) -> Draft:
    """Put the sheets of a plain source together.

    Parameters
    ----------
    source : Source
        The description.
    parts : sequence of Part
        In order; never changed.
    taker : Taker
        Knows the spellings of labels seen so far.
    """
    work = _Work(source, taker)
    for number, part in enumerate(parts):
        work.take_over(number, part)
    draft = work.draft([Origin(p.record.file, p.record.sheet) for p in parts])
    draft.files = [part.record for part in parts]
    draft.rows_in = sum(part.record.rows for part in parts)
    for part in parts:
        draft.left_out.update(part.record.left_out)
    return draft


_IDENTIFYING = ("name", "phone", "messenger", "network", "identity", "address")
_OPEN_KINDS = frozenset({"id", "label", "text", "number", "int"})
"""Kinds whose cells may hold a name or a phone number; scores, shares and dates cannot."""


def _closed(spec: Column, mapping: ColumnMap) -> bool:
    """Return whether only declared values get through, so that no identifier can."""
    bounded = spec.kind in ("number", "int") and spec.high is not None
    return bounded or bool(spec.labels) or mapping.labels is not None


def _unnamed(table: RawTable, spec: Column, mapping: ColumnMap) -> bool:
    """Return whether the number of a table of an HTML page would be taken for what it holds."""
    declared = mapping.labels is not None or mapping.aliases is not None
    only = mapping.header == ("$sheet",) and spec.kind in _OPEN_KINDS and not declared
    numbered = re.fullmatch(r"table \d+", table.source.sheet or "") is not None
    return only and numbered and table.source.format == "html"


def _by_head(rows: RawTable) -> list[np.ndarray]:
    """Return the positions of the rows of each head; all of them where there is none."""
    if HEAD not in rows.frame or not len(rows):
        return [np.arange(len(rows))]
    heads = rows.frame[HEAD].to_numpy(dtype=object)
    return [np.flatnonzero(heads == head) for head in pd.unique(heads)]


class _Work:
    """Collects the columns of one source over its raw tables."""

    def __init__(self, source: Source, taker: Taker) -> None:
        self.source, self.taker = source, taker
        self.spec = TABLES[source.table]
        self.parts: dict[str, list[Cells]] = {}
        self.items: dict[str, list[Cells]] = {}
        self.problems: list[Problem] = []
        self.once: list[tuple[Hashable, Problem]] = []
        self.left_out: Counter = Counter()
        self.elsewhere: dict[str, list[np.ndarray]] = {c: [] for c in source.columns}
        self.origin: list[np.ndarray] = []
        self.row: list[np.ndarray] = []
        self.offset = 0
        self.finer = Finer()

    @property
    def client(self) -> Client:
        return self.taker.client

    def add(self, number: int, longer: Longer) -> None:
        """Take the columns of one raw table."""
        table = longer.tables[number]
        names = {folded(name): name for name in table.frame.columns}
        self._reading_faults(table, names)
        self.problems += [Problem(screened(found)) for found in longer.faults[number]]
        rows = rows_of(table, self._wanted(table, (HEAD, CELL)))
        missing = self._missing_headers(table, names, longer.present[number], len(rows))
        elsewhere = {folded(measure) for measure in longer.elsewhere[number]}
        own = [
            c
            for c, m in self.source.columns.items()
            if not elsewhere or not elsewhere.issuperset(map(folded, m.header))
        ]
        for column, masks in self.elsewhere.items():
            masks.append(np.full(len(rows), column not in own))
        taken: dict[str, Taken] = {}
        for column, mapping in self.source.columns.items():
            spec = self.spec.columns[column]
            if column == "score" and self._scaled(column):
                continue
            taken[column] = self._take(rows, names, column, spec, mapping, missing)
        for column, value in self.source.constants.items():
            taken[column] = self._constant(rows, column, value)
        if "score" in self.source.columns and self._scaled("score"):
            mapping = self.source.columns["score"]
            taken["score"] = self._scores(rows, names, taken, missing, mapping)
        if self.source.aggregate and self.source.aggregate.sum:
            told = {f.row for f in table.faults if f.rule == "total_alone"}
            for part in _by_head(rows):
                self._totals(rows, part, {c: taken[c] for c in own if c in taken}, told)
            self._tell_apart(rows, taken)
        for column, part in taken.items():
            self._shift(part.problems)
            self.parts.setdefault(column, []).append(Cells.of(part))
        if self.source.unpivot:
            self._wide(rows, names, taken, missing)
        self.origin.append(np.full(len(rows), number, dtype=np.int64))
        self.row.append(np.asarray(rows.row_numbers, dtype=np.int64))
        self.offset += len(rows)

    def take_over(self, number: int, part: Part) -> None:
        """Take the columns of one sheet that was cleaned by itself."""
        self._shift(part.problems)
        for key, problem in part.once:
            self._tell_once(key, problem)
        for column, cells in part.columns.items():
            spec, mapping = self.spec.columns[column], self.source.columns.get(column)
            settled = self.taker.as_first_seen(cells.cells, column, spec, mapping)
            self.parts.setdefault(column, []).append(replace(cells, cells=settled))
        for item, cells in part.items.items():
            unpivot = self.source.unpivot
            spec, mapping = self.spec.columns[unpivot.value], self._of_item(item)
            settled = self.taker.as_first_seen(cells.cells, unpivot.value, spec, mapping)
            self.items.setdefault(item, []).append(replace(cells, cells=settled))
        self.left_out.update(part.left_out)
        for masks in self.elsewhere.values():
            masks.append(np.zeros(len(part), dtype=bool))
        self.origin.append(np.full(len(part), number, dtype=np.int64))
        self.row.append(part.row)
        self.offset += len(part)

    def _totals(
        self, rows: RawTable, part: np.ndarray, taken: dict[str, Taken], told: set[int]
    ) -> None:
        """Tell rows that would be summed up though they look like totals themselves.

        ``part`` are the positions to look at, all of them or those of one head.
        """
        table = rows_of(rows, part)
        summed = [c for c in self.source.aggregate.sum if c in taken]
        amounts = [taken[c].cells.to_numpy(dtype=float, na_value=np.nan)[part] for c in summed]
        headers = [h for c in summed for h in self.source.columns[c].header]
        key = self.source.columns.get(self.spec.key[0])
        named = None if key is None or len(key.header) != 1 else key.header[0]
        for position in suspected(table, amounts, headers, named):
            if int(table.row_numbers[position]) in told:
                continue
            cells = [str(cell) for cell in table.frame.iloc[position] if not is_empty(cell)]
            found = fault(
                "total_suspected",
                file=table.source.file,
                sheet=table.source.sheet,
                row=int(table.row_numbers[position]),
                value=" ".join(cells[:3]),
            )
            self.problems.append(Problem(screened(found), np.array([part[position] + self.offset])))

    def _tell_apart(self, rows: RawTable, taken: dict[str, Taken]) -> None:
        """Remember what tells the rows of one table apart, before they are summed up."""
        rule = self.source.aggregate
        keys = rule.by or [c for c in self.spec.key if c in taken]
        mapped = {folded(h) for m in self.source.columns.values() for h in m.header}
        passed = {h for h in rows.frame.columns if folded(str(h)) in mapped} | {HEAD, CELL}
        self.finer.add(
            rows,
            {c: taken[c].cells for c in keys},
            {c: taken[c].cells for c in rule.sum if c in taken},
            passed,
        )

    def _counted_twice(self, draft: Draft) -> None:
        """Tell finer rows that stand there again, and those that one of the sheets lacks."""
        again, kinds = self.finer.repeats(draft.elsewhere)
        if not again and self.source.wide:
            lines = pd.DataFrame({"origin": draft.origin, "row": draft.row})
            again = self.finer.repeated_lines(lines.groupby(["origin", "row"]).ngroup().to_numpy())
        for one in again:
            there = draft.origins[draft.origin[one.first]]
            headers = [draft.header(column) for column in one.differing]
            params = {
                "first_place": " / ".join(filter(None, (there.file, there.sheet))),
                "first_row": int(draft.row[one.first]),
                "columns": ", ".join(headers),
            }
            rule = "repeat_differs" if headers else "repeat_same"
            self._about_row(draft, one.position, rule, params)
        if kinds is None:
            return
        keys = [c for c in self.source.aggregate.by or self.spec.key if c in draft.frame]
        places = draft.frame[keys].groupby(keys, dropna=False, sort=False).ngroup()
        for column, mask in draft.elsewhere.items():
            absent = pd.Series(mask)
            lacking = absent.groupby(kinds).transform("all")
            lacking &= ~absent.groupby(places).transform("all")  # told of the place itself
            firsts = lacking & ~pd.Series(kinds).duplicated()
            for position in np.flatnonzero(firsts.to_numpy()):
                cells = [*draft.frame[keys].iloc[position], *self.finer.told(position)]
                said = ", ".join(str(cell) for cell in cells if cell is not None)
                params = {"header": draft.header(column), "group": said}
                self._about_row(draft, position, "part_lacking", params)

    def _about_row(self, draft: Draft, position: int, rule: str, params: dict) -> None:
        origin = draft.origins[draft.origin[position]]
        place = {"file": origin.file, "sheet": origin.sheet, "row": int(draft.row[position])}
        found = screened(fault(rule, params=params, **place))
        draft.problems.append(Problem(found, np.array([position])))

    def draft(self, origins: list[Origin]) -> Draft:
        """Put the columns together; ``origins`` are the sheets they came from."""
        columns: dict[str, pd.Series] = {}
        records: dict[str, ColumnRecord] = {}
        for column, parts in self.parts.items():
            columns[column] = pd.concat([p.cells for p in parts], ignore_index=True)
            records[column] = self._record(column, parts)
        items = {
            item: (
                pd.concat([p.cells for p in parts], ignore_index=True),
                pd.concat([p.reasons for p in parts], ignore_index=True),
            )
            for item, parts in self.items.items()
        }
        for item, parts in self.items.items():
            records[f"{self.source.unpivot.value}[{item}]"] = self._record(item, parts)
        draft = Draft(
            source=self.source,
            frame=pd.DataFrame(columns, index=pd.RangeIndex(self.offset)),
            origins=origins,
            origin=np.concatenate([np.empty(0, dtype=np.int64), *self.origin]),
            row=np.concatenate([np.empty(0, dtype=np.int64), *self.row]),
            rows_in=self.offset,
            items=items,
            problems=[*self.problems, *(problem for _, problem in self.once)],
            columns=records,
            elsewhere={
                column: np.concatenate(masks)
                for column, masks in self.elsewhere.items()
                if any(mask.any() for mask in masks)
            },
        )
        draft.left_out.update(self.left_out)
        if self.finer.keys:
            self._counted_twice(draft)
        return draft

    def _record(self, column: str, parts: Sequence[Cells]) -> ColumnRecord:
        converted: Counter = Counter()
        missing: Counter = Counter()
        for part in parts:
            converted.update(part.counts)
            missing.update(part.missing)
        mapping = self.source.columns.get(column)
        if mapping is None and self.source.unpivot:
            mapping = self.source.unpivot.items.get(column)
        return ColumnRecord(
            header="" if mapping is None else mapping.join.join(mapping.header),
            converted={k: int(v) for k, v in sorted(converted.items()) if v},
            missing={k: int(v) for k, v in sorted(missing.items())},
        )

    def _shift(self, problems: Sequence[Problem]) -> None:
        """Move problems of one sheet from its own rows to the draft's."""
        self.problems += [
            Problem(p.fault, p.rows + self.offset, p.column, p.item) for p in problems
        ]

    def _tell_once(self, key: Hashable, problem: Problem) -> None:
        """Tell a problem once a source, though every sheet has it."""
        if key not in [known for known, _ in self.once]:
            self.once.append((key, problem))

    def _reading_faults(self, table: RawTable, names: dict[str, str]) -> None:
        """Take over the reader's faults; those of columns that nobody maps never block."""
        said = {folded(h): what for h, what in self.source.headers().items()}
        person = {
            folded(h)
            for c, m in self.source.columns.items()
            if self.spec.columns[c].kind == "person" or is_coded(self.source.table, c)
            for h in m.header
        }
        position = {int(n): i for i, n in enumerate(table.row_numbers)} if table.faults else {}
        for found in table.faults:
            where = None if found.column is None else folded(found.column)
            if where is None or said.get(where, "dropped") == "dropped" or where in person:
                found = without_values(found)
            if where is not None and said.get(where) == "dropped":
                found = replace(found, blocking=False)
            rows = [position[found.row]] if found.row in position else []
            column = next(
                (c for c, m in self.source.columns.items() if where in map(folded, m.header)), None
            )
            self.problems.append(
                Problem(screened(found), np.array(rows, dtype=np.int64) + self.offset, column)
            )

    def _missing_headers(
        self, table: RawTable, names: dict[str, str], present: frozenset[str], length: int
    ) -> set[str]:
        missing = set()
        everywhere = np.arange(length, dtype=np.int64) + self.offset
        for header, what in self.source.headers().items():
            if folded(header) in names or (what != "mapped" and folded(header) in present):
                continue
            missing.add(header)
            near = nearest(header, [n for n in names.values() if n not in self.source.headers()])
            found = fault(
                "column_missing",
                params={"near": near or ", ".join(map(str, table.frame.columns[:20]))},
                file=table.source.file,
                sheet=table.source.sheet,
                row=table.source.header_rows[-1] if table.source.header_rows else None,
                column=header,
                blocking=what != "dropped",
            )
            fed = [c for c, m in self.source.columns.items() if header in m.header]
            self.problems += [Problem(found, everywhere, column) for column in fed or [None]]
        return missing

    def only(self, table: RawTable) -> RawTable:
        """Return a raw table without the rows that ``only`` leaves out; its faults stay told."""
        wanted = self._wanted(table)
        return table if wanted.all() else replace(rows_of(table, wanted), faults=table.faults)

    def _wanted(self, table: RawTable, places: Sequence[str] = ()) -> np.ndarray:
        """Return which rows ``only`` keeps, by ``places`` alone where given; count the others."""
        names = {folded(name): name for name in table.frame.columns}
        mask = np.ones(len(table), dtype=bool)
        for header, values in self.source.only.items():
            if folded(header) not in names or (places and header not in places):
                continue
            wanted = {folded(value) for value in values}
            cells = table.frame[names[folded(header)]]
            known = {cell: folded(cell) in wanted for cell in cells.dropna().unique()}
            mask &= cells.map(known).fillna(False).to_numpy(dtype=bool)
        if self.source.only:
            self.left_out["filtered"] += int((~mask).sum())
        return mask

    def _take(
        self,
        table: RawTable,
        names: dict[str, str],
        column: str,
        spec: Column,
        mapping: ColumnMap,
        missing: set[str],
        scaled: Scaled | None = None,
        item: str | None = None,
    ) -> Taken:
        if missing & set(mapping.header):
            return nothing(len(table), spec)
        real = tuple(h if h in PLACES else names[folded(h)] for h in mapping.header)
        where = mapping.model_copy(update={"header": real})
        if is_coded(self.source.table, column):
            return themes(table, where, column, self.client)
        if _unnamed(table, spec, mapping):
            self._tell_once(
                ("sheet_unnamed", column, table.source.file, table.source.sheet),
                Problem(
                    fault(
                        "sheet_unnamed",
                        params={"sheet": table.source.sheet, "column": column},
                        file=table.source.file,
                        sheet=table.source.sheet,
                        column="$sheet",
                    )
                ),
            )
        open_cells = scaled is None and (spec.kind in _OPEN_KINDS and not _closed(spec, mapping))
        if open_cells and not (mapping.hashed or mapping.not_personal):
            self._personal_headers(table, mapping, column)
        return self.taker.take(table, column, spec, where, scaled=scaled, item=item)

    def _personal_headers(self, table: RawTable, mapping: ColumnMap, column: str) -> None:
        for header in mapping.header:
            reason = None if header in PLACES else personal_reason(header)
            text = reason == "open_text" and self.source.table == COMMENTS
            if reason in _IDENTIFYING or text:
                found = fault(
                    "personal_header",
                    file=table.source.file,
                    sheet=table.source.sheet,
                    column=header,
                    params={"column": column},
                )
                self._tell_once((found.rule, column, header), Problem(found))

    def _constant(self, table: RawTable, column: str, value: object) -> Taken:
        spec = self.spec.columns[column]
        typed, problem = constant(value, column, spec, self.taker)
        if problem is not None:
            path = ("sources", self.client.sources.index(self.source), "constants", column)
            self.problems.append(
                Problem(
                    replace(problem, file=self.client.path.name, row=self.client.line_of(*path))
                )
            )
        dtype = pd.ArrowDtype(ARROW_TYPES[spec.kind])
        values = pd.Series([typed] * len(table), dtype=dtype)
        return Taken(
            cells=values,
            reasons=no_reasons(len(table)),
            problems=[],
            counts={"constant": len(table)},
        )

    def _scaled(self, column: str) -> bool:
        return self.source.table in SCALED_TABLES and column == "score"

    def _wide(
        self, table: RawTable, names: dict[str, str], taken: dict[str, Taken], missing: set[str]
    ) -> None:
        unpivot = self.source.unpivot
        spec = self.spec.columns[unpivot.value]
        for item in unpivot.items:
            mapping = self._of_item(item)
            if self._scaled(unpivot.value):
                part = self._scores(table, names, taken, missing, mapping, item)
            else:
                part = self._take(table, names, unpivot.value, spec, mapping, missing, item=item)
            self._shift(part.problems)
            self.items.setdefault(item, []).append(Cells.of(part, with_reasons=True))

    def _of_item(self, item: str) -> ColumnMap:
        """Return how an item of a wide questionnaire is read, with what holds for all of them."""
        unpivot = self.source.unpivot
        mapping = unpivot.items[item]
        return mapping.model_copy(
            update={
                "labels": unpivot.labels if mapping.labels is None else mapping.labels,
                "missing": mapping.missing or unpivot.missing,
                "missing_codes": mapping.missing_codes or unpivot.missing_codes,
                "pattern": mapping.pattern or unpivot.pattern,
            }
        )

    def _scores(
        self,
        table: RawTable,
        names: dict[str, str],
        taken: dict[str, Taken],
        missing: set[str],
        mapping: ColumnMap,
        item: str | None = None,
    ) -> Taken:
        """Take scores, each by the scale of its own instrument and item.

        ``item`` is that of a wide questionnaire's column; else it stands in each row. A version
        of a questionnaire may lack an item: its blank cells are not applicable, others a fault.
        """
        spec = self.spec.columns["score"]
        nobody = pd.Series([None] * len(table), dtype=object)
        instruments = taken["instrument"].cells if "instrument" in taken else nobody
        if item is not None:
            items = pd.Series([item] * len(table), dtype=object)
        else:
            items = taken["item"].cells if "item" in taken else nobody

        def take(rows: RawTable, scaled: Scaled) -> Taken:
            return self._take(
                rows, names, "score", spec, mapping, missing, scaled=scaled, item=item
            )

        part, unscaled = by_scale(self.client, table, spec, instruments, items, take)
        for none in unscaled:
            filled = part.reasons.iloc[none.rows].ne("blank").fillna(True).to_numpy(dtype=bool)
            if item is not None and none.rule == "item_unknown":
                part.reasons.iloc[none.rows[~filled]] = "not_applicable"
                if not filled.any():
                    continue
            self._scale_fault(none, table, mapping.header[0] if item else self._item_header())
        return part

    def _scale_fault(self, none: Unscaled, table: RawTable, header: str) -> None:
        found = fault(
            none.rule,
            params={"instrument": none.instrument or "", "item": none.item},
            file=table.source.file,
            sheet=table.source.sheet,
            column=header,
            value=none.item if none.rule == "item_unknown" else none.instrument,
        )
        key = (none.rule, none.instrument, none.item)
        self._tell_once(key, Problem(screened(found)))

    def _item_header(self) -> str:
        mapping = self.source.columns.get("item")
        return "item" if mapping is None else mapping.header[0]
