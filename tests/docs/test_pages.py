"""Links lead somewhere, commands on the pages exist, public names say what they are."""

import importlib
import inspect
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from analysis.cli import main

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("analysis", "benchmarks", "docs", "notebooks", "tests")
PAGES = sorted(
    {
        *ROOT.glob("*.md"),
        *ROOT.glob("data/*.md"),
        *ROOT.glob("data/demo/*.md"),
        *ROOT.glob("data/boston/*.md"),
        *ROOT.glob("data/chicago/*.md"),
        *ROOT.glob("reports/*.md"),
        *(page for folder in FOLDERS for page in (ROOT / folder).rglob("*.md")),
    }
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^(```+).*?^\1$", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def name_of(page):
    return str(page.relative_to(ROOT))


def anchors(page):
    """Return the anchors of a page's headings, as GitHub makes them."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_relative_links_resolve(page):
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    broken = []
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / unquote(path)).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_exist(page):
    text = page.read_text(encoding="utf-8")
    code = [*SHELL.findall(text), *re.findall(r"`([^`\n]+)`", FENCE.sub("", text))]
    for line in (line.strip() for block in code for line in block.splitlines()):
        if found := re.match(r"make ([a-z][\w-]*)", line):
            assert found[1] in TARGETS, line
        found = re.match(r"(?:.*/)?crmeval +([a-z]+)", line)
        if found:
            assert found[1] in main.commands, line
            known = {o for p in main.commands[found[1]].params for o in p.opts}
            used = set(re.findall(r" (--[a-z-]+)", line.partition("#")[0]))
            assert used <= known, line
        for script in re.findall(r"python ((?:benchmarks|tools)/\w+\.py)", line):
            assert (ROOT / script).is_file(), line


def public_names():
    """Yield every name of an ``__all__`` with the module that lists it."""
    for path in sorted((ROOT / "analysis").rglob("*.py")):
        if not re.search(r"^__all__ =", path.read_text(encoding="utf-8"), re.MULTILINE):
            continue
        parts = path.relative_to(ROOT).with_suffix("").parts
        module = importlib.import_module(".".join(p for p in parts if p != "__init__"))
        for name in module.__all__:
            yield f"{module.__name__}.{name}", getattr(module, name)


def documented_parameters(doc):
    """Return the names under ``Parameters`` of a numpydoc docstring."""
    section = re.search(r"^Parameters\n-{10}\n(.*?)(?=^\w[^\n]*\n-{3,}\n|\Z)", doc, re.M | re.S)
    if section is None:
        return set()
    heads = re.findall(r"^([*\w][^:\n]*?)(?: ?: .*)?$", section[1], re.MULTILINE)
    return {name.strip().lstrip("*") for head in heads for name in head.split(",")}


def test_public_names_have_a_summary_line():
    bare = []
    for name, thing in public_names():
        if not (inspect.isroutine(thing) or inspect.isclass(thing) or inspect.ismodule(thing)):
            continue  # a constant or a type alias is described where it stands
        doc = inspect.getdoc(thing) or ""
        summary = doc.partition("\n")[0].strip()
        generated = inspect.isclass(thing) and doc.startswith(f"{thing.__name__}(")
        if not summary.endswith((".", "?")) or generated:
            bare.append(f"{name}: {summary!r}")
    assert not bare, "\n".join(bare)


def test_documented_parameters_exist():
    stale = []
    for name, thing in public_names():
        if not inspect.isfunction(thing):
            continue
        told = documented_parameters(inspect.getdoc(thing) or "")
        if unknown := told - set(inspect.signature(thing).parameters):
            stale.append(f"{name}: {sorted(unknown)}")
    assert not stale, "\n".join(stale)
