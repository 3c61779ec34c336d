"""A first client file, proposed by recognising the headers of a client's exports."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePath

import pandas as pd

from analysis.client import IDENTIFIER, is_identifier
from analysis.errors import Fault, InputError
from analysis.file_names import holdable, is_clutter, listed
from analysis.files import (
    clear_unfinished,
    copy_file,
    keep_private,
    private_folder,
    project_root,
    write_text,
)
from analysis.ingest.cleaning import convert, label_in
from analysis.ingest.duplicates import ANSWERS
from analysis.ingest.headers import folded, known_headers, personal_reason
from analysis.ingest.privacy import looks_personal
from analysis.ingest.proposal.answers import (
    FIVE,
    FIVE_POINTS,
    OVERALL,
    beyond_five,
    in_five,
    instruments_block,
    items_of,
    kind_lines,
    kinds_of,
    labels_in,
    of_middle,
    role_of,
    unpivot_lines,
    value_of,
)
from analysis.ingest.proposal.declared import (
    Known,
    columns_for,
    known_again,
    table_of,
)
from analysis.ingest.proposal.declared import unpivot_lines as declared_lines
from analysis.ingest.proposal.grids import IN_STAFF, Grid, grid_of
from analysis.ingest.proposal.headers import mapped, meaning, recognise, word
from analysis.ingest.proposal.months import Months, months_of
from analysis.ingest.proposal.occasions import occasion_of, occasions_in
from analysis.ingest.proposal.sites import Spellings, known_sites
from analysis.ingest.proposal.text import Say, quoted, values
from analysis.ingest.proposal.waves import wave_labels, wave_number
from analysis.ingest.readers import MARKERS, RawTable, TotalWords, read
from analysis.ingest.totals import named_as_total
from analysis.ingest.units import options_beside, options_of
from analysis.settings import TRAINING
from analysis.standards import DEFAULT
from analysis.tables import TABLES, Column

_MOST_LABELS = 30
_FEWEST_MONTHS = 2
_RUNNING = ("序号", "no", "no.", "id", "#")
"""Headers of numbers that most programs begin at 1 in each export."""
_COUNTED = ("序号", "no", "no.", "#")
"""Those of them that are no identifier of a work order."""
_AFTER_THE_YEAR = {
    r"(\d{4}年\d{1,2}月)": "年*月",
    r"(\d{4}[-.]\d{1,2})(?!\d)": "[-.]*",
    r"(?<!\d)(20\d{4})(?!\d)": "??",
}
_MONTHS = tuple(_AFTER_THE_YEAR)
"""Months in the names of sheets and files; beside each what follows the year in a glob."""


def propose(
    client_id: str,
    files: Sequence[str | Path],
    say: Say,
    *,
    standards: str = DEFAULT,
    programme: str = TRAINING,
) -> str:
    """Return the text of a client file for some exports.

    Known headers are mapped; personal ones are dropped with the reason; every other header
    stands under ``drop`` marked ``DECIDE``, so that nothing is taken or lost unnoticed.
    What the files cannot tell (labels, scales, period, goals) is left to be filled in.

    Parameters
    ----------
    client_id : str
        Identifier and folder name of the client.
    files : sequence of str or Path
        The exports, or folders of exports.
    say : Callable
        Words of the comments and reasons: ``proposal.<key>`` of the wording catalogue.
    standards : str
        Ready-made set of standards that the client starts from.
    programme : str
        Kind of programme.

    Raises
    ------
    InputError
        When two exports have one name, or a file cannot be read at all.
    """
    read_in = [_export(group, say) for group in alike(read_all(exports(files)))]
    spellings = _sites(read_in)
    sources = [_source(export, spellings, say) for export in read_in]
    head = {key: say(key) for key in _HEAD_WORDS}
    head["kind"] = say("programme")
    parts = [_HEAD.format(id=client_id, held_to=standards, programme=programme, **head)]
    if any(map(_names_people, read_in)):
        parts.append(_PRIVACY.format(**head))
    if any(": five" in source for source in sources):
        parts.append(_LABELS.format(five=_five(read_in), **head))
    parts.append(spellings.block(say))
    asked = {e.instrument: e for e in read_in if e.asked}
    longer = {name for name, e in asked.items() if beyond_five(e.group, e.items)}
    parts.append(
        instruments_block({n: e.asked for n, e in asked.items()}, say, longer, *_five_points(asked))
    )
    parts += ["sources:", *sources, _design(read_in, say, programme)]
    tail = say("tail" if programme == TRAINING else f"tail_{programme}")
    return "\n".join(part for part in parts if part) + f"\n\n# {tail}\n"


def new_client(
    client_id: str,
    files: Sequence[str | Path],
    say: Say,
    root: str | Path | None = None,
    *,
    standards: str = DEFAULT,
    programme: str = TRAINING,
) -> Path:
    """Copy exports to ``data/<client>/raw`` and write the proposed client file beside.

    Parameters
    ----------
    client_id, files, say, standards, programme :
        As for :func:`propose`. The files of a folder keep their place in it.
    root : str or Path, optional
        Project folder.

    Returns
    -------
    Path
        The client file.

    Raises
    ------
    InputError
        When the identifier cannot be one, the client exists already, two exports have one
        name, or a file cannot be read. Nothing is written then.
    """
    folder = Path(root or project_root()) / "data" / client_id
    target = folder / "client.yml"
    if IDENTIFIER.fullmatch(client_id) and not holdable(client_id):
        message = "Windows keeps this name for a device"
        raise InputError([_refused(client_id, "client_value", message, rule_of="reserved")])
    if not is_identifier(client_id):
        message = "an identifier has lower-case letters, digits, - and _ only"
        raise InputError([_refused(client_id, "client_value", message, rule_of="identifier")])
    if target.exists():
        raise InputError(
            [_refused(client_id, "client_exists", "There is a client of that name already.")]
        )
    text = propose(client_id, files, say, standards=standards, programme=programme)
    clear_unfinished(folder)
    private_folder(folder / "raw")
    for file, name in exports(files):
        place = folder / "raw" / name
        if not (place.exists() and place.samefile(file)):
            copy_file(file, place)
            keep_private(place)
    return write_text(target, text)


def exports(files: Sequence[str | Path]) -> list[tuple[Path, str]]:
    """Return each export with its name below ``raw/``; a folder gives all files in it.

    Raises
    ------
    InputError
        When two of them have the same name, or one has a name that not every system can hold.
    """
    found: dict[Path, str] = {}
    for given in map(Path, files):
        if given.is_dir():
            found |= {
                path.resolve(): path.relative_to(given).as_posix() for path in listed(given, "**/*")
            }
        elif not is_clutter(PurePath(given.name)):
            found.setdefault(given.resolve(), given.name)
    twice = {
        name for name, count in Counter(n.casefold() for n in found.values()).items() if count > 1
    }
    faults = [
        Fault(
            rule="export_name_twice",
            message="Some exports have the same name; copied, one would replace the other.",
            example="files of different names, or the folder that holds them",
            file=str(path),
            value=name,
        )
        for path, name in found.items()
        if name.casefold() in twice
    ]
    faults += [
        Fault(
            rule="export_name_reserved",
            message="Not every system can hold a file of this name.",
            example="a name such as 工单_2024.xlsx",
            file=name,
        )
        for name in found.values()
        if not all(map(holdable, PurePath(name).parts))
    ]
    if faults:
        raise InputError(faults)
    return list(found.items())


def proposed_parts(
    groups: Sequence[list[RawTable]], say: Say, declared: Sequence[Known] = ()
) -> tuple[list[str], str, str]:
    """Return the entries of ``sources``, the block of ``instruments`` and the labels ``five``.

    Answers to ``declared`` questionnaires are known again by their questions.
    """
    read_in = [_export(group, say, declared) for group in groups]
    spellings = Spellings()
    sources = [_source(export, spellings, say) for export in read_in]
    asked = {e.instrument: e for e in read_in if e.asked}
    longer = {name for name, e in asked.items() if beyond_five(e.group, e.items)}
    block = instruments_block(
        {n: e.asked for n, e in asked.items()}, say, longer, *_five_points(asked)
    )
    return sources, block, _five(read_in)


def _refused(client_id: str, rule: str, message: str, rule_of: str | None = None) -> Fault:
    keys = {"problem_key": f"faults.value.{rule_of}", "right_key": f"faults.right.{rule_of}"}
    return Fault(
        rule=rule,
        message=message,
        example="another identifier, e.g. vanke_east",
        file="client.yml",
        value=client_id,
        params=keys if rule_of else {},
    )


def read_all(files: Sequence[tuple[Path, str]]) -> list[RawTable]:
    """Read exports, each under its name below ``raw/``; their faults are raised together."""
    tables, faults = [], []
    for file, name in files:
        try:
            tables += read(file, name=name)
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    return tables


def alike(tables: Sequence[RawTable]) -> list[list[RawTable]]:
    """Group the sheets and files that have the same headers."""
    groups: dict[tuple, list[RawTable]] = {}
    for table in tables:
        groups.setdefault(tuple(table.frame.columns), []).append(table)
    return list(groups.values())


@dataclass(frozen=True, slots=True)
class _Export:
    """Tables of equal headers, the canonical table they look like, and what is known of it.

    ``columns`` maps canonical columns to headers, ``drop`` known headers to why they are left.
    ``near`` are the table and the runner-up, the likeliest first; ``months`` the months that
    stand as columns, or the ``grid`` of days or tests, which ``headers`` leave out; ``known`` the
    declared questionnaire that its questions are those of.
    """

    group: Sequence[RawTable]
    table: str | None
    headers: tuple[str, ...]
    columns: Mapping[str, str]
    drop: Mapping[str, str]
    near: tuple[str, ...] = ()
    months: Months | None = None
    known: Known | None = None
    grid: Grid | None = None

    @property
    def items(self) -> dict[str, str]:
        """The questions of a wide questionnaire: item → header."""
        if self.known is not None:
            return self.known.headers_of(self.headers)
        used = {*self.columns.values(), *self.drop}
        return items_of(self.group, self.table, self.headers, used)

    @property
    def asked(self) -> dict[str, str]:
        """What an instrument has to be declared for: the items, or the one mean."""
        if self.table == "ticket_counts" or self.known is not None:
            return {}
        if self.items or self.table != "survey_means":
            return self.items
        return {OVERALL: self.columns["score"]} if "score" in self.columns else {}

    @property
    def instrument(self) -> str:
        """What the questionnaire is called."""
        if self.known is not None:
            return self.known.name
        return f"{self.table}_{PurePath(self.group[0].source.file).stem}"


def _export(group: Sequence[RawTable], say: Say, declared: Sequence[Known] = ()) -> _Export:
    """Return what an export is; months count as its columns only in a table of such amounts."""
    known = known_again(tuple(map(str, group[0].frame.columns)), declared)
    if known is not None:
        return _answered(group, known)
    if (grid := grid_of(group, say)) is not None:
        return _of_people(group, grid)
    months = months_of(group, _measures(), say)
    if months is not None:
        found = _recognised(group, months)
        if found.table is None or found.table in _MEASURED:
            return found
    return _recognised(group, None)


def _recognised(group: Sequence[RawTable], months: Months | None) -> _Export:
    headers = tuple(
        str(header)
        for header in group[0].frame.columns
        if months is None or str(header) not in months.heads
    )
    source = group[0].source
    virtual = () if months is None else (*months.measures, *filter(None, [months.cell]), _MONTH)
    name = PurePath(source.file).stem + f" {source.sheet or ''}"
    kinds = kinds_of(headers) if months is None and _monthly(headers) else {}
    found = recognise([*headers, *virtual, *([_REQUESTS] if kinds else [])], name)
    table = found.table if found.sure else None
    known = known_headers()["tables"].get(table, {"columns": {}})
    own = {column: [] for column in TABLES[table].columns} if table else {}
    taken = [h for h in headers if personal_reason(h) != "name" or _numbered(group, h)]
    columns = mapped([*taken, *virtual], own | known["columns"])
    if table == "sites" and "site_id" not in columns and "site_name" in columns:
        columns = {"site_id": columns["site_name"], **columns}
    if table == "tickets" and "ticket_id" not in columns:
        counted = [h for h in headers if word(h) in _COUNTED]
        columns = {**({"ticket_id": counted[0]} if counted else {}), **columns}
    if table == "survey_means" and months is None:
        rest = {c: header for c, header in columns.items() if c != "score"}
        used = {*rest.values(), *known.get("drop", {})}
        columns = rest if len(items_of(group, table, headers, used)) > 1 else columns
    named = columns.get("module") if table == "assessments" else None
    if named and "occasion" not in columns and occasions_in(values(group, named)):
        columns = {**columns, "occasion": named}
    if table == "ticket_counts" and kinds and "kind" not in columns:
        columns = {c: header for c, header in columns.items() if c != "tickets"}
    near = tuple(filter(None, (found.table, found.runner_up)))
    return _Export(group, table, headers, columns, known.get("drop", {}), near, months)


def _of_people(group: Sequence[RawTable], grid: Grid) -> _Export:
    """Return an export whose cells are days or tests of a person."""
    headers = tuple(str(h) for h in group[0].frame.columns if str(h) not in grid.heads)
    known = known_headers()["tables"][grid.table]
    own = {column: [] for column in TABLES[grid.table].columns}
    taken = [h for h in headers if personal_reason(h) != "name" or _numbered(group, h)]
    found = mapped(taken, own | known["columns"])
    columns = {column: h for column, h in found.items() if column not in grid.columns}
    drop = {**IN_STAFF, **known.get("drop", {})}
    return _Export(group, grid.table, headers, columns, drop, (grid.table,), grid=grid)


def _answered(group: Sequence[RawTable], known: Known) -> _Export:
    """Return an export that holds the answers to a declared questionnaire."""
    headers = tuple(map(str, group[0].frame.columns))
    source = group[0].source
    name = PurePath(source.file).stem + f" {source.sheet or ''}"
    table = table_of(known, recognise(headers, name).table)
    columns, drop = columns_for(table)
    asked = set(known.headers_of(headers).values())
    others = [h for h in headers if h not in asked]
    others = [h for h in others if personal_reason(h) != "name" or _numbered(group, h)]
    own = {column: [] for column in TABLES[table].columns}
    return _Export(group, table, headers, mapped(others, own | columns), drop, known=known)


def _monthly(headers: Sequence[str]) -> bool:
    """Return whether one of the headers is known to hold months."""
    known = known_headers()["tables"]["ticket_counts"]["columns"]["month"]
    return not {word(h) for h in known}.isdisjoint(map(word, headers))


_REQUESTS = "工单量"
"""What a table is recognised by whose columns are kinds of requests."""
_MONTH = "月份"
"""What the heads of a table are looked up by once they are rows."""

_MEASURED = ("fees", "ticket_counts", "survey_means", "invitations", "crm_usage")
"""Tables whose rows are places and months, so that months may stand as their columns."""

_STAFF_NUMBER = re.compile(r"[A-Za-z]{0,4}-?\d{2,10}")


def _measures() -> frozenset[str]:
    """Return what sheets, files and headers may call the amounts of a place and month."""
    found = set()
    for table in _MEASURED:
        spec = TABLES[table]
        for column, synonyms in known_headers()["tables"][table]["columns"].items():
            if column not in spec.key:
                found |= {word(text) for text in (column, *synonyms)}
    return frozenset(found)


def _numbered(group: Sequence[RawTable], header: str) -> bool:
    """Return whether a column titled as one of names holds staff numbers and nothing else."""
    given = values(group, header)
    return bool(given) and all(_STAFF_NUMBER.fullmatch(v) and not looks_personal(v) for v in given)


def _five(read_in: Sequence[_Export]) -> str:
    """Return the map of answers in words: known ones with their value, others to be decided."""
    met = [
        label
        for export in read_in
        if export.known is None
        for header in export.items.values()
        for label in labels_in(export.group, header)
    ]
    rated = [
        label
        for export in read_in
        for column, header in export.columns.items()
        if column == "rating" and header in export.headers
        for label in labels_in(export.group, header)
        if value_of(label) is not None
    ]
    usual = dict(list(FIVE.items())[:FIVE_POINTS])
    said = {label: value_of(label) or "DECIDE" for label in dict.fromkeys([*usual, *rated, *met])}
    pairs = [f"{quoted(label)}: {value}" for label, value in said.items()][:_MOST_LABELS]
    lines = [", ".join(pairs[start : start + 5]) for start in range(0, len(pairs), 5)]
    return ",\n         ".join(lines)


def _five_points(asked: Mapping[str, _Export]) -> tuple[set[str], set[str]]:
    """Return the questionnaires answered in words of five points, and those maybe of three."""
    worded = {
        n
        for n, e in asked.items()
        if e.items and all(in_five(e.group, header) for header in e.items.values())
    }
    middle = {n for n in worded if of_middle(asked[n].group, asked[n].items.values())}
    return worded - middle, middle


def _sites(read_in: Sequence[_Export]) -> Spellings:
    return known_sites(
        (e.group, e.columns["site_id"], e.columns.get("site_name"))
        for e in read_in
        if e.table == "sites" and "site_id" in e.columns
    )


def _source(export: _Export, sites: Spellings, say: Say) -> str:
    """Return one entry of ``sources``."""
    items, table = export.items, export.table
    lines = [f"  - table: {table or 'DECIDE'}"]
    if table is None:
        others = [name for name in TABLES if name not in export.near]
        lines[0] += f"    # {say('one_of')} {', '.join([*export.near, *others])}; {say('no_table')}"
    elif len(export.near) > 1:
        lines[0] += f"    # {say('runner_up')} {export.near[1]}"
    lines += _files(export.group, say)
    lines += _total_words(export, say)
    if export.months is not None:
        lines.append(_wide(export.months))
    if export.grid is not None:
        lines.append(f"    wide: '{export.grid.pattern}'")
    columns = [
        f"      {c}: {_column(export, c, header, sites, say)}"
        for c, header in export.columns.items()
    ]
    of_grid = {} if export.grid is None else export.grid.columns
    columns += [f"      {column}: {said}" for column, said in of_grid.items()]
    constants = _constants(export)
    if export.asked and not items:
        constants |= {"instrument": quoted(export.instrument), "item": OVERALL}
    columns += _needed(export, {**constants, **of_grid}, bool(items), say)
    lines += ["    columns:", *columns] if columns else ["    columns: {}"]
    if items and table != "ticket_counts":
        constants["instrument"] = quoted(export.instrument)
    if constants:
        said = ", ".join(f"{column}: {value}" for column, value in constants.items())
        lines.append(f"    constants: {{{said}}}")
    if items:
        of_kinds = table == "ticket_counts"
        if export.known is not None:
            lines += declared_lines(export.group, export.known, items)
        else:
            lines += kind_lines(items) if of_kinds else unpivot_lines(export.group, items, say)
    lines += _drop(export, {*export.columns.values(), *items.values()}, say)
    lines += _finer(export, say)
    return "\n".join(lines)


def _files(group: Sequence[RawTable], say: Say) -> list[str]:
    """Return where the tables are, how they read, and whether they have any row."""
    files = ", ".join(dict.fromkeys(quoted(t.source.file) for t in group))
    lines = [f"    files: [{files}]"]
    sheets = list(dict.fromkeys(t.source.sheet for t in group if t.source.sheet))
    if sheets:
        others = {o.name for t in group for o in t.source.other_sheets} - set(sheets)
        wanted = [glob] if (glob := _glob_of_months(sheets, others)) else sheets
        lines.append(f"    sheets: [{', '.join(map(quoted, wanted))}]")
    rows = group[0].source.header_rows
    if rows and rows != (1,) and all(t.source.header_rows == rows for t in group):
        lines.append(f"    header_rows: {list(rows)}")
    encodings = {t.source.encoding for t in group if t.source.encoding}
    if encodings:
        lines.append(f"    # {say('encoding')} {', '.join(sorted(encodings))}")
    if not any(len(t) for t in group):
        headless = not group[0].source.header_rows
        lines.append(f"    # {say('no_header' if headless else 'no_rows')}")
    return lines


def _total_words(export: _Export, say: Say) -> list[str]:
    """Name the words that mark rows of several sites, where others than the usual ones occur."""
    header = export.columns.get("site_id")
    if header not in export.headers:
        return []
    usual = TotalWords(MARKERS)
    met = named_as_total(pd.Series(values(export.group, header), dtype=object))
    others = [name for name in met if not usual.ends(name)]
    if not others:
        return []
    words = ", ".join(map(quoted, (*MARKERS, *others)))
    return [f"    total_rows: [{words}]    # {say('total_rows')}"]


def _glob_of_months(names: Sequence[str], others: Collection[str]) -> str | None:
    """Return a pattern for sheets that differ in the month they name, so that the next one fits.

    None where fewer than two are given, they differ in anything else, or another sheet fits too.
    """
    for pattern in _MONTHS:
        found = [re.search(pattern, name) for name in names]
        if len(names) < _FEWEST_MONTHS or not all(found):
            continue
        around = {(m.string[: m.start()], m.string[m.end() :]) for m in found}
        said = [m[1] for m in found]
        if len(around) != 1 or len(set(said)) != len(said):
            return None
        (before, after) = around.pop()
        years = {text[:4] for text in said}
        year = years.pop() if len(years) == 1 else "20??"
        glob = f"{before}{year}{_AFTER_THE_YEAR[pattern]}{after}"
        unfit = any(fnmatchcase(name, glob) for name in others) or not all(
            fnmatchcase(name, glob) for name in names
        )
        return None if unfit else glob
    return None


def _wide(months: Months) -> str:
    """Return the ``wide`` of a table with months as columns."""
    pattern = "'" + months.pattern.replace("'", "''") + "'"
    if months.place is None:
        return f"    wide: {pattern}"
    return f"    wide: {{heads: {pattern}, measure: {months.place}}}"


def _constants(export: _Export) -> dict[str, str]:
    """Return columns whose one value the name of the measure gives away: 投诉量 → complaint."""
    months, table = export.months, export.table
    if months is None or months.cell is None or table is None:
        return {}
    found = {}
    for column, spec in TABLES[table].columns.items():
        words = known_headers()["labels"].get(column, {})
        said = {value for text, value in words.items() if text in months.cell}
        if column not in export.columns and len(said & set(spec.labels)) == 1:
            found[column] = said.pop()
    return found


def _column(export: _Export, column: str, header: str, sites: Spellings, say: Say) -> str:
    """Return a mapping; where the values form a closed list, with every label to decide."""
    spec = TABLES[export.table].columns[column]
    if header not in export.headers:  # a head or a measure of months as columns
        if header == _MONTH:
            return export.months.month
        from_ = "$cell" if header == export.months.cell else quoted(header)
        unit, note = _unit(export, header, spec, say)
        return f"{{from: {from_}, {_options(unit)}}}    # {note}" if unit else from_
    running = _RUNNING if export.table in ANSWERS else _COUNTED
    if spec.kind == "id" and not spec.refers and word(header) in running:
        sheets = Counter(table.source.file for table in export.group)
        place = "$file, $sheet" if max(sheets.values()) > 1 else "$file"
        return f'{{from: [{place}, {quoted(header)}], join: "-"}}    # {say("numbered_by_file")}'
    if spec.refers == "sites" and sites.needed(export.group, header):
        return f"{{from: {quoted(header)}, aliases: sites}}"
    unit, note = _unit(export, header, spec, say)
    if unit:
        return f"{{from: {quoted(header)}, {_options(unit)}}}    # {note}"
    known = [label for label in labels_in(export.group, header) if value_of(label) is not None]
    if spec.high is not None and spec.kind == "number" and known:
        return f"{{from: {quoted(header)}, labels: five}}"
    if spec.kind == "instant" and _days_alone(export.group, header):
        return f"{{from: {quoted(header)}, date_only: midnight}}    # {say('days')}"
    if spec.kind == "share" and (said := _shares(export, column, header)):
        return f"{{from: {quoted(header)}, labels: {{{said}}}}}    # {say('share')}"
    if export.columns.get("occasion") == export.columns.get("module") == header:
        return occasion_of(values(export.group, header), header, column, say)
    if column == "wave" and (waves := wave_labels(values(export.group, header))):
        return f"{{from: {quoted(header)}, labels: {{{waves}}}}}    # {say('waves')}"
    if not spec.labels:
        return quoted(header)
    labels = sorted(v for v in values(export.group, header) if not looks_personal(v))
    note = f"    # {say('one_of')} {', '.join(spec.labels)}"
    if len(labels) > _MOST_LABELS:
        return f"{{from: {quoted(header)}, labels: DECIDE}}{note}"
    words = {k: v for k, v in known_headers()["labels"].get(column, {}).items() if v in spec.labels}
    words = {folded(k): v for k, v in (words | {v: v for v in spec.labels}).items()}
    said = {
        v: words.get(folded(v)) or words.get(folded(label_in(v) or v), "DECIDE") for v in labels
    }
    pairs = ", ".join(f"{quoted(v)}: {value}" for v, value in said.items())
    return f"{{from: {quoted(header)}, labels: {{{pairs}}}}}{note}"


_OWN_WORD = re.compile("[千万亿]")


def _unit(export: _Export, header: str, spec: Column, say: Say) -> tuple[Mapping[str, object], str]:
    """Return the options that a unit beside the cells asks for, and where it stands."""
    if options := options_of(header, spec):
        return options, say("unit")
    found = options_beside(export.group, header, spec)
    heads = [header] if header in export.headers else export.months.heads
    given = {cell for head in heads for cell in values(export.group, head)}
    if found is None or any(map(_OWN_WORD.search, given)):  # which would be multiplied twice
        return {}, ""
    said, options = found
    return options, f"{say('unit_beside')} {said}"


def _days_alone(group: Sequence[RawTable], header: str) -> bool:
    """Return whether a column of times holds days and no time of day."""
    cells = pd.Series(sorted(values(group, header)), dtype=object)
    filled = convert(cells, "date")
    return bool(len(cells)) and filled.faults.empty and not filled.counts.get("time_dropped")


def _shares(export: _Export, column: str, header: str) -> str:
    """Return what words of a share mean (已完成: 1); nothing where its cells hold numbers."""
    given = sorted(values(export.group, header))
    if not given or len(given) > _MOST_LABELS or any(re.search(r"\d", v) for v in given):
        return ""
    known = {folded(k): v for k, v in known_headers()["labels"].get(column, {}).items()}
    return ", ".join(f"{quoted(v)}: {known.get(folded(v), 'DECIDE')}" for v in given)


def _options(unit: Mapping[str, object]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in unit.items())


_ASKED = ("instrument", "item", "score")


def _needed(export: _Export, constants: Mapping[str, str], wide: bool, say: Say) -> list[str]:
    """Return the columns that the table needs and no header gives."""
    if export.table is None:
        return []
    spec = TABLES[export.table]
    told = ("kind", "tickets") if export.table == "ticket_counts" else _ASKED
    given = {*export.columns, *constants, *(told if wide else ())}
    lines = []
    for column, about in spec.columns.items():
        if column in given or not (about.required or column in spec.key):
            continue
        place = _month_of_place(export.group) if column == "month" else None
        if column == "arm" and "wave" in export.columns:
            place = _arm_of_wave(export)
        note = say("needed" if place is None else "arm" if column == "arm" else "place")
        numbered = column == spec.key[0] and about.kind == "id" and not about.refers
        if numbered and export.table in ANSWERS:
            place, note = "$row", say("row")
        lines.append(f"      {column}: {place or 'DECIDE'}    # {note}")
    return lines


def _arm_of_wave(export: _Export) -> str | None:
    """Return the mapping of who is trained from the wave, which is 0 where nobody is."""
    waves = values(export.group, export.columns["wave"])
    numbers = {wave: wave_number(wave) for wave in sorted(waves)}
    if not numbers or None in numbers.values():
        return None
    arms = [f"{quoted(w)}: {'treated' if n else 'comparison'}" for w, n in numbers.items()]
    return f"{{from: {quoted(export.columns['wave'])}, labels: {{{', '.join(arms)}}}}}"


def _month_of_place(group: Sequence[RawTable]) -> str | None:
    """Return the mapping of a month that every sheet's or file's name tells, else None."""
    for place, names in (
        ("$sheet", [table.source.sheet or "" for table in group]),
        ("$file", [PurePath(table.source.file).stem for table in group]),
    ):
        for pattern in _MONTHS:
            if all(len(re.findall(pattern, name)) == 1 for name in names):
                return f"{{from: {place}, pattern: '{pattern}'}}"
    return None


def _drop(export: _Export, used: set[str], say: Say) -> list[str]:
    reasons = {word(header): reason for header, reason in export.drop.items()}
    lines = []
    for header in export.headers:
        if header in used:
            continue
        personal = personal_reason(header)
        if personal is not None:
            reason = quoted(say(f"personal.{personal}"))
        elif code := reasons.get(word(header), "running" if word(header) == "序号" else None):
            reason = quoted(say(f"drop.{code}"))
        elif _adds_up(export, header):
            reason = quoted(say("drop.computed"))
        else:
            reason = "DECIDE" + _hint(export, header, say)
        lines.append(f"      {quoted(header)}: {reason}")
    return ["    drop:", *lines] if lines else []


_WHOLE_YEAR = ("全年", "上半年", "下半年", "年度合计", "全年合计", "full year", "year to date")


def _adds_up(export: _Export, header: str) -> bool:
    """Return whether a header is nothing but a word for the sum of columns beside it."""
    if export.table not in _MEASURED:
        return False
    words, first = TotalWords((*MARKERS, *_WHOLE_YEAR)), header.split("·")[0]
    return words.whole(header) or (export.months is not None and words.ends(first))


def _hint(export: _Export, header: str, say: Say) -> str:
    """Return a comment on what an undecided header is elsewhere known to mean."""
    found = meaning(header, export.near or tuple(TABLES))
    return f"    # {say('could_be')} {found}" if found else ""


def _finer(export: _Export, say: Say) -> list[str]:
    """Return the sum over finer rows of a ledger, e.g. one row per flat."""
    finer = {word(h) for h, reason in export.drop.items() if reason == "finer_than_site"}
    if not finer & {word(header) for header in export.headers}:
        return []
    spec = TABLES[export.table].columns
    added = [c for c in export.columns if spec[c].kind in ("number", "int")]
    return [f"    aggregate: {{sum: [{', '.join(added)}]}}    # {say('finer')}"] if added else []


_HEAD_WORDS = ("head", "name", "month", "standards", "purpose", "basis", "labels")

_HEAD = """\
# {head}
client:
  id: {id}
  name: {{zh_CN: DECIDE, en: DECIDE}}    # {name}
  timezone: Asia/Shanghai
