"use strict";
// The playground: a bench with a circuit of the catalogue, or the smallest network with one hidden layer for a graph
// that is drawn.

const parts = stored("parts"); // circuits, each with its data and drawing; and drawings for 0, 1, ... hidden neurons
let bench = null;
let original = null; // the network as it was, equal to its formula
let proved = ""; // why it is
let weights = []; // [{name, layer, row, term}], term null for a bias

function show(data, drawing, labels) {
  element("drawing").innerHTML = drawing; // written by the library
  bench = openBench(data);
  original = bench.network;
  bench.diagram.relabel(labels);
  bench.diagram.reweigh(original);
  listWeights();
  judge();
}

// A known circuit

function showCircuit() {
  const { data, drawing, about, proof } = parts.circuits[element("circuit").value];
  proved = `to its formula, everywhere: ${proof}.`;
  element("about").textContent = about;
  element("smallest").textContent = "";
  show(data, drawing, []);
}

// A graph

const sketch = openSketch(element("sketch"), showGraph);

function showGraph(points) {
  if (mode() !== "graph") return;
  if (document.activeElement !== element("points")) element("points").value = pointsText(points);
  const found = smallest(points);
  const count = found.neurons.length;
  proved = "to the graph, everywhere, by construction.";
  const data = {
    network: networkData(found),
    formula: formulaData(points),
    domain: { relations: [], integers: [] },
    within: "0",
    point: [Q.plain(points[Math.floor(points.length / 2)][0])],
    window: [spanOf(points)],
    neurons: Object.fromEntries(found.neurons.map((neuron, k) => [`h1.${k + 1}`, { feature: detectorName(neuron), circuits: [] }])),
  };
  element("smallest").replaceChildren(tag("b", {}, `${count} hidden neuron${count === 1 ? "" : "s"}`), ` ${found.reason}`);
  show(data, parts.drawings[count], found.neurons.map((neuron, k) => [`h1.${k + 1}`, detectorLabel(neuron)]));
}

function detectorName(neuron) {
  if (neuron.bias.p !== 0n) return `threshold detector: ${detectorLabel(neuron)}`;
  return Q.sign(neuron.weight) > 0 ? "positiveness detector" : "negativeness detector";
}

function spanOf(points) {
  const [left, right] = [Q.float(points[0][0]), Q.float(points.at(-1)[0])];
  return [Math.min(left - 0.5, -2), Math.max(right + 0.5, 2)];
}

// Weights

function listWeights() {
  const { layers } = original;
  weights = layers.flatMap((rows, layer) =>
    rows.flatMap((row, i) => {
      const target = neuronName(original, layer + 1, i);
      const terms = row.terms.map(([j], term) => ({ name: `${neuronName(original, layer, j)} ${target}`, layer, row: i, term }));
      return row.constant.p === 0n ? terms : [...terms, { name: `1 ${target}`, layer, row: i, term: null }];
    }),
  );
  const options = weights.map(({ name }, k) => tag("option", { value: k }, name.replace(" ", " → ")));
  element("weight").replaceChildren(...options);
  for (const wire of bench.diagram.wires) {
    wire.addEventListener("click", () => {
      const k = weights.findIndex(({ name }) => name === wire.dataset.name);
      if (k < 0) return;
      element("weight").value = k;
      pick();
    });
  }
  pick();
}

const picked = () => weights[element("weight").value];

function valueIn(network, { layer, row, term }) {
  const found = network.layers[layer][row];
  return term === null ? found.constant : found.terms[term][1];
}

function pick() {
  const entry = picked();
  for (const id of ["value", "less", "more"]) element(id).disabled = !entry;
  element("value").value = entry ? Q.plain(valueIn(bench.network, entry)) : "";
  element("value").setAttribute("aria-invalid", "false");
  for (const wire of bench.diagram.wires) wire.classList.toggle("picked", wire.dataset.name === entry?.name);
}

function change(value) {
  const { layer, row, term } = picked();
  const layers = bench.network.layers.map((rows, k) => (k === layer ? rows.map((r, i) => (i === row ? changed(r) : r)) : rows));
  function changed(r) {
    if (term === null) return { ...r, constant: value };
    return { ...r, terms: r.terms.map(([j, c], t) => [j, t === term ? value : c]) };
  }
  turnTo({ ...bench.network, layers });
}

function turnTo(network) {
  bench.change(network, !sameWeights(network, original));
  bench.diagram.reweigh(network);
  judge();
}

let witness = null;

// Says whether the network is still equal to what it was.
function judge() {
  const network = withoutZeros(bench.network);
  const names = network.inputs;
  witness = null;
  if (sameWeights(bench.network, original)) say("equal", "equal", proved);
  else if (isDecided(network) && isEqual(network, withoutZeros(original))) {
    const same = network.inputs.length === 1 ? "the same pieces" : "the same folds with the same jumps, and the same affine part";
    say("equal", "still equal", `everywhere: ${same}.`);
  } else {
    witness = differenceOf(network, original);
    if (!witness) say("unknown", "unknown", "no small point was found where they differ, which is no proof that they are equal.");
    else {
      const at = names.map((name, v) => `${name} = ${Q.text(witness[v])}`).join(", ");
      const [now, before] = [network, original].map((net) => outputsAt(net, witness).map(Q.text).join(", "));
      say("different", "no longer equal", `at ${at} the network gives ${now}, the ${mode() === "graph" ? "graph" : "formula"} ${before}.`);
    }
  }
  element("witness").hidden = witness === null;
}

function say(status, word, sentence) {
  element("verdict").dataset.status = status;
  element("verdict").replaceChildren(tag("b", {}, word), ` ${sentence}`);
}

// Weights that were made 0 are no terms.
const withoutZeros = (network) => ({
  ...network,
  layers: network.layers.map((rows) => rows.map((r) => ({ ...r, terms: r.terms.filter(([, c]) => c.p !== 0n) }))),
});

const sameWeights = (a, b) => weights.every((entry) => Q.equal(valueIn(a, entry), valueIn(b, entry)));

// What the reader does

const mode = () => element("mode").querySelector(":checked").value;

function changeMode() {
  element("by-circuit").hidden = mode() !== "circuit";
  element("by-graph").hidden = mode() !== "graph";
  if (mode() === "circuit") showCircuit();
  else showGraph(sketch.points());
}

element("mode").addEventListener("change", changeMode);
element("circuit").addEventListener("change", showCircuit);
element("add").addEventListener("click", sketch.add);
element("remove").addEventListener("click", sketch.remove);
element("shape").addEventListener("change", () => {
  if (element("shape").value) sketch.set(readPoints(element("shape").value).points);
  element("shape").value = "";
});
element("points").addEventListener("input", () => {
  const { points, error } = readPoints(element("points").value);
  element("points").setAttribute("aria-invalid", String(Boolean(error)));
  element("points-error").textContent = error ?? "";
  if (points) sketch.set(points);
});
element("weight").addEventListener("change", pick);
element("value").addEventListener("input", () => {
  const value = Q.parse(element("value").value);
  element("value").setAttribute("aria-invalid", String(value === null));
  element("value-error").textContent = value === null ? "expected a number such as 3, -1/2, 0.25 or 1e-3." : "";
  if (value) change(value);
});
for (const [id, step] of [["less", Q.neg(QUARTER)], ["more", QUARTER]]) {
  element(id).addEventListener("click", () => {
    change(Q.add(valueIn(bench.network, picked()), step));
    pick();
  });
}
element("back").addEventListener("click", () => {
  turnTo(original);
  pick();
});
element("witness").addEventListener("click", () => bench.setPoint(witness));

changeMode();
