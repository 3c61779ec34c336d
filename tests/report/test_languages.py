"""Chinese words on English pages are marked as Chinese."""

import pytest

from analysis.report.languages import mark_chinese


@pytest.mark.parametrize(
    ("markup", "marked"),
    [
        ("<p>No names</p>", "<p>No names</p>"),
        ("<td>翠湖新村</td>", '<td><span lang="zh">翠湖新村</span></td>'),
        (
            "“翠湖新村”: 20.0% (一期、2期) fell",
            '“<span lang="zh">翠湖新村</span>”: 20.0% (<span lang="zh">一期、2期</span>) fell',
        ),
        ('<a title="翠湖">x</a>', '<a title="翠湖">x</a>'),
        ('<a lang="zh">中文</a>甲', '<a lang="zh">中文</a><span lang="zh">甲</span>'),
        ("<svg><text>甲</text></svg>", "<svg><text>甲</text></svg>"),
        ("<pre>甲<pre>乙</pre>丙</pre>", "<pre>甲<pre>乙</pre>丙</pre>"),
        ("<script>'甲'</script><br>乙", "<script>'甲'</script><br><span lang=\"zh\">乙</span>"),
    ],
)
def test_words_are_marked_where_they_are_read(markup, marked):
    assert mark_chinese(markup, "en") == marked
    assert mark_chinese(markup, "zh_CN") == markup
