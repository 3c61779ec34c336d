"""The client file: typed, closed, every fault told with its line."""

from __future__ import annotations

import datetime as dt

import pytest

from analysis import client
from analysis.errors import InputError


def faults_of(path):
    with pytest.raises(InputError) as caught:
        client.load(path)
    return caught.value.faults


def test_the_documented_example_loads(example, write, tmp_path):
    loaded = client.load(write(example))
    assert loaded.id == "greenwood"
    assert loaded.period.first == dt.date(2023, 1, 1)
    assert loaded.period.last_period == 2025 * 12 + 11
    assert loaded.instruments["owner_2023"].turned("q3")
    assert loaded.instruments["owner_2023"].scale_of("nps").max == 10
    assert loaded.sources_of("fees")[0].columns["receivable"].factor == 10000
    assert loaded.sources_of("surveys")[0].drop["来自IP"] == "direct identifier"
    assert loaded.raw_folder == tmp_path / "data" / "greenwood" / "raw"


def test_an_id_is_looked_up_under_the_root(example, write, tmp_path):
    write(example)
    assert client.load("greenwood", root=tmp_path).id == "greenwood"


def test_an_unknown_client_says_where_its_file_would_be(tmp_path):
    with pytest.raises(InputError, match="no client"):
        client.load("nobody", root=tmp_path)


def test_every_documented_key_exists_and_every_key_is_documented(example):
    from pathlib import Path

    guide = (Path(__file__).parents[2] / "docs" / "client-file.md").read_text(encoding="utf-8")
    parts = [client.Client, client.Source, client.ColumnMap, client.Design, client.Value]
    parts += [client.Goal, client.Benefit, client.Unpivot, client.Aggregate, client.Accept]
    parts += [client.Finances, client.Outcome, client.Line]
    for part in parts:
        for name, field in part.model_fields.items():
            assert (field.alias or name) in guide, f"{part.__name__}.{name} is not documented"


def test_all_faults_come_at_once_with_line_and_nearest_key(example, write):
    text = example.replace("  timezone: Asia/Shanghai", "  timezon: Asia/Shanghai")
    text = text.replace("    header_rows: [3] ", "    header_row: [3] ")
    text = text.replace("alpha: 0.05", "alpha: 5")
    text = text.replace("site_name: 项目名称", "site_nam: 项目名称")
    text = text.replace("{from: 层级, labels: tier}", "{from: 层级, labels: teir}")
    text = text.replace("C2: plus_5", "C2: plus_6")
    faults = faults_of(write(text))
    lines = text.splitlines()
    found = {fault.column: fault for fault in faults}
    expected = {
        "client.timezon": ("client_unknown_key", "timezone"),
        "sources[0].header_row": ("client_unknown_key", "header_rows"),
        "design.alpha": ("client_value", None),
        "sources[1].columns.tier.labels": ("client_map_unknown", "tier"),
        "choices.C2": ("client_reading_unknown", "plus_5"),
    }
    for column, (rule, near) in expected.items():
        fault = found[column]
        assert fault.rule == rule
        assert near is None or fault.params["near"] == near
        word = column.rsplit(".", 1)[-1]
        assert word in lines[fault.row - 1]


def test_faults_of_broken_and_sound_sources_are_told_together(example, write):
    text = example.replace("site_name: 项目名称", "site_nam: 项目名称").replace(
        "power: 0.8", "power: x"
    )
    found = {fault.column: fault for fault in faults_of(write(text))}
    assert found["sources[0].columns.site_nam"].params["near"] == "site_name"
    assert found["design.power"].rule == "client_value"
    assert found["sources[0]"].rule == "client_column_needed"  # site_name is required


def test_attendance_is_refused_as_primary_outcome(example, write):
    text = example.replace("primary_outcome: csat_mean", "primary_outcome: attendance")
    (fault,) = faults_of(write(text))
    assert "treatment taken" in fault.message


def test_open_text_has_no_canonical_column(example, write):
    text = example.replace("      channel: 来源\n", "      channel: 来源\n      missing: x\n")
    assert client.load(write(text)).sources_of("surveys")[0].columns["missing"].header == ("x",)


def test_a_demo_key_is_for_simulated_clients_only(example, write):
    text = example.replace("  purpose:", "  demo_key: in-the-open\n  purpose:").replace(
        "  key_file: ~/.config/crmeval/greenwood.key", "  #"
    )
    (fault,) = faults_of(write(text))
    assert "simulated" in fault.message
    assert client.load(write(text.replace("simulated: false", "simulated: true")))


