"""What IPython shows of an error about the user's input: the user's own lines and the sentence.

Where the library noticed it is of no use to those who gave the input, and would push their line out of sight.
"""

import copy
from types import TracebackType

LIBRARY = __name__.partition(".")[0]
HINT = "(All of it: %xmode Verbose, then %tb.)"


def users_lines(traceback: TracebackType | None) -> TracebackType | None:
    """The part of a traceback above the library; None where the library stands at its top, or not in it."""
    above = []
    here = traceback
    while here is not None and here.tb_frame.f_globals.get("__name__", "").partition(".")[0] != LIBRARY:
        above.append(here)
        here = here.tb_next
    found = None
    for part in reversed(above if here is not None else []):
        found = TracebackType(found, part.tb_frame, part.tb_lasti, part.tb_lineno)
    return found


def rendered(error: BaseException) -> list[str]:
    """An error as IPython shows it, in its colours and its mode, without the library's lines unless that is Verbose."""
    from IPython import get_ipython  # noqa: PLC0415  (it is there, since it asks)

    tables = get_ipython().InteractiveTB
    above = users_lines(error.__traceback__)
    if above is None or tables.mode == "Verbose":
        return tables.structured_traceback(type(error), error, error.__traceback__)
    alone = copy.copy(error)  # without the errors that it came from
    return [*tables.structured_traceback(type(error), alone, above), HINT]
