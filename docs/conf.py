"""Sphinx settings.  The catalogue, the gallery and the API pages are written from the code before every build."""

import sys
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import generate
import notebooks
from playground import build as playground

import relucirc

project = "relucirc"
author = "The relucirc developers"
copyright = "The relucirc developers, Apache-2.0"  # noqa: A001  (Sphinx's name)
release = version = relucirc.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build", "_generated/front.md"]
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "dollarmath"]
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

nb_execution_mode = "force"  # the pages of examples are run at every build, and show what they gave
nb_execution_raise_on_error = True
nb_execution_in_temp = True  # what they save is not saved here
nb_execution_timeout = 600
nb_execution_show_tb = True
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

if find_spec("latex2mathml"):  # without it, formulas are drawn by a script from the network
    extensions.append("mathml")
    html_math_renderer = "mathml"

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_extra_path = ["_generated/site"]  # pages that stand alone; it has to be there when this is read
Path(__file__).with_name("_generated").joinpath("site").mkdir(parents=True, exist_ok=True)
html_title = "relucirc"
html_show_sourcelink = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b6b62", "color-brand-content": "#0b6b62"},
    "dark_css_variables": {"color-brand-primary": "#58c9bb", "color-brand-content": "#58c9bb"},
    "navigation_with_keys": True,
}


def setup(app):
    """Writes the generated pages and the playground, and reads the examples as they can be run here."""
    app.connect("builder-inited", lambda _: generate.main())
    app.connect("source-read", notebooks.on_source_read)
    app.connect("env-get-outdated", notebooks.on_outdated)
    app.connect("builder-inited", lambda _: playground.write(generate.HERE / "site" / "playground"))
