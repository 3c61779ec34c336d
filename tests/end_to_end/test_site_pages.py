"""Pages by site of a finished run: an ordinary client of eight sites and two rounds of a survey."""

import dataclasses
import datetime as dt
import re
import zipfile

import openpyxl
import pandas as pd
import pytest
from in_process import run_here
from lacking import changed
from lxml import html
from one_truth import differing, shown
from small_client import SMALL, write_client

from analysis import results
from analysis.present import people
from analysis.report import open_run, share
from analysis.report.sites import Sites, file_name, linked

CLIENT = dataclasses.replace(
    SMALL, seed=5, n_sites=8, n_staff=90, invited=40.0, wave_months=(dt.date(2023, 11, 1),),
    n_late=0, n_spill_over=0,
)  # fmt: skip
ROUNDS = ((2023, 8), (2024, 8))
CLOSED = pd.Timestamp("2023-11-30", tz="UTC")
RETRAINED = re.compile(r"复训|再培训|补训|retrain|refresher", re.IGNORECASE)


def ordinary(world):
    """Two rounds; one site closes, one has no tickets, one few answers, a waiting one bad ones."""
    tables = world.tables
    closed, silent, few = (str(site) for site in tables["sites"]["site_id"][:3])
    waits = tables["waves"].loc[tables["waves"]["wave"] == 0, "site_id"].iloc[-1]
    surveys, tickets = tables["surveys"], tables["tickets"]
    day = pd.to_datetime(surveys["answered_at"], utc=True).dt.tz_convert("Asia/Shanghai")
    asked = pd.Series(list(zip(day.dt.year, day.dt.month, strict=True)), surveys.index).isin(ROUNDS)
    first = surveys[surveys["site_id"] == few]["response_id"].drop_duplicates()
    kept = set(first[asked.reindex(first.index)].iloc[:3])
    asked &= (surveys["site_id"] != few) | surveys["response_id"].isin(kept)
    asked &= (surveys["site_id"] != closed) | (day < CLOSED)
    opened = pd.to_datetime(tickets["opened_at"], utc=True)
    lost = tickets["site_id"].eq(silent) | (tickets["site_id"].eq(closed) & (opened > CLOSED))
    fees, invited, used = (
        part[
            part["site_id"].ne(closed) | (pd.to_datetime(part["month"]) < CLOSED.tz_localize(None))
        ]
        for part in (tables["fees"], tables["invitations"], tables["crm_usage"])
    )
    due, replies = tables["contracts"], tables["reply_reports"]
    due = due[
        due["site_id"].ne(closed) | (pd.to_datetime(due["due_on"]) < CLOSED.tz_localize(None))
    ]
    answered = pd.to_datetime(replies["answered_at"], utc=True)
    replies = replies[replies["site_id"].ne(closed) | (answered < CLOSED)]
    staff = tables["staff"]
    left = staff["left_on"].mask(staff["site_id"].eq(closed), CLOSED.date())
    bad = surveys["site_id"].eq(waits) & (day.dt.year == 2024)
    surveys = surveys.assign(score=surveys["score"].mask(bad, 1))
    return changed(
        world, surveys=surveys[asked], invitations=invited, tickets=tickets[~lost],
        fees=fees, staff=staff.assign(left_on=left), crm_usage=used,
        contracts=due, reply_reports=replies,
    )  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    client = write_client(tmp_path_factory.mktemp("ordinary"), CLIENT, change_world=ordinary)
    done = run_here(client)
    assert done.state == "complete", done.error
    return done.folder


@pytest.fixture(scope="module")
def profiles(run):
    found = results.load("monitoring", run / "results")
    return found.table("site_profiles").set_index("site_id")


@pytest.fixture(scope="module")
def named(run):
    sites = pd.read_parquet(run / "canonical" / "sites.parquet")["site_id"]
    return dict(zip(("closed", "silent", "few"), sites[:3], strict=True))