period: {{first: DECIDE, last: DECIDE}}    # {month}
programme: {programme}    # {kind}
standards: {held_to}    # {standards}
"""

_PRIVACY = """\
privacy:
  purpose: DECIDE    # {purpose}
  legal_basis: {{default: DECIDE}}    # {basis}
"""

_LABELS = """\
labels:    # {labels}
  five: {{{five}}}
"""


def _names_people(export: _Export) -> bool:
    """Return whether an export feeds a column of people, or may do so once it is decided."""
    if export.table is None:
        return True
    spec = TABLES[export.table].columns
    return any(spec[column].kind == "person" for column in export.columns)


def _design(read_in: Sequence[_Export], say: Say, programme: str) -> str:
    """Return the primary outcome where no questionnaire asks for the usual one."""
    fed = {export.table: export.columns for export in read_in if export.table}
    asked = any(OVERALL in e.asked for e in read_in) or any(
        "overall" in role_of(header) for e in read_in if e.table in ("surveys", "survey_means")
        for header in e.items.values()
    )  # fmt: skip
    counted = "kind" in fed.get("tickets", ()) or "ticket_counts" in fed
    if asked:
        return ""
    if programme == "service" and {"opened_at", "first_response_at"} <= set(fed.get("tickets", ())):
        outcome = "response_within_30min"
    elif counted and "households" in fed.get("sites", ()):
        outcome = "complaints_per_1000"
    elif {"receivable", "collected"} <= set(fed.get("fees", ())):
        outcome = "fee_collection"
    else:
        return ""
    return f"\ndesign:\n  primary_outcome: {outcome}    # {say('primary')}"
