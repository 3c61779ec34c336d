"""What the check says could be answered, taken from the panel that a run would build."""

from __future__ import annotations

from analysis import ingest
from analysis.workspace import look_ahead

SITES = "site_id,site_name,households\nA,甲园,100\nB,乙园,100\nC,丙园,100\n"
TICKETS = """
sources:
  - table: sites
    files: [sites.csv]
    columns: {site_id: site_id, site_name: site_name, households: households}
  - table: tickets
    files: [tickets.csv]
    columns: {ticket_id: ticket_id, site_id: site_id, kind: kind, opened_at: opened_at}
  - table: waves
    inline: [WAVES]
"""


def ahead(bench, waves, more="", months=range(2, 7)):
    bench.put("sites.csv", SITES)
    rows = [f"{m}-{s},{s},complaint,2024-0{m}-01 09:00" for m in months for s in "AB"]
    bench.put("tickets.csv", "ticket_id,site_id,kind,opened_at\n" + "\n".join(rows) + "\n")
    client = bench.client(TICKETS.replace("WAVES", waves) + more)
    examined = ingest.examine(client)
    assert not examined.faults
    return look_ahead(client, examined.frames)


def trained(site, month):
    return f"{{site_id: {site}, wave: 1, arm: treated, planned_start: 2024-{month:02d}-01}}"


def test_outcomes_that_the_exports_give_and_what_is_named_in_vain(bench):
    found = ahead(bench, trained("A", 4), "goals: [{indicator: nps, target: 1, unit: points, "
                  "deadline: 2024-12-31, horizon: mid}]\n")  # fmt: skip
    assert found.primary == "csat_mean"
    without = ("surveys", "instruments")
    assert found.lacking == {"csat_mean": without, "nps": without}
    first, last, sites = found.measured["complaints_per_1000"]
    assert (first % 12, last % 12, sites) == (1, 5, 2)  # February to June, at A and B
    assert "fcr" not in found.measured
    assert found.trained == ("A",)
    assert found.unlisted == ("B", "C")
    assert found.early == found.late == found.unmeasured == ()  # the primary is not measured


def test_training_outside_what_is_measured_is_named(bench):
    waves = ", ".join([trained("A", 1), trained("B", 12), trained("C", 5)])
    found = ahead(bench, waves, "design: {primary_outcome: complaints_per_1000}\n")
    assert (found.early, found.late, found.unmeasured) == (("A",), ("B",), ("C",))
    assert (found.listed, found.unlisted, found.n_waves) == ((), (), 3)


def test_sites_listed_as_untrained(bench):
    found = ahead(bench, trained("A", 4) + ", {site_id: B, wave: 0, arm: comparison}")
    assert (found.listed, found.unlisted) == (("B",), ("C",))
