"""A first client file, proposed by recognising the headers of a client's exports."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from analysis.client import IDENTIFIER
from analysis.errors import Fault, InputError
from analysis.files import project_root, write_text
from analysis.ingest.headers import folded, known_headers, personal_reason
from analysis.ingest.privacy import looks_personal
from analysis.ingest.readers import RawTable, read
from analysis.tables import TABLES

_MOST_LABELS = 30
_MOST_ANSWERS = 24
Say = Callable[[str], str]
"""Gives the sentence of a key under ``proposal`` in the language of the consultant."""

_NUMBER = re.compile(r"^(第?\d+题?|q\d+)[、.:(]")
_SAFE = re.compile(r"[\w\u4e00-\u9fff][\w\u4e00-\u9fff ./()（）·-]*")


def propose(client_id: str, files: Sequence[str | Path], say: Say) -> str:
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

    Raises
    ------
    InputError
        When two exports have one name, or a file cannot be read at all.
    """
    tables = _read_all(exports(files))
    sources = [_source(group, say) for group in _alike(tables)]
    parts = [_HEAD.format(id=client_id, **_said(say, *_HEAD_WORDS))]
    parts.append(instruments_block(sources, say))
    parts.append("sources:")
    parts += [source.text for source in sources]
    return "\n".join(part for part in parts if part) + f"\n\n# {say('tail')}\n"


