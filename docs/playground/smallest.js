"use strict";
// The smallest network with one hidden layer for a function of one variable, exactly.
//
// f(x) = slope x + constant + the sum of jump relu(x - fold): every fold needs a neuron, on either of its sides, since
// relu(x - b) = relu(b - x) + x - b.  Turning the neurons of a set around takes their jumps from the slope that is
// missing.  If some set leaves none, one neuron for each fold is enough; else one more, on any fold, adds the rest.

// A graph through points, its outer pieces going on for ever: folds with jumps, first slope and constant.
function shallowForm(points) {
  const slopes = points.slice(1).map(([x, y], k) => Q.div(Q.sub(y, points[k][1]), Q.sub(x, points[k][0])));
  const folds = slopes
    .slice(1)
    .map((slope, k) => ({ at: points[k + 1][0], jump: Q.sub(slope, slopes[k]) }))
    .filter(({ jump }) => jump.p !== 0n);
  return { folds, slope: slopes[0], constant: Q.sub(points[0][1], Q.mul(slopes[0], points[0][0])) };
}

// The neurons {weight, bias, out} and the output's bias; "turned" says which folds' neurons are on at their left.
function smallest(points) {
  const { folds, slope, constant } = shallowForm(points);
  if (!folds.length) return affine(slope, constant);
  const turned = setThatCancels(folds, slope);
  const neurons = folds.map(({ at, jump }, k) => (turned?.includes(k) ? leftOf(at, jump) : rightOf(at, jump)));
  let bias = constant;
  for (const k of turned ?? []) bias = Q.sub(bias, Q.mul(folds[k].jump, folds[k].at));
  if (turned) return { neurons, bias, folds: folds.length, reason: reasonOf(folds.length, 0) };
  const [{ at, jump }] = folds;
  neurons[0] = rightOf(at, Q.add(slope, jump));
  neurons.splice(1, 0, leftOf(at, Q.neg(slope)));
  return { neurons, bias: Q.add(constant, Q.mul(slope, at)), folds: folds.length, reason: reasonOf(folds.length, 1) };
}

function affine(slope, constant) {
  if (slope.p === 0n) return { neurons: [], bias: constant, folds: 0, reason: "It is constant: no hidden neuron is needed." };
  const neurons = [rightOf(Q.ZERO, slope), leftOf(Q.ZERO, Q.neg(slope))];
  const reason = "It has no fold: in one hidden layer, what one neuron folds, a second one has to unfold.";
  return { neurons, bias: constant, folds: 0, reason };
}

const rightOf = (at, out) => ({ weight: Q.ONE, bias: Q.neg(at), out });
const leftOf = (at, out) => ({ weight: Q.neg(Q.ONE), bias: at, out });

// The smallest set of folds whose jumps add up to the opposite of the slope; null for none.
function setThatCancels(folds, slope) {
  const sets = Array.from({ length: 2 ** folds.length }, (_, bits) => folds.map((_, k) => k).filter((k) => (bits >> k) & 1));
  sets.sort((a, b) => a.length - b.length);
  const left = (set) => set.reduce((sum, k) => Q.add(sum, folds[k].jump), slope);
  return sets.find((set) => left(set).p === 0n) ?? null;
}

function reasonOf(count, more) {
  const folds = `In one hidden layer ${count === 1 ? "its fold" : `each of its ${count} folds`} needs a neuron`;
  return more
    ? `${folds}; whichever sides they are on, a slope is left over, which takes one more.`
    : `${folds}; on the right sides they leave no slope over, so these are enough.`;
}

// The same as the page's data write networks.
function networkData({ neurons, bias }) {
  if (!neurons.length) return { inputs: ["x"], layers: [{ weight: [["0"]], bias: [Q.plain(bias)] }] };
  const hidden = { weight: neurons.map(({ weight }) => [Q.plain(weight)]), bias: neurons.map(({ bias }) => Q.plain(bias)) };
  return { inputs: ["x"], layers: [hidden, { weight: [neurons.map(({ out }) => Q.plain(out))], bias: [Q.plain(bias)] }] };
}

// The graph as a formula: the line of the first piece that x is in.
function formulaData(points) {
  const line = ([x, y], [u, v]) => {
    const slope = Q.div(Q.sub(v, y), Q.sub(u, x));
    return { terms: [[0, Q.plain(slope)]], constant: Q.plain(Q.sub(y, Q.mul(slope, x))) };
  };
  const branches = points.slice(1).map((end, k) => {
    const before = { kind: "relation", form: { terms: [[0, "-1"]], constant: Q.plain(end[0]) }, op: ">" };
    return [k === points.length - 2 ? { kind: "true" } : before, line(points[k], end)];
  });
  return { gates: [{ choose: branches }], outputs: [{ terms: [[1, "1"]], constant: "0" }] };
}

// What a neuron of one input detects, in the original's signs.
function detectorLabel({ weight, bias }) {
  if (bias.p === 0n) return Q.sign(weight) > 0 ? "+(x)" : "−(x)";
  return `x ${Q.sign(weight) > 0 ? ">" : "<"} ${Q.short(Q.neg(Q.div(bias, weight)), 5)}`;
}
