"""Every requirement has an entry, every entry leads somewhere, the page is what the entries say."""

import csv
import importlib.util
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("CRMEVAL_SHARED", ROOT.parent / "shared")) / "requirements.csv"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("requirements", ROOT / "tools/requirements.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_entries_lead_somewhere(tool):
    assert list(tool.faults(tool.load())) == []


def test_the_page_is_what_the_entries_say(tool):
    assert tool.PAGE.read_text(encoding="utf-8") == tool.page(tool.load())


def test_all_requirements_have_an_entry(tool):
    assert list(tool.load()) == [f"R{number:03}" for number in range(1, 239)]


def test_entries_say_what_the_documents_say(tool):
    if not SHARED.is_file():
        pytest.skip("the list of requirements is not at hand")
    with open(SHARED, encoding="utf-8", newline="") as handle:
        asked = {row["id"]: row["requirement"] for row in csv.DictReader(handle)}
    entries = tool.load()
    assert {
        n for n, words in asked.items() if not entries[n]["asks"].startswith(words[:20])
    } == set()


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ({"status": "done", "where": ["table:sites"], "why": "x"}, "status 'done'"),
        ({"status": "answered", "where": []}, "nowhere"),
        ({"status": "open", "where": []}, "without a reason"),
        ({"status": "answered", "where": ["page:tracking.nonsense"]}, "leads nowhere"),
        ({"status": "answered", "where": ["view:tracking.nonsense"]}, "leads nowhere"),
        ({"status": "answered", "where": ["indicator:nonsense"]}, "leads nowhere"),
        ({"status": "answered", "where": ["alert:nonsense"]}, "leads nowhere"),
        ({"status": "answered", "where": ["gate:M13"]}, "leads nowhere"),
        ({"status": "answered", "where": ["report:nonsense"]}, "leads nowhere"),
        ({"status": "answered", "where": ["risk:nonsense"]}, "leads nowhere"),
        ({"status": "answered", "where": ["conflict:C18"]}, "leads nowhere"),
        ({"status": "answered", "where": ["table:nonsense"]}, "leads nowhere"),
        ({"status": "answered", "where": ["client:design.nonsense"]}, "leads nowhere"),
        ({"status": "answered", "where": ["code:analysis.causal.nonsense"]}, "leads nowhere"),
        ({"status": "answered", "where": ["test:tests/nonsense.py"]}, "leads nowhere"),
        ({"status": "answered", "where": ["doc:docs/nonsense.md"]}, "leads nowhere"),
        ({"status": "answered", "where": ["cli:nonsense"]}, "leads nowhere"),
        ({"status": "answered", "where": ["somewhere:else"]}, "is none of"),
    ],
)
def test_a_wrong_entry_is_found(tool, entry, fault):
    (found,) = tool.faults({"R000": entry})
    assert fault in found


def test_a_view_that_is_declared_and_that_no_report_shows_is_no_answer(tool, monkeypatch):
    entry = {"R000": {"status": "answered", "where": ["view:baseline.latent_means"]}}
    assert list(tool.faults(entry)) == []
    monkeypatch.setattr(tool, "_page_names", lambda stage: frozenset())
    assert list(tool.faults(entry)) == ["R000: view:baseline.latent_means leads nowhere"]


@pytest.mark.parametrize(
    "link",
    [
        "page:tracking.lasts",
        "view:baseline.items",
        "view:design.roll_out",
        "report:finance",
        "risk:low_return",
        "gate:M12",
        "gate:Q1",
        "indicator:csat_mean",
        "conflict:C1",
        "table:sites",
        "client:design.primary_outcome",
        "client:value.benefits",
        "code:analysis.causal.evaluate",
        "doc:docs/methods/baseline.md",
        "cli:run",
    ],
)
def test_a_right_link_resolves(tool, link):
    kind, _, target = link.partition(":")
    assert tool.RESOLVERS[kind](target)
