"use strict";
// Networks of one input: the affine pieces, exactly.

// The pieces of every output on an interval, from left to right: {low, high, forms: [{slope, constant}, ...]}, neighbours
// different.  An end that is null is infinite.
function piecesOf(network, low, high) {
  const line = (slope, constant) => ({ slope, constant });
  let spans = [{ low, high, forms: [line(Q.ONE, Q.ZERO)] }];
  network.layers.forEach((rows, k) => {
    spans = spans.flatMap((span) => {
      const before = rows.map((row) => mixed(row, span.forms));
      if (isLast(network, k)) return [{ ...span, forms: before }];
      return cutAt(span, before.map(rootOf)).map(({ low, high }) => {
        const middle = between(low, high);
        const forms = before.map((f) => (Q.sign(lineAt(f, middle)) > 0 ? f : line(Q.ZERO, Q.ZERO)));
        return { low, high, forms };
      });
    });
  });
  return merged(spans);
}

// A point inside of an interval.
function between(low, high) {
  if (low && high) return Q.div(Q.add(low, high), Q.of(2n));
  return low ? Q.add(low, Q.ONE) : high ? Q.sub(high, Q.ONE) : Q.ZERO;
}

const lineAt = (line, x) => Q.add(Q.mul(line.slope, x), line.constant);
const rootOf = (line) => (line.slope.p === 0n ? null : Q.neg(Q.div(line.constant, line.slope)));
const sameLine = (a, b) => Q.equal(a.slope, b.slope) && Q.equal(a.constant, b.constant);

function mixed(row, lines) {
  let [slope, constant] = [Q.ZERO, row.constant];
  for (const [j, weight] of row.terms) {
    slope = Q.add(slope, Q.mul(weight, lines[j].slope));
    constant = Q.add(constant, Q.mul(weight, lines[j].constant));
  }
  return { slope, constant };
}

function cutAt({ low, high }, roots) {
  const isInside = (r) => r && (!low || Q.compare(low, r) < 0) && (!high || Q.compare(r, high) < 0);
  const inside = roots.filter(isInside).sort(Q.compare);
  const ends = [low, ...inside.filter((r, k) => !k || !Q.equal(r, inside[k - 1])), high];
  return ends.slice(1).map((end, k) => ({ low: ends[k], high: end }));
}

function merged(spans) {
  const found = [];
  for (const span of spans) {
    const last = found.at(-1);
    if (last && last.forms.every((form, k) => sameLine(form, span.forms[k]))) last.high = span.high;
    else found.push({ ...span });
  }
  return found;
}
