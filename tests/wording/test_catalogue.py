"""Both languages say the same things; what the code asks for is there."""

import re
from pathlib import Path

import pytest

from analysis import step_files, wording
from analysis.wording.catalogue import WordingError

FOLDER = Path(wording.__file__).parent


def written():
    """Every file of the catalogue with the keys it holds, as the catalogue knows them."""
    return {
        path: [
            key + ending(path)
            for key in re.findall(
                r"^([a-z_0-9.A-Z-]+):$", path.read_text(encoding="utf-8"), re.MULTILINE
            )
        ]
        for path in sorted(FOLDER.rglob("*.yml"))
    }


def ending(path):
    """What the keys of a file of variants end in."""
    return f"@{path.stem}" if path.parent.name == "variants" else ""


def test_every_file_is_loaded():
    for path, there in written().items():
        assert there, path
        assert set(there) <= set(wording.keys()), path


def test_a_key_stands_once():
    there = [key for held in written().values() for key in held]
    there += step_files.read().sentences
    assert sorted(there) == list(wording.keys("en")) == list(wording.keys("zh_CN"))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (("terms.yes", {"zh": "是"}), "needs a text in each language"),
        (("terms.yes", {"zh": "是", "en": True}), "needs a text in each language"),
        (("terms.yes", "yes"), "needs a text in each language"),
        (("word.yes", {"zh": "是", "en": "yes"}), "does not start with terms"),
    ],
)
def test_a_faulty_entry_is_named(entry, message):
    with pytest.raises(WordingError, match=message):
        wording.catalogue._check_entry(FOLDER / "terms.yml", "terms", *entry)


def test_placeholders_are_equal_and_known():
    wrong = {}
    for key in wording.keys("en"):
        english, chinese = (wording.placeholders(key, at) for at in ("en", "zh_CN"))
        if [name for name, _ in english] != [name for name, _ in chinese]:
            wrong[key] = (english, chinese)
        unknown = {spec for _, spec in english + chinese} - set(wording.SPECS)
        if unknown:
            wrong[key] = unknown
    assert wrong == {}


def test_a_variant_fills_no_other_blanks_than_its_sentence():
    wrong = {}
    for key in wording.keys("en"):
        base, _, ending = key.partition("@")
        if ending:
            own, theirs = (
                {name for name, _ in wording.placeholders(k, at)}
                for k in (key, base)
                for at in ("en",)
            )
            if not own <= theirs:
                wrong[key] = own - theirs
    assert wrong == {}


def test_a_programme_says_its_own_sentence_and_training_the_usual_one():
    key = "terms.stage.tracking"
    usual = wording.text(key, "en")
    with wording.of_programme("service"):
        assert wording.text(key, "en") == "Service levels"
    with wording.of_programme("appraisal"):
        assert wording.text(key, "en") == "Scorecards"
        assert wording.text("terms.yes", "en") == wording.text("terms.yes", "en")
    assert wording.text(key, "en") == usual


def test_chinese_uses_full_width_punctuation():
    assert found(re.compile(r"[\u4e00-\u9fff][,;?!](?=.)", re.DOTALL)) == {}


NUMBER = r"\{[a-z_0-9]+:(?:int|num[123]|pct1?|signed1|points|effect|size|unit)\}"
TIGHT = re.compile(rf"[\u4e00-\u9fff]{NUMBER}|{NUMBER}[\u4e00-\u9fff]")


def test_numbers_stand_apart_from_chinese():
    assert found(TIGHT) == {}


def found(fault: re.Pattern) -> dict[str, list[str]]:
    """Return where Chinese sentences have a fault, by key."""
    places = {
        key: [match.group(0) for match in fault.finditer(wording.catalogue._sentence(key, "zh_CN"))]
        for key in wording.keys("zh_CN")
    }
    return {key: matches for key, matches in places.items() if matches}


def test_the_faults_that_are_looked_for_are_found():
    assert TIGHT.search("共{n:int} 个")
    assert TIGHT.search("{n:int}个")
    assert not TIGHT.search("共 {n:int} 个")


def test_an_unknown_key_names_the_near_ones():
    with pytest.raises(WordingError, match=r"terms\.tier\.frontline"):
        wording.text("terms.tier.frontlin", "en")


def test_a_missing_parameter_names_it():
    with pytest.raises(WordingError, match="'level'"):
        wording.text("terms.interval", "en")


def test_an_english_title_is_lower_case_within_a_sentence():
    effect = "report.effect_on"
    assert wording.text(effect, "en", indicator="Mean score").endswith("on mean score")
    assert wording.text(effect, "en", indicator="NPS").endswith("on NPS")


def test_surplus_parameters_are_allowed():
    assert wording.text("terms.interval", "zh_CN", level=0.95, n=3) == "95% 区间"


def test_a_unit_is_said_once_in_an_interval_of_finished_numbers():
    said = {"value": "+0.19 分", "low": "+0.13 分", "high": "+0.26 分"}
    assert wording.text("chapters.estimate_interval", "zh_CN", **said) == (
        "+0.19 分（+0.13 至 +0.26 分）"
    )


@pytest.mark.parametrize(
    ("rough", "written"),
    [
        ("区间 +2.3 个百分点 至 +11.8 个百分点；", "区间 +2.3 至 +11.8 个百分点；"),
        ("from +2.3 pp to +11.8 pp", "from +2.3 to +11.8 pp"),
        ("+2.3 pp to 11.8 points", "+2.3 pp to 11.8 points"),
        ("在 −4.40 件 至 −1.61 件 之间", "在 −4.40 至 −1.61 件之间"),
        ("方案于 2024年2月26日 封存", "方案于 2024年2月26日封存"),
        ("87.2万元 至 198.8万元", "87.2 至 198.8万元"),
        ("8,000元 至 1.2万元", "8,000元至 1.2万元"),
        ("误报概率不超过 <0.1%", "误报概率低于 0.1%"),
        ("in at most <0.1% of cases", "in less than 0.1% of cases"),
        ("理由：成本太高。。", "理由：成本太高。"),
        ("(p = <0.001)", "(p\u00a0<\u00a00.001)"),
        ("（p = 0.33）", "（p\u00a0=\u00a00.33）"),
    ],
)
def test_filled_sentences_are_tidied(rough, written):
    assert wording.catalogue._tidy(rough) == written


def test_every_unit_of_an_indicator_has_a_word():
    from analysis.indicators.registry import KINDS

    for language in wording.LANGUAGES:
        known = set(wording.keys(language))
        assert {f"terms.unit.{unit}" for unit in KINDS} <= known
