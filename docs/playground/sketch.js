"use strict";
// A graph that is drawn: points that are dragged or moved by keys, on a grid of quarters, or typed exactly.

const MOST_POINTS_DRAWN = 8; // at most 6 folds, so at most 7 neurons
const SKETCH = [[-4, 4], [-4, 4]];
const STEEPEST = 1e9;
const QUARTER = Q.of(1n, 4n);

// changed(points): called after every change, with exact points from left to right.
function openSketch(svg, changed) {
  let points = readPoints("-2 0, -1 0, 0 1, 1 0, 2 0").points;
  let chosen = 2;
  let frame = null;
  let held = null;

  svg.addEventListener("pointermove", (event) => {
    if (held === null) return;
    event.preventDefault();
    const place = frame.back(placeIn(svg, event)).map((c) => Q.div(Q.of(BigInt(Math.round(c * 4))), Q.of(4n)));
    put(held, place);
  });
  for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => (held = null));

  // Moves a point, between its neighbours and inside of the frame.
  function put(k, [x, y]) {
    const [[left, right], [bottom, top]] = SKETCH.map((pair) => pair.map((c) => Q.of(BigInt(c))));
    const low = k ? Q.add(points[k - 1][0], QUARTER) : left;
    const high = k < points.length - 1 ? Q.sub(points[k + 1][0], QUARTER) : right;
    if (Q.compare(low, high) > 0) return;
    points[k] = [Q.min(Q.max(x, low), high), Q.min(Q.max(y, bottom), top)];
    draw(k);
    changed(points);
  }

  function nudge(event, k) {
    const step = { ArrowLeft: [-1n, 0n], ArrowRight: [1n, 0n], ArrowUp: [0n, 1n], ArrowDown: [0n, -1n] }[event.key];
    if (event.key === "Delete") return remove();
    if (!step) return;
    event.preventDefault();
    put(k, points[k].map((c, i) => Q.add(c, Q.of(step[i], 4n))));
  }

  // A new point in the middle of the widest gap.
  function add() {
    if (points.length >= MOST_POINTS_DRAWN) return;
    const gaps = points.slice(1).map(([x], k) => Q.sub(x, points[k][0]));
    const widest = gaps.reduce((best, gap, k) => (Q.compare(gap, gaps[best]) > 0 ? k : best), 0);
    if (Q.compare(gaps[widest], Q.of(1n, 2n)) < 0) return;
    const x = Q.near(Q.float(Q.add(points[widest][0], Q.div(gaps[widest], Q.of(2n)))) * 4, 0);
    const y = Q.div(Q.add(points[widest][1], points[widest + 1][1]), Q.of(2n));
    chosen = widest + 1;
    points.splice(chosen, 0, [Q.div(x, Q.of(4n)), y]);
    draw(chosen);
    changed(points);
  }

  function remove() {
    if (points.length <= 2) return;
    points.splice(chosen, 1);
    chosen = Math.min(chosen, points.length - 1);
    draw(chosen);
    changed(points);
  }

  function set(next) {
    points = next;
    chosen = Math.min(chosen, points.length - 1);
    draw();
    changed(points);
  }

  function draw(focus) {
    const floats = points.map((point) => point.map(Q.float));
    const window = [0, 1].map((i) => {
      const values = floats.map((point) => point[i]);
      return [Math.min(SKETCH[i][0], ...values) - 0.3, Math.max(SKETCH[i][1], ...values) + 0.3];
    });
    frame = chartFrame(svg, window, ["x", "y"]);
    const path = (all) => all.map((p, k) => `${k ? "L" : "M"} ${frame.place(p).join(" ")}`).join(" ");
    const clip = shape("clipPath", { id: "inside" }, shape("rect", framed(frame.box)));
    const ends = [beyond(floats[0], floats[1], window), beyond(floats.at(-1), floats.at(-2), window)];
    svg.append(
      shape("defs", {}, clip),
      shape("g", { "clip-path": "url(#inside)" }, [
        ...ends.map((end) => shape("path", { d: path(end), class: "graph beyond" })),
        shape("path", { d: path(floats), class: "graph" }),
      ]),
      ...points.map((point, k) => handle(point, floats[k], k)),
    );
    if (focus !== undefined) svg.querySelectorAll(".handle")[focus].focus({ preventScroll: true });
  }

  function handle(point, place, k) {
    const [cx, cy] = frame.place(place);
    const end = k === 0 || k === points.length - 1;
    const about = `${end ? "end" : "fold"} ${k + 1} of ${points.length}: x = ${Q.text(point[0])}, y = ${Q.text(point[1])}`;
    const kind = `handle${end ? " end" : ""}${k === chosen ? " chosen" : ""}`;
    const circle = shape("circle", { cx, cy, r: 9, class: kind, tabindex: 0, role: "button", "aria-label": about });
    circle.append(shape("title", {}, about));
    circle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      held = chosen = k;
      svg.setPointerCapture(event.pointerId);
      circle.focus({ preventScroll: true });
    });
    circle.addEventListener("focus", () => {
      chosen = k;
      svg.querySelectorAll(".handle").forEach((other) => other.classList.toggle("chosen", other === circle));
    });
    circle.addEventListener("keydown", (event) => nudge(event, k));
    return circle;
  }

  draw();
  return { set, add, remove, points: () => points };
}

const framed = ([x, y, width, height]) => ({ x, y, width, height });

// An outer piece, going on out of the frame.
function beyond([x, y], [u, v], [[left, right]]) {
  const end = x < u ? left : right;
  const slope = Math.max(-STEEPEST, Math.min(STEEPEST, (v - y) / (u - x))) || 0;
  return [[x, y], [end, y + slope * (end - x)]];
}

// Points as they are typed; or what is wrong with them.
function readPoints(text) {
  const pairs = text.split(/[,;]/).map((pair) => pair.trim().split(/\s+/).map(Q.parse));
  if (pairs.some((pair) => pair.length !== 2 || pair.includes(null))) {
    return { error: "expected x and y of every point, such as -1 0, 1/3 2, 1 0." };
  }
  if (pairs.length < 2 || pairs.length > MOST_POINTS_DRAWN) return { error: `expected 2 to ${MOST_POINTS_DRAWN} points, got ${pairs.length}.` };
  const late = pairs.findIndex(([x], k) => k && Q.compare(x, pairs[k - 1][0]) <= 0);
  return late < 0 ? { points: pairs } : { error: `expected points from left to right; the one at x = ${Q.text(pairs[late][0])} is not.` };
}

const pointsText = (points) => points.map((point) => point.map(Q.plain).join(" ")).join(", ");
