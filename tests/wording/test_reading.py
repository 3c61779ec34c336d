"""What a piece of work reads of the catalogue is noted, and no more."""

from functools import cache

import pytest

from analysis import wording
from analysis.wording import catalogue
from analysis.wording.catalogue import WordingError

HERE, THERE = "terms.tier.frontline", "terms.tier.middle"


def test_keys_read_within_a_block_are_noted():
    wording.text(HERE, "en")
    with wording.reading() as read:
        wording.text(THERE, "zh_CN")
    wording.text(HERE, "en")
    assert read == {THERE}


def test_keys_that_are_not_there_are_noted_too():
    with wording.reading() as read:
        assert not wording.has("terms.tier.nobody")
        with pytest.raises(WordingError):
            wording.text("terms.tier.no_one", "en")
        wording.placeholders(HERE, "en")
    assert read == {"terms.tier.nobody", "terms.tier.no_one", HERE}


def test_an_outer_block_notes_what_an_inner_one_reads():
    with wording.reading() as outer:
        wording.has(HERE)
        with wording.reading() as inner:
            wording.has(THERE)
    assert inner == {THERE}
    assert outer == {HERE, THERE}


def test_an_inner_block_that_fails_is_noted_by_the_outer_one():
    with wording.reading() as outer, pytest.raises(WordingError), wording.reading():
        wording.text("terms.tier.no_one", "en")
    assert outer == {"terms.tier.no_one"}
    with wording.reading() as later:
        pass
    assert not later


def test_a_variant_of_a_programme_is_noted_with_the_usual_sentence():
    with wording.of_programme("appraisal"), wording.reading() as read:
        wording.has(HERE)
    assert read == {HERE, f"{HERE}@appraisal", f"{HERE}@without_rollout"}


def test_the_hash_of_entries_changes_with_a_sentence_and_not_with_their_order(
    monkeypatch,
):
    before = wording.entries_hash([HERE, THERE])
    assert before == wording.entries_hash((THERE, HERE, HERE))
    assert before != wording.entries_hash([HERE])
    changed = catalogue._sentences() | {THERE: {"zh": "别的", "en": "Something else"}}
    monkeypatch.setattr(catalogue, "_sentences", lambda: changed)
    assert wording.entries_hash([HERE, THERE]) != before
    assert wording.entries_hash([HERE, "terms.tier.nobody"]) != wording.entries_hash([HERE])


def test_a_file_is_read_alone_until_a_sentence_is_sought_that_it_has_not(monkeypatch):
    read = []
    content = catalogue.packaged.content
    monkeypatch.setattr(catalogue.packaged, "content", lambda at: read.append(at) or content(at))
    for cached in (catalogue._of_file, catalogue._sentences):
        monkeypatch.setattr(catalogue, cached.__name__, cache(cached.__wrapped__))
    alone = catalogue._Catalogue("en")
    assert alone["terms.tier.frontline"] == "Frontline"
    assert {path.name for path in read} == {"terms.yml"}
    assert alone["causal.check.skill_use"]
    assert len(read) > 20
    with pytest.raises(KeyError):
        alone["terms.tier.nobody"]
