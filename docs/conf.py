"""The site: `./dev docs` makes it. See CONTRIBUTING.md."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parents[1]))

from tools.site.pages import page_text
from tools.site.pictures import make_pictures

project = "mcumatrix"
author = "the authors of mcumatrix"
project_copyright = author
version = release = version_of("mcumatrix")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4

default_role = "literal"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
nitpicky = True
# Types are told by their names where they are no part of the public API.
nitpick_ignore_regex = [(r"py:.*", r"(?!(vstm32\.\w+|mcumatrix\.ports\.\w+)$).*")]

html_theme = "furo"
html_title = f"mcumatrix {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
# A picture, a style or a script from another server would tell it who reads.
html_theme_options = {"source_view_link": "", "source_edit_link": ""}
# Publications and forges that turn programs away are checked by hand.
linkcheck_timeout = 20
linkcheck_anchors = False


def setup(app: Sphinx) -> None:
    """Makes pictures first, and puts into each page what is made for it."""
    app.connect("builder-inited", _pictures)
    app.connect("source-read", _page)


def _pictures(app: Sphinx) -> None:
    if app.builder.format == "html":
        make_pictures(Path(app.srcdir) / "_static" / "made")


def _page(app: Sphinx, name: str, contents: list[str]) -> None:
    contents[0] = page_text(contents[0], Path(app.env.doc2path(name)))
