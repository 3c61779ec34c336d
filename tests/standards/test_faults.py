"""Standards in a client file or a set of its own that are wrong are told with their line."""

from __future__ import annotations

import pytest
from small_client import NAME, write_client

from analysis import client
from analysis.errors import InputError


def standing(tmp_path, standards):
    write_client(tmp_path, change_file=lambda d: d.update(standards=standards))
    return tmp_path / "data" / NAME


def faults(folder):
    with pytest.raises(InputError) as caught:
        client.load(folder)
    return {(fault.rule, fault.column): fault for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("standards", "rule", "column"),
    [
        ("vila", "client_standards_unknown", "standards"),
        ({"lines": {"class_sise": 3}}, "client_standard_unknown", "standards.lines.class_sise"),
        ({"alerts": {"site_lo": 0.8}}, "client_standard_unknown", "standards.alerts.site_lo"),
        ({"alerts": {"site_low": 85}}, "client_value", "standards.alerts.site_low.line"),
        ({"lines": {"drill_days": -4}}, "client_value", "standards.lines"),
        ({"lines": {"class_size": {"a": 3}}}, "client_value", "standards.lines"),
        (
            {"gates": {"G1": {"criteria": [{"measure": "roy", "line": 1}]}}},
            "client_standard_unknown",
            "standards.gates.G1.criteria[0].measure",
        ),
        (
            {"gates": {"G1": {"criteria": [{"measure": "attendance"}]}}},
            "client_value",
            "standards.gates.G1.criteria[0]",
        ),
        (
            {"gates": {"G1": {"criteria": [{"measure": "attendance", "line": 90}]}}},
            "client_value",
            "standards.gates.G1.criteria[0]",
        ),
        ({"line": {}}, "client_unknown_key", "standards.line"),
    ],
)
def test_each_fault_names_its_place(tmp_path, standards, rule, column):
    found = faults(standing(tmp_path, standards))
    assert (rule, column) in found


def test_a_set_of_the_clients_own_is_read_and_its_faults_are_told(tmp_path):
    folder = standing(tmp_path, "ours")
    (folder / "standards").mkdir()
    own = folder / "standards" / "ours.yml"
    own.write_text("extends: crm_course\nlines: {class_size: 12}\n", encoding="utf-8")
    lines = client.load(folder).lines
    assert (lines.of("class_size"), lines.of("reserve_share")) == (12, 0.10)
    own.write_text("lines:\n  class_sise: 12\n", encoding="utf-8")
    (fault,) = faults(folder).values()
    assert (fault.file, fault.row, fault.params["near"]) == ("standards/ours.yml", 2, "class_size")
