"use strict";
// The linear regions on the plane through the point along two inputs, each affine map in a colour of its own.

const FILLS = 8;
const MOST_CELLS = 4000;
const NAMED_AREA = 2600; // in pixels: smaller regions bear no formula

function drawPlane(svg, { network, layers, point, axes, window, constraints, output, neuron }) {
  const frame = chartFrame(svg, window, axes.map((v) => network.inputs[v]));
  const values = point.map(Q.float);
  const cells = cellsOf(layers, window, planeForms(values, axes), constraints, MOST_CELLS);
  const [left, top, width, height] = frame.box;
  const here = axes.map((v) => values[v]);
  const drawn = shape("g", { class: "cells" });
  const hatched = shape("g", {}, hatching());
  if (cells === null) {
    const middle = { x: left + width / 2, y: top + height / 2, "text-anchor": "middle" };
    drawn.append(shape("text", middle, `more than ${MOST_CELLS} regions: zoom in`));
  }
  const scale = Math.max(1, ...(cells ?? []).flatMap((cell) => cell.outputs[output].map(Math.abs)));
  const colours = new Map();
  const names = [];
  let home = null;
  for (const cell of cells ?? []) {
    const form = cell.outputs[output];
    const key = mapKey(form, scale);
    if (!colours.has(key)) colours.set(key, colours.size % FILLS);
    const corners = cell.corners.map(frame.place);
    const points = corners.map((c) => c.join()).join(" ");
    const area = shape("polygon", { points, class: `cell fill${colours.get(key)}` });
    const text = planeText(form, axes.map((v) => network.inputs[v]));
    area.append(shape("title", {}, text));
    drawn.append(area);
    if (neuron && cell.on.has(neuron)) hatched.append(shape("polygon", { points, class: "hatch" }));
    if (!home && isInside(cell.corners, here)) home = area;
    names.push({ key, text, corners });
  }
  home?.classList.add("home");
  svg.append(drawn, hatched, ...(home ? [shape("polygon", { points: home.getAttribute("points"), class: "around" })] : []));
  svg.append(named(names), marker(frame.place(here)));
  return { frame, count: cells?.length ?? null, maps: colours.size };
}

// An affine map on the plane, its floats rounded.
function planeText([a, b, c], names) {
  const tidy = (value) => Q.near(value, 9);
  const terms = [[0, tidy(a)], [1, tidy(b)]].filter(([, value]) => value.p !== 0n);
  return formText({ terms, constant: tidy(c) }, names, 5);
}

// The formula of every map in the largest of its regions, where there is room.
function named(names) {
  const largest = new Map();
  for (const entry of names) {
    entry.area = area(entry.corners);
    if (entry.area > (largest.get(entry.key)?.area ?? NAMED_AREA)) largest.set(entry.key, entry);
  }
  const group = shape("g", { class: "maps", "aria-hidden": "true" });
  for (const { corners, text } of largest.values()) {
    const [x, y] = [0, 1].map((k) => corners.reduce((sum, corner) => sum + corner[k], 0) / corners.length);
    const half = 0.3 * 12 * text.length;
    if (![[-half, -8], [half, -8], [-half, 8], [half, 8]].every(([dx, dy]) => isInside(corners, [x + dx, y + dy]))) continue;
    group.append(shape("text", { x, y: y + 4, "text-anchor": "middle" }, text));
  }
  return group;
}

// Lines across what a neuron is on at.
function hatching() {
  const pattern = { id: "hatched", width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" };
  const line = shape("line", { x1: 0, y1: 0, x2: 0, y2: 7, stroke: "currentColor", "stroke-width": 1.6, opacity: 0.55 });
  return shape("defs", {}, shape("pattern", pattern, line));
}

const marker = ([x, y]) => shape("circle", { cx: x, cy: y, r: 7, class: "point" });
