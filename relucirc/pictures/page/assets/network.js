"use strict";
// Networks, formulas and domains in exact numbers.

// A form {terms: [[variable, coefficient], ...], constant}, as the page's data write it.
const readForm = (data) => ({
  terms: data.terms.map(([v, c]) => [v, Q.parse(c)]),
  constant: Q.parse(data.constant),
});

function valueOf(form, values) {
  return form.terms.reduce((sum, [v, c]) => Q.add(sum, Q.mul(c, values[v])), form.constant);
}

function readNetwork(data) {
  const layers = data.layers.map((layer) =>
    layer.weight.map((row, i) => ({
      terms: row.map((c, j) => [j, Q.parse(c)]).filter(([, c]) => c.p !== 0n),
      constant: layer.bias === null ? Q.ZERO : Q.parse(layer.bias[i]),
    })),
  );
  return { inputs: data.inputs, layers };
}

const isLast = (network, layer) => layer === network.layers.length - 1;

// "x1", "h1.2", "y", as the drawing calls them; "output y" where an input is called y.
function neuronName(network, layer, i) {
  if (layer === 0) return network.inputs[i];
  if (layer < network.layers.length) return `h${layer}.${i + 1}`;
  const name = network.layers[layer - 1].length === 1 ? "y" : `y${i + 1}`;
  return network.inputs.includes(name) ? `output ${name}` : name;
}

// For every layer what goes into relu and what comes out; the inputs first.
function trace(network, point) {
  const found = [{ before: point, after: point }];
  network.layers.forEach((rows, k) => {
    const below = found[k].after;
    const before = rows.map((row) => valueOf(row, below));
    const after = isLast(network, k) ? before : before.map((z) => Q.max(z, Q.ZERO));
    found.push({ before, after });
  });
  return found;
}

const outputsAt = (network, point) => trace(network, point).at(-1).after;

// What every neuron reads as a form over the inputs, with the neurons on that are on at a point.
function formsAt(network, traced) {
  let below = network.inputs.map((_, j) => ({ terms: [[j, Q.ONE]], constant: Q.ZERO }));
  const nothing = { terms: [], constant: Q.ZERO };
  return network.layers.map((rows, k) => {
    const forms = rows.map((row) => composed(row, below));
    below = forms.map((form, i) => (Q.sign(traced[k + 1].before[i]) > 0 ? form : nothing));
    return forms;
  });
}

function composed(row, forms) {
  const sums = new Map();
  let constant = row.constant;
  for (const [j, weight] of row.terms) {
    constant = Q.add(constant, Q.mul(weight, forms[j].constant));
    for (const [v, c] of forms[j].terms) sums.set(v, Q.add(sums.get(v) ?? Q.ZERO, Q.mul(weight, c)));
  }
  const terms = [...sums].filter(([, c]) => c.p !== 0n).sort(([a], [b]) => a - b);
  return { terms, constant };
}

// A form as a sum: "x1 − 2 x2 + 1/3"; numbers that are too long are rounded, and ≈ stands before all of it.
function formText(form, names, room = 7) {
  const parts = form.terms.map(([v, c]) => [c, names[v]]);
  if (form.constant.p !== 0n || !parts.length) parts.push([form.constant, ""]);
  let about = false;
  const shown = parts.map(([c, name], k) => {
    const size = Q.magnitude(c);
    let number = Q.short(size, room);
    if (number.startsWith("≈")) [about, number] = [true, number.slice(1)];
    const body = name && Q.equal(size, Q.ONE) ? name : `${number} ${name}`.trim();
    const minus = Q.sign(c) < 0;
    return k ? `${minus ? " − " : " + "}${body}` : `${minus ? "−" : ""}${body}`;
  });
  return (about ? "≈ " : "") + shown.join("");
}

// A formula: gates, each a maximum or a choice, over the inputs and the gates before it.
function readFormula(data) {
  const gates = data.gates.map((gate) =>
    gate.max
      ? { max: gate.max.map(readForm) }
      : { choose: gate.choose.map(([guard, form]) => [readGuard(guard), readForm(form)]) },
  );
  return { gates, outputs: data.outputs.map(readForm) };
}

const readGuard = (data) => ({
  kind: data.kind,
  parts: (data.parts ?? []).map(readGuard),
  ...(data.form ? readRelation(data) : {}),
});

const readRelation = (data) => ({ form: readForm(data.form), op: data.op });

function formulaAt(formula, point) {
  const values = [...point];
  for (const gate of formula.gates) {
    const form = gate.choose?.find(([guard]) => holdsGuard(guard, values))[1];
    values.push(form ? valueOf(form, values) : gate.max.map((f) => valueOf(f, values)).reduce(Q.max));
  }
  return formula.outputs.map((form) => valueOf(form, values));
}

function holdsGuard(guard, values) {
  if (guard.kind === "relation") return holds(guard, values);
  if (guard.kind === "not") return !holdsGuard(guard.parts[0], values);
  if (guard.kind === "and") return guard.parts.every((part) => holdsGuard(part, values));
  if (guard.kind === "or") return guard.parts.some((part) => holdsGuard(part, values));
  return guard.kind === "true";
}

function holds({ form, op }, values) {
  const sign = Q.sign(valueOf(form, values));
  return op === ">" ? sign > 0 : op === ">=" ? sign >= 0 : sign === 0;
}

const readDomain = (data) => ({ relations: data.relations.map(readRelation), integers: data.integers });

const contains = (domain, point) =>
  domain.integers.every((v) => point[v].q === 1n) && domain.relations.every((relation) => holds(relation, point));