@pytest.mark.parametrize(
    ("text", "rule", "row"),
    [
        ("client: [", "client_yaml", 1),
        ("client: {id: a}\nclient: {id: b}\n", "client_key_twice", 2),
        ("- 1\n", "client_yaml", None),
        ("engine: duckdb\nperiod: {first: 2024-01, last 2024\n\nmin_cell: 8\n", "client_yaml", 2),
        ("design:\n\talpha: 0.05\n", "client_yaml", 2),
        ("client: a: b\n", "client_yaml", 1),
    ],
)
def test_broken_yaml_is_located(text, rule, row, write):
    (fault,) = faults_of(write(text))
    assert (fault.rule, fault.row) == (rule, row)


def test_the_folder_carries_the_id(example, write):
    (fault,) = faults_of(write(example, id="elsewhere"))
    assert fault.rule == "client_id_folder"


def test_every_conflict_can_be_chosen():
    assert list(client.READINGS) == [f"C{n}" for n in range(1, 18)]
    for conflict in client.READINGS.values():
        for reading in conflict.readings.values():
            assert set(reading) == {"zh_CN", "en"}


def test_every_fault_of_the_client_file_has_its_sentence(example, write):
    from analysis import wording

    text = example.replace("  timezone:", "  timezon:").replace("alpha: 0.05", "alpha: 5")
    text = text.replace("tickets\n", "tickts\n").replace("labels: tier", "labels: teir")
    text = text.replace("C2: plus_5", "C2: plus_6, C77: a").replace("channel: 来源", "chanel: 来源")
    text = text.replace("别墅: villa", "别墅: vila").replace("备注: open text", "备注: DECIDE")
    text = text.replace("sum: [receivable, collected]", "sum: [receivable]")
    faults = faults_of(write(text))
    assert len({fault.rule for fault in faults}) >= 8
    for fault in faults:
        for language in ("zh_CN", "en"):
            assert wording.fault_sentence(fault, language) not in ("", fault.message)
        assert not {"key", "language"} & set(fault.params)


def test_an_unknown_indicator_is_refused_wherever_it_is_named(example, write):
    text = example.replace("{indicator: csat_mean, target", "{indicator: csat_maen, target")
    text = text.replace("primary_outcome: csat_mean", "primary_outcome: csat")
    text = text.replace("[nps, complaints_per_1000,", "[npps, complaints_per_1000,")
    text = text.replace("{indicator: fee_collection, money", "{indicator: fees_collected, money")
    text = text.replace("appraisal: {csat_mean: 0.4,", "appraisal: {csat_man: 0.4,")
    found = {fault.column: fault for fault in faults_of(write(text))}
    assert {fault.rule for fault in found.values()} == {"client_indicator_unknown"}
    assert {column: fault.params["near"] for column, fault in found.items()} == {
        "goals[1].indicator": "csat_mean",
        "design.primary_outcome": "csat_mean",
        "design.secondary_outcomes[0]": "nps",
        "value.benefits[0].indicator": "fee_collection",
        "appraisal.csat_man": "csat_mean",
    }
    lines = text.splitlines()
    assert "csat_maen" in lines[found["goals[1].indicator"].row - 1]


def test_the_names_of_the_registry_are_read_as_they_stand():
    from analysis.client.references import known_indicators
    from analysis.indicators import registry

    assert known_indicators() == tuple(registry.load())


def test_no_nearest_name_is_said_where_there_is_none(example, write):
    from analysis import wording

    text = example.replace("C2: plus_5", "wholly_other_words: a")
    (fault,) = [f for f in faults_of(write(text)) if f.rule == "client_conflict_unknown"]
    for language in ("zh_CN", "en"):
        said = wording.fault_sentence(fault, language)
        assert "“”" not in said
        assert "—" not in said
        assert ("nearest" in said or "最接近" in said) == bool(fault.params["near"])


def test_a_bound_that_is_left_out_is_said_to_be(example, write):
    from analysis import wording

    text = example.replace("csat_mean: 0.4", "csat_mean: 0")
    (fault,) = faults_of(write(text))
    assert "above 0" in wording.fault_sentence(fault, "en")
    assert "大于 0" in wording.fault_sentence(fault, "zh_CN")


def test_a_path_keeps_its_spaces():
    from analysis import wording

    path = "/客户 项目/绿城 物业/index.html"
    for language in ("zh_CN", "en"):
        assert path in wording.text("cli.status.latest", language, path=path)
