"""The documentation site: `make docs` builds it, offline, with every warning an error."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import latex2mathml.converter
from docutils import nodes
from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

sys.path.insert(0, str(Path(__file__).parent))
import flowchart

# Kernels remark on their sockets with every start; only errors are worth reading here.
_profile = Path(tempfile.mkdtemp()) / "profile_default"
_profile.mkdir()
(_profile / "ipython_kernel_config.py").write_text("c.IPKernelApp.log_level = 40\n")
os.environ["IPYTHONDIR"] = str(_profile.parent)

project = "crmeval"
author = "The crmeval developers"
html_title = "crmeval"
root_doc = "docs/index"

extensions = ["myst_nb", "sphinx.ext.autodoc", "numpydoc"]
include_patterns = [
    "docs/**",
    "benchmarks/README.md",
    "data/README.md",
    "data/*/README.md",
    "reports/README.md",
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
]
exclude_patterns = [".venv", "build", "dist", "tests", "analysis", "reports/*/*", "data/*/raw"]

html_theme = "pydata_sphinx_theme"
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 6,
}
html_show_sourcelink = False
html_copy_source = False
html_math_renderer = "mathml"

myst_enable_extensions = ["deflist", "dollarmath"]
myst_heading_anchors = 5
nb_execution_mode = "force"
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_merge_streams = True
# Results carry both languages of a report beside the HTML that the site shows.
suppress_warnings = ["mystnb.unknown_mime_type"]

autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False


def _inline(writer: HTML5Translator, node: nodes.math) -> None:
    writer.body.append(latex2mathml.converter.convert(node.astext()))
    raise nodes.SkipNode


def _block(writer: HTML5Translator, node: nodes.math_block) -> None:
    writer.body.append(latex2mathml.converter.convert(node.astext(), display="block"))
    raise nodes.SkipNode


def _first_page(app: Sphinx, error: Exception | None) -> None:
    """Let the folder's index lead to the first page."""
    if error is None:
        page = '<!doctype html><meta http-equiv="refresh" content="0; url=docs/index.html">'
        (app.outdir / "index.html").write_text(page, encoding="utf-8")


def _draw(app: Sphinx, page: nodes.document) -> None:
    """Put a drawing in the place of each Mermaid block."""
    for block in list(page.findall(nodes.literal_block)):
        if block.get("language") == "mermaid":
            title = next(page.findall(nodes.title)).astext()
            drawn = flowchart.svg(block.astext(), title)
            block.replace_self(nodes.raw("", f"<figure>{drawn}</figure>", format="html"))


def setup(app: Sphinx) -> None:
    """Show formulas as MathML and diagrams as SVG: neither loads anything."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    app.add_lexer("mermaid", TextLexer)
    app.connect("doctree-read", _draw)
    app.connect("build-finished", _first_page)
