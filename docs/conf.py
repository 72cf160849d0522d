"""How Sphinx builds these pages: `make docs` writes docs/_build/html, which loads nothing from elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

import gradlab  # noqa: E402 - after the path

project = "gradlab"
author = "gradlab contributors"
copyright = author
version = release = gradlab.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "myst_nb",
    "markdown_docstrings",
    "neighbours",
    "numbered_formulas",
]
exclude_patterns = ["_build", "_ext"]
root_doc = "index"

# Reading
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 4
nb_execution_mode = "off"  # the tutorials keep their outputs; the gallery is run when it is asked for
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_merge_streams = True
nb_render_markdown_format = "myst"  # what records show has mathematics and tables
suppress_warnings = ["myst.mathjax"]  # MyST widens the classes that MathJax reads, as the notebooks need it

# Docstrings
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries_show_parents = "hide"

# Pages
html_theme = "furo"
html_title = "gradlab"
html_static_path = ["_static"]
html_css_files = ["gradlab.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"footer_icons": [], "top_of_page_buttons": []}
pygments_style = "friendly"
pygments_dark_style = "github-dark"
mathjax_path = (
    "mathjax/tex-svg.js"  # one file with its fonts, from the package mathjax 3.2.2; its licence lies beside it
)
