"""What a report says, part by part, as HTML; all text is escaped."""

import json
from html import escape
from typing import Any

from relucirc.core.errors import shorten
from relucirc.core.printing import formula_text
from relucirc.core.tables import counted
from relucirc.interpretation.explanation import Explanation
from relucirc.interpretation.part import Part
from relucirc.pictures.circuits import draw_circuits
from relucirc.pictures.fronts import draw_front
from relucirc.pictures.network import draw, is_large
from relucirc.pictures.page.document import bench_html
from relucirc.pictures.page.files import file_list, stored_files
from relucirc.pictures.page.findings import Findings, by_layers, domain_text, said

SHORT, LONG = 200, 20_000
"""Longest formula that is shown at once, and longest that is shown whole."""
FOLDED = 4_000
"""Longest evidence that is shown, in characters."""
WIDE = 1_600
"""Widest picture of circuits, in pixels."""
MOST_PARTS = 60
"""Most circuits that are listed."""
OPEN = 8
"""Most circuits that are open from the beginning: those of a network with more are closed."""
NAMES = 8
"""Most inputs that are named in a sentence."""


def code(text: str, longest: int = SHORT) -> str:
    """A formula."""
    return f"<code>{escape(shorten(text, longest))}</code>"


def folded(title: str, inside: str, attributes: str = "") -> str:
    """A title that opens what is inside; both are HTML."""
    return f"<details{attributes}><summary>{title}</summary>{inside}</details>"


def section(name: str, title: str, inside: str) -> str:
    """A part of the page with its title."""
    return (
        f'<section class="panel" id="{name}" aria-labelledby="{name}-title">'
        f'<h2 id="{name}-title">{escape(title)}</h2>{inside}</section>'
    )


