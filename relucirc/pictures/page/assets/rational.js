"use strict";
// Exact rational numbers: {p, q} with BigInts, q > 0, in lowest terms.

const Q = (() => {
  const LONGEST = 20_000; // characters that are read
  const LARGEST = 1000n; // exponent of ten that is read
  const FAR = 1e150; // floats go no further, so that products of two are numbers too
  const NUMBER = /^([+\-−]?)(\d*)(?:\.(\d*))?(?:[eE]([+\-−]?\d+))?$/;

  const abs = (n) => (n < 0n ? -n : n);

  function gcd(a, b) {
    while (b) [a, b] = [b, a % b];
    return a;
  }

  function of(p, q = 1n) {
    if (q < 0n) [p, q] = [-p, -q];
    const d = q === 1n ? 1n : gcd(abs(p), q);
    return d === 1n ? { p, q } : { p: p / d, q: q / d };
  }

  const ZERO = of(0n);
  const ONE = of(1n);

  // The number that a text says: "3", "-1/2", "0.25", "1e-3"; null where it says none.
  function parse(text) {
    const [above, below, ...more] = text.replace(/\s+/g, "").split("/");
    if (more.length || text.length > LONGEST) return null;
    const top = parseDecimal(above);
    if (below === undefined || top === null) return top;
    const bottom = parseDecimal(below);
    return bottom === null || bottom.p === 0n ? null : div(top, bottom);
  }

  function parseDecimal(text) {
    const found = NUMBER.exec(text);
    if (!found) return null;
    const [, sign, whole, part = "", power = "0"] = found;
    if (!whole && !part) return null;
    const exponent = BigInt(power.replace("−", "-").replace("+", "")) - BigInt(part.length);
    if (abs(exponent) > LARGEST) return null;
    const digits = BigInt(whole + part) * (sign === "-" || sign === "−" ? -1n : 1n);
    return exponent < 0n ? of(digits, 10n ** -exponent) : of(digits * 10n ** exponent);
  }

  const add = (a, b) => of(a.p * b.q + b.p * a.q, a.q * b.q);
  const sub = (a, b) => of(a.p * b.q - b.p * a.q, a.q * b.q);
  const mul = (a, b) => of(a.p * b.p, a.q * b.q);
  const div = (a, b) => of(a.p * b.q, a.q * b.p);
  const neg = (a) => ({ p: -a.p, q: a.q });
  const sign = (a) => (a.p > 0n ? 1 : a.p < 0n ? -1 : 0);
  const compare = (a, b) => sign({ p: a.p * b.q - b.p * a.q, q: 1n });
  const equal = (a, b) => a.p === b.p && a.q === b.q;
  const max = (a, b) => (compare(a, b) < 0 ? b : a);
  const min = (a, b) => (compare(a, b) > 0 ? b : a);
  const magnitude = (a) => of(abs(a.p), a.q);

  // A float near the number; whole digits are dropped first where they are more than floats hold.
  function float(a) {
    const shift = BigInt(Math.max(abs(a.p).toString(2).length, a.q.toString(2).length) - 1000);
    const value = shift > 0n ? Number(a.p >> shift) / Number(a.q >> shift) : Number(a.p) / Number(a.q);
    return Math.max(-FAR, Math.min(FAR, value));
  }

  // The number, exactly: "-3/2".
  const plain = (a) => (a.q === 1n ? `${a.p}` : `${a.p}/${a.q}`);
  // The same with a true minus, to be read.
  const text = (a) => plain(a).replace("-", "−");

  // The number to so many significant digits, halves away from 0, and whether that is all of it.
  function rounded(a, digits = 6) {
    if (a.p === 0n) return { text: "0", exact: true };
    const p = abs(a.p);
    let exponent = p.toString().length - a.q.toString().length;
    if (compare({ p, q: a.q }, power(exponent)) < 0) exponent -= 1;
    const scaled = mul({ p, q: a.q }, power(digits - 1 - exponent));
    let whole = (2n * scaled.p + scaled.q) / (2n * scaled.q);
    if (whole === 10n ** BigInt(digits)) [whole, exponent] = [whole / 10n, exponent + 1];
    const exact = scaled.q === 1n;
    return { text: (a.p < 0n ? "−" : "") + placed(whole.toString(), exponent, digits, exact), exact };
  }

  const power = (k) => (k < 0 ? { p: 1n, q: 10n ** BigInt(-k) } : { p: 10n ** BigInt(k), q: 1n });

  // Puts the point into digits whose first stands at 10^exponent; zeros at the end say something of a rounded number.
  function placed(figures, exponent, digits, exact) {
    const trim = (text) => (exact && text.includes(".") ? text.replace(/\.?0+$/, "") : text);
    if (exponent >= digits || exponent < -5) {
      const rest = figures.length > 1 ? `.${figures.slice(1)}` : "";
      return `${trim(figures[0] + rest)}e${exponent}`.replace("-", "−");
    }
    if (exponent < 0) return trim(`0.${"0".repeat(-exponent - 1)}${figures}`);
    const [whole, part] = [figures.slice(0, exponent + 1), figures.slice(exponent + 1)];
    return part ? trim(`${whole}.${part}`) : whole;
  }

  // In so many characters: exactly where there is room, else rounded and marked.
  function short(a, room = 6, digits = 3) {
    const exact = text(a);
    if (exact.length <= room) return exact;
    const near = rounded(a, digits);
    return (near.exact ? "" : "≈") + near.text;
  }

  // Exactly, and the decimal beside it.
  function both(a) {
    if (a.q === 1n) return { exact: text(a), decimal: "" };
    const near = rounded(a);
    return { exact: text(a), decimal: `${near.exact ? "=" : "≈"} ${near.text}` };
  }

  // The rational number nearest to a float among the multiples of 10^-places.
  function near(value, places) {
    const scaled = value * 10 ** places;
    return Number.isFinite(scaled) ? mul(of(BigInt(Math.round(scaled))), power(-places)) : ZERO;
  }

  return {
    of, parse, add, sub, mul, div, neg, sign, compare, equal, max, min, magnitude,
    float, plain, text, rounded, short, both, near, ZERO, ONE,
  };
})();
