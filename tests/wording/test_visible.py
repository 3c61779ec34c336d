"""The scanner of pages finds what must not be seen, and leaves alone what is quoted on purpose."""

import pytest
from visible import stains

FAULTS = {
    "infinite": "<p>The ratio is Infinity.</p>",
    "infinite sign": "<td>∞</td>",
    "minus infinite": "<td>−∞ days</td>",
    "not a number": "<td>nan</td>",
    "none": "<p>The reason is None.</p>",
    "placeholder": "<p>{n} sites</p>",
    "placeholder with a format": "<p>{n:int} sites of {total:num1}</p>",
    "key of two parts": "<p>value.roi</p>",
    "key of three parts": "<h2>causal.method.none</h2>",
    "key in Chinese": "<p>原因：refusals.question。</p>",
    "alternative text": '<img alt="value.roi by month">',
    "within the layout": '<div class="in layout"><img alt="value.roi by month"></div>',
    "title": '<span title="nan">?</span>',
    "label read out": '<svg aria-label="{n:int} months"></svg>',
    "code": "<p>See <code>findings.money.paid</code>.</p>",
    "preformatted": "<pre>ValueError: not finite</pre>",
}

QUOTED = {
    "file": "<p>Write it into client.yml or data/acme/design.csv.</p>",
    "file in code": "<code>data/acme/client.yml</code>",
    "command": "<code>crmeval run acme --stage monitoring</code>",
    "expression": '<code>stage.evaluate(comparison="never_treated").overall</code>',
    "open interval": "<p>the interval is (0.2, ∞)</p>",
    "formula": "<span>\\mathrm{ATT}_{g}</span>",
    "cell of the notebook": '<details class="method"><pre>f"{n}" or None</pre></details>',
    "end of a sentence": "<p>That is its value.So it is.</p>",
    "sheet": "<p>in the sheet monitoring.history.</p>",
    "script": "<script>var x = null; // value.roi</script>",
}


def written(tmp_path, html):
    page = tmp_path / "page.html"
    page.write_text(f"<html><body>{html}</body></html>", encoding="utf-8")
    return page


@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_planted_fault_is_found(fault, tmp_path):
    assert stains(written(tmp_path, FAULTS[fault]))


@pytest.mark.parametrize("quoted", list(QUOTED))
def test_what_is_quoted_on_purpose_is_not(quoted, tmp_path):
    assert stains(written(tmp_path, QUOTED[quoted])) == []
