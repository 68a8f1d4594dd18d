"use strict";
// The graph of a network of one input, with its kinks, and the formula dashed upon it.

const SAMPLES = 161;
const NAMED_KINKS = 10;

function drawCurve(svg, { network, point, interval, window, formula, output, domain, neuron }) {
  const pieces = piecesOf(network, ...interval);
  const ends = [...pieces.map((piece) => [piece.low, piece]), [pieces.at(-1).high, pieces.at(-1)]];
  const corners = ends.map(([x, piece]) => [x, lineAt(piece.forms[output], x)]);
  const floats = corners.map((corner) => corner.map(Q.float));
  const sampled = formula && curveOf(formula, interval, output, domain);
  const heights = [...floats, ...(sampled ?? []).filter(Boolean)].map(([, y]) => y);
  const frame = chartFrame(svg, [window[0], spread(heights)], [network.inputs[0], outputLabel(network, output)]);
  const path = (points) => points.map((p, k) => `${k ? "L" : "M"} ${frame.place(p).join(" ")}`).join(" ");
  if (neuron) svg.append(...activeBands(network, frame, interval, neuron));
  svg.append(shape("path", { d: path(floats), class: "graph" }));
  if (sampled) svg.append(shape("path", { d: brokenPath(sampled, frame), class: "formula" }));
  corners.slice(1, -1).forEach(([x, y], k) => {
    const [cx, cy] = frame.place(floats[k + 1]);
    const text = `(${Q.short(x, 7)}, ${Q.short(y, 7)})`;
    svg.append(shape("circle", { cx, cy, r: 4, class: "kink" }, shape("title", {}, `kink at (${Q.text(x)}, ${Q.text(y)})`)));
    if (corners.length - 2 <= NAMED_KINKS) {
      svg.append(shape("text", { x: cx, y: below(floats, k + 1) ? cy + 20 : cy - 10, "text-anchor": "middle", class: "kinkName" }, text));
    }
  });
  const value = outputsAt(network, point)[output];
  svg.append(marker(frame.place([Q.float(point[0]), Q.float(value)])));
  return { frame, count: pieces.length };
}

// Whether a kink points downwards, so that its name has more room below.
function below(corners, k) {
  const [[x0, y0], [x1, y1], [x2, y2]] = corners.slice(k - 1, k + 2);
  return (y2 - y1) / (x2 - x1) > (y1 - y0) / (x1 - x0);
}

const outputLabel = (network, output) => neuronName(network, network.layers.length, output);

// The formula at many points, null outside of the domain.
function curveOf(formula, [low, high], output, domain) {
  const step = Q.div(Q.sub(high, low), Q.of(BigInt(SAMPLES - 1)));
  return Array.from({ length: SAMPLES }, (_, k) => {
    const x = Q.add(low, Q.mul(step, Q.of(BigInt(k))));
    return contains(domain, [x]) ? [Q.float(x), Q.float(formulaAt(formula, [x])[output])] : null;
  });
}

function brokenPath(points, frame) {
  return points
    .map((p, k) => (p ? `${k && points[k - 1] ? "L" : "M"} ${frame.place(p).join(" ")}` : ""))
    .join(" ");
}

function spread(heights) {
  const [low, high] = [Math.min(...heights), Math.max(...heights)];
  const pad = (high - low || 2) * 0.15;
  return [low - pad, high + pad];
}

// Where a hidden neuron is on.
function activeBands(network, frame, interval, name) {
  const [, layer, i] = /^h(\d+)\.(\d+)$/.exec(name) ?? [];
  if (!layer) return [];
  const part = { inputs: network.inputs, layers: network.layers.slice(0, Number(layer)) };
  part.layers[part.layers.length - 1] = [part.layers.at(-1)[Number(i) - 1]];
  const [, top, , height] = frame.box;
  const found = [];
  for (const { low, high, forms } of piecesOf(part, ...interval)) {
    for (const span of cutAt({ low, high }, [rootOf(forms[0])])) {
      if (Q.sign(lineAt(forms[0], Q.div(Q.add(span.low, span.high), Q.of(2n)))) <= 0) continue;
      const [x] = frame.place([Q.float(span.low), 0]);
      const [end] = frame.place([Q.float(span.high), 0]);
      found.push(shape("rect", { x, y: top, width: end - x, height, class: "band" }));
    }
  }
  return found;
}
