"""Features in terms of hidden variables: what neurons of later layers detect, in the words of the first.

What a neuron takes the positive part of is written over the inputs and the hidden variables u1, u2, ... of
:mod:`relucirc.interpretation.parts`: ``relu(u2 - u1)`` is a greaterness detector of two minima, whatever the neurons
below it are.  For every layer that is proved, with the formulas of the variables put in.  A neuron that reads much has
no such row; it is named over the neurons below it, ``h1.1``, ``h1.2``, ..., as its weights say.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from relucirc.core.budget import tick
from relucirc.core.forms import Form
from relucirc.interpretation.composing import composed
from relucirc.interpretation.features import Neuron, name_layer, neurons_in
from relucirc.interpretation.parts import Parts
from relucirc.interpretation.vocabulary import Feature
from relucirc.interpretation.wiring import Wiring
from relucirc.interpretation.words import Words
from relucirc.proof.prover import prove

BELOW = 1_000_000
"""The number of the first neuron of the layer below, among variables."""


class Hidden:
    """Names the neurons of a network.

    Args:
        wiring: The network's hinges.
        parts: Its variables; those that are needed besides are added to them.  None for no variables.
    """

    def __init__(self, wiring: Wiring, parts: Parts | None = None) -> None:
        self.wiring, self.parts = wiring, parts
        self.where = "in the domain" if wiring.domain.relations else ""

    def layer(self, depth: int) -> list[Feature]:
        """Returns the features of a hidden layer, from 1: those of its neurons, then what they make up."""
        plain = list(self._weighed(depth))
        written = self._over_variables(depth, plain, self.parts) if depth > 1 and self.parts is not None else {}
        neurons = [written.get(i, neuron) for i, neuron in enumerate(plain, 1)]
        names = dict(enumerate(self.wiring.names if self.parts is None else self.parts.all_names()))
        if depth > 1:
            below = range(self.wiring.layers[depth - 1].shape[1])
            names |= {BELOW + j: f"h{depth - 1}.{j + 1}" for j in below}
        return list(name_layer(depth, neurons, self.wiring.layers[depth], names, self._is_positive, self.where))

    def with_state(self, feature: Feature) -> Feature:
        """Returns the feature of a neuron with what is certain of when it is active."""
        state = self.wiring.active(feature.layer, feature.neurons[0])
        if feature.active != "sometimes" or state == "sometimes":
            return feature
        if state == "never" and not self.where:
            return replace(feature, name="dead", of=(), active=state, label="0")
        return replace(feature, active=state, where=self.where)

    def _weighed(self, depth: int) -> Iterator[Neuron]:
        """The neurons as their weights say, over the inputs or the neurons of the layer below."""
        lines = self.wiring.before[depth - 1]
        for i, (neuron, line) in enumerate(zip(neurons_in(self.wiring.layers[depth - 1]), lines, strict=True), 1):
            row = tuple((v + BELOW, c) for v, c in neuron.row) if depth > 1 else neuron.row
            yield replace(neuron, row=row, line=line, active=self.wiring.active(depth, i))

    def _over_variables(self, depth: int, plain: Sequence[Neuron], parts: Parts) -> dict[int, Neuron]:
        """Those that can be written over hidden variables in no more terms, if all of that is proved."""
        words = Words(parts)
        forms: dict[int, Form] = {}
        for i, neuron in enumerate(plain, 1):
            tick()
            form = words.expressed(neuron.line, max(len(neuron.row), 1))
            if form is not None:
                forms[i] = form
        if not forms:
            return {}
        claim = composed(parts.all_names(), parts.terms, list(forms.values()))
        proof = prove(self.wiring.graph(depth, list(forms)), claim, self.wiring.domain, budget=None)
        if proof.status != "proved":
            return {}
        return {
            i: replace(plain[i - 1], row=tuple(sorted(form.terms.items())), bias=form.const, proof=proof)
            for i, form in forms.items()
        }

    def _is_positive(self, v: int) -> bool:
        """Whether a variable is never negative: a neuron, or what is a sum of what is not."""
        if v >= BELOW:
            return True
        hinges, known = self.wiring.hinges, [] if self.parts is None else self.parts.lines
        line = Form.variable(v) if v < hinges.n else known[v - hinges.n]
        return hinges.prove_nonnegative(line) is not None
