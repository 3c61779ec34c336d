"""What stands in a stored table is written in words."""

from analysis.present import sentences


def test_a_site_with_a_stroke_in_its_name_is_no_form_of_a_test():
    assert sentences.subject_of("x", "Downtown / Financial District", "en") == (
        "Downtown / Financial District"
    )
    assert sentences.subject_of("x", "投诉处理 / written", "zh_CN") == "投诉处理 / 笔试"
