"use strict";
// Networks of two inputs, or planes through more: the polygons on which they are affine.  These are floats, for a picture;
// what is said of a point is worked out exactly elsewhere.

const SPECK = 1e-9; // area of a polygon that is dropped, of the window's

// The forms [a, b, c] of the inputs, a u + b v + c, on the plane through a point along two of them.
const planeForms = (point, [first, second]) =>
  point.map((value, v) => (v === first ? [1, 0, 0] : v === second ? [0, 1, 0] : [0, 0, value]));

const at = ([a, b, c], [u, v]) => a * u + b * v + c;

function combined(row, forms) {
  const sum = [0, 0, row.constant];
  for (const [j, weight] of row.terms) for (let k = 0; k < 3; k++) sum[k] += weight * forms[j][k];
  return sum;
}

// A network's rows with floats for numbers.
const floatRow = (row) => ({ terms: row.terms.map(([j, c]) => [j, Q.float(c)]), constant: Q.float(row.constant) });
const floatLayers = (network) => network.layers.map((rows) => rows.map(floatRow));

// The two sides of a convex polygon along a line; null for a side that there is not.
function split(corners, form) {
  const values = corners.map((corner) => at(form, corner));
  if (values.every((value) => value >= 0)) return [corners, null];
  if (values.every((value) => value <= 0)) return [null, corners];
  const [above, below] = [[], []];
  corners.forEach((corner, k) => {
    const next = (k + 1) % corners.length;
    if (values[k] >= 0) above.push(corner);
    if (values[k] <= 0) below.push(corner);
    if (values[k] * values[next] < 0) {
      const share = values[k] / (values[k] - values[next]);
      const cut = corner.map((c, i) => c + share * (corners[next][i] - c));
      above.push(cut);
      below.push(cut);
    }
  });
  return [above, below];
}

function area(corners) {
  return Math.abs(
    corners.reduce((sum, [x, y], k) => {
      const [u, v] = corners[(k + 1) % corners.length];
      return sum + (x * v - u * y) / 2;
    }, 0),
  );
}

function isInside(corners, [x, y]) {
  const sides = corners.map(([a, b], k) => {
    const [c, d] = corners[(k + 1) % corners.length];
    return (c - a) * (y - b) - (d - b) * (x - a);
  });
  return sides.every((s) => s >= 0) || sides.every((s) => s <= 0);
}

// The polygons of a window: {corners, on: ["h1.1", ...], outputs: [form, ...]}; null where they are more than "most".
function cellsOf(layers, window, inputs, constraints, most) {
  const [[left, right], [bottom, top]] = window;
  const least = SPECK * (right - left) * (top - bottom);
  let corners = [[left, bottom], [right, bottom], [right, top], [left, top]];
  for (const form of constraints) {
    [corners] = split(corners, combined(form, inputs));
    if (!corners || area(corners) < least) return [];
  }
  let cells = [{ corners, forms: inputs, on: new Set() }];
  for (let k = 0; k < layers.length; k++) {
    const next = [];
    for (const cell of cells) {
      const before = layers[k].map((row) => combined(row, cell.forms));
      if (k === layers.length - 1) {
        next.push({ corners: cell.corners, on: cell.on, outputs: before });
        continue;
      }
      let parts = [{ corners: cell.corners, on: [] }];
      before.forEach((form, i) => {
        parts = parts.flatMap((part) => {
          const [above, below] = split(part.corners, form);
          const sides = [];
          if (above && (!below || area(above) >= least)) sides.push({ corners: above, on: [...part.on, i] });
          if (below && (!above || area(below) >= least)) sides.push({ corners: below, on: part.on });
          return sides;
        });
      });
      for (const part of parts) {
        const on = new Set(cell.on);
        for (const i of part.on) on.add(`h${k + 1}.${i + 1}`);
        const active = new Set(part.on);
        next.push({ corners: part.corners, on, forms: before.map((f, i) => (active.has(i) ? f : [0, 0, 0])) });
      }
      if (next.length > most) return null;
    }
    cells = next;
  }
  return cells;
}

// A name for an affine map that is the same for maps that differ in rounding alone.
function mapKey(form, scale) {
  return form.map((value) => (Math.abs(value) < 1e-9 * scale ? "0" : value.toPrecision(7))).join(" ");
}
