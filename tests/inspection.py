"""What a browser finds wrong with a page: asked of the made-up pages by tests, of any by hand."""

from __future__ import annotations

import re

INSPECT = """() => {
  const all = [...document.querySelectorAll('[id]')].map(e => e.id);
  const bad = (list) => [...new Set(list)].slice(0, 8).map(e => e.outerHTML.slice(0, 160));
  const seen = [...document.querySelectorAll('body *')].filter(e => e.checkVisibility());
  const levels = seen.filter(e => /^H[1-6]$/.test(e.tagName)).map(e => +e.tagName[1]);
  const width = document.documentElement.clientWidth;

  const colour = (text) => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return {r, g, b, a};
  };
  const light = ({r, g, b}) => {
    const [x, y, z] = [r, g, b].map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = colour(getComputedStyle(e).backgroundColor);
      if (c.a > 0.99) return c;
    }
    return {r: 255, g: 255, b: 255};
  };
  const faint = seen.filter(e => {
    if (e.closest('svg, math, [aria-hidden]')) return false;
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) return false;
    const style = getComputedStyle(e), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && +style.fontWeight >= 700);
    const [p, q] = [light(colour(style.color)), light(behind(e))].sort((a, b) => b - a);
    return (p + 0.05) / (q + 0.05) < (large ? 3 : 4.5);
  });

  const heads = seen.filter(e => e.matches('main h2'));
  const between = (from, to) => {
    const range = document.createRange();
    range.setStartAfter(from);
    if (to) range.setEndBefore(to); else range.setEndAfter(document.querySelector('main'));
    const part = range.cloneContents();
    part.querySelectorAll('details.method, h2').forEach(e => e.remove());
    return part.textContent.trim() || part.querySelector('svg, img');
  };

  const text = document.body.innerText;
  const aside = [...document.querySelectorAll('.method, .about, pre, code, svg, math')];
  aside.forEach(e => e.style.setProperty('display', 'none', 'important'));
  const prose = document.body.innerText;
  aside.forEach(e => e.style.removeProperty('display'));
  return {
    lang: document.documentElement.lang,
    overflow: document.documentElement.scrollWidth - width,
    doubled: all.filter((id, i) => all.indexOf(id) !== i),
    levels,
    noAlt: bad([...document.querySelectorAll(
      'img:not([alt]), svg:not([aria-label], [aria-hidden])')]),
    noCaption: bad([...document.querySelectorAll('.crm table')].filter(t => !t.caption)),
    noScope: bad([...document.querySelectorAll('.crm th:not([scope])')]),
    emptyHead: bad([...document.querySelectorAll('.crm th')].filter(t => !t.textContent.trim())),
    unnamed: bad([...document.querySelectorAll('a, summary')].filter(a => !a.textContent.trim())),
    clipped: bad(seen.filter(e => e.matches('h1,h2,p,li,dt,dd,figure,summary')
      && !e.closest('.scroll, .skip') && e.getBoundingClientRect().right > width + 1)),
    cut: bad(seen.filter(e => !e.closest('svg, math, .scroll, .skip')
      && getComputedStyle(e).overflowX === 'hidden' && e.scrollWidth > e.clientWidth + 1)),
    faint: bad(faint),
    bare: bad(heads.filter((h, i) => !between(h, heads[i + 1]))),
    lost: [...document.querySelectorAll('.toc a')].map(a => a.hash.slice(1))
      .filter(id => !document.getElementById(id)),
    text,
    prose,
    alts: [...document.querySelectorAll('svg')].map(e => e.getAttribute('aria-label')).join(' '),
  };
}"""
"""Run in the page; every list it returns must be empty but ``levels``."""

PROBLEMS = (
    "doubled", "noAlt", "noCaption", "noScope", "emptyHead", "unnamed", "clipped", "cut", "faint",
    "bare", "lost",
)  # fmt: skip
KEY = re.compile(r"(?<![\w./@-])[a-z]+(?:_[a-z0-9]+)+(?![\w./(])")
"""A name of the code where a reader expects words: ``benefit_cost_ratio``."""
TWICE = re.compile(r"(\S{12,}[。.])\s*\1")
ENGLISH = re.compile(r"(?<![A-Za-z])[a-z]{3,}(?: [a-z]{2,}){2,}")
"""Three words of running English; names and abbreviations pass."""


def faults_of_words(found: dict, *, chinese: bool) -> list[str]:
    """Return what no reader should meet among the words of a page."""
    prose = found["prose"]
    faults = KEY.findall(prose) + TWICE.findall(prose)
    faults += re.findall(r".{20}(?:p [=＝] <|\d+\.\d{4,}).{10}", prose)
    if chinese:
        faults += ENGLISH.findall(prose)
    words = found["text"] + " " + found["alts"]
    faults += [wrong for wrong in ("□", "\ufffd", "{") if wrong in words]
    return faults + sorted({"nan", "None", "NaN", "null"} & set(re.split(r"[\t\n]", words)))
