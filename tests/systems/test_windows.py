"""What Windows refuses does not stop a run, and what is written is the same on every system."""

from __future__ import annotations

import dataclasses
import datetime as dt
import errno
import os
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import click
import pandas as pd
import pytest
from click.testing import CliRunner
from small_client import NAME, SMALL, write_client

from analysis import cli, client, errors, file_names, files, ingest, manifest, newest, wording
from analysis.cli.places import tell_home
from analysis.design import assign_balanced
from analysis.pipeline import folders, outputs
from analysis.report import printing

REFUSING = Path(__file__).parent / "refusing"


@pytest.fixture
def impatient(monkeypatch):
    """Tries follow each other at once; gives the pauses that there would have been."""
    pauses = []
    monkeypatch.setattr(files.time, "sleep", pauses.append)
    return pauses


def refusing(times, real=os.replace):
    left = [times]

    def replace(source, target):
        if left[0] > 0:
            left[0] -= 1
            raise PermissionError(errno.EACCES, "Access is denied", str(source), 5, str(target))
        return real(source, target)

    return replace


# --- writing -------------------------------------------------------------------------------------


def test_a_file_is_flushed_by_a_handle_that_may_write(tmp_path, monkeypatch):
    import fcntl

    modes, real = [], os.fsync

    def fsync(number):
        if Path(f"/proc/self/fd/{number}").resolve().is_file():
            modes.append(fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE)
        real(number)

    monkeypatch.setattr(os, "fsync", fsync)
    files.write_text(tmp_path / "a.txt", "a")
    assert modes
    assert os.O_RDONLY not in modes


def test_a_rename_refused_for_a_moment_is_tried_again(tmp_path, monkeypatch, impatient):
    monkeypatch.setattr(os, "replace", refusing(3))
    target = files.write_text(tmp_path / "a.txt", "new")
    assert target.read_text() == "new"
    assert len(impatient) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert 1 <= sum(files._PAUSES) <= 2


def test_a_file_that_stays_open_elsewhere_is_named(tmp_path, monkeypatch, impatient):
    target = files.write_text(tmp_path / "表.xlsx", "old")
    monkeypatch.setattr(os, "replace", refusing(99))
    with pytest.raises(errors.FileInUseError, match="close it and run again") as caught:
        files.write_text(target, "new")
    assert caught.value.path == target
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["表.xlsx"]


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Close it and run again"), ("zh", "请关闭")]
)
def test_it_is_told_in_the_users_language(tmp_path, language, words):
    voice = cli.Voice(cli.LANGUAGES[language])

    @click.command()
    def stopped():
        with cli.told_in_one_line(voice):
            raise errors.FileInUseError(tmp_path / "表.xlsx")

    told = CliRunner().invoke(stopped)
    assert told.exit_code == 1
    assert words in told.output
    assert str(tmp_path / "表.xlsx") in told.output
    assert len(told.output.splitlines()) == 1


def test_line_ends_are_those_that_were_written(tmp_path, monkeypatch):
    def write_text(self, data, encoding=None, errors=None, newline=None):
        ends = "\r\n" if newline is None else newline
        with open(self, "w", encoding=encoding, errors=errors, newline=ends) as handle:
            return handle.write(data)

    monkeypatch.setattr(Path, "write_text", write_text)
    written = files.write_text(tmp_path / "a.csv", "a,b\r\n1,2\n")
    assert written.read_bytes() == b"a,b\r\n1,2\n"


def test_a_draw_has_the_same_fingerprint_on_every_system(monkeypatch):
    sites = pd.DataFrame(
        {
            "site_id": [f"P{number:03d}" for number in range(12)],
            "property_type": ["villa", "ordinary"] * 6,
            "households": [float(300 + 10 * number) for number in range(12)],
        }
    )
    drawn = []
    for end in ("\n", "\r\n"):
        monkeypatch.setattr(os, "linesep", end)
        drawn.append(assign_balanced(sites, waves=2, comparison_share=1 / 3, seed=7)[1])
    assert drawn[0] == drawn[1]


