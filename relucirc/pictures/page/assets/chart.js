"use strict";
// A frame with axes that a point is moved in.

const CHART = { width: 460, height: 400, left: 46, right: 12, top: 12, bottom: 40 };

// window: [[left, right], [bottom, top]]; names: of the axes.
function chartFrame(svg, window, names) {
  const { width, height, left, right, top, bottom } = CHART;
  const [[x0, x1], [y0, y1]] = window;
  const inner = [width - left - right, height - top - bottom];
  const place = ([x, y]) => [left + ((x - x0) / (x1 - x0)) * inner[0], top + ((y1 - y) / (y1 - y0)) * inner[1]];
  const back = ([u, v]) => [x0 + ((u - left) / inner[0]) * (x1 - x0), y1 - ((v - top) / inner[1]) * (y1 - y0)];
  const ground = shape("g", { class: "axes" });
  for (const x of ticks(x0, x1)) {
    const [u] = place([x, y0]);
    ground.append(shape("line", { x1: u, x2: u, y1: top, y2: height - bottom }));
    ground.append(shape("text", { x: u, y: height - bottom + 15, "text-anchor": "middle" }, tickText(x)));
  }
  for (const y of ticks(y0, y1)) {
    const [, v] = place([x0, y]);
    ground.append(shape("line", { x1: left, x2: width - right, y1: v, y2: v }));
    ground.append(shape("text", { x: left - 6, y: v + 4, "text-anchor": "end" }, tickText(y)));
  }
  const centre = left + inner[0] / 2;
  ground.append(shape("text", { x: centre, y: height - 6, "text-anchor": "middle", class: "name" }, names[0]));
  const turn = `translate(13 ${top + inner[1] / 2}) rotate(-90)`;
  ground.append(shape("text", { transform: turn, "text-anchor": "middle", class: "name" }, names[1]));
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren(ground);
  const step = (x1 - x0) / inner[0];
  return { place, back, places: Math.max(0, Math.ceil(-Math.log10(step) - 0.3)), box: [left, top, ...inner] };
}

function ticks(low, high) {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((k) => k * power >= rough);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(k * step);
  return found;
}

const tickText = (value) => String(Number(value.toPrecision(6))).replace("-", "−");

// Lets a picture be dragged in: moved(place) is called with where the pointer is, in the picture's units.
function draggable(svg, moved) {
  let held = false;
  const follow = (event) => {
    event.preventDefault();
    moved(placeIn(svg, event));
  };
  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    held = true;
    svg.setPointerCapture(event.pointerId);
    svg.focus({ preventScroll: true });
    follow(event);
  });
  svg.addEventListener("pointermove", (event) => held && follow(event));
  for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => (held = false));
}