def figure(picture: str, about: str) -> str:
    """A picture that is moved sideways where it is too wide."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(about)}">{picture}</div>'


# At the top


def header(found: Findings) -> str:
    """Title, formula, verdict, and the counterexample."""
    asked, (status, reason) = found.asked, found.verdict
    inputs = ", ".join(asked.net.inputs[:NAMES]) + (", ..." if len(asked.net.inputs) > NAMES else "")
    where = "" if asked.where.is_everything else f", where {code(domain_text(asked))}"
    lines = [
        f"<h1>{escape(asked.title)}</h1>",
        f"<p>A ReLU network of {escape(inputs)} with {counted(asked.net.sizes[-1], 'output')}{where}.</p>",
        _equation(found),
        f'<p class="verdict" data-status="{status}"><b>{status}</b> {escape(reason)}</p>',
        _counterexample(found),
    ]
    return f"<header>{''.join(lines)}</header>"


def _equation(found: Findings) -> str:
    """The formula, which is claimed or found."""
    if found.formula is None:
        return ""
    apart = found.asked.within if found.asked.formula is not None else getattr(found.explanation, "deviation", None)
    near = f" to within {escape(formula_text(apart) if not isinstance(apart, str) else apart)}" if apart else ""
    text = said(found.formula)
    verb = "It computes" if found.asked.formula is None else "The claim:"
    whole = folded("the whole formula", f"<pre>{escape(shorten(text, LONG))}</pre>") if len(text) > SHORT else ""
    return f'<p class="formula" id="formula">{verb} {code(text)}{near}</p>{whole}'


def _counterexample(found: Findings) -> str:
    result = found.result
    if result is None or result.witness is None:
        return ""
    point = ", ".join(f"{name} = {value}" for name, value in result.witness.items())
    values = f"the network gives {code(formula_text(result.network_value))}"
    if result.formula_value is not None:
        values += f" and the formula {code(formula_text(result.formula_value))}"
    button = '<button type="button" id="witness">Show it below</button>' if found.asked.answers else ""
    return f'<p id="counterexample">At {code(point)} {values}. {button}</p>'


# The network, and what is inside


def network(found: Findings) -> str:
    """The part that answers, or a picture and a sentence."""
    net = found.asked.net
    drawing = draw(net, title=found.asked.title, explanation=found.explanation)
    if found.asked.answers:
        return bench_html(drawing)
    sentence = f"{by_layers(net)[:1].upper()}{by_layers(net)[1:]}." if is_large(net) else "Its weights have symbols."
    return section("network", "The network", f"{figure(drawing, 'Diagram of the network')}<p>{escape(sentence)}</p>")


def circuits(explanation: Explanation | None) -> str:
    """The circuits inside of a network: a picture, and every circuit with its proof folded in."""
    if explanation is None or not explanation.parts:
        return ""
    shown: set[str] = set()
    items = [_part(part, shown) for part in explanation.parts]
    known = ", ".join(explanation.circuits)
    same = f"<p>The whole network computes the same as {escape(known)} of the catalogue.</p>" if known else ""
    picture = draw_circuits(explanation) if len(explanation.variables) <= MOST_PARTS else None
    shape = figure(picture, "Circuits") if picture is not None and picture.scene.width <= WIDE else ""
    return section("circuits", "The circuits inside", f"{same}{shape}{''.join(items)}")


def _part(part: Part, shown: set[str]) -> str:
    """A circuit, with its proof and what it reads folded in."""
    if part.variable in shown or len(shown) >= MOST_PARTS:
        return ""
    shown.add(part.variable)
    title = f"<b>{escape(part.variable)}</b> = {code(formula_text(part.formula))}, {escape(part.name)}"
    if part.whole and not part.whole.startswith(part.name):
        title += f", the {escape(part.whole)}"
    neurons = [f"h{layer}.{neuron}" for layer, neuron in part.neurons]
    facts = [f"<p>Neurons: {escape(', '.join(neurons))}.</p>"] if neurons else []
    if part.given:
        facts.append(f"<p>It supposes {escape(', '.join(part.given))}, which follows from what these are.</p>")
    facts.append(_proof(part))
    below = "".join(_part(each, shown) for each in part.below)
    state = " open" if len(shown) <= OPEN else ""
    return folded(title, "".join(facts) + below, f' class="part" data-neurons="{escape(" ".join(neurons))}"{state}')


def _proof(part: Part) -> str:
    if part.proof is None:
        return "<p>That is what the weights say.</p>"
    evidence = shorten(json.dumps(part.proof.certificate), FOLDED)
    return folded(escape(str(part.proof)), f"<pre>{escape(evidence)}</pre>", ' class="proof"')


def front(explanation: Explanation | None) -> str:
    """Shorter formulas, and how far each is from the network."""
    found = None if explanation is None else explanation.front
    if found is None or not found.entries:
        return ""
    picture = figure(draw_front(found), "Distances of shorter formulas")
    return section("front", "Shorter formulas that are near", f"{picture}<pre>{escape(str(found))}</pre>")


def words(explanation: Explanation | None) -> str:
    """All of the explanation as text."""
    if explanation is None:
        return ""
    return section("words", "In words", folded("All that was found", f"<pre>{escape(str(explanation))}</pre>"))


# At the end


def files(found: Findings) -> str:
    """What can be saved, and what proves the rest."""
    stored = stored_files(found)
    if found.certificate is not None:
        size = len(json.dumps(found.certificate))
        about = f"The certificate has {size:,} characters; a checker that shares no code with what found it accepts it."
    elif found.witness is not None:
        about = "The counterexample is the evidence: whoever evaluates both sides there sees that they differ."
    else:
        about = "There is no certificate, as nothing was proved."
    return section("files", "To save and to check", f"{file_list(stored)}<p>{about}</p>")


def footer(seconds: float, version: Any) -> str:
    """What is claimed, and by what."""
    claimed = "“Proved” is about the function over the real numbers that these exact weights define."
    return f'<footer class="note">{claimed} Made by relucirc {escape(str(version))} in {seconds:.1f} s.</footer>'