def page(run, site, language):
    path = run / language / "sites" / file_name(site)
    return html.fromstring(path.read_text(encoding="utf-8").encode())


def text(run, site, language):
    return " ".join(page(run, site, language).find(".//main").text_content().split())


def test_every_site_has_a_page_in_both_languages_and_stands_in_the_list(run, profiles):
    for language in ("zh", "en"):
        folder = run / language / "sites"
        assert len(list(folder.glob("*.html"))) == len(profiles) + 1 == 9
        listed = html.fromstring((folder / "index.html").read_text(encoding="utf-8").encode())
        rows = [a.text_content() for a in listed.iterfind(".//table//th/a")]
        assert rows == sorted(rows)
        assert set(rows) == set(profiles["site_name"])


def test_links_from_and_to_pages_by_site_lead_to_files(run):
    for path in [*run.glob("*/*.html"), *run.glob("*/sites/*.html"), run / "index.html"]:
        tree = html.fromstring(path.read_text(encoding="utf-8").encode())
        ids = set(tree.xpath("//@id"))
        for target in tree.xpath("//a/@href"):
            if target.startswith("#"):
                assert target[1:] in ids
            elif path.parent.name == "sites" or "sites/" in target:
                assert target.startswith("data:") or (path.parent / target).is_file(), target


def test_tables_that_name_a_site_lead_to_its_page_where_readers_are_meant_to(run, profiles):
    names = set(profiles["site_name"])
    seen = 0
    stages = ("baseline", "monitoring", "design", "tracking", "value", "proposals")
    for path in (run / language / f"{name}.html" for language in ("zh", "en") for name in stages):
        tree = html.fromstring(path.read_text(encoding="utf-8").encode())
        for cell in [*tree.iterfind(".//table//th"), *tree.iterfind(".//table//td")]:
            if cell.text_content() in names:
                assert cell.find("a").get("href") == f"sites/{file_name(cell.text_content())}"
                seen += 1
    assert seen > 20
    owners = (run / "zh" / "owners.html").read_text(encoding="utf-8")
    assert 'href="sites/site-' not in owners


def test_a_site_that_waits_is_not_asked_to_train_again_and_says_why(run, profiles):
    waiting = profiles.index[profiles["state"] == "waits"]
    assert len(waiting) > 1
    for site in waiting:
        zh, en = text(run, site, "zh"), text(run, site, "en")
        assert "评估结束前不安排培训" in zh
        assert "no training before the study ends" in en
        assert not RETRAINED.search(zh + en)


def test_no_page_claims_a_cause(run, profiles):
    for site in profiles.index:
        for language, words in (
            ("zh", "由于培训|得益于|带来了"),
            ("en", "because of|thanks to|led to"),
        ):
            assert not re.search(words, text(run, site, language))


def test_a_closed_site_says_since_when_nothing_is_known(run, named):
    assert "2023年11月之后，本项目没有任何数据" in text(run, named["closed"], "zh")
    assert "since Nov 2023" in text(run, named["closed"], "en")
    assert "之后，本项目没有任何数据" not in text(run, named["few"], "zh")


def test_a_site_without_tickets_says_so(run, named):
    assert "没有工单记录" in text(run, named["silent"], "zh")
    assert page(run, named["silent"], "en").find(".//*[@id='site-requests']") is None


def test_fewer_than_eight_answers_are_hidden_on_page_and_sheet(run, named):
    rows = page(run, named["few"], "en").find(".//*[@id='site-results']").iterfind(".//tbody/tr")
    told = {row.findtext("th"): [td.text_content() for td in row.findall("td")] for row in rows}
    assert told["Mean customer satisfaction score"][:3] == ["‡"] * 3
    book = openpyxl.load_workbook(run / "en" / "tables.xlsx", read_only=True)
    sheet = next(s for s in book.worksheets if "Each site" in s.title and "latest" in s.title)
    lines = [row for row in sheet.iter_rows(values_only=True) if row[0] == named["few"]]
    mine = next(row for row in lines if row[1] == "Mean customer satisfaction score")
    assert set(mine[2:]) <= {"‡", None}


