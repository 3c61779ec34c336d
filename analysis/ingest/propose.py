"""A first client file, proposed by recognising the headers of a client's exports."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from analysis.errors import Fault, InputError
from analysis.files import project_root, write_text
from analysis.ingest.headers import folded, known_headers, personal_reason
from analysis.ingest.privacy import looks_personal
from analysis.ingest.readers import RawTable, read
from analysis.tables import TABLES

_MOST_LABELS = 30
_SAFE = re.compile(r"[\w\u4e00-\u9fff][\w\u4e00-\u9fff ./()（）·-]*")


def propose(client_id: str, files: Sequence[str | Path]) -> str:
    """Return the text of a client file for some exports.

    Known headers are mapped; personal ones are dropped with the reason; every other header
    stands under ``drop`` marked ``DECIDE``, so that nothing is taken or lost unnoticed.
    What the files cannot tell (labels, scales, period, goals) is left to be filled in.

    Parameters
    ----------
    client_id : str
        Identifier and folder name of the client.
    files : sequence of str or Path
        The exports.

    Raises
    ------
    InputError
        When a file cannot be read at all.
    """
    tables = _read_all(files)
    parts = [_HEAD.format(id=client_id)]
    for group in _alike(tables):
        parts.append(_source(group))
    parts.append(_TAIL)
    return "\n".join(parts)


def new_client(client_id: str, files: Sequence[str | Path], root: str | Path | None = None) -> Path:
    """Copy exports to ``data/<client>/raw`` and write the proposed client file beside.

    Parameters
    ----------
    client_id, files :
        As for :func:`propose`.
    root : str or Path, optional
        Project folder.

    Returns
    -------
    Path
        The client file.

    Raises
    ------
    InputError
        When the client exists already, or a file cannot be read.
    """
    folder = Path(root or project_root()) / "data" / client_id
    target = folder / "client.yml"
    if target.exists():
        raise InputError(
            [
                Fault(
                    rule="client_exists",
                    message="There is a client of that name already.",
                    example="another identifier, or the old client file moved away",
                    file=target.name,
                    value=client_id,
                )
            ]
        )
    text = propose(client_id, files)
    raw = folder / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for file in files:
        place = raw / Path(file).name
        if not (place.exists() and place.samefile(file)):
            shutil.copyfile(file, place)
    return write_text(target, text)


def recognise(headers: Iterable[str]) -> str | None:
    """Return the canonical table that some headers most likely feed, or None.

    Marks of a table count three, other known headers one; at least one mark is needed.
    """
    words = {_word(header) for header in headers}
    scores = {}
    for table, known in known_headers()["tables"].items():
        marks = len(words & {_word(h) for h in known["marks"]})
        columns = sum(
            bool(words & {_word(h) for h in synonyms}) for synonyms in known["columns"].values()
        )
        if marks:
            scores[table] = 3 * marks + columns
    return max(scores, key=lambda table: scores[table]) if scores else None


def _word(header: str) -> str:
    """Return a header as it is looked up: groups joined, repetitions without their number."""
    return folded(header).replace("·", "").split("#")[0]


def _read_all(files: Sequence[str | Path]) -> list[RawTable]:
    tables, faults = [], []
    for file in files:
        try:
            tables += read(file, name=Path(file).name)
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    return tables


def _alike(tables: Sequence[RawTable]) -> list[list[RawTable]]:
    """Group the sheets and files that have the same headers."""
    groups: dict[tuple, list[RawTable]] = {}
    for table in tables:
        groups.setdefault(tuple(table.frame.columns), []).append(table)
    return list(groups.values())


def _source(group: Sequence[RawTable]) -> str:
    first = group[0]
    headers = [str(header) for header in first.frame.columns]
    table = recognise(headers)
    known = known_headers()["tables"].get(table, {"columns": {}, "drop": {}})
    mapped = _mapped(headers, known["columns"])
    wide = [h for h in headers if table in ("surveys", "reactions") and _question(h)]
    wide = [h for h in wide if h not in mapped.values() and personal_reason(h) is None]
    lines = [f"  - table: {table or 'DECIDE'}", *_files(group)]
    encodings = {t.source.encoding for t in group if t.source.encoding}
    if encodings:
        lines.append(f"    # encoding found: {', '.join(sorted(encodings))}")
    lines.append("    columns:" if mapped else "    columns: {}")
    lines += [f"      {c}: {_column(group, table, c, header)}" for c, header in mapped.items()]
    lines += _needed(table, mapped, bool(wide))
    if wide:
        lines += ["    constants: {instrument: DECIDE}", "    unpivot:", "      items:"]
        lines += [f"        q{n}: {_quoted(header)}" for n, header in enumerate(wide, start=1)]
    lines += _drop(headers, set(mapped.values()) | set(wide), known.get("drop", {}))
    return "\n".join(lines)


def _files(group: Sequence[RawTable]) -> list[str]:
    files = ", ".join(dict.fromkeys(_quoted(t.source.file) for t in group))
    lines = [f"    files: [{files}]"]
    sheets = list(dict.fromkeys(_quoted(t.source.sheet) for t in group if t.source.sheet))
    if sheets:
        lines.append(f"    sheets: [{', '.join(sheets)}]")
    rows = group[0].source.header_rows
    if rows and rows != (1,):
        lines.append(f"    header_rows: {list(rows)}")
    return lines


def _mapped(headers: Sequence[str], columns: Mapping[str, Sequence[str]]) -> dict[str, str]:
    by_word = {_word(header): header for header in reversed(headers)}
    mapped: dict[str, str] = {}
    for column, synonyms in columns.items():
        for synonym in synonyms:
            header = by_word.get(_word(synonym))
            if header is not None and header not in mapped.values():
                mapped[column] = header
                break
    return mapped


def _column(group: Sequence[RawTable], table: str, column: str, header: str) -> str:
    """Return a mapping; where the values form a closed list, with every label to decide."""
    allowed = TABLES[table].columns[column].labels
    if not allowed:
        return _quoted(header)
    seen = {str(v).strip() for t in group for v in t.frame[header].dropna().unique()}
    labels = sorted(label for label in seen if label and not looks_personal(label))
    if len(labels) > _MOST_LABELS:
        return f"{{from: {_quoted(header)}, labels: DECIDE}}    # one of: {', '.join(allowed)}"
    pairs = ", ".join(f"{_quoted(v)}: {v if v in allowed else 'DECIDE'}" for v in labels)
    note = f"    # one of: {', '.join(allowed)}"
    return f"{{from: {_quoted(header)}, labels: {{{pairs}}}}}{note}"


def _question(header: str) -> bool:
    return any(re.search(pattern, folded(header)) for pattern in known_headers()["wide"])


def _needed(table: str | None, mapped: Mapping[str, str], wide: bool) -> list[str]:
    if table is None:
        return []
    spec = TABLES[table]
    lines = []
    for column, about in spec.columns.items():
        needed = about.required or column in spec.key
        if needed and column not in mapped and not (wide and column in ("item", "score")):
            lines.append(f"      # DECIDE {column}: {about.about} (needed)")
    return lines


def _drop(headers: Sequence[str], used: set[str], known: Mapping[str, str]) -> list[str]:
    reasons = {_word(header): reason for header, reason in known.items()}
    lines = []
    for header in headers:
        if header in used:
            continue
        personal = personal_reason(header)
        if personal is not None:
            reason = f"personal data ({personal}), never taken"
        else:
            reason = reasons.get(_word(header), "DECIDE")
        lines.append(f"      {_quoted(header)}: {reason}")
    return ["    drop:", *lines] if lines else []


def _quoted(text: str) -> str:
    """Write a text so that YAML reads it back as the same text."""
    plain = _SAFE.fullmatch(text) and not re.fullmatch(r"[\d.\-_ ]+|true|false|null|~", text)
    if plain and text == text.strip():
        return text
    return "'" + text.replace("'", "''") + "'"


_HEAD = """\
# Proposed from the headers of the exports. Go through every DECIDE, then run
# `crmeval check {id}` until it finds nothing. docs/client-file.md explains each key.
client:
  id: {id}
  name: {{zh_CN: {id}, en: {id}}}
  timezone: Asia/Shanghai
period: {{first: DECIDE, last: DECIDE}}      # e.g. 2023-01

privacy:
  purpose: DECIDE
  legal_basis: {{default: DECIDE}}

labels:                         # raw label → value; a label that is not here is a fault
  five: {{非常满意: 5, 满意: 4, 一般: 3, 不满意: 2, 非常不满意: 1}}

sources:"""

_TAIL = """
# Still to be described, where the client has them: waves (which site was trained when; can be
# written here with `inline:`), instruments (scales), goals, choices, design, value.
"""