def new_client(
    client_id: str,
    files: Sequence[str | Path],
    say: Say,
    root: str | Path | None = None,
) -> Path:
    """Copy exports to ``data/<client>/raw`` and write the proposed client file beside.

    Parameters
    ----------
    client_id, files, say :
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
    if not IDENTIFIER.fullmatch(client_id):
        message = "an identifier has lower-case letters, digits, - and _ only"
        raise InputError([_refused(client_id, "client_value", message, rule_of="identifier")])
    if target.exists():
        raise InputError(
            [_refused(client_id, "client_exists", "There is a client of that name already.")]
        )
    text = propose(client_id, files, say)
    for file, name in exports(files):
        place = folder / "raw" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if not (place.exists() and place.samefile(file)):
            shutil.copyfile(file, place)
    return write_text(target, text)


def exports(files: Sequence[str | Path]) -> list[tuple[Path, str]]:
    """Return each export with its name below ``raw/``; a folder gives all files in it.

    Raises
    ------
    InputError
        When two of them have the same name.
    """
    found: dict[Path, str] = {}
    for given in map(Path, files):
        if given.is_dir():
            inside = (path for path in sorted(given.rglob("*")) if path.is_file())
            named = ((path, path.relative_to(given)) for path in inside)
            found |= {
                path.resolve(): name.as_posix()
                for path, name in named
                if not any(part.startswith((".", "~$")) for part in name.parts)
            }
        else:
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
    if faults:
        raise InputError(faults)
    return list(found.items())


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
    word = folded(header).replace("·", "").split("#")[0]
    return _NUMBER.sub("", word).rstrip("?)")


def _read_all(files: Sequence[tuple[Path, str]]) -> list[RawTable]:
    tables, faults = [], []
    for file, name in files:
        try:
            tables += read(file, name=name)
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


@dataclass(frozen=True, slots=True)
class _Proposed:
    """One source as YAML, and the wide questionnaire it holds: item → header."""

    text: str
    instrument: str | None = None
    items: Mapping[str, str] = field(default_factory=dict)


def _source(group: Sequence[RawTable], say: Say) -> _Proposed:
    first = group[0]
    headers = [str(header) for header in first.frame.columns]
    table = recognise(headers)
    known = known_headers()["tables"].get(table, {"columns": {}})
    mapped = _mapped(headers, known["columns"])
    if table == "sites" and "site_id" not in mapped and "site_name" in mapped:
        mapped = {"site_id": mapped["site_name"], **mapped}
    drop = known.get("drop", {})
    items = _items(group, table, headers, {*mapped.values(), *drop})
    instrument = f"{table}_{PurePath(first.source.file).stem}" if items else None
    lines = [f"  - table: {table or 'DECIDE'}", *_files(group)]
    if table is None:
        lines[0] += f"    # {say('one_of')} {', '.join(TABLES)}"
    encodings = {t.source.encoding for t in group if t.source.encoding}
    if encodings:
        lines.append(f"    # {say('encoding')} {', '.join(sorted(encodings))}")
    lines.append("    columns:" if mapped else "    columns: {}")
    lines += [f"      {c}: {_column(group, table, c, header, say)}" for c, header in mapped.items()]
    lines += _needed(table, mapped, bool(items), say)
    if items:
        lines += [f"    constants: {{instrument: {_quoted(instrument)}}}", "    unpivot:"]
        lines += _answers(group, items)
    lines += _drop(headers, {*mapped.values(), *items.values()}, drop, say)
    return _Proposed("\n".join(lines), instrument, items)


def _items(
    group: Sequence[RawTable], table: str | None, headers: Sequence[str], used: set[str]
) -> dict[str, str]:
    """Return the answers of a wide questionnaire or rating sheet by item identifier."""
    if table not in ("surveys", "reactions", "ratings") or "item" in used:
        return {}
    words = {_word(header) for header in used}
    left = [h for h in headers if h not in used and _word(h) not in words]
    left = [h for h in left if personal_reason(h) is None]
    asked = [h for h in left if _question(h) or (table == "ratings" and _few(group, h))]
    return {f"q{n}": header for n, header in enumerate(asked, start=1)}


def _few(group: Sequence[RawTable], header: str) -> bool:
    values = _values(group, header)
    return 0 < len(values) <= _MOST_ANSWERS and _word(header) != "序号"


def _values(group: Sequence[RawTable], header: str) -> set[str]:
    return {str(v).strip() for t in group for v in t.frame[header].dropna().unique()} - {""}


def _answers(group: Sequence[RawTable], items: Mapping[str, str]) -> list[str]:
    """Return the items of an ``unpivot``, with the labels of those answered in words."""
    worded = {
        item: any(not re.match(r"[-\d]", folded(value)) for value in _values(group, header))
        for item, header in items.items()
    }
    lines = ["      labels: five"] if any(worded.values()) else []
    lines.append("      items:")
    for item, header in items.items():
        plain = worded[item] or not any(worded.values())
        text = _quoted(header) if plain else f"{{from: {_quoted(header)}, labels: {{}}}}"
        lines.append(f"        {item}: {text}")
    return lines


def instruments_block(sources: Sequence[_Proposed], say: Say) -> str:
    """Return the questionnaires that the sources hold, their scales to be decided."""
    lines = []
    for source in sources:
        if source.instrument is None:
            continue
        lines += [f"  {_quoted(source.instrument)}:", f"    scale: DECIDE    # {say('scale')}"]
        lines.append(f"    items:    # {say('items')}")
        lines += [f"      {i}: {{wording: {_quoted(h)}}}" for i, h in source.items.items()]
    return "\n".join([f"instruments:    # {say('instruments')}", *lines, ""]) if lines else ""


def _files(group: Sequence[RawTable]) -> list[str]:
    files = ", ".join(dict.fromkeys(_quoted(t.source.file) for t in group))
    lines = [f"    files: [{files}]"]
    sheets = list(dict.fromkeys(_quoted(t.source.sheet) for t in group if t.source.sheet))
    if sheets:
        lines.append(f"    sheets: [{', '.join(sheets)}]")
    rows = group[0].source.header_rows
    if rows and rows != (1,) and all(t.source.header_rows == rows for t in group):
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


def _column(group: Sequence[RawTable], table: str, column: str, header: str, say: Say) -> str:
    """Return a mapping; where the values form a closed list, with every label to decide."""
    allowed = TABLES[table].columns[column].labels
    if _word(header) == "序号" and len(group) > 1:
        return f'{{from: [$file, {_quoted(header)}], join: "-"}}    # {say("numbered_by_file")}'
    if not allowed:
        return _quoted(header)
    labels = sorted(v for v in _values(group, header) if not looks_personal(v))
    if len(labels) > _MOST_LABELS:
        one_of = f"{say('one_of')} {', '.join(allowed)}"
        return f"{{from: {_quoted(header)}, labels: DECIDE}}    # {one_of}"
    pairs = ", ".join(f"{_quoted(v)}: {v if v in allowed else 'DECIDE'}" for v in labels)
    note = f"    # {say('one_of')} {', '.join(allowed)}"
    return f"{{from: {_quoted(header)}, labels: {{{pairs}}}}}{note}"


def _question(header: str) -> bool:
    return any(re.search(pattern, folded(header)) for pattern in known_headers()["wide"])


def _needed(table: str | None, mapped: Mapping[str, str], wide: bool, say: Say) -> list[str]:
    if table is None:
        return []
    spec = TABLES[table]
    lines = []
    for column, about in spec.columns.items():
        needed = about.required or column in spec.key
        if (
            needed
            and column not in mapped
            and not (wide and column in ("instrument", "item", "score"))
        ):
            lines.append(f"      {column}: DECIDE    # {say('needed')}")
    return lines


def _drop(headers: Sequence[str], used: set[str], known: Mapping[str, str], say: Say) -> list[str]:
    reasons = {_word(header): reason for header, reason in known.items()}
    lines = []
    for header in headers:
        if header in used:
            continue
        personal = personal_reason(header)
        if personal is not None:
            reason = _quoted(say(f"personal.{personal}"))
        elif code := reasons.get(_word(header), "running" if _word(header) == "序号" else None):
            reason = _quoted(say(f"drop.{code}"))
        else:
            reason = "DECIDE"
        lines.append(f"      {_quoted(header)}: {reason}")
    return ["    drop:", *lines] if lines else []


def _quoted(text: str) -> str:
    """Write a text so that YAML reads it back as the same text."""
    plain = _SAFE.fullmatch(text) and not re.fullmatch(r"[\d.\-_ ]+|true|false|null|~", text)
    if plain and text == text.strip():
        return text
    return "'" + text.replace("'", "''") + "'"


def _said(say: Say, *keys: str) -> dict[str, str]:
    return {key: say(key) for key in keys}


_HEAD_WORDS = ("head", "name", "month", "purpose", "basis", "labels")

_HEAD = """\
# {head}
client:
  id: {id}
  name: {{zh_CN: DECIDE, en: DECIDE}}    # {name}
  timezone: Asia/Shanghai
period: {{first: DECIDE, last: DECIDE}}    # {month}

privacy:
  purpose: DECIDE    # {purpose}
  legal_basis: {{default: DECIDE}}    # {basis}

labels:    # {labels}
  five: {{非常满意: 5, 满意: 4, 一般: 3, 不满意: 2, 非常不满意: 1,
         很满意: 5, 比较满意: 4, 基本满意: 3, 不太满意: 2, 很不满意: 1}}
"""
