"use strict";
// The drawing of a network, brought to life: circles show what goes through them, and can be chosen by pointer and keys.

const OUTSIDE = 16; // room for names beside the circles of inputs and outputs
const LARGER = 1.5; // how much larger than the drawing says it is shown, where there is room
const RIM = 1.8;
const WIDEST = 640;
const LEAST = 560; // least width of a wide drawing, which is moved sideways then

// svg: the drawing; names: of its neurons, layer by layer, as its circles are; choose(name): called with the neuron that
// the reader looks at, null for none.
function liveDiagram(svg, names, choose) {
  const circles = new Map([...svg.querySelectorAll("circle.neuron")].map((circle, k) => [names[k], circle]));
  const wires = [...svg.querySelectorAll("line.weight, line.bias")];
  const layer = svg.appendChild(shape("g", { class: "trace", "aria-hidden": "true" }));
  let chosen = null;
  let lastLayer = 0;

  prepare();

  // What is written of a neuron or a weight in the drawing itself.
  function written(name) {
    return [...svg.querySelectorAll(`[data-name="${CSS.escape(name)}"]:is(text, .hinge)`)];
  }

  // The names of a line's ends; its target is never an input.
  function home(wire) {
    const [source, target] = wire.dataset.name.split(" ");
    return [source, circles.has(`output ${target}`) ? `output ${target}` : target];
  }

  function prepare() {
    const { width, height } = svg.viewBox.baseVal;
    svg.setAttribute("viewBox", `0 ${-OUTSIDE} ${width} ${height + 2 * OUTSIDE}`);
    svg.removeAttribute("height");
    svg.setAttribute("width", Math.min(LARGER * width, WIDEST));
    if (width > LEAST) svg.style.minWidth = `${LEAST}px`;
    svg.querySelector("rect[width='100%']")?.remove(); // the page is the paper
    svg.setAttribute("role", "group");
    for (const [name, circle] of circles) {
      for (const part of [circle, ...written(circle.dataset.name)]) part.querySelector("title")?.remove(); // the page says more
      filled(circle, { tabindex: -1, role: "button", "aria-label": name });
      for (const event of ["pointerenter", "focus", "click"]) circle.addEventListener(event, () => look(name));
      circle.addEventListener("keydown", move);
    }
    circles.values().next().value?.setAttribute("tabindex", 0);
    svg.addEventListener("keydown", (event) => event.key === "Escape" && look(null));
  }

  function look(name) {
    chosen = name;
    for (const [other, circle] of circles) {
      circle.classList.toggle("chosen", other === name);
      if (name) circle.setAttribute("tabindex", other === name ? 0 : -1);
    }
    for (const wire of wires) wire.classList.toggle("near", home(wire).includes(name));
    choose(name);
  }

  // Arrow keys go to the nearest circle in their direction.
  function move(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const [x, y] = centre(event.target);
    let best = null;
    for (const circle of circles.values()) {
      const [dx, dy] = [centre(circle)[0] - x, centre(circle)[1] - y];
      const [ahead, aside] = [dx * step[0] + dy * step[1], Math.abs(dx * step[1]) + Math.abs(dy * step[0])];
      if (ahead < 1 || (step[0] && aside > 1)) continue;
      const cost = ahead + 2 * aside * (step[0] ? 1 : 0.3);
      if (!best || cost < best.cost) best = { circle, cost };
    }
    best?.circle.focus();
  }

  function centre(circle) {
    return [circle.cx.baseVal.value, circle.cy.baseVal.value];
  }

  // Shows what goes through the network; null for the features that its neurons detect.
  function show(values) {
    layer.replaceChildren();
    svg.classList.toggle("traced", values !== null);
    for (const [name, circle] of circles) {
      const value = values?.get(name);
      for (const part of written(circle.dataset.name)) part.style.display = value ? "none" : "";
      circle.classList.toggle("on", Boolean(value && value.role === "hidden" && Q.sign(value.after) > 0));
      if (value) layer.append(...drawnValue(name, circle, value));
    }
    for (const wire of wires) {
      const source = values?.get(home(wire)[0]);
      wire.classList.toggle("idle", Boolean(source && source.after.p === 0n));
    }
  }

  function drawnValue(name, circle, { before, after, role }) {
    const [[x, y], r] = [centre(circle), circle.r.baseVal.value];
    if (role !== "hidden") {
      const side = role === "input" ? 1 : -1;
      return [number(after, x, y, 1.7 * r), label(name, x, y + side * (r + 10))];
    }
    const s = r - RIM;
    return [
      shape("path", { d: `M ${x - s} ${y} A ${s} ${s} 0 0 0 ${x + s} ${y} Z`, class: "below" }),
      shape("line", { x1: x - r, y1: y, x2: x + r, y2: y, class: "cut" }),
      number(after, x, y - 0.42 * r, 1.5 * r),
      number(before, x, y + 0.42 * r, 1.5 * r),
    ];
  }

  function number(value, x, y, room) {
    const text = Q.short(value);
    const size = fitted(text, room);
    return shape("text", { x, y: y + 0.35 * size, "font-size": size, "text-anchor": "middle" }, text);
  }

  function label(text, x, y) {
    return shape("text", { x, y: y + 4, "font-size": 11, "text-anchor": "middle" }, text);
  }

  // Marks some neurons, those of a circuit that is looked at.
  function mark(names) {
    for (const [name, circle] of circles) circle.classList.toggle("member", names.includes(name));
  }

  // Writes other weights on the lines, and hides those that are 0.
  function reweigh(network) {
    const weights = new Map();
    network.layers.forEach((rows, k) =>
      rows.forEach((row, i) => {
        const target = neuronName(network, k + 1, i);
        weights.set(`1 ${target}`, row.constant);
        for (const [j, weight] of row.terms) weights.set(`${neuronName(network, k, j)} ${target}`, weight);
      }),
    );
    for (const wire of wires) {
      const weight = weights.get(wire.dataset.name) ?? Q.ZERO;
      const negative = Q.sign(weight) < 0;
      const about = wire.dataset.name.replace(" ", " → ");
      wire.style.display = weight.p === 0n ? "none" : "";
      wire.style.stroke = negative ? "var(--minus)" : "var(--plus)";
      wire.style.strokeDasharray = negative ? "5 3" : "none";
      wire.style.strokeWidth = Math.min(1 + Math.abs(Q.float(weight)), 4);
      wire.replaceChildren(shape("title", {}, `${about}: ${Q.text(weight)}`));
      for (const number of written(wire.dataset.name)) {
        number.style.display = wire.style.display;
        number.style.fill = wire.style.stroke;
        number.textContent = Q.short(weight);
      }
    }
    lastLayer = network.layers.length;
    hideOnes();
  }

  // Hides the ones that no line begins at.
  function hideOnes() {
    for (const one of svg.querySelectorAll("circle.one")) {
      const layer = Number(one.dataset.name.split(" ")[1]);
      const used = wires.some((w) => home(w)[0] === "1" && layerOf(home(w)[1]) === layer + 1 && w.style.display !== "none");
      const words = [...svg.querySelectorAll("text.constant")].filter((t) => Math.abs(t.x.baseVal[0].value - centre(one)[0]) < 1);
      const near = words.filter((t) => Math.abs(t.y.baseVal[0].value - centre(one)[1]) < one.r.baseVal.value);
      for (const part of [one, ...near]) part.style.display = used ? "" : "none";
    }
  }

  // "h2.3" is in the second layer, an output in the last.
  function layerOf(name) {
    return name.startsWith("h") ? Number(name.slice(1).split(".")[0]) : lastLayer;
  }

  // Writes other words for what neurons detect.
  function relabel(labels) {
    for (const [name, text] of labels) {
      for (const part of written(name)) {
        if (part.tagName !== "text") continue;
        part.textContent = text;
        part.setAttribute("font-size", fitted(text, 1.8 * circles.get(name).r.baseVal.value));
      }
    }
  }

  // What is said of a circle to those who do not see it.
  function describe(name, text) {
    circles.get(name)?.setAttribute("aria-label", text);
  }

  return { show, look, mark, reweigh, relabel, wires, describe, names: [...circles.keys()], chosen: () => chosen, svg };
}
