"""The settings that a run was made with, kept so that the next run can say which changed.

Kept are the lines of the client file one by one: their values where they set the evaluation, and
only a hash where they may hold people or places of files (``privacy``, ``sources``, ``aliases``,
``labels``).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from analysis.client.lines import Lines, read_yaml
from analysis.errors import StoredFileError
from analysis.files import write_text

FILE_NAME = "settings.json"
_HASHED = frozenset({"privacy", "sources", "aliases", "labels"})
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of a client file: where it stands, a hash of what it says, and what it says."""

    line: int
    digest: str
    value: str | None


def keep_settings(client_file: Path, run_dir: Path) -> Path:
    """Write the settings of a client file into a run folder."""
    raw, lines = read_yaml(client_file, client_file.name)
    found = {name: asdict(setting) for name, setting in _settings(raw, lines)}
    text = json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True)
    return write_text(run_dir / FILE_NAME, text + "\n")


def settings(run_dir: Path) -> dict[str, Setting] | None:
    """Return the settings that a run was made with; None where it did not keep them.

    Raises
    ------
    StoredFileError
        When the file is damaged.
    """
    path = run_dir / FILE_NAME
    if not path.is_file():
        return None
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): Setting(**said) for name, said in body.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise StoredFileError(path) from error


def digests(client_file: Path) -> dict[str, str]:
    """Return a hash of each line of a client file that is evaluated, wherever it stands.

    Comments and ``report``, which only changes how reports look, are left out.
    """
    raw, lines = read_yaml(client_file, client_file.name)
    return _evaluated(dict(_settings(raw, lines)))


def kept_digests(run_dir: Path) -> dict[str, str]:
    """Return :func:`digests` of the client file that a run was made with; none it did not keep.

    Raises
    ------
    StoredFileError
        When the file is damaged.
    """
    return _evaluated(settings(run_dir) or {})


def _evaluated(found: Mapping[str, Setting]) -> dict[str, str]:
    looks = re.compile(r"report(\.|\[|$)")
    return {name: said.digest for name, said in found.items() if not looks.match(name)}


def _settings(raw: Mapping[str, Any], lines: Lines) -> Iterator[tuple[str, Setting]]:
    for key, value in raw.items():
        if key == "sources" and isinstance(value, list):
            yield from _sources(value, lines)
        elif key in _HASHED and isinstance(value, Mapping):
            for name, inside in value.items():
                yield f"{key}.{name}", _setting((key, name), inside, lines, shown=False)
        elif key in _HASHED:
            yield key, _setting((key,), value, lines, shown=False)
        else:
            yield from _leaves((key,), value, lines)


def _sources(value: list[Any], lines: Lines) -> Iterator[tuple[str, Setting]]:
    """Yield the sources by the table they feed, so that a new one moves no other."""
    count: dict[str, int] = {}
    for number, source in enumerate(value):
        table = str(source.get("table", "")) if isinstance(source, Mapping) else ""
        count[table] = count.get(table, 0) + 1
        name = f"sources.{table}[{count[table]}]"
        yield name, _setting(("sources", number), source, lines, shown=False)


def _leaves(path: tuple[Any, ...], value: Any, lines: Lines) -> Iterator[tuple[str, Setting]]:
    if isinstance(value, Mapping) and value:
        for key, inside in value.items():
            yield from _leaves((*path, key), inside, lines)
    elif isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
        for number, inside in enumerate(value):
            yield from _leaves((*path, number), inside, lines)
    else:
        yield _named(path), _setting(path, value, lines, shown=True)


def _named(path: tuple[Any, ...]) -> str:
    return "".join(
        f"[{step + 1}]" if isinstance(step, int) and place else f".{step}" if place else str(step)
        for place, step in enumerate(path)
    )


def _setting(path: tuple[Any, ...], value: Any, lines: Lines, *, shown: bool) -> Setting:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    plain = text.strip('"') if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return Setting(lines.line_of(path), digest, plain if shown else None)
