"""The command line: what it says, in which language, and with which exit status."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from analysis import cli, home, newest, wording
from analysis.client.readings import READINGS
from analysis.errors import Fault, InputError, RunError
from analysis.ingest import Examined
from analysis.pipeline import steps
from analysis.tables import TABLES
from analysis.workspace import Outlook

FAULT = Fault(
    rule="rule_without_wording",
    message="The amount is not a number.",
    example="1234.50",
    file="fees.xlsx",
    sheet="一月",
    row=7,
    column="本期实收",
    value="abc",
)


@pytest.fixture
def crmeval(project, monkeypatch):
    """Call the command line in the temporary project, with its stand-ins for both ends."""
    monkeypatch.setenv("CRMEVAL_HOME", str(project.root))
    monkeypatch.setattr("analysis.pipeline.runner.code_hash", lambda: "code")
    monkeypatch.setattr(steps, "_prepare", lambda setting, folder: project.prepare("", folder))
    monkeypatch.setattr(steps, "_build_report", lambda setting, folder: project.report(folder))

    def notebook(setting, declared, values, folder, on_cell):
        (folder / "notebooks").mkdir(exist_ok=True)
        (folder / "notebooks" / declared.notebook).write_text("{}")
        for done in range(1, 4):
            on_cell(done, 3)
        if declared.name in failing:
            raise RunError("cell 4 of 4: ZeroDivisionError: division by zero")

    failing: set[str] = set()
    project.failing = failing
    monkeypatch.setattr(steps, "_execute", notebook)

    def call(*arguments: str):
        return CliRunner().invoke(cli.main, arguments)

    return call


def test_run_and_status_in_both_languages(crmeval, project):
    assert "never run" in crmeval("--lang", "en", "status", "acme").output
    done = crmeval("run", "acme", "--lang", "zh")
    assert done.exit_code == 0, done.output
    assert "acme：已完成" in done.output
    assert str(newest.latest(project.reports) / "index.html") in done.output.replace("\n", "")
    assert "nothing has changed" in crmeval("run", "acme", "--lang", "en").output
    said = crmeval("status", "acme", "--lang", "en").output
    assert "03 Tracking" in said
    assert "finished" in said or "complete" in said


def test_a_failed_stage_is_named_with_its_cause(crmeval, project):
    project.failing.add("tracking")
    failed = crmeval("--lang", "en", "run", "acme")
    assert failed.exit_code == 1
    assert "acme: stopped at “03 Tracking”: cell 4 of 4: ZeroDivisionError" in failed.output
    assert "03_tracking.ipynb" in failed.output
    assert "Traceback" not in failed.output


def test_faults_of_the_input_lead_to_check(crmeval, project, monkeypatch):
    def refuse(setting, folder):
        raise InputError([FAULT])

    monkeypatch.setattr(steps, "_prepare", refuse)
    failed = crmeval("--lang", "en", "run", "acme")
    assert failed.exit_code == 1
    assert "crmeval check acme" in failed.output
    assert "did not start" in failed.output
    assert [p for p in project.reports.iterdir() if not p.name.startswith(".")] == []
    assert "没有写出任何结果" in crmeval("--lang", "zh", "run", "acme").output


@pytest.mark.parametrize("command", [("run",), ("check",), ("lock", "plan")])
def test_the_demo_before_its_exports_are_written_is_one_sentence(tmp_path, monkeypatch, command):
    monkeypatch.setenv("CRMEVAL_HOME", str(tmp_path))
    home.put_demo(tmp_path)
    name, *what = command
    for language, told in (("en", "are not written yet. Run crmeval demo"), ("zh", "尚未生成")):
        words = [name, "demo", *what, "--lang", language]
        refused = CliRunner().invoke(cli.main, words)
        assert refused.exit_code == 1
        (line,) = refused.output.splitlines()
        assert told in line
    runs = tmp_path / "reports" / "demo"
    assert not [path for path in runs.glob("*") if not path.name.startswith(".")]


@pytest.fixture
def decided(monkeypatch, tmp_path):
    """A client that has decided every contradiction between requirements; it may be changed."""
    choices = {id: next(iter(found.readings)) for id, found in READINGS.items()}
    fed: set[str] = set(TABLES)
    opened = SimpleNamespace(
        id="acme", choices=choices, fed=fed, folder=tmp_path, programme="training"
    )
    opened.sources_of = lambda table: (table,) if table in fed else ()
    monkeypatch.setattr("analysis.client.load", lambda client: opened)
    return opened


@pytest.fixture
def finding(monkeypatch):
    """Say what the check finds: faults, and what could be answered."""

    def find(*faults, outlook=ALL_WELL):
        examined = Examined(faults, {})
        monkeypatch.setattr("analysis.ingest.examine", lambda client: examined)
        monkeypatch.setattr("analysis.workspace.look_ahead", lambda client, frames: outlook)

    return find


ALL_WELL = Outlook(
    measured={"csat_mean": (24288, 24299, 9), "nps": (24290, 24299, 8)},
    primary="csat_mean",
    lacking={},
    trained=("A", "B"),
    listed=("C",),
    n_waves=1,
)


def test_check_lists_every_fault_with_its_place(crmeval, decided, finding):
    advisory = Fault(rule="x", message="Odd.", example="Even.", file="a.csv", blocking=False)
    finding(FAULT, advisory)
    listed = crmeval("check", "acme", "--lang", "en")
    assert listed.exit_code == 1
    assert "1. fees.xlsx / 一月 / row 7 / 本期实收 [abc]" in listed.output
    assert "Correct: 1234.50" in listed.output
    assert "2 faults found; to be fixed before a run: 1" in listed.output
    assert "第 7 行" in crmeval("check", "acme", "--lang", "zh").output
    rest = {"count": 40, "same": FAULT.rule}
    counted = dataclasses.replace(FAULT, rule="more_of_same", row=None, value=None, params=rest)
    again = [dataclasses.replace(FAULT, row=row, value=f"x{row}") for row in range(8, 40)]
    finding(FAULT, *again, counted, advisory)
    listed = crmeval("check", "acme", "--lang", "en").output
    assert "2 faults found; to be fixed before a run: 1" in listed
    assert "Also: row 8 [x8], row 9 [x9]" in listed
    assert "row 27 [x27], and 52 more" in listed
    finding()
    clean = crmeval("check", "acme")
    assert clean.exit_code == 0


def test_check_names_the_contradictions_left_open(crmeval, decided, finding):
    finding()
    readings = " | ".join(READINGS["C2"].readings)
    assert readings not in crmeval("check", "acme", "--lang", "en", "--contradictions").output
    assert "contradictions" not in crmeval("check", "acme", "--lang", "en").output
    del decided.choices["C2"]
    folded = crmeval("check", "acme", "--lang", "en")
    assert "crmeval check acme --contradictions" in folded.output.splitlines()[-1]
    assert readings not in folded.output
    left = crmeval("check", "acme", "--lang", "en", "--contradictions")
    assert left.exit_code == 0
    assert readings in left.output.replace("\n", "")
    assert "C2" in crmeval("check", "acme", "--lang", "zh", "--contradictions").output


def test_check_names_the_tables_that_nothing_feeds(crmeval, decided, finding):
    finding()
    assert "feeds" not in crmeval("check", "acme", "--lang", "en").output
    decided.fed -= {"waves", "costs"}
    told = crmeval("check", "acme", "--lang", "en")
    assert "waves, costs" in told.output
    assert "no effect can be estimated" in told.output
    assert told.exit_code == 0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ["(csat_mean): 9 sites, 2024-01 to 2024-12"]),
        (
            {"measured": {"nps": (24290, 24299, 8)}, "lacking": {"csat_mean": ("surveys",)}},
            ["cannot be measured; missing: surveys", "design: {primary_outcome: nps}"],
        ),
        (
            {"measured": {}, "lacking": {"csat_mean": ()}},
            ["measure no outcome", "no usable rows in the evaluation period"],
        ),
        ({"lacking": {"fcr": ("tickets",)}}, ["(fcr); missing: tickets"]),
        ({"listed": (), "unlisted": ("C", "D")}, ["lists only trained sites.", "C, D (2)"]),
        ({"unlisted": ("D",)}, ["counted as never trained: D (1)"]),
        ({"listed": ()}, ["all 2 sites at the same time"]),
        ({"listed": (), "n_waves": 2}, ["in 2 waves"]),
        ({"trained": ()}, ["lists no trained site"]),
        ({"early": tuple("ABCDEFGHIJ")}, ["evaluated: A, B, C, D, E, F, G, H and 2 more (10)"]),
        (
            {"late": ("B",), "unmeasured": ("A",)},
            ["until then: B (1)", "2024-12", "without data on"],
        ),
    ],
)
def test_check_says_what_can_be_answered(crmeval, decided, finding, changes, told):
    finding(outlook=dataclasses.replace(ALL_WELL, **changes))
    said = crmeval("check", "acme", "--lang", "en")
    assert said.exit_code == 0
    for words in told:
        assert words in said.output
    assert crmeval("check", "acme", "--lang", "zh").exit_code == 0
    finding(FAULT, outlook=dataclasses.replace(ALL_WELL, **changes))
    assert told[0] not in crmeval("check", "acme", "--lang", "en").output


def test_no_summary_of_a_command_is_cut_short(crmeval):
    listed = CliRunner().invoke(cli.main, ["--help"], terminal_width=80).output
    assert "..." not in listed.partition("Commands:")[2]


def test_what_is_kept_of_a_person_is_shown(crmeval, decided, monkeypatch):
    from analysis.ingest import Found, Kept, Looked

    kept = [Kept("staff", "staff_id", "ab" * 16, 1)]
    looked = [Looked("20240101", "looked", 1)]
    asked = []

    def find_person(client, identifier):
        asked.append(identifier)
        return Found(tuple(kept), tuple(looked))

    monkeypatch.setattr("analysis.ingest.find_person", find_person)
    told = CliRunner().invoke(cli.main, ["person", "acme", "--lang", "en"], input="00123\n").output
    assert asked == ["00123"]
    assert f"leave_out: [{'ab' * 16}]" in told
    assert "Searched: 20240101" in told
    kept.pop(0)
    assert "hold nothing" in crmeval("person", "acme", "--id", "1", "--lang", "en").output
    looked.append(Looked("20240102", "other_key"))
    unsure = crmeval("person", "acme", "--id", "1", "--lang", "en")
    assert "hold nothing" not in unsure.output
    assert unsure.exit_code == 1


def test_pages_are_printed_once_there_are_any(crmeval, project, monkeypatch):
    monkeypatch.setattr("analysis.report.print_pages", lambda latest: [latest / "a.pdf"] * 12)
    early = crmeval("pdf", "acme", "--lang", "en")
    assert early.exit_code == 1
    assert crmeval("run", "acme").exit_code == 0
    printed = crmeval("pdf", "acme", "--lang", "en")
    assert printed.exit_code == 0, printed.output
    assert "12" in printed.output


def test_new_writes_a_proposal_and_never_over_one(crmeval, project):
    export = project.root / "工单.csv"
    export.write_text("工单编号,建单时间\n1,2024-01-02\n", encoding="utf-8")
    made = crmeval("new", "fresh", str(export), "--lang", "en")
    assert made.exit_code == 0, made.output
    folder = project.root / "data" / "fresh"
    assert "工单.csv" in (folder / "client.yml").read_text(encoding="utf-8")
    assert (folder / "raw" / "工单.csv").read_bytes() == export.read_bytes()
    written = (folder / "client.yml").read_bytes()
    again = crmeval("new", "fresh", str(export), "--lang", "en")
    assert again.exit_code == 1
    assert "fresh" in again.output
    assert (folder / "client.yml").read_bytes() == written


def test_an_unknown_client_or_stage_is_one_line(crmeval):
    unknown = crmeval("run", "acne")
    assert (unknown.exit_code, len(unknown.output.splitlines())) == (1, 1)
    for command in (["run"], ["status"], ["check"], ["lock"]):
        told = crmeval(*command, "acne", *(["plan"] if command == ["lock"] else []))
        assert told.exit_code == 1
        assert "data/acne/client.yml" in told.output
        assert "acme" in told.output.replace("\n", "")
        assert "crmeval new acne" in told.output
    wrong = crmeval("run", "acme", "--stage", "trakcing")
    assert "did you mean 'tracking'" in wrong.output


@pytest.mark.parametrize("encoding", ["gbk", "latin-1"])
def test_a_terminal_of_another_encoding_gets_the_message(project, encoding):
    environment = {**os.environ, "CRMEVAL_HOME": str(project.root), "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "analysis.cli", "--lang", "zh", "check", "acne✓"]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    said = (done.stdout + done.stderr).decode(encoding)
    assert done.returncode == 1
    assert "client.yml" in said
    assert "Traceback" not in said


def test_a_folder_that_cannot_be_written_is_named(crmeval, project):
    (project.root / "reports").write_text("in the way", encoding="utf-8")
    stopped = crmeval("--lang", "en", "run", "acme")
    assert stopped.exit_code == 1
    assert stopped.output.startswith(str(project.root / "reports"))
    assert "Correct: a writable folder" in stopped.output


def test_ctrl_c_has_the_shells_exit_status(crmeval, monkeypatch):
    def interrupt(setting, folder):
        raise KeyboardInterrupt

    monkeypatch.setattr(steps, "_prepare", interrupt)
    stopped = crmeval("--lang", "en", "run", "acme")
    assert stopped.exit_code == 130
    assert "Interrupted" in stopped.output


def test_several_clients_end_in_a_table(crmeval, monkeypatch):
    from analysis.pipeline import ClientOutcome

    def run_clients(clients, *, jobs, on_done, **options):
        assert jobs == 2
        outcomes = [
            ClientOutcome(
                client="acme",
                state="complete",
                exit_status=0,
                seconds=1.0,
                folder=Path("/r/acme"),
            ),
            ClientOutcome(
                client="best",
                state="killed",
                exit_status=-9,
                seconds=1.0,
                error="the process was killed by signal 9",
            ),
        ]
        for outcome in outcomes:
            on_done(outcome)
        return outcomes

    monkeypatch.setattr("analysis.pipeline.batch.run_clients", run_clients)
    listed = crmeval("--lang", "en", "run", "acme", "best", "--jobs", "2")
    assert listed.exit_code == 1
    assert "best: the process was killed by signal 9" in listed.output


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh_CN"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LANG": "C"}, "en"),
        ({}, "en"),
    ],
)
def test_the_locale_chooses_the_language(monkeypatch, environment, language):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert wording.language_of_session() == language


def test_help_imports_nothing_heavy_and_answers_at_once():
    code = (
        "import sys, analysis.cli\n"
        "heavy = {'pandas', 'numpy', 'papermill', 'nbformat', 'pydantic', 'rich'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or None)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    seconds = []
    for _ in range(3):
        before = os.times()
        subprocess.run(
            [sys.executable, "-m", "analysis.cli", "--help"], check=True, capture_output=True
        )
        after = os.times()
        # Of the processor, not of the clock: other tests run at the same time.
        seconds.append(
            after.children_user
            - before.children_user
            + after.children_system
            - before.children_system
        )
    assert min(seconds) < 0.4


def test_a_day_before_the_period_is_refused_at_once(crmeval, project):
    text = (
        "client: {id: acme, name: {zh_CN: 甲, en: A}, timezone: Asia/Shanghai}\n"
        "period: {first: 2024-01, last: 2024-12}\n"
        "sources: [{table: sites, inline: [{site_id: A, site_name: A}]}]\n"
    )
    (project.root / "data" / "acme" / "client.yml").write_text(text, encoding="utf-8")
    early = crmeval("--lang", "en", "run", "acme", "--as-of", "1999-06-30")
    assert early.exit_code == 1
    assert "had ended by that day" in early.output
    assert "--as-of 2024-02-01 or later" in early.output
    assert "unaffected" not in early.output
    assert not project.prepared
    assert (
        "没有一个完整的月份"
        in crmeval("--lang", "zh", "run", "acme", "--as-of", "1999-06-30").output
    )


def test_an_earlier_report_is_mentioned_only_where_there_is_one(crmeval, project):
    project.failing.add("tracking")
    assert "unaffected" not in crmeval("--lang", "en", "run", "acme").output
    project.failing.clear()
    assert crmeval("--lang", "en", "run", "acme").exit_code == 0
    project.failing.add("tracking")
    assert "unaffected" in crmeval("--lang", "en", "run", "acme", "--force").output


@pytest.mark.parametrize(
    ("typed", "begun", "offered"),
    [
        (["run"], "a", ["acme"]),
        (["run", "acme"], "", ["acme", "best"]),
        (["run", "acme", "--stage"], "t", ["tracking"]),
        (["run", "acme", "--stage"], "", ["design", "baseline", "monitoring", "tracking", "value"]),
        (["status"], "b", ["best"]),
        (["prune"], "x", []),
        (["new"], "a", []),
    ],
)
def test_tab_offers_the_clients_and_stages_there_are(project, monkeypatch, typed, begun, offered):
    monkeypatch.setenv("CRMEVAL_HOME", str(project.root))
    shell = ShellComplete(cli.main, {}, "crmeval", "_CRMEVAL_COMPLETE")
    assert [found.value for found in shell.get_completions(typed, begun)] == offered
