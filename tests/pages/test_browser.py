"""Every page in a real browser: wide and narrow, both languages, offline."""

import re
import shutil

import pytest
from inspection import INSPECT, PROBLEMS, faults_of_words

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAGES = ("index", "tracking", "evaluation", "owners", "method")
NAMES = [
    "index.html",
    *(f"{folder}/{page}.html" for folder in ("zh", "en") for page in PAGES),
    "../../index.html",
    "../../index.en.html",
]
pytestmark = pytest.mark.pages


@pytest.fixture(scope="module")
def browser():
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("no Chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", NAMES)
def test_page(browser, run_folder, name, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    requests, complaints = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto((run_folder / name).resolve().as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = page.evaluate(INSPECT)
    page.close()

    assert [r for r in requests if not r.startswith(("file:", "data:"))] == []
    assert complaints == []
    assert found["lang"] == ("en" if "en" in name.split("/")[-2:][0] or "en." in name else "zh-CN")
    assert found["overflow"] <= 0
    for problem in PROBLEMS:
        assert found[problem] == [], problem
    assert found["levels"][0] == 1
    assert found["levels"].count(1) == 1
    steps = zip(found["levels"], found["levels"][1:], strict=False)
    assert all(after - before <= 1 for before, after in steps)
    assert faults_of_words(found, chinese=found["lang"] == "zh-CN") == []
    assert "sample." not in (found["text"] + found["alts"]).replace("sample. ", "")


def test_contents_are_open_on_wide_screens_and_folded_on_phones(browser, run_folder):
    for width, visible in ((1280, True), (390, False)):
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto((run_folder / "zh" / "tracking.html").as_uri())
        assert page.locator(".toc li").first.is_visible() is visible
        page.close()


def test_keyboard_reaches_the_content_first(browser, run_folder):
    page = browser.new_page()
    page.goto((run_folder / "en" / "tracking.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.url.endswith("#content")
    page.close()


def test_a_table_can_be_saved(browser, run_folder):
    page = browser.new_page()
    page.goto((run_folder / "en" / "tracking.html").as_uri())
    with page.expect_download() as waiting:
        page.locator(".crm.table .download a").first.click()
    text = waiting.value.path().read_text(encoding="utf-8-sig")
    page.close()
    assert text.splitlines()[0].startswith("Months since training started,Estimate")
    assert len(text.splitlines()) == 5


def test_it_prints_on_a4(browser, run_folder, tmp_path):
    page = browser.new_page()
    page.goto((run_folder / "zh" / "tracking.html").as_uri())
    paper = page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    page.set_viewport_size({"width": 673, "height": 1000})  # 178 mm at 96 dots an inch
    page.emulate_media(media="print")
    wide = page.evaluate(
        "[...document.querySelectorAll('table, svg, img')].filter(e => e.checkVisibility()"
        " && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 120))"
    )
    page.close()
    assert paper.startswith(b"%PDF")
    assert wide == []


@pytest.mark.parametrize("name", ["zh/index.html", "en/index.html"])
def test_the_decision_brief_is_one_sheet(browser, run_folder, tmp_path, name):
    page = browser.new_page()
    page.goto((run_folder / name).as_uri())
    paper = page.pdf(prefer_css_page_size=True)
    page.emulate_media(media="print")
    shown = page.evaluate("document.body.innerText")
    hidden = page.locator("#brief-stages-section").is_visible()
    page.close()
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
    assert not hidden
    assert "20240501-0800" in shown  # which run the sheet is of


def test_chinese_is_drawn_on_every_page_without_an_installed_font(browser, run_folder):
    """The embedded font must serve even the few characters of an English page."""
    for name, selector in (("en/tracking.html", ".switch"), ("zh/tracking.html", "h1")):
        page = browser.new_page()
        page.goto((run_folder / name).as_uri())
        session = page.context.new_cdp_session(page)
        session.send("DOM.enable")
        session.send("CSS.enable")
        root = session.send("DOM.getDocument")["root"]["nodeId"]
        node = session.send("DOM.querySelector", {"nodeId": root, "selector": selector})
        fonts = session.send("CSS.getPlatformFontsForNode", node)["fonts"]
        page.close()
        assert any(" SC" in f["familyName"] or "CJK" in f["familyName"] for f in fonts), fonts
