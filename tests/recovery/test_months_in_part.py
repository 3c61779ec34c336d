"""A month of which a day can be followed up is left out of the effect, and the page names it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from analysis import client as clients
from analysis.indicators import build_panel
from analysis.present.sentences import check_params, check_question, sentence
from analysis.simulation import DEMO, simulate
from analysis.tables import TABLES
from analysis.workspace.pages.tracking import TrackingPage
from analysis.workspace.wiring.tracking import TrackingStage

ROOT = Path(__file__).resolve().parents[2]
OUTCOMES = ("fcr", "response_within_30min")


class Recorder:
    """Keeps the checks that a page shows."""

    def __init__(self):
        self.shown = []

    def checks(self, checks, *, fold):
        self.shown += [(check, fold) for check in checks]


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clients") / "demo"
    folder.mkdir()
    shutil.copy(ROOT / "data" / "demo" / "client.yml", folder)
    client = clients.load(folder)
    p = replace(DEMO, families=("tickets",), tickets_per_1000=20.0)
    tables = {name: table for name, table in simulate(p).tables.items() if len(table)}
    opened = TrackingStage("tracking", client, folder, Recorder(), "en", 1)
    panel = build_panel(
        tables,
        client_timezone="Asia/Shanghai",
        first=p.first,
        last=p.first + p.n_months - 1,
        indicators={name: opened.registry[name] for name in OUTCOMES},
    )
    read = {f"canonical/{name}.parquet": tables.get(name) for name in TABLES}
    vars(opened).update(panel=panel, _read=read)
    return opened


def test_only_what_follows_cases_loses_its_last_month(stage):
    last = stage.client.period.last_period
    assert (stage.panel.query("indicator == 'fcr'")["period"] == last).any()
    assert stage.outcome("fcr")["period"].max() == last - 1
    assert stage.outcome("response_within_30min")["period"].max() == last


def test_the_page_names_the_month(stage):
    found = [stage.evaluate(name, alternatives=(), horizons=(), draws=49) for name in OUTCOMES]
    TrackingPage(stage, None)._in_part(*found)
    ((check, fold),) = stage.show.shown
    assert not fold
    assert check.status == "passed"
    assert check.id == "tracking.fcr.check.months_in_part"
    for language, title, month in (
        ("en", "First-contact resolution", "Dec 2025"),
        ("zh_CN", "一次性解决率", "2025年12月"),
    ):
        assert title in check_question(check, language)
        assert month in sentence(check.reason, language, check_params(check))
