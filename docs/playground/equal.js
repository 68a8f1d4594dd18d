"use strict";
// Whether two networks are equal, everywhere, exactly; and a small point where they are not.  Networks of one input are
// compared piece by piece, those with at most one hidden layer by their unique form; others are not decided here.
//
// Such a form is a sum of jump relu(n(x)) over different hyperplanes n(x) = 0, plus an affine function, in one way
// only: with the first coefficient of n made 1, relu(c n) = c relu(n), and relu(-c n) = c relu(n) - c n, for c > 0.

const isShallow = (network) => network.layers.length <= 2;
const isDecided = (network) => isShallow(network) || network.inputs.length === 1;

// For every output: the jump at every hyperplane, and the affine function.
function canonical(network) {
  if (network.layers.length === 1) return network.layers[0].map((row) => ({ jumps: new Map(), affine: row }));
  const [hidden, outer] = network.layers;
  return outer.map((row) => {
    const jumps = new Map();
    let rest = { terms: [], constant: row.constant };
    for (const [j, out] of row.terms) {
      const { terms, constant } = hidden[j];
      if (!terms.length) {
        rest = plus(rest, { terms: [], constant: Q.max(constant, Q.ZERO) }, out);
        continue;
      }
      const scale = terms[0][1];
      const form = { terms: terms.map(([v, c]) => [v, Q.div(c, scale)]), constant: Q.div(constant, scale) };
      const jump = Q.mul(out, Q.magnitude(scale));
      const key = formKey(form);
      jumps.set(key, Q.add(jumps.get(key) ?? Q.ZERO, jump));
      if (Q.sign(scale) < 0) rest = plus(rest, form, Q.neg(jump));
    }
    for (const [key, jump] of jumps) if (jump.p === 0n) jumps.delete(key);
    return { jumps, affine: rest };
  });
}

const formKey = ({ terms, constant }) => [...terms.map(([v, c]) => `${v}:${Q.plain(c)}`), Q.plain(constant)].join(" ");
const plus = (a, b, times) =>
  composed({ terms: [[0, Q.ONE], [1, times]], constant: Q.ZERO }, [a, b]);

function isEqual(a, b) {
  return a.inputs.length === 1 ? hasSamePieces(a, b) : hasSameForm(a, b);
}

function hasSamePieces(a, b) {
  const [left, right] = [a, b].map((network) => piecesOf(network, null, null));
  const same = (piece, other) =>
    (piece.high === other.high || (piece.high && other.high && Q.equal(piece.high, other.high))) &&
    piece.forms.every((form, k) => sameLine(form, other.forms[k]));
  return left.length === right.length && left.every((piece, k) => same(piece, right[k]));
}

function hasSameForm(a, b) {
  const [left, right] = [canonical(a), canonical(b)];
  return left.every(({ jumps, affine }, k) => {
    const other = right[k];
    const same = jumps.size === other.jumps.size && [...jumps].every(([key, jump]) => {
      const wanted = other.jumps.get(key);
      return wanted !== undefined && Q.equal(jump, wanted);
    });
    return same && formKey(affine) === formKey(other.affine);
  });
}

const STEPS = ["0", "1", "-1", "2", "-2", "1/2", "-1/2", "3", "-3", "4", "-4", "3/2", "-3/2"].map(Q.parse);
const MOST_POINTS = 3000;

// Small points first: all whose coordinates are among the first of STEPS.
function* smallPoints(n) {
  let count = 0;
  for (let size = 1; size <= STEPS.length; size++) {
    for (const point of product(STEPS.slice(0, size), n)) {
      if (size > 1 && !point.includes(STEPS[size - 1])) continue;
      if (++count > MOST_POINTS) return;
      yield point;
    }
  }
}

function* product(values, n) {
  if (n === 0) yield [];
  else for (const rest of product(values, n - 1)) for (const value of values) yield [...rest, value];
}

const differsAt = (a, b, point) => outputsAt(a, point).some((y, k) => !Q.equal(y, outputsAt(b, point)[k]));

// A point where two networks differ; null where none was found, which does not happen where isEqual decides that they do:
// two functions of one variable differ at a kink, or beyond all; and on a line that meets every hyperplane in a point of its own, shallow
// networks differ at such a point, or beyond all of them.
function differenceOf(a, b) {
  const n = a.inputs.length;
  for (const point of smallPoints(n)) if (differsAt(a, b, point)) return point;
  if (n === 1) {
    const point = kinksOf([a, b]).find((x) => differsAt(a, b, [x]));
    return point ? rounded(a, b, [point]) : null;
  }
  if (!isShallow(a) || !isShallow(b)) return null;
  for (let k = 0; k < 200; k++) {
    const [start, step] = [0, 1].map((s) => Array.from({ length: n }, (_, v) => Q.of(BigInt((k + 1) * (v + 1 + s) ** 2 + 7 * v * s), 16n)));
    const along = (t) => start.map((c, v) => Q.add(c, Q.mul(t, step[v])));
    for (const t of meetings([a, b], start, step)) if (differsAt(a, b, along(t))) return rounded(a, b, along(t));
  }
  return null;
}

// The kinks of networks of one input, and a place beyond them at each side.
function kinksOf(networks) {
  const found = networks.flatMap((network) => piecesOf(network, null, null).flatMap(({ low }) => (low ? [low] : [])));
  const [low, high] = [found.reduce(Q.min, Q.ZERO), found.reduce(Q.max, Q.ZERO)];
  return [...found, Q.sub(low, Q.ONE), Q.add(high, Q.ONE)];
}

// Where a line meets the hyperplanes of hidden neurons, and a place beyond them at each side.
function meetings(networks, start, step) {
  const found = [];
  for (const { layers } of networks) {
    for (const { terms, constant } of layers.length > 1 ? layers[0] : []) {
      const slope = terms.reduce((sum, [v, c]) => Q.add(sum, Q.mul(c, step[v])), Q.ZERO);
      if (slope.p !== 0n) found.push(Q.neg(Q.div(valueOf({ terms, constant }, start), slope)));
    }
  }
  const [low, high] = [found.reduce(Q.min, Q.ZERO), found.reduce(Q.max, Q.ZERO)];
  return [...found, Q.sub(low, Q.ONE), Q.add(high, Q.ONE)];
}

// The same with few decimals, where they differ there too.
function rounded(a, b, point) {
  for (let places = 0; places < 6; places++) {
    const near = point.map((c) => Q.near(Q.float(c), places));
    if (differsAt(a, b, near)) return near;
  }
  return point;
}