def test_rounds_a_year_apart_are_compared_and_add_up(run, profiles):
    stand = Sites(open_run(run)).standing
    means = stand[(stand["indicator"] == "csat_mean") & ~stand["hidden"]].set_index("site_id")
    both = means.dropna(subset=["change"])
    assert len(both) >= 5
    assert (both["value"] - both["past"]).round(6).equals(both["change"].round(6))
    site = both.index[0]
    assert "与2023年8月的" in text(run, site, "zh")
    assert "in Aug 2023: " in text(run, site, "en")


def test_a_site_is_one_number_on_its_page_and_on_others(run):
    assert differing(shown(run)) == {}
    found = results.load("monitoring", run / "results")
    funnel = found.table("funnel").set_index("subject")
    stand = found.table("site_standing")
    mine = stand[stand["indicator"] == "csat_top2"].set_index("site_id").loc[funnel.index]
    assert len(funnel) >= 5
    pd.testing.assert_series_equal(mine["value"], funnel["value"], check_names=False)
    assert mine["n"].tolist() == funnel["n"].tolist()


def test_alerts_and_actions_of_a_site_are_those_of_the_register(run):
    sites = Sites(open_run(run))
    alerts = results.load("monitoring", run / "results").alerts
    own = [alert for alert in alerts if alert.subject in set(sites.profiles["site_id"])]
    assert own
    for alert in own:
        waiting = sites.actions[sites.actions["site_id"] == alert.subject]
        assert alert.due_on in set(waiting["due_on"])
        shown_alerts = page(run, alert.subject, "en").findall(".//*[@id='site-alerts']//li")
        assert len(shown_alerts) == len(sites.alerts[alert.subject])
    book = openpyxl.load_workbook(run / "zh" / "actions_to_decide.xlsx")
    rows = list(book.worksheets[1].iter_rows(min_row=2, values_only=True))
    assert [row[-1] for row in rows] == sites.actions["action_id"].tolist()
    assert [str(row[4].date()) for row in rows] == sites.actions["due_on"].tolist()


def test_pages_are_small_ask_nothing_and_go_into_the_archive(run, tmp_path):
    names = []
    for path in run.glob("*/sites/*.html"):
        body = path.read_text(encoding="utf-8")
        assert len(body) < 200_000
        assert "<script" not in body
        assert "default-src 'none'" in body
        names.append(path.relative_to(run).as_posix())
    archive = share(run, tmp_path / "out.zip")
    assert set(names) <= set(zipfile.ZipFile(archive.path).namelist())


def test_of_too_many_sites_those_with_something_to_do_have_pages(run):
    def of(most):
        told = open_run(run)
        told.__dict__["appearance"] = dataclasses.replace(told.appearance, site_pages=most)
        return Sites(told)

    sites = of(1)
    (one,) = sites.told
    assert sites.alerts.get(one) or sites.open_actions.get(one)
    assert set(sites.links.values()) == {file_name(one)}
    assert of(0).told == ()


def test_a_name_that_is_a_region_or_a_number_leads_nowhere():
    sites = Sites(None)
    rows = pd.DataFrame(
        {
            "site_id": ["1", "S2", "S3", "S4"],
            "site_name": ["城东", "=甲", "乙", "乙"],
            "region": ["城东"] * 4,
        }
    )
    sites.__dict__["profiles"] = rows
    sites.__dict__["files"] = {site: file_name(site) for site in rows["site_id"]}
    assert set(sites.links) == {"S2", "=甲", "S3", "S4"}
    cells = '<td>1</td><th scope="row">=甲</th><td>乙</td><td>城东</td><td>S4</td>'
    with people.using(people.Screen()):
        out = linked(cells, sites, "sites/")
    assert out.count("<a ") == 2
    assert f'<th scope="row"><a href="sites/{file_name("S2")}">=甲</a></th>' in out
