// --- the phases of one answer: a bar, each part as wide as it is long
function phaseBar(parts, latency) {
  const draw = (tag, attributes, ...inner) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
    element.append(...inner);
    return element;
  };
  const share = (ms) => (100 * ms) / Math.max(latency, 0.001);
  const words = ([kind, name, from, to]) => text("stretch." + kind) + (name ? " " + name : "") + ": " + figure(to - from) + " ms";
  const rects = parts.map((part) => draw("rect", { class: "kind-" + part[0], x: share(part[2]) + "%", width: Math.max(0.15, share(part[3] - part[2])) + "%", height: "100%" }, draw("title", {}, words(part))));
  const bar = draw("svg", { class: "phasebar", role: "img", "aria-label": text("inside.phases") }, ...rects);
  return make("div", { class: "wide" }, make("dt", {}, text("inside.phases")), make("dd", {}, bar, make("small", {}, parts.map(words).join(" · "))));
}
