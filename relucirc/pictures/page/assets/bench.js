"use strict";
// The part of a page that answers: the diagram, a point, the outputs there, and the picture that follows it.

const ROLES = ["input", "hidden", "output"];
const OUTERMOST = 1e9; // windows follow no point further

// data: what Python wrote, see data.py; listener: called after every change of the point.
function openBench(data, listener = () => {}) {
  const domain = readDomain(data.domain);
  const formula = data.formula && readFormula(data.formula);
  const within = Q.parse(data.within);
  const state = {
    point: data.point.map((text) => Q.parse(text)),
    window: data.window.map((pair) => [...pair]),
    axes: [0, 1],
    output: 0,
    neuron: null,
  };
  let network, layers, diagram, frame, traced, saying, waiting;
  let known = data.neurons; // what was found out about the neurons, while their weights are what they were
  const svg = replaced(element("picture"));

  setNetwork(readNetwork(data.network));
  connect(element("drawing").querySelector("svg"));
  buildFields();
  buildOptions();
  draggable(svg, (place) => drag(frame.back(place)));
  svg.addEventListener("keydown", nudge);
  element("shown").onchange = showTrace;
  render();

  // A copy without listeners of an earlier bench.
  function replaced(old) {
    const fresh = old.cloneNode(false);
    old.replaceWith(fresh);
    return fresh;
  }

  function setNetwork(next) {
    network = next;
    layers = floatLayers(network);
  }

  function connect(drawing) {
    const names = network.layers.reduce(
      (found, rows, k) => [...found, ...rows.map((_, i) => neuronName(network, k + 1, i))],
      [...network.inputs],
    );
    diagram = liveDiagram(drawing, names, (name) => {
      state.neuron = name;
      showNeuron();
      drawSoon();
    });
  }

  // The point

  function buildFields() {
    element("point").onsubmit = (event) => event.preventDefault();
    element("point").replaceChildren(
      ...network.inputs.map((name, v) => {
        const field = tag("input", { id: `input-${v}`, type: "text", spellcheck: "false", value: data.point[v] });
        field.addEventListener("input", () => typed(v, field));
        return tag("label", {}, [tag("span", {}, name), field, tag("output", { for: `input-${v}` })]);
      }),
    );
  }

  function typed(v, field) {
    const value = Q.parse(field.value);
    field.setAttribute("aria-invalid", String(value === null));
    element("point-error").textContent =
      value === null ? `${network.inputs[v]}: expected a number such as 3, -1/2, 0.25 or 1e-3.` : "";
    if (value === null) return;
    state.point[v] = value;
    include(v);
    render();
  }

  function setPoint(point) {
    state.point = point;
    point.forEach((value, v) => {
      element(`input-${v}`).value = Q.plain(value);
      element(`input-${v}`).setAttribute("aria-invalid", "false");
      include(v);
    });
    element("point-error").textContent = "";
    render();
  }

  // Widens the window where a point is outside of it.
  function include(v) {
    const value = Q.float(state.point[v]);
    const [low, high] = state.window[v];
    if (Math.abs(value) > OUTERMOST || (low <= value && value <= high)) return;
    const pad = (high - low) / 10;
    state.window[v] = [Math.min(low, value - pad), Math.max(high, value + pad)];
  }

  function shownAxes() {
    return (network.inputs.length === 1 ? [0] : state.axes);
  }

  function drag(place) {
    const point = [...state.point];
    shownAxes().forEach((v, k) => {
      const [low, high] = state.window[v];
      point[v] = Q.near(Math.min(high, Math.max(low, place[k])), domain.integers.includes(v) ? 0 : frame.places);
    });
    setPoint(point);
  }

  function nudge(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const point = [...state.point];
    shownAxes().forEach((v, k) => {
      const unit = domain.integers.includes(v) ? Q.ONE : Q.of(1n, 10n ** BigInt(frame.places));
      point[v] = Q.add(point[v], Q.mul(unit, Q.of(BigInt(step[k] * (event.shiftKey ? 10 : 1)))));
    });
    setPoint(point);
  }

  // What is chosen about the picture

  function buildOptions() {
    const options = [];
    const inputs = network.inputs.map((name, v) => [v, name]);
    if (inputs.length > 2) {
      [0, 1].forEach((k) => {
        options.push(
          choice(k ? "up" : "across", inputs, state.axes[k], (v) => {
            if (state.axes[1 - k] === v) state.axes[1 - k] = state.axes[k];
            state.axes[k] = v;
            buildOptions();
          }),
        );
      });
    }
    const outputs = network.layers.at(-1).map((_, k) => [k, outputLabel(network, k)]);
    if (outputs.length > 1) options.push(choice("output", outputs, state.output, (k) => (state.output = k)));
    for (const [text, factor] of [["Zoom in", 0.5], ["Zoom out", 2]]) {
      const button = tag("button", { type: "button" }, text);
      button.addEventListener("click", () => zoom(factor));
      options.push(button);
    }
    element("options").replaceChildren(...options);
    drawSoon();
  }

  function choice(title, entries, chosen, change) {
    const select = tag("select", {}, entries.map(([value, text]) => tag("option", { value }, text)));
    select.value = chosen;
    select.addEventListener("change", () => {
      change(Number(select.value));
      drawSoon();
    });
    return tag("label", {}, [`${title} `, select]);
  }

  function zoom(factor) {
    for (const v of shownAxes()) {
      const [low, high] = state.window[v];
      const value = Q.float(state.point[v]);
      const centre = factor < 1 && Math.abs(value) <= OUTERMOST ? value : (low + high) / 2;
      const half = ((high - low) / 2) * factor;
      if (half > 1e-6 && half < OUTERMOST) state.window[v] = [centre - half, centre + half];
    }
    drawSoon();
  }

  // What follows

  function render() {
    traced = trace(network, state.point);
    element("point").querySelectorAll("output").forEach((out, v) => (out.value = Q.both(state.point[v]).decimal));
    showOutputs();
    showTrace();
    showNeuron();
    drawSoon();
    listener(state.point);
  }

  function showOutputs() {
    const values = traced.at(-1).after;
    const wanted = formula && formulaAt(formula, state.point);
    const head = ["", "network", ...(wanted ? ["formula", "difference"] : [])];
    const rows = values.map((value, k) => {
      const numbers = wanted ? [value, wanted[k], Q.sub(value, wanted[k])] : [value];
      return [outputLabel(network, k), numbers];
    });
    element("outputs").replaceChildren(
      tag("thead", {}, tag("tr", {}, head.map((text) => tag("th", { scope: "col" }, text)))),
      tag("tbody", {}, rows.map(([name, numbers]) =>
        tag("tr", {}, [tag("th", { scope: "row" }, name), ...numbers.map((value, k) =>
          tag("td", k === 2 && isTooFar(value) ? { class: "differs" } : {}, exactly(value)))]))),
    );
    const outside = contains(domain, state.point) ? "" : " This point is outside of the domain.";
    const there = network.inputs.map((name, v) => `${name} = ${Q.text(state.point[v])}`).join(", ");
    const said = rows.map(([name, [value, , difference]]) => {
      const same = !difference ? "" : difference.p === 0n ? ", as the formula is" : apart(difference);
      return `${name} is ${Q.text(value)}${same}`;
    });
    clearTimeout(saying);
    saying = setTimeout(() => (element("said").textContent = `At ${there}: ${said.join("; ")}.${outside}`), 300);
    element("outputs").classList.toggle("outside", outside !== "");
    element("point-help").textContent =
      outside.trim() || "Numbers are read exactly: 3, -1/2, 0.25, 1e-3. Or drag the point in the picture.";
  }

  // Whether network and formula are further apart than is claimed.
  function isTooFar(difference) {
    return Q.compare(Q.magnitude(difference), within) > 0;
  }

  function apart(difference) {
    return isTooFar(difference) ? ", unlike the formula" : ", near the formula";
  }

  function exactly(value) {
    const { exact, decimal } = Q.both(value);
    return [tag("span", { class: "exact" }, exact), decimal ? tag("small", {}, decimal) : ""];
  }

  function depthOf(k) {
    return ROLES[k === 0 ? 0 : k < network.layers.length ? 1 : 2];
  }

  function everyNeuron() {
    return traced.flatMap(({ before, after }, k) =>
      before.map((value, i) => [neuronName(network, k, i), { before: value, after: after[i], role: depthOf(k), k, i }]),
    );
  }

  function showTrace() {
    const wanted = element("shown").querySelector(":checked").value === "values";
    const all = everyNeuron();
    diagram.show(wanted ? new Map(all) : null);
    for (const [name, { before, after, role }] of all) {
      const feature = known[name]?.feature ?? "";
      const values = role === "hidden" ? `${Q.text(before)} before relu, ${Q.text(after)} after` : Q.text(after);
      diagram.describe(name, `${name}${feature && `, ${feature}`}: ${values}`);
    }
  }

  function showNeuron() {
    const found = everyNeuron().find(([name]) => name === state.neuron);
    if (!found) {
      const hint = "Point at a neuron, or go to one by keys, to see what it reads and where it is on.";
      element("neuron").replaceChildren(tag("p", { class: "note" }, hint));
      return;
    }
    const [name, { before, after, role, k, i }] = found;
    const facts = [];
    const about = known[name];
    if (about?.feature) facts.push(["detects", about.feature]);
    if (role === "input") facts.push(["value", exactly(after)]);
    else {
      const below = traced[k - 1].before.map((_, j) => neuronName(network, k - 1, j));
      const row = network.layers[k - 1][i];
      facts.push([role === "hidden" ? "before relu" : "reads", formText(row, below, 9)]);
      const form = formsAt(network, traced)[k - 1][i];
      if (k > 1) facts.push(["here, of the inputs", formText(form, network.inputs, 9)]);
      facts.push(["at the point", exactly(before)]);
      if (role === "hidden") facts.push(["after relu", exactly(after)]);
      if (role === "hidden") {
        const [now, where] = [Q.sign(before) > 0 ? "on" : "off", network.inputs.length > 1 ? "hatched" : "shaded"];
        facts.push(["region", `${now} at the point; on where the picture is ${where}`]);
      }
      if (about?.circuits?.length) facts.push(["part of", about.circuits.join("; ")]);
    }
    element("neuron").replaceChildren(
      tag("h3", {}, `${name}, ${role === "hidden" ? "a hidden neuron" : `an ${role}`}`),
      tag("dl", {}, facts.flatMap(([title, value]) => [tag("dt", {}, title), tag("dd", {}, value)])),
    );
  }

  function drawSoon() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  }

  function draw() {
    const common = { network, layers, point: state.point, output: state.output, neuron: state.neuron, formula, domain };
    if (network.inputs.length === 1) {
      const interval = clipped(state.window[0]);
      if (!interval) return;
      const drawn = drawCurve(svg, { ...common, interval, window: state.window });
      frame = drawn.frame;
      element("picture-title").textContent = "Its graph";
      element("picture-note").textContent = `${counted(drawn.count, "piece")} here${formula ? "; the formula is dashed" : ""}.`;
      return;
    }
    const window = state.axes.map((v) => state.window[v]);
    const planes = domain.relations.filter(({ op }) => op !== "==").map(({ form }) => floatRow(form));
    const drawn = drawPlane(svg, { ...common, axes: state.axes, window, constraints: planes });
    frame = drawn.frame;
    const rest = network.inputs.flatMap((name, v) => (state.axes.includes(v) ? [] : [`${name} = ${Q.short(state.point[v])}`]));
    const where = rest.length ? `Where ${rest.join(", ")}: ` : "";
    const colours = drawn.maps > FILLS ? "colours come again, and hovering says which map it is" : "one colour for each map";
    element("picture-note").textContent = drawn.count === null ? "" :
      `${where}${counted(drawn.count, "region")} with ${counted(drawn.maps, "affine map")} in this window; ${colours}.`;
  }

  function counted(count, what) {
    return `${count} ${what}${count === 1 ? "" : "s"}`;
  }

  // The part of an interval that is in the domain, exactly; null for none.
  function clipped([left, right]) {
    let [low, high] = [Q.near(left, 9), Q.near(right, 9)];
    for (const { form, op } of domain.relations) {
      const root = form.terms.length ? Q.neg(Q.div(form.constant, form.terms[0][1])) : null;
      if (!root) continue;
      if (op === "==" || Q.sign(form.terms[0][1]) > 0) low = Q.max(low, root);
      if (op === "==" || Q.sign(form.terms[0][1]) < 0) high = Q.min(high, root);
    }
    return Q.compare(low, high) < 0 ? [low, high] : null;
  }

  return {
    setPoint,
    diagram,
    state,
    change(next, altered) {
      setNetwork(next);
      known = altered ? {} : data.neurons;
      diagram.svg.classList.toggle("altered", altered);
      render();
    },
    get network() {
      return network;
    },
    formula,
    domain,
  };
}
