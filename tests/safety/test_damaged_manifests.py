"""One damaged manifest: every command of its client answers, and every other client's as before."""

from __future__ import annotations

import re
import shutil

import pytest
from attacked import Home
from manifest_damages import DAMAGES

from analysis import client as clients
from analysis import ingest, manifest

SOURCES = """
sources:
  - table: sites
    inline: [{site_id: P01, site_name: 城市花园}, {site_id: P02, site_name: 滨江一号}]
  - table: staff
    files: [员工.csv]
    columns: {staff_id: {from: 工号, form: id}, site_id: 项目, role: 岗位}
"""
STAFF = "工号,项目,岗位\nG01,P01,管家\nG02,P02,保安\n"
OLD, NEW = "20240101T000000.000-aaaa", "20240102T000000.000-bbbb"
CLIENTS = ("acme", "other")


def imported(home: Home, client: str, run: str) -> None:
    folder = home.root / "reports" / client / run
    ingest.ingest(clients.load(client), folder / "canonical")
    for language in ("zh", "en"):
        (folder / language).mkdir()
        (folder / language / "index.html").write_text("<p>3.97 (n = 1,391)</p>", "utf-8")
    (folder / "index.html").write_text("<p>3.97 (n = 1,391)</p>", "utf-8")
    manifest.Manifest(client=client, run_id=run, state="complete").save(folder)


@pytest.fixture
def two(home: Home, monkeypatch) -> Home:
    (home.root / "account").mkdir()
    monkeypatch.setattr("analysis.report.print_pages", lambda folder: [])
    for name in CLIENTS:
        home.folder = home.root / "data" / name
        home.raw = home.folder / "raw"
        home.raw.mkdir(parents=True, exist_ok=True)
        home.write(SOURCES)
        path = home.folder / "client.yml"
        path.write_text(path.read_text("utf-8").replace("id: acme", f"id: {name}"), "utf-8")
        home.put("员工.csv", STAFF)
        for run in (OLD, NEW):
            imported(home, name, run)
    return home


def commands(home: Home, client: str) -> dict[str, tuple[str, ...]]:
    export = home.root / "account" / "more.csv"
    export.write_text(STAFF, "utf-8")
    return {
        "check": ("check", client),
        "check --contradictions": ("check", client, "--contradictions"),
        "status": ("status", client),
        "lock plan": ("lock", client, "plan", "--by", "me"),
        "lock baseline": ("lock", client, "baseline", "--by", "me"),
        "draw": ("draw", client, "--waves", "2", "--seed", "1"),
        "person": ("person", client, "G01"),
        "forms": ("forms", client),
        "share": ("share", client, "--to", str(home.root / f"{client}.zip")),
        "pdf": ("pdf", client),
        "portfolio": ("portfolio",),
        "prune": ("prune", client, "--keep", "1", "--yes"),
        "new": ("new", client, str(export)),
        "add": ("add", client, str(export)),
        "purge --person": ("purge", client, "--person", "G01", "--yes"),
        "purge --run": ("purge", client, "--run", NEW, "--yes"),
        "purge --all": ("purge", client, "--all", "--yes"),
    }


def answer(home: Home, arguments: tuple[str, ...]) -> tuple[int, str]:
    """Return what a command says, without what differs from call to call."""
    done = home.call(*arguments)
    assert not list((home.root / "reports").glob("unexpected-*")), done.output
    assert done.output.strip(), arguments
    return done.exit_code, re.sub(r"\d{8}T\d{6}[-.\w]*|\d{2}:\d{2}:\d{2}\S*", "…", done.output)


def answers(home: Home, client: str) -> dict[str, tuple[int, str]]:
    """Call every command, each on the home as it was."""
    said = {}
    for name, arguments in commands(home, client).items():
        copy = home.root.parent / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(home.root, copy, symlinks=True)
        said[name] = answer(home, arguments)
        shutil.rmtree(home.root)
        copy.rename(home.root)
    return said


def damage(home: Home, kind: str) -> None:
    DAMAGES[kind](home.root / "reports" / "acme" / NEW / manifest.FILE_NAME)


@pytest.mark.parametrize("kind", DAMAGES)
def test_every_command_of_the_client_answers(two, kind):
    damage(two, kind)
    answers(two, "acme")


@pytest.mark.parametrize("kind", ["cut", "a folder", "newer"])
def test_every_command_of_another_client_says_the_same(two, kind):
    before = answers(two, "other")
    damage(two, kind)
    after = answers(two, "other")
    before.pop("portfolio"), after.pop("portfolio")  # shows both clients
    for name in before:
        assert after[name] == before[name], name
