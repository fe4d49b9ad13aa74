// What every page has: its data, two languages, themes, number formats, small builders, sortable tables, downloads.
const data = JSON.parse(document.getElementById("data").textContent);
const root = document.documentElement;
const listeners = { language: [], theme: [] };

const language = () => root.dataset.ui;
const text = (key) => (data.texts[key] || [key, key])[language() === "zh" ? 1 : 0];
const texts = (key, values) => text(key).replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);

// Foreign text only ever arrives here as a string child: it becomes a text node.
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") Object.entries(value).forEach(([event, handler]) => node.addEventListener(event, handler));
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// An element that shows one of the texts and follows the language; `values` may be a function when they do too.
function say(tag, key, attributes = {}, values = {}) {
  const node = make(tag, attributes);
  const show = () => { node.textContent = texts(key, typeof values === "function" ? values() : values); };
  listeners.language.push(show);
  show();
  return node;
}

const digits = (value) => {
  const size = Math.abs(value);
  return size >= 100 || value === 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
};
const formats = [0, 1, 2, 3].map((n) => new Intl.NumberFormat("en-US", { minimumFractionDigits: n, maximumFractionDigits: n }));
const figure = (value) => (value === null || value === undefined ? "n/a" : formats[digits(value)].format(value));
const whole = (value) => (value === null || value === undefined ? "n/a" : formats[0].format(value));
// Counts are whole, measurements are not.
const reading = (value) => (Number.isInteger(value) ? whole(value) : figure(value));
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });
// Axis marks need not be padded with zeros.
const mark = (value) => (Math.abs(value) >= 10000 ? short.format(value) : Math.abs(value) >= 1000 ? whole(value) : String(Number(value.toPrecision(6))));

function setLanguage(name) {
  root.dataset.ui = name;
  root.lang = name === "zh" ? "zh-CN" : "en";
  listeners.language.forEach((listener) => listener());
}

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches);
function setTheme(name) {
  root.dataset.theme = name;
  themeChanged();
}
function themeChanged() {
  const button = document.getElementById("theme");
  if (button) button.setAttribute("aria-pressed", String(isDark()));
  listeners.theme.forEach((listener) => listener());
}

function sortTable(table, column, descending) {
  const body = table.tBodies[0];
  const key = (row) => {
    const cell = row.cells[column];
    const value = cell.dataset.v;
    return value === undefined ? cell.textContent.trim() : value === "" ? null : Number(value);
  };
  const rows = [...body.rows].map((row) => [key(row), row]);
  // What was not measured stays at the end, whichever way.
  rows.sort(([a], [b]) => (a === null) - (b === null) || (a === null ? 0
    : (typeof a === "number" ? a - b : a.localeCompare(b)) * (descending ? -1 : 1)));
  body.append(...rows.map(([, row]) => row));
  [...table.tHead.rows[0].cells].forEach((cell, at) => {
    if (at === column) cell.setAttribute("aria-sort", descending ? "descending" : "ascending");
    else cell.removeAttribute("aria-sort");
  });
}

function makeSortable(table) {
  [...table.tHead.rows[0].cells].forEach((cell, column) => {
    const button = make("button", { type: "button", on: { click: () => sortTable(table, column, cell.getAttribute("aria-sort") === "descending" ? false : cell.getAttribute("aria-sort") === "ascending" || !cell.classList.contains("text")) } });
    button.append(...cell.childNodes);
    cell.append(button);
  });
}

