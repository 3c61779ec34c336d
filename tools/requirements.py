"""Write ``docs/requirements.md``, where each requirement is answered, from ``docs/requirements/``.

Run as ``python tools/requirements.py``. A test resolves every link and compares the page.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "requirements"
PAGE = ROOT / "docs" / "requirements.md"
STAGES = ("design", "baseline", "monitoring", "tracking", "value")
STATUSES = {
    "answered": "answered",
    "partly": "answered in part",
    "client": "the client decides or supplies it; the software records it",
    "outside": "a claim or a heading that software cannot answer",
    "open": "not answered",
}
HEADER = """\
# Requirements

What the source documents ask for, and where it is answered. Written by `tools/requirements.py` from
`docs/requirements/`; a test resolves every entry of the last column. `page` names a section of a
report, `view` a table or figure that a report shows, `report` one of the reports by reader, `gate`
a gate or a quarter's goals, `risk` a risk the register starts with, `code` a name in Python,
`client` a key of the client file; the other words say what they are.
"""


def load() -> dict[str, dict[str, Any]]:
    """Return the requirements by id, each with its ``stage``; a repeated id is an error."""
    found: dict[str, dict[str, Any]] = {}
    for stage in STAGES:
        text = (FOLDER / f"{stage}.yml").read_text(encoding="utf-8")
        for name, entry in YAML(typ="safe", pure=True).load(text).items():
            if name in found:
                raise ValueError(f"{name} stands in {found[name]['stage']}.yml and {stage}.yml")
            found[name] = {**entry, "stage": stage}
    return dict(sorted(found.items()))


def faults(requirements: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield what is wrong with the entries: unknown statuses, missing reasons, dead links."""
    for name, entry in requirements.items():
        if entry["status"] not in STATUSES:
            yield f"{name}: status {entry['status']!r} is none of {list(STATUSES)}"
        if entry["status"] in ("answered", "partly", "client") and not entry["where"]:
            yield f"{name} is {entry['status']} nowhere"
        if entry["status"] != "answered" and not entry.get("why"):
            yield f"{name} is {entry['status']} without a reason"
        for link in entry["where"]:
            kind, _, target = link.partition(":")
            if kind not in RESOLVERS:
                yield f"{name}: {link}: kind {kind!r} is none of {sorted(RESOLVERS)}"
            elif not RESOLVERS[kind](target):
                yield f"{name}: {link} leads nowhere"


def page(requirements: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the page: counts by status, then a table for each stage."""
    counts = Counter(entry["status"] for entry in requirements.values())
    parts = [HEADER, "| status | requirements |\n| --- | ---: |"]
    parts += [f"| {words} | {counts[status]} |" for status, words in STATUSES.items()]
    parts.append(f"| all | {len(requirements)} |")
    for stage in STAGES:
        parts.append(f"\n## {stage.capitalize()}\n")
        parts.append("| id | asks | status | where, or why not |\n| --- | --- | --- | --- |")
        parts += [_row(n, entry) for n, entry in requirements.items() if entry["stage"] == stage]
    return "\n".join(parts) + "\n"


def _row(name: str, entry: Mapping[str, Any]) -> str:
    where = ", ".join(f"`{link}`" for link in entry["where"])
    why = "" if entry["status"] == "answered" else entry.get("why", "")
    last = ". ".join(part for part in (where, why) if part)
    cells = (name, entry["asks"], entry["status"], last)
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _section(target: str) -> bool:
    from analysis import wording

    stage = target.partition(".")[0]
    if stage == "brief":
        return wording.has(f"report.{target}")
    return target.partition(".")[2] in _page_names(stage) and wording.has(f"chapters.{target}")


def _view(target: str) -> bool:
    from analysis.present import views

    try:
        section = views.get(target).section
    except KeyError:
        return False
    stage, _, name = target.partition(".")
    readers = ROOT / "analysis" / "report" / "audiences.yml"
    on_page = _page_names(stage)
    return f"view: {target}" in readers.read_text(encoding="utf-8") or not on_page.isdisjoint(
        {name, target} if section is None else {section}
    )


@cache
def _page_names(stage: str) -> frozenset[str]:
    """Return the texts in the module of a stage's page: the sections and views that it shows."""
    path = ROOT / "analysis" / "workspace" / "pages" / f"{stage}.py"
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return frozenset(text for text in texts if isinstance(text, str))


def _report(target: str) -> bool:
    from analysis.report import audiences

    return target in audiences.declared()


def _risk(target: str) -> bool:
    text = (ROOT / "analysis" / "design" / "risks.yml").read_text(encoding="utf-8")
    return any(risk["id"] == target for risk in YAML(typ="safe", pure=True).load(text))


def _indicator(target: str) -> bool:
    from analysis.indicators import registry

    return target in registry.load()


def _alert(target: str) -> bool:
    from analysis.monitoring.alerts import rules as alerts

    return any(rule.id == target for rule in alerts.rules())


def _conflict(target: str) -> bool:
    from analysis.client import READINGS

    return target in READINGS


def _table(target: str) -> bool:
    from analysis.tables import TABLES

    return target in TABLES


def _client(target: str) -> bool:
    from analysis.client import Client

    model: Any = Client
    for name in target.split("."):
        field = getattr(model, "model_fields", {}).get(name)
        if field is None:
            return False
        model = field.annotation
        # A list or an optional part: its last argument is the part itself.
        while getattr(model, "__args__", None):
            model = next((a for a in model.__args__ if hasattr(a, "model_fields")), str)
    return True


def _code(target: str) -> bool:
    parts = target.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: Any = import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        return all((found := getattr(found, name, None)) is not None for name in parts[cut:])
    return False


def _file(target: str) -> bool:
    path, _, name = target.partition("::")
    if not (ROOT / path).is_file():
        return False
    return not name or name in _functions(ROOT / path)


@cache
def _functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _gate(target: str) -> bool:
    from analysis.standards import course

    return target in course().gates or target in course().quarters


def _command(target: str) -> bool:
    from analysis.cli import main

    return target in main.commands


def _pack(target: str) -> bool:
    from analysis.report import packs

    pack, _, section = target.partition(".")
    return pack in packs.NAMES and (not section or f"packs.{section}" in _sentences("packs"))


@cache
def _sentences(name: str) -> frozenset[str]:
    path = ROOT / "analysis" / "wording" / f"{name}.yml"
    return frozenset(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")))


RESOLVERS: Mapping[str, Callable[[str], bool]] = {
    "page": _section,
    "view": _view,
    "indicator": _indicator,
    "alert": _alert,
    "conflict": _conflict,
    "table": _table,
    "client": _client,
    "code": _code,
    "test": _file,
    "doc": _file,
    "gate": _gate,
    "report": _report,
    "risk": _risk,
    "pack": _pack,
    "cli": _command,
}


if __name__ == "__main__":
    known = load()
    if broken := list(faults(known)):
        raise SystemExit("\n".join(broken))
    PAGE.write_text(page(known), encoding="utf-8")
