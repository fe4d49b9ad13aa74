// Fields of forms: each with its label, hint and place for what is wrong.
import { fill, freshId, make } from "./dom.js";
import { say } from "./words.js";

// A labelled control; `control.problem(text)` shows or clears what is wrong with it.
function field(label, control, { hint, beside } = {}) {
  const id = control.id || freshId("field");
  control.id = id;
  const wrong = make("p", { class: "bad-text", id: `${id}-wrong`, hidden: true });
  const note = hint ? make("p", { class: "hint", id: `${id}-hint` }, hint) : null;
  if (note) control.setAttribute("aria-describedby", note.id);
  const node = make("div", { class: "field" }, make("label", { for: id }, label), control, beside, note, wrong);
  node.problem = (text) => {
    wrong.hidden = !text;
    wrong.textContent = text || "";
    if (text) control.setAttribute("aria-invalid", "true"); else control.removeAttribute("aria-invalid");
    control.setAttribute("aria-describedby", [text ? wrong.id : "", note ? note.id : ""].join(" ").trim());
  };
  node.control = control;
  return node;
}

export function textField(label, value, { area, type = "text", placeholder, hint, change, list, name, narrow, ...rest } = {}) {
  const shown = Array.isArray(value) ? value.join("\n") : value ?? "";
  const control = make(area ? "textarea" : "input", { type: area ? null : type, placeholder, name, value: shown, class: narrow ? "narrow" : null, list, spellcheck: "false", autocomplete: "off", ...rest });
  if (change) control.addEventListener("input", () => change(control.value));
  return field(label, control, { hint });
}

// The number in a field; null for none, and what is no number as it was typed, so that the server refuses it by its name.
export function numberOf(value) {
  const text = String(value ?? "").trim();
  return text === "" ? null : Number.isFinite(Number(text)) ? Number(text) : text;
}

export const numberField = (label, value, options = {}) => textField(label, value, { inputmode: "decimal", ...options });

// `choices` are [value, label] or a plain value that is its own label.
export function selectField(label, value, choices, { hint, change, name } = {}) {
  const options = choices.map((choice) => (Array.isArray(choice) ? choice : [choice, choice]));
  const control = make("select", { name }, ...options.map(([each, text]) => make("option", { value: each, selected: each === value }, text)));
  control.value = value ?? "";
  if (change) control.addEventListener("change", () => change(control.value));
  return field(label, control, { hint });
}

export function tick(label, checked, change, attributes = {}) {
  const box = make("input", { type: "checkbox", checked, ...attributes, on: { change: () => change(box.checked) } });
  return make("label", { class: "tick" }, box, make("span", {}, label));
}

// Some choices of which one is taken, beside each other.
export function choiceField(label, value, choices, change) {
  const name = freshId("choice");
  const buttons = choices.map(([each, text]) => make("label", {}, make("input", { type: "radio", name, value: each, checked: each === value, on: { change: () => change(each) } }), text));
  return make("fieldset", { class: "field" }, make("legend", {}, label), make("div", { class: "choice" }, ...buttons));
}

// A list of short texts as chips; `read(text)` gives the value or throws an Error with what is wrong.
export function chipsField(label, values, { read = (text) => text, show = String, change, hint, placeholder, name, wide }) {
  const id = freshId("chips");
  const list = make("div", { class: "chips" });
  const wrong = make("p", { class: "bad-text", hidden: true, id: `${id}-wrong` });
  const input = make("input", { id, name, placeholder, class: wide ? "grow" : "narrow", autocomplete: "off", spellcheck: "false", "aria-describedby": wrong.id });
  const add = () => {
    const text = input.value.trim();
    if (!text) return;
    try {
      const value = read(text);
      if (!values.includes(value)) values.push(value);
      input.value = "";
      wrong.hidden = true;
      draw();
      change(values);
    } catch (error) {
      wrong.hidden = false;
      wrong.textContent = error.message;
    }
  };
  const chip = (value) => make("span", { class: "chip" }, show(value), make("button", { type: "button", "aria-label": say("remove_of", { what: show(value) }), on: { click: () => { values.splice(values.indexOf(value), 1); draw(); change(values); input.focus(); } } }, "×"));
  const draw = () => fill(list, ...values.map(chip));
  input.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === ",") { event.preventDefault(); add(); } });
  input.addEventListener("change", add);
  draw();
  const node = make("div", { class: "field" }, make("label", { for: id }, label), make("div", { class: "row" }, list, input, make("button", { type: "button", on: { click: add } }, say("add"))), hint ? make("p", { class: "hint" }, hint) : null, wrong);
  node.problem = (text) => { wrong.hidden = !text; wrong.textContent = text || ""; };
  node.control = input;
  return node;
}

// What was typed and not sent survives a reload in this tab; never a key, which a header may have.
const keyless = (name, value) => (name === "headers" ? undefined : value);
export function draft(name, plain) {
  let kept = {};
  try { kept = JSON.parse(sessionStorage.getItem(`draft.${name}`) || "{}"); } catch { kept = {}; }
  const values = { ...structuredClone(plain), ...kept };
  const save = () => sessionStorage.setItem(`draft.${name}`, JSON.stringify(values, keyless));
  return { values, save, forget: () => sessionStorage.removeItem(`draft.${name}`) };
}
