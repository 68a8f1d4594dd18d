"""The examples: pages of text and cells that are run when the site is built, and by tests/test_notebooks.py.

They stand in docs/examples as MyST notebooks, without outputs, so that nothing is shown but what was computed.  Cells
that are tagged ``torch`` are left out where PyTorch, which is gigabytes, is not installed, and the page says so.
"""

import re
from importlib.util import find_spec
from pathlib import Path

EXAMPLES = Path(__file__).parent / "examples"
TORCH = re.compile(r"^(?P<opening>```\{code-cell\}[^\n]*\n:tags: \[)torch\b", re.MULTILINE)
NOTE = """:::{note}
PyTorch was not installed where this page was built, so the cells that need it were not run.
:::

"""


def readable(text: str, torch: bool | None = None) -> str:
    """The source of an example as it can be run: without PyTorch its cells are skipped, below a note."""
    first = TORCH.search(text)
    if first is None or (find_spec("torch") is not None if torch is None else torch):
        return text
    text = text[: first.start()] + NOTE + text[first.start() :]
    return TORCH.sub(r"\g<opening>skip-execution", text)


def on_source_read(_app, name, content):
    """Sphinx's event: changes what was read of an example."""
    if name.startswith("examples/"):
        content[0] = readable(content[0])


def on_outdated(_app, env, _added, _changed, _removed):
    """Sphinx's event: examples are run at every build, since what they show depends on the library too."""
    return [name for name in env.found_docs if name.startswith("examples/")]
