"""New exports of a client whose file is written already: only they are proposed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from analysis.client.lines import Lines, read_yaml
from analysis.client.load import no_client
from analysis.errors import Fault, InputError
from analysis.file_names import listed
from analysis.files import (
    clear_unfinished,
    copy_file,
    keep_private,
    project_root,
    sha256,
    write_text,
)
from analysis.ingest.proposal.declared import declared_in
from analysis.ingest.proposal.text import Say, quoted
from analysis.ingest.propose import alike, exports, proposed_parts, read_all
from analysis.ingest.readers import RawTable, read


@dataclass(frozen=True, slots=True)
class Added:
    """What became of new exports, by name.

    Attributes
    ----------
    path : Path
        The client file.
    matched : tuple of str
        Files that a source's pattern takes already; the client file says enough of them.
    joined : tuple of str
        Files with the headers of a source, which now names them.
    proposed : tuple of str
        Files for which new sources are proposed at the end of ``sources``.
    """

    path: Path
    matched: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    proposed: tuple[str, ...] = ()


def add_exports(
    client_id: str, files: Sequence[str | Path], say: Say, root: str | Path | None = None
) -> Added:
    """Copy new exports to a client's ``raw`` and add what they need to its client file.

    Lines are only added: whatever stands in the file, comments and decisions, stays as it is.

    Parameters
    ----------
    client_id, files, say, root :
        As for :func:`analysis.ingest.new_client`; the client exists.

    Raises
    ------
    InputError
        When the client file is no YAML, another export of the same name is there, a file cannot
        be read, or the place for an addition cannot be found. Nothing is written then.
    """
    folder = Path(root or project_root()) / "data" / client_id
    path = folder / "client.yml"
    if not path.is_file():
        raise InputError([no_client(path)])
    raw, lines = read_yaml(path, path.name)
    given = exports(files)
    _refuse_others(given, folder / "raw")
    sources = raw.get("sources") if isinstance(raw, dict) else None
    sources = [s for s in sources or () if isinstance(s, dict)]
    matched = {
        name for _, name in given if any(fnmatchcase(name, p) for s in sources for p in _files(s))
    }
    text = path.read_bytes().decode("utf-8-sig")
    written = text.replace("\r\n", "\n").splitlines()
    joined, fresh = [], []
    for group in alike(read_all([pair for pair in given if pair[1] not in matched])):
        names = list(dict.fromkeys(table.source.file for table in group))
        number = _same_headers(group[0], sources, folder / "raw")
        if number is None:
            fresh.append(group)
        else:
            joined.append((number, names))
    for number, names in sorted(joined, reverse=True):  # from below, so that lines stay true
        _name(written, lines.line_of(("sources", number, "files")) - 1, names)
    if fresh:
        _propose(written, raw, fresh, say)
    new = "\n".join(written) + "\n"
    _refuse_loss(raw, new)
    clear_unfinished(folder)
    for file, name in given:
        place = folder / "raw" / name
        if not place.exists():
            copy_file(file, place)
            keep_private(place)
    if joined or fresh:
        write_text(path, new)
    return Added(
        path,
        matched=tuple(sorted(matched)),
        joined=tuple(name for _, names in joined for name in names),
        proposed=tuple(dict.fromkeys(t.source.file for group in fresh for t in group)),
    )


def _files(source: dict[str, Any]) -> list[str]:
    files = source.get("files") or []
    return [files] if isinstance(files, str) else [str(pattern) for pattern in files]


def _refuse_others(given: Sequence[tuple[Path, str]], raw: Path) -> None:
    faults = [
        Fault(
            rule="export_replaced",
            message="Another export of this name is there already; it is never written over.",
            example="a name of its own, e.g. with the month: 工单_2024-04.csv",
            file=f"raw/{name}",
        )
        for file, name in given
        if (raw / name).exists() and sha256(raw / name) != sha256(file)
    ]
    if faults:
        raise InputError(faults)


def _same_headers(table: RawTable, sources: Sequence[dict[str, Any]], raw: Path) -> int | None:
    """Return the source that reads a table of the same headers; None where there is not one."""
    headers = tuple(map(str, table.frame.columns))
    found = []
    for number, source in enumerate(sources):
        paths = [path for pattern in _files(source) for path in listed(raw, pattern)]
        for path in paths[:1]:
            known = read(path, name=path.name)
            if any(tuple(map(str, t.frame.columns)) == headers for t in known):
                found.append(number)
    return found[0] if len(found) == 1 else None


def _name(written: list[str], line: int, names: Sequence[str]) -> None:
    """Add file names to the ``files`` that begins on a line, however its list is written."""
    more = ", ".join(map(quoted, names))
    found = re.fullmatch(r"(\s*(?:- )?files:\s*)(\[)?([^\[\]#]*?)(\])?(\s*(?:#.*)?)", written[line])
    if found and found[3] and bool(found[2]) == bool(found[4]):
        written[line] = f"{found[1]}[{found[3]}, {more}]{found[5]}"
        return
    last = line
    while last + 1 < len(written) and re.match(r"\s*- ", written[last + 1]):
        last += 1
    if last == line:
        raise InputError([_unplaced(line)])
    indent = re.match(r"\s*", written[last])[0]
    written[last + 1 : last + 1] = [f"{indent}- {quoted(name)}" for name in names]


def _propose(
    written: list[str], raw: dict[str, Any], fresh: Sequence[list[RawTable]], say: Say
) -> None:
    """Add new sources at the end of ``sources``, and the questionnaires and labels they name."""
    sources, instruments, five = proposed_parts(fresh, say, declared_in(raw))
    _append(written, "sources", "\n".join(sources).splitlines())
    if instruments:
        _append(written, "instruments", instruments.strip("\n").splitlines()[1:])
    if any(": five" in source for source in sources) and "five" not in (raw.get("labels") or {}):
        _append(written, "labels", [f"  five: {{{five}}}"])


def _append(written: list[str], key: str, lines: Sequence[str]) -> None:
    """Add lines at the end of a top-level key's block, indented as its entries are."""
    start = next(
        (n for n, line in enumerate(written) if re.match(rf"{key}:\s*(#.*)?$", line)), None
    )
    if start is None:
        if any(line.startswith(f"{key}:") for line in written):
            raise InputError([_unplaced(0)])
        at = next((n for n, line in enumerate(written) if line.startswith("sources:")), 0)
        written[at:at] = [f"{key}:", *lines, ""]
        return
    end = last = start
    for number in range(start + 1, len(written)):
        line = written[number]
        if line.strip() and not re.match(r"\s|- |#", line):
            break
        if line.strip() and not line.startswith("#"):
            last = number
        end = number
    inside = [line for line in written[start + 1 : end + 1] if line.strip()]
    inside = [line for line in inside if not line.lstrip().startswith("#")]
    width = len(inside[0]) - len(inside[0].lstrip()) if inside else 2
    written[last + 1 : last + 1] = [" " * width + line[2:] for line in lines]


def _unplaced(line: int) -> Fault:
    return Fault(
        rule="client_addition",
        message="The place where something is to be added could not be found.",
        example="sources: with one entry per block, and files: [a.csv, b.csv]",
        file="client.yml",
        row=line + 1,
    )


def _refuse_loss(raw: dict[str, Any], new: str) -> None:
    """Refuse a text that would not say all that the file said."""
    from ruamel.yaml import YAML

    after = YAML(typ="rt").load(new)
    for key, value in raw.items():
        if key == "sources":
            pairs = zip(value, after[key], strict=False)
            kept = all(
                {k: v for k, v in old.items() if k != "files"}
                == {k: v for k, v in now.items() if k != "files"}
                and set(_files(old)) <= set(_files(now))
                for old, now in pairs
            ) and len(after[key]) >= len(value)
        elif key in ("instruments", "labels"):
            kept = all(after[key].get(name) == entry for name, entry in (value or {}).items())
        else:
            kept = after[key] == value
        if not kept:
            raise InputError([_unplaced(Lines(raw).line_of((key,)) - 1)])
