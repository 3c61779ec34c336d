"""What a piece of work reads of the catalogue is noted, and no more."""

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
