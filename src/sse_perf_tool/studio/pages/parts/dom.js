// Small builders.  Foreign text only ever arrives here as a string child or an attribute: it never becomes markup.
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") Object.entries(value).forEach(([event, handler]) => node.addEventListener(event, handler));
    else if (name === "css") Object.entries(value).forEach(([property, each]) => node.style.setProperty(property, each));
    else if (name === "value" || name === "checked" || name === "indeterminate") node[name] = value;
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...kept(children));
  return node;
}

const kept = (children) => children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);

// Puts new children in the place of the old ones.
export function fill(node, ...children) {
  node.replaceChildren(...kept(children));
  return node;
}

// Does the task with the next picture, once however often it is called until then.
export function oncePerFrame(task) {
  let waits = false;
  return () => {
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => { waits = false; task(); });
  };
}

let last = 0;
export const freshId = (name) => `${name}-${(last += 1)}`;

export const link = (href, ...children) => make("a", { href }, ...children);
export const button = (label, click, attributes = {}) => make("button", { type: "button", ...attributes, on: { click } }, label);

// A place for text that comes from a server or a file: kept on its own side of the reading direction, and never longer than `most`.
export const foreign = (value, most = 300) => make("bdi", {}, String(value ?? "").slice(0, most));
