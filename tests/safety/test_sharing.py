"""What is passed on holds pages and tables, and no canary of anything else."""

from __future__ import annotations

import zipfile

import pytest
from attacked import Home

from analysis import manifest
from analysis.report.sharing import share

CANARIES = [f"canary-{number:02d}-{place}" for place in (
    "canonical", "notebooks", "results", "alerts_to_decide", "actions_to_decide", "client",
) for number in range(10)]  # fmt: skip
ELSEWHERE = (
    "canonical/staff.parquet", "notebooks/02_monitoring.ipynb", "results/monitoring.json",
    "zh/alerts_to_decide.xlsx", "en/actions_to_decide.xlsx", "client.json", "zh/.hidden.html",
    "zh/deeper/page.html", "en/rows.csv", "panel.parquet", "later/new.html",
)  # fmt: skip


@pytest.fixture
def finished(home: Home) -> Home:
    (home.folder / "client.yml").write_text("client: {id: acme}", encoding="utf-8")
    folder = home.root / "reports" / "acme" / "20240101T000000.000-aaaa"
    for name in ("index.html", "zh/index.html", "en/index.html", "en/03_tracking.html"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("<p>3.97 (n = 1,391)</p><style>13800138000</style>", "utf-8")
    with zipfile.ZipFile(folder / "zh" / "tables.xlsx", "w") as book:
        book.writestr("xl/sharedStrings.xml", "<sst><si><t>云栖花园</t></si></sst>")
    for place, name in enumerate(ELSEWHERE):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("\n".join(CANARIES[place::7]), encoding="utf-8")
    manifest.Manifest(client="acme", run_id=folder.name, state="complete").save(folder)
    home.run = folder
    return home


def test_no_canary_is_passed_on(finished):
    target = finished.root / "out" / "acme.zip"
    done = finished.call("share", "acme", "--to", str(target))
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(target) as archive:
        assert sorted(archive.namelist()) == [
            "en/03_tracking.html", "en/index.html", "index.html", "zh/index.html", "zh/tables.xlsx",
        ]  # fmt: skip
        content = b"".join(archive.read(name) for name in archive.namelist())
    assert not [canary for canary in CANARIES if canary.encode() in content]
    first = target.read_bytes()
    share(finished.run, target)
    assert target.read_bytes() == first


@pytest.mark.parametrize("name", ["en/03_tracking.html", "zh/tables.xlsx"])
@pytest.mark.parametrize("cell", ["张三 138 0013 8000", "110101199003070134", "wang@example.cn"])
def test_a_page_that_shows_an_identifier_is_not_passed_on(finished, name, cell):
    path = finished.run / name
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path, "w") as book:
            book.writestr("xl/sharedStrings.xml", f"<sst><si><t>{cell}</t></si></sst>")
    else:
        path.write_text(f"<p>{cell}</p>", encoding="utf-8")
    done = finished.call("share", "acme", "--to", str(finished.root / "acme.zip"))
    assert done.exit_code == 1
    assert name in done.output
    assert cell not in done.output
    assert not (finished.root / "acme.zip").exists()


def test_without_a_run_nothing_is_passed_on(home):
    (home.folder / "client.yml").write_text("client: {id: acme}", encoding="utf-8")
    assert home.call("share", "acme").exit_code == 1