// A sortable table of plain values: `columns` are {key, value(row), show(value)?, text?}, built for up to `most` rows.
function buildTable(id, captionKey, columns, rows, most, footer) {
  const head = make("tr", {}, ...columns.map((column) => make("th", { scope: "col", class: column.text ? "text" : null }, say("span", column.key))));
  const cell = (column, row, at) => {
    const value = column.value(row);
    const shown = column.show ? column.show(value, row) : figure(value);
    return make(at ? "td" : "th", { scope: at ? null : "row", class: column.text && at ? "text" : null, "data-v": column.text ? null : value ?? "" }, shown);
  };
  const line = (row) => make("tr", {}, ...columns.map((column, at) => cell(column, row, at)));
  const body = make("tbody", {}, ...rows.slice(0, most).map(line));
  const table = make("table", { id, class: "sortable" }, say("caption", captionKey, { id: id + "-caption" }), make("thead", {}, head), body);
  if (footer) table.append(make("tfoot", {}, line(footer)));
  makeSortable(table);
  const parts = [make("div", { class: "scroll", tabindex: 0, role: "region", "aria-labelledby": id + "-caption" }, table)];
  if (rows.length > most) {
    const more = say("button", "show_all", { type: "button" }, { n: whole(rows.length) });
    more.addEventListener("click", () => { body.append(...rows.slice(most).map(line)); more.remove(); });
    parts.push(more);
  }
  return parts;
}

function download(name, type, content) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
const csv = (columns) => {
  const names = Object.keys(columns);
  const count = columns[names[0]].length;
  const lines = [names.join(",")];
  for (let row = 0; row < count; row += 1) lines.push(names.map((name) => columns[name][row] ?? "").join(","));
  return lines.join("\r\n") + "\r\n";
};

const hideAll = (selector) => document.querySelectorAll(selector).forEach((node) => { node.hidden = true; });

// A link into something folded opens it.
function openTarget() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let node = target || null; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
  if (target) target.scrollIntoView();
}

// Paper has a page of the most important unless everything is asked for.
function printAll() {
  root.dataset.print = "all";
  const closed = [...document.querySelectorAll("details:not([open])")];
  closed.forEach((node) => { node.open = true; });
  addEventListener("afterprint", () => { delete root.dataset.print; closed.forEach((node) => { node.open = false; }); }, { once: true });
  // What was folded is drawn first.
  requestAnimationFrame(() => requestAnimationFrame(() => print()));
}

// Marks the link of the bar to the part that is being read.
function startBar() {
  const links = [...document.querySelectorAll("#sections a")].map((link) => [link, document.getElementById(link.hash.slice(1))]).filter(([, part]) => part);
  if (!links.length) return;
  const show = () => {
    const passed = links.filter(([, part]) => part.checkVisibility() && part.getBoundingClientRect().top < 160);
    const [current] = passed.length ? passed[passed.length - 1] : links[0];
    for (const [link, part] of links) {
      link.hidden = !part.checkVisibility();
      if (link === current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  let waiting = false;
  addEventListener("scroll", () => {
    if (!waiting) requestAnimationFrame(() => { waiting = false; show(); });
    waiting = true;
  }, { passive: true });
  show();
}

// Says on which sides a table goes on, so that its edge there fades.
function startFades() {
  const show = (box) => {
    const rest = box.scrollWidth - box.clientWidth - box.scrollLeft;
    box.dataset.more = (box.scrollLeft > 1 ? "left " : "") + (rest > 1 ? "right" : "");
  };
  const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => show(target)));
  document.querySelectorAll(".scroll, .bar nav").forEach((box) => {
    box.addEventListener("scroll", () => show(box), { passive: true });
    sizes.observe(box);
  });
}

function startPage() {
  document.getElementById("language").addEventListener("click", () => setLanguage(language() === "zh" ? "en" : "zh"));
  document.getElementById("theme").addEventListener("click", () => setTheme(isDark() ? "light" : "dark"));
  document.getElementById("print").addEventListener("click", () => print());
  const all = document.getElementById("print-all");
  if (all) all.addEventListener("click", printAll);
  addEventListener("hashchange", openTarget);
  openTarget();
  startBar();
  startFades();
  prefersDark.addEventListener("change", themeChanged);
  themeChanged();
  document.querySelectorAll("table.sortable").forEach((table) => table.querySelector("th button") || makeSortable(table));
}
