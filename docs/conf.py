"""Sphinx settings.  The catalogue and the API pages are written from the code before every build."""

import sys
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import generate
from playground import build as playground

import relucirc

project = "relucirc"
author = "The relucirc developers"
copyright = "The relucirc developers, Apache-2.0"  # noqa: A001  (Sphinx's name)
release = version = relucirc.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["deflist", "dollarmath", "colon_fence"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
suppress_warnings = ["config.cache", "ref.python"]  # a name such as RelucircError stands in two places

if find_spec("latex2mathml"):  # without it, formulas are drawn by a script from the network
    extensions.append("mathml")
    html_math_renderer = "mathml"

html_theme = "alabaster"
html_static_path = ["_static"]
html_extra_path = ["_generated/site"]  # pages that stand alone; it has to be there when this is read
Path(__file__).with_name("_generated").joinpath("site").mkdir(parents=True, exist_ok=True)
html_title = "relucirc"
html_show_sourcelink = False
html_theme_options = {
    "description": "Prove what a ReLU network computes, exactly.",
    "fixed_sidebar": True,
    "page_width": "1180px",
    "body_max_width": "100%",
    "sidebar_width": "240px",
    "font_family": "Georgia, 'DejaVu Serif', serif",
    "head_font_family": "Georgia, 'DejaVu Serif', serif",
}
html_sidebars = {"**": ["about.html", "navigation.html", "searchbox.html"]}


def setup(app):
    """Writes the generated pages, and the playground, when a build begins."""
    app.connect("builder-inited", lambda _: generate.main())
    app.connect("builder-inited", lambda _: playground.write(generate.HERE / "site" / "playground"))
