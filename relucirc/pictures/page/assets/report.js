"use strict";
// A report: opens its bench, and gives its files away.

const stored = (id) => JSON.parse(element(id).textContent);

async function contentOf({ type, text, gzip }) {
  if (!gzip) return new Blob([text], { type });
  const packed = new Blob([Uint8Array.from(atob(gzip), (c) => c.charCodeAt(0))]);
  return new Response(packed.stream().pipeThrough(new DecompressionStream("gzip")), { headers: { "content-type": type } }).blob();
}

async function save(file) {
  const link = tag("a", { download: file.name, href: URL.createObjectURL(await contentOf(file)) });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

for (const button of document.querySelectorAll("button[data-file]")) {
  button.addEventListener("click", () => save(stored(button.dataset.file)));
}

if (element("data")) {
  const data = stored("data");
  const bench = openBench(data);
  element("witness")?.addEventListener("click", () => {
    bench.setPoint(data.witness.map((text) => Q.parse(text)));
    element("point-title").scrollIntoView({ block: "start" });
  });
  for (const part of document.querySelectorAll("[data-neurons]")) {
    const mark = (names) => () => bench.diagram.mark(names);
    for (const event of ["pointerenter", "focusin"]) part.addEventListener(event, mark(part.dataset.neurons.split(" ")));
    for (const event of ["pointerleave", "focusout"]) part.addEventListener(event, mark([]));
  }
}
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((part) => (part.open = true)));
