"""Locales, folders and accounts out of the ordinary: a run works, or one line says why not."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from stand_ins import Project

from analysis import client, errors, files, kernels, manifest, newest, parameters
from analysis.indicators import engine
from analysis.pipeline import runner
from analysis.workspace.opening import locks

ROOT = Path(__file__).resolve().parents[2]
CHARSETS = Path("/usr/share/i18n/charmaps/GBK.gz")


def project_in(root) -> Project:
    made = Project(root)
    folder = root / "data" / "acme"
    (folder / "raw").mkdir(parents=True)
    (folder / "client.yml").write_text("client: acme\n")
    (folder / "raw" / "export.csv").write_text("a,b\n1,2\n")
    for stage in parameters.STAGES:
        made.notebook(stage.name)
    return made


@pytest.mark.parametrize("name", ["{a}", "{client}", "a b", "客户 项目", "[2024] 50%"])
def test_any_name_of_a_folder_will_do(tmp_path, name):
    project = project_in(tmp_path / name)
    assert project.run(stages=["design"]).state == "partial"
    assert (newest.runs(project.reports)[0][0] / "notebooks" / "00_design.ipynb").is_file()


def test_signs_in_a_folders_name_are_no_pattern(tmp_path):
    from analysis.tables import conform

    for number, name in enumerate(("a?b", "a*b", "axb", "a[x]b")):
        sites = pd.DataFrame({"site_id": [f"P{number}"], "site_name": ["A"]})
        (tmp_path / name).mkdir()
        pq.write_table(conform("sites", sites), tmp_path / name / "sites.parquet")
    for number, name in enumerate(("a?b", "a*b", "axb", "a[x]b")):
        with engine.connect(timezone="Asia/Shanghai") as opened:
            opened.read({"sites": tmp_path / name / "sites.parquet"})
            found = opened.execute(opened.table("sites").select("site_id"))
        assert list(found["site_id"]) == [f"P{number}"]


def test_a_long_temporary_folder_gets_plain_kernels(tmp_path, monkeypatch):
    long = tmp_path / ("t" * 100)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    assert not kernels.warm_is_possible()
    assert project_in(tmp_path).run(stages=["design"]).state == "partial"


def test_an_account_without_a_home_folder_is_told_so(tmp_path, monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    for call in (files.account_home, lambda: files.expanded(Path("~/a.key"))):
        with pytest.raises(errors.RunError, match="name one in HOME") as caught:
            call()
        assert "\n" not in str(caught.value)
    assert files.expanded(tmp_path) == tmp_path
    opened = client.load("demo", ROOT)
    assert opened.key_path() is None


def test_an_account_without_a_name_is_told_so(monkeypatch):
    def nameless():
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(getpass, "getuser", nameless)
    with pytest.raises(errors.DesignError, match="--by NAME"):
        locks._account()


def test_a_run_that_another_user_began_is_left_to_that_user(tmp_path, monkeypatch):
    project = project_in(tmp_path)
    project.notebook("baseline", "1 / 0")
    failed = project.run()
    assert failed.state == "failed"
    project.notebook("baseline")
    monkeypatch.setattr(runner.os, "access", lambda path, mode: Path(path) != failed.folder)
    assert project.run().folder != failed.folder
    assert manifest.load(failed.folder).state == "failed"


def run_in(locale_variables, *arguments, encoding):
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LC_", "LANG", "PYTHON"))
    }
    done = subprocess.run(
        [sys.executable, "-m", "analysis.cli", *arguments],
        env=environment | locale_variables,
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).decode(encoding)


@pytest.fixture(scope="module")
def gbk(tmp_path_factory):
    if not CHARSETS.is_file() or shutil.which("localedef") is None:
        pytest.skip("this machine cannot make a GBK locale")
    folder = tmp_path_factory.mktemp("locales")
    command = ["localedef", "-i", "zh_CN", "-f", "GBK", str(folder / "zh_CN.GBK")]
    subprocess.run(command, check=False, capture_output=True)
    if not (folder / "zh_CN.GBK").is_dir():
        pytest.skip("this machine cannot make a GBK locale")
    return {"LOCPATH": str(folder), "LC_ALL": "zh_CN.GBK"}


def test_a_locale_of_gbk_writes_the_names_that_others_read(gbk, tmp_path):
    export = tmp_path / "工单✓.csv"
    export.write_text("项目,户数\nP1,3\n", encoding="utf-8")
    home = {"CRMEVAL_HOME": str(tmp_path / "客户")}
    code, said = run_in(gbk | home, "new", "acme", str(export), encoding="gbk")
    assert code == 0, said
    assert f"建议稿已写入 {tmp_path / '客户'}" in said or str(tmp_path / "客户") in said
    assert (tmp_path / "客户" / "data" / "acme" / "raw" / "工单✓.csv").is_file()


@pytest.mark.parametrize(
    "variables",
    [{"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {}],
)
def test_a_locale_of_c_does_too(tmp_path, variables):
    export = tmp_path / "工单.csv"
    export.write_text("项目,户数\nP1,3\n", encoding="utf-8")
    home = {"CRMEVAL_HOME": str(tmp_path / "客户")}
    code, said = run_in(variables | home, "new", "acme", str(export), encoding="utf-8")
    assert code == 0, said
    assert (tmp_path / "客户" / "data" / "acme" / "raw" / "工单.csv").is_file()
