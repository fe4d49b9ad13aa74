// Dialogs and short notices.
import { button, fill, make } from "./dom.js";
import { Gone } from "./api.js";
import { say } from "./words.js";

// Opens a dialog; `body` is its content, `actions` are [label, handler, class].  A handler that returns false, or throws,
// leaves it open; what it threw is shown.  Resolves when it is closed.
export function dialog(title, body, actions) {
  const wrong = make("div", { role: "alert" });
  const heading = make("h2", { id: "dialog-title" }, title);
  const box = make("dialog", { "aria-labelledby": "dialog-title" }, heading, body, wrong);
  const press = ([label, handler, name]) => {
    const node = button(label, async () => {
      node.disabled = true;
      try {
        if ((await handler(box)) !== false) box.close();
      } catch (error) {
        fill(wrong, problem(error));
      }
      node.disabled = false;
    }, { class: name });
    return node;
  };
  const buttons = actions.map(press);
  box.append(make("div", { class: "actions" }, button(say("close"), () => box.close()), ...buttons));
  // Enter in a line of text is the last action, as in any form.
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input:not([type=checkbox]):not([type=radio]):not(.narrow):not(.grow)")) { event.preventDefault(); buttons.at(-1)?.click(); }
  });
  document.body.append(box);
  box.showModal();
  return new Promise((resolve) => box.addEventListener("close", () => { box.remove(); resolve(); }));
}

export const confirmed = (title, text, label, act) => dialog(title, make("p", {}, text), [[label, act, "danger"]]);

// What went wrong, in words, with what to do about it.
export function problem(error) {
  if (error instanceof Gone) return make("p", { class: "problem" }, say("gone.short"));
  return make("p", { class: "problem" }, error.message, error.hint ? make("span", { class: "hint" }, ` ${error.hint}`) : null);
}

export function toast(text) {
  const node = make("div", { class: "toast" }, text);
  document.getElementById("toasts").append(node);
  setTimeout(() => node.remove(), 6000);
}

// Shows a difference as `diff -u` writes it.
export function differenceView(text) {
  const kind = (line) => (/^(---|\+\+\+|@@)/.test(line) ? "place" : line[0] === "+" ? "added" : line[0] === "-" ? "gone" : "");
  const lines = String(text).replace(/\n$/, "").split("\n").filter((line) => !/^(---|\+\+\+)/.test(line));
  return make("div", { class: "diff code", tabindex: 0, role: "region", "aria-label": say("difference") }, ...lines.map((line) => make("div", { class: kind(line) }, line || " ")));
}
