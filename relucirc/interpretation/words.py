"""Forms in the words of hidden variables: ``u2 - u1`` for a form over inputs and hinges."""

from relucirc.core.budget import tick
from relucirc.core.forms import Form
from relucirc.interpretation.parts import Parts
from relucirc.interpretation.terms import Absolute, Extreme

MOST_VARIABLES = 200
"""With more variables, no new ones are made."""
MOST_NAMED, MOST_TRIED = 3, 200
"""Circuits of an affine combination that is looked for among those that are known, and combinations of as many."""


class Words:
    """Writes forms over the inputs and the variables of a network's parts.

    Args:
        parts: The parts; variables that are needed besides are added to them.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._tops: dict[int, list[int]] = {}
        self._seen = 0

    def expressed(self, form: Form, most: int) -> Form | None:
        """Writes a form over inputs and variables; None where that takes more than so many terms.

        Known variables come first, the fewest that do; where these are many, the form may become a new one.
        """
        known = next(filter(None, (self._combination(form, count) for count in range(MOST_NAMED + 1))), None)
        if known is not None and len(known.terms) > most:
            known = None
        if known is not None and len(known.terms) < MOST_NAMED:
            return known
        if len(self.parts.own(form)) > MOST_NAMED or len(self.parts.found) > MOST_VARIABLES:
            return known
        enough = most if known is None else min(most, len(known.terms) - 1)
        return self.parts.tried(form, enough) or known

    def _combination(self, form: Form, most: int) -> Form | None:
        """The combination of the fewest inputs and at most so many known circuits that is a form, or None."""
        tick()
        n = self.parts.hinges.n
        top = max(form.terms, default=-1)
        if top < n:
            return form
        places = self._on_top(top)
        if not most or len(places) ** most > MOST_TRIED:
            return None
        found: Form | None = None
        for place in places:
            share = Form({n + place: form.terms[top] / self.parts.lines[place].terms[top]})
            rest = self._combination(form - self.parts.over_hinges(share), most - 1)
            if rest is not None and (found is None or len((rest + share).terms) < len(found.terms)):
                found = rest + share
        return found

    def _on_top(self, hinge: int) -> list[int]:
        """The circuits whose highest hinge is this one."""
        terms, lines = self.parts.terms, self.parts.lines
        for place in range(self._seen, len(terms)):
            if isinstance(terms[place], Extreme | Absolute):
                self._tops.setdefault(max(lines[place].terms), []).append(place)
        self._seen = len(terms)
        return self._tops.get(hinge, [])
