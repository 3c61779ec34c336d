"""Within how many minutes a first response is on time is a line of the client's standards."""

import pandas as pd
import pytest
from ruamel.yaml import YAML
from small_client import ROOT

from analysis import client as clients
from analysis.indicators import build_panel, of_client, registry

OPENED = pd.Timestamp("2024-03-04 09:00", tz="UTC")
WAITED = (10, 40, 50, 90)


def with_minutes(folder, minutes):
    document = YAML().load((ROOT / "data/demo/client.yml").read_text(encoding="utf-8"))
    if minutes is not None:
        document["standards"].setdefault("lines", {})["sla_response_minutes"] = {"all": minutes}
    path = folder / "demo" / "client.yml"
    path.parent.mkdir()
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(document, file)
    return of_client(clients.load(path))


def answered_in_time(known):
    """Count requests; praise nine days later ends the data without being one."""
    opened = [OPENED] * len(WAITED) + [OPENED + pd.Timedelta(days=9)]
    answered = [OPENED + pd.Timedelta(minutes=m) for m in WAITED] + [pd.NaT]
    tickets = pd.DataFrame({
        "ticket_id": [f"t{n}" for n in range(len(opened))], "site_id": "A",
        "kind": ["repair"] * len(WAITED) + ["praise"],
        "opened_at": opened, "first_response_at": answered, "resolved_at": answered,
    })  # fmt: skip
    panel = build_panel(
        {"tickets": tickets}, client_timezone="UTC", first="2024-03", last="2024-03",
        indicators=known,
    )  # fmt: skip
    cells = panel[(panel["indicator"] == "response_within_30min") & (panel["stratum"] == "")]
    return cells["total"].iloc[0], cells["n"].iloc[0]


@pytest.mark.parametrize(
    ("minutes", "on_time", "zh", "en"),
    [
        (None, 1, "30分钟响应达标率", "First response within 30 minutes"),
        (45, 2, "45分钟响应达标率", "First response within 45 minutes"),
        (60, 3, "1小时响应达标率", "First response within 1 hour"),
        (1440, 4, "24小时响应达标率", "First response within 24 hours"),
    ],
)
def test_the_clients_minutes_count_and_are_said(tmp_path, minutes, on_time, zh, en):
    known = with_minutes(tmp_path, minutes)
    entry = known["response_within_30min"]
    assert (entry.title.zh_CN, entry.title.en) == (zh, en)
    assert bool(entry.benchmarks) is (minutes is None)
    assert answered_in_time(known) == (on_time, len(WAITED))
    assert registry.load()["response_within_30min"].minutes == 30
