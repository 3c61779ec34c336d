"""Satisfaction known as means by site and month alone: from the client's files to a report."""

from __future__ import annotations

import random

import openpyxl
from cells import FEW_DRAWS, Shown, run_cells
from small_client import NAME, ROOT, STAGES, SmallClient
from visible import stains, visible_text

from analysis import ingest
from analysis.ingest import IngestRecord

SITES = [f"{name}园" for name in "甲乙丙丁戊己庚辛壬癸子丑"]
BLANK = {(3, 2), (7, 5), (1, 9), (10, 11)}
"""Site and month of the means that are missing."""
BETTER = 0.25


def _write(path, *rows, merged=()):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for area in merged:
        book.active.merge_cells(area)
    book.save(path)


def _means(months, *, counted):
    """Return the rows of sites, months as columns, as a client keeps them."""
    drawn = random.Random(5)
    for n, site in enumerate(SITES):
        cells = []
        for month in months:
            level = 3.8 + 0.05 * (n % 4) + (BETTER if n < 6 and month >= 7 else 0)
            mean = None if (n, month) in BLANK else round(level + drawn.uniform(-0.12, 0.12), 2)
            cells += [mean, mean and drawn.randint(20, 60)] if counted else [mean]
        yield [site, *cells]


def write_files(folder):
    """Write sites, waves, and two half years of means: one with numbers of answers, one without."""
    folder.mkdir()
    _write(
        folder / "项目清单.xlsx",
        ["项目名称", "物业类型", "户数"],
        *([site, "普通住宅", 800 + 50 * n] for n, site in enumerate(SITES)),
    )
    _write(
        folder / "培训批次.xlsx",
        ["项目名称", "培训批次", "计划开班日期", "分组方式"],
        *(
            [s, "第一批", "2024-07-01", "公司指定"] if n < 6 else [s, "不参加", None, "公司指定"]
            for n, s in enumerate(SITES)
        ),
    )
    first, second = range(1, 7), range(7, 13)
    _write(
        folder / "满意度2024上半年.xlsx",
        ["业主满意度（满分5分）"],
        ["项目名称", *(cell for m in first for cell in (f"2024年{m}月", None))],
        [None, *["满意度均分", "有效样本量"] * 6],
        *_means(first, counted=True),
        merged=["A2:A3", *(f"{a}2:{b}2" for a, b in ("BC", "DE", "FG", "HI", "JK", "LM"))],
    )
    _write(
        folder / "满意度2024下半年.xlsx",
        ["项目名称", *(f"2024年{m}月" for m in second)],
        *_means(second, counted=False),
    )


def test_means_by_site_and_month_from_the_files_to_a_report(tmp_path, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda handle: None)
    write_files(tmp_path / "exports")
    (tmp_path / "notebooks").symlink_to(ROOT / "notebooks", target_is_directory=True)
    say = "{}".format
    path = ingest.new_client(NAME, [tmp_path / "exports"], say, root=tmp_path)
    text = path.read_text(encoding="utf-8")
    for asked, answer in (
        ("name: {zh_CN: DECIDE, en: DECIDE}", "name: {zh_CN: 甲, en: Jia}"),
        ("first: DECIDE, last: DECIDE", "first: 2024-01, last: 2024-12"),
        ("scale: DECIDE", "scale: [1, 5]"),
    ):
        assert asked in text
        text = text.replace(asked, answer)
    assert "DECIDE" not in text
    path.write_text(text, encoding="utf-8")

    shown = Shown(tmp_path / "reports" / NAME / "run")
    run_cells(SmallClient(tmp_path), shown, **FEW_DRAWS)
    record = IngestRecord.load(shown.folder / "canonical")
    assert record.tables["survey_means"].rows == 12 * 12 - len(BLANK)
    found = shown.results("tracking")
    lead = next(e for e in found.estimates if e.id == "tracking.csat_mean.att.overall")
    assert lead.causal
    assert lead.ci_low < BETTER < lead.ci_high
    assert lead.ci_low > 0
    said = next(c for c in shown.results("baseline").checks if c.topic == "means_given")
    assert (said.status, said.params["counted"], said.params["lacking"]) == ("caution", 70, 70)
    within = next(e for e in shown.results("baseline").estimates if e.estimand == "icc")
    assert (within.value, within.reason) == (None, "measurement.reason.only_means")
    page = shown.write(tmp_path / "shown.html")
    assert stains(page) == []
    assert all(shown.results(stage).checks for stage in STAGES)
    assert "missing for 70, so all count equally" in visible_text(page)