def test_the_code_has_one_hash_whatever_its_line_ends(tmp_path):
    for name, text in (("unix", b"a\nb\n"), ("windows", b"a\r\nb\r\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_bytes(text)
    one, other = (
        files.text_hash(tmp_path / name, [tmp_path / name / "a.py"]) for name in ("unix", "windows")
    )
    assert one == other


# --- names ---------------------------------------------------------------------------------------

IMPOSSIBLE = ["con", "CON.txt", "aux.csv", "nul", "com1", "lpt9.xlsx", "prn.tar.gz", "com¹"]
IMPOSSIBLE += ["a.", "a ", "a:b", "a?b", "con .csv", "conin$", ""]


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_names_that_windows_cannot_hold(name):
    assert not file_names.holdable(name)


@pytest.mark.parametrize("name", ["console", "com", "com10", "工单.csv", "aux_2024", "a.con"])
def test_names_that_every_system_holds(name):
    assert file_names.holdable(name)


@pytest.mark.parametrize("name", ["con", "aux", "nul", "prn", "com1", "lpt1"])
def test_no_client_is_named_after_a_device(tmp_path, name):
    export = tmp_path / "a.csv"
    export.write_text("项目,户数\nP1,3\n", encoding="utf-8")
    with pytest.raises(errors.InputError, match="device"):
        ingest.new_client(name, [export], lambda key: key, root=tmp_path)
    assert not (tmp_path / "data").exists()
    folder = tmp_path / name
    folder.mkdir()
    (folder / "client.yml").write_text(f"client: {{id: {name}}}\n", encoding="utf-8")
    with pytest.raises(errors.InputError, match="device"):
        client.load(folder / "client.yml")


def test_no_export_is_copied_under_a_name_that_cannot_be(tmp_path):
    for name in ("aux.csv", "工单 .csv", "b./工单.csv"):
        path = tmp_path / "exports" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("项目,户数\nP1,3\n", encoding="utf-8")
    with pytest.raises(errors.InputError) as caught:
        ingest.new_client("acme", [tmp_path / "exports"], lambda key: key, root=tmp_path)
    assert {fault.file for fault in caught.value.faults} == {"aux.csv", "b./工单.csv"}
    assert {fault.rule for fault in caught.value.faults} == {"export_name_reserved"}
    assert not (tmp_path / "data").exists()


CLUTTER = [
    "~$工单.xlsx",
    "desktop.ini",
    "Thumbs.db",
    ".DS_Store",
    "._工单.csv",
    "__MACOSX/工单.csv",
]


def test_files_of_the_system_are_no_inputs_exports_or_outputs(tmp_path):
    folder = tmp_path / "data" / "acme"
    (folder / "raw" / "__MACOSX").mkdir(parents=True)
    (folder / "raw" / "工单.csv").write_text("项目,户数\nP1,3\n", encoding="utf-8")
    before = files.input_hashes(folder), outputs.files_of(folder, ["raw"])
    for name in CLUTTER:
        (folder / "raw" / name).write_bytes(b"\x00")
    assert (files.input_hashes(folder), outputs.files_of(folder, ["raw"])) == before
    made = ingest.new_client("best", [folder / "raw"], lambda key: key, root=tmp_path)
    copied = [path for path in (made.parent / "raw").rglob("*") if path.is_file()]
    assert [path.name for path in copied] == ["工单.csv"]
    given = [folder / "raw" / name for name in ("~$工单.xlsx", "desktop.ini", "工单.csv")]
    made = ingest.new_client("cosy", given, lambda key: key, root=tmp_path)
    assert [path.name for path in (made.parent / "raw").iterdir()] == ["工单.csv"]


def test_files_are_listed_in_one_order(tmp_path):
    for name in ("b.csv", "A.csv", "a/x.csv", "B.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [p.relative_to(tmp_path).as_posix() for p in file_names.listed(tmp_path, "**/*")]
    assert found == ["A.csv", "B.csv", "a/x.csv", "b.csv"]


# --- the newest run ------------------------------------------------------------------------------


def finished(reports, name):
    (reports / name).mkdir(parents=True)
    (reports / name / "index.html").write_text("<p>brief</p>")
    manifest.Manifest(client="acme", run_id=name, state="complete").save(reports / name)


def test_latest_is_reached_with_and_without_links(tmp_path, monkeypatch):
    for name in ("run1", "run2", "run3"):
        finished(tmp_path, name)
    folders.point_latest(tmp_path, "run1")
    assert (tmp_path / "latest").is_symlink()
    with monkeypatch.context() as patched:

        def refuse(*_, **__):
            raise OSError("A required privilege is not held by the client")

        patched.setattr(os, "symlink", refuse)
        for name in ("run2", "run3"):
            folders.point_latest(tmp_path, name)
            assert newest.latest(tmp_path) == tmp_path / name
            page = tmp_path / "latest" / "index.html"
            assert f'url=../{name}/index.html"' in page.read_text(encoding="utf-8")
            assert (page.parent / f"../{name}/index.html").is_file()
    assert [path.name for path, _ in newest.runs(tmp_path)] == ["run3", "run2", "run1"]
    folders.point_latest(tmp_path, "run1")
    assert newest.latest(tmp_path) == tmp_path / "run1"
    assert not (tmp_path / "latest.txt").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


# --- what the machine has ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("PROGRAMFILES", "Google/Chrome/Application/chrome.exe"),
        ("PROGRAMFILES(X86)", "Microsoft/Edge/Application/msedge.exe"),
        ("LOCALAPPDATA", "Google/Chrome/Application/chrome.exe"),
        ("HOME", "Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    ],
)
def test_a_browser_is_found_where_its_installer_puts_it(tmp_path, monkeypatch, variable, name):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    for other in (*printing._PROGRAMS, "HOME"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(variable, str(tmp_path))
    assert printing.browser() is None
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.touch()
    assert printing.browser() == str(path)


@pytest.mark.parametrize(
    ("code", "language"), [(0x0804, "zh_CN"), (0x0404, "zh_CN"), (0x0409, "en")]
)
def test_windows_says_which_language_it_shows(monkeypatch, code, language):
    import ctypes
    from types import SimpleNamespace

    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    kernel = SimpleNamespace(GetUserDefaultUILanguage=lambda: code)
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
    monkeypatch.setattr(os, "name", "nt")
    found = wording.language_of_session()
    monkeypatch.undo()
    assert found == language


@pytest.mark.parametrize(
    ("system", "length", "warned"), [("nt", 90, True), ("nt", 40, False), ("posix", 90, False)]
)
def test_a_long_path_is_warned_of_on_windows(monkeypatch, capsys, system, length, warned):
    home = "/" + "x" * (length - 1)
    monkeypatch.setattr(files, "project_root", lambda: home)
    monkeypatch.setattr(os, "name", system)
    tell_home(cli.Voice("en"))
    monkeypatch.undo()
    assert ("260" in capsys.readouterr().err) is warned


# --- all of it -----------------------------------------------------------------------------------


TINY = dataclasses.replace(
    SMALL, n_sites=6, n_months=10, n_staff=24, tickets_per_1000=2.0, n_late=0, n_spill_over=0,
    wave_months=(dt.date(2023, 5, 1),),
)  # fmt: skip
"""Every kind of file, and no more rows than it takes: what is tested is writing."""


def crmeval(root, *arguments, emulated=True, **environment):
    environment = {**os.environ, "CRMEVAL_HOME": str(root), "OMP_NUM_THREADS": "1", **environment}
    if emulated:
        environment["PYTHONPATH"] = str(REFUSING)
    return subprocess.run(
        [sys.executable, "-m", "analysis.cli", "--lang", "en", *arguments],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def tables(root):
    """Bytes of every sheet, by its place below the client; the run's name left out."""
    found = {}
    for folder in (root / "data" / NAME / "locks", *sorted((root / "reports" / NAME).glob("2*"))):
        found |= {
            unicodedata.normalize("NFC", path.relative_to(folder).as_posix()): path.read_bytes()
            for path in folder.rglob("*.csv")
        }
    return found


@pytest.mark.slow
def test_a_client_from_exports_to_reports_and_back(tmp_path_factory):
    plain, root = (write_client(tmp_path_factory.mktemp(name), TINY).root for name in "pw")
    for home, emulated in ((plain, False), (root, True)):
        for arguments in (("draw", NAME, "--seed", "7"), ("lock", NAME, "plan"), ("run", NAME)):
            done = crmeval(home, *arguments, emulated=emulated)
            assert done.returncode == 0, done.stderr + done.stdout
    assert (plain / "reports" / NAME / "latest").is_symlink()
    page = root / "reports" / NAME / "latest" / "index.html"
    complete = newest.latest(root / "reports" / NAME)
    assert f"../{complete.name}/index.html" in page.read_text(encoding="utf-8")
    written = tables(plain)
    assert {"draw.csv", "zh/alerts_to_decide.xlsx"} <= set(written) or len(written) > 1
    assert tables(root) == written

    # A second run, while a spreadsheet program has the last report's tables and an export open.
    held = root / "held.txt"
    workbook = complete / "zh" / "tables.xlsx"
    export = next((root / "data" / NAME / "raw").rglob("*.xlsx"))
    held.write_text(f"{workbook}\n{export}\n", encoding="utf-8")
    export.with_name("~$" + export.name).write_bytes(b"\x00")
    client_file = root / "data" / NAME / "client.yml"
    client_file.write_bytes(client_file.read_bytes() + b"# looked at again\n")
    again = crmeval(root, "run", NAME, HELD_OPEN=str(held))
    assert again.returncode == 0, again.stderr + again.stdout
    assert newest.latest(root / "reports" / NAME) not in (None, complete)

    # A lock that is open elsewhere is named, and what to do.
    lock = root / "data" / NAME / "locks" / "plan.json"
    held.write_text(f"{lock}\n", encoding="utf-8")
    stopped = crmeval(root, "lock", NAME, "plan", "--again", "moved", HELD_OPEN=str(held))
    assert stopped.returncode == 1
    assert stopped.stderr.strip() == (
        f"{lock} is open in another program, e.g. Excel. Close it and run again."
    )
