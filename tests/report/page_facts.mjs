// Opens reports in headless Chromium with the network cut, uses each as a reader would, and prints what it saw as JSON:
// name of the file -> facts.  node page_facts.mjs CHROMIUM REPORT.html ...: of one that ends in .opening.html only how it opens.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(import.meta.url);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [executablePath, ...files] = process.argv.slice(2);

const PATIENCE_MS = 180_000;
const browser = await chromium.launch({ executablePath, timeout: PATIENCE_MS, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });

// One tab for all, as a window and its processes take longer than a page.
let facts;
const context = await browser.newContext({ acceptDownloads: true });
await context.setOffline(true);
const page = await context.newPage();
page.setDefaultTimeout(PATIENCE_MS);
page.on("request", (request) => { if (!/^(file|data|blob|about):/.test(request.url())) facts.requests.push(request.url()); });
page.on("console", (message) => { if (message.type() === "error") facts.console.push(message.text()); });
page.on("pageerror", (error) => facts.console.push(String(error)));

// As a reader comes to it who has not been there: what one page left behind is not there for the next.
async function open(file) {
  await page.mouse.move(0, 0);
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.emulateMedia({ media: "screen", colorScheme: "light" });
  await page.goto(pathToFileURL(file).href);
}

async function leave() {
  await page.evaluate(() => { localStorage.clear(); sessionStorage.clear(); });
  await page.goto("about:blank");
}

// Tries until the condition holds; what was seen is judged by the tests, so nothing is thrown here.
const until = async (condition) => {
  const end = Date.now() + PATIENCE_MS / 6;
  while (!(await condition()) && Date.now() < end) await page.waitForTimeout(30);
};
const settled = () => page.waitForFunction(() => document.documentElement.dataset.ready === "true");
const ranges = () => page.evaluate(() => [...document.querySelectorAll("canvas")].map((canvas) => Chart.getChart(canvas))
  .filter((chart) => chart.options.plugins.zoom.zoom.mode === "x").map((chart) => [chart.canvas.id, chart.scales.x.min, chart.scales.x.max]));
// Pixels inside the axes that are not grey: grid, marks and empty charts have none.
const ink = () => page.evaluate(() => Object.fromEntries([...document.querySelectorAll("canvas")].map((canvas) => {
  const { left, top, width, height } = Chart.getChart(canvas).chartArea;
  const pixels = canvas.getContext("2d").getImageData(left, top, width, height).data;
  let coloured = 0;
  for (let at = 0; at < pixels.length; at += 4) {
    const rgb = pixels.subarray(at, at + 3);
    if (pixels[at + 3] > 60 && Math.max(...rgb) - Math.min(...rgb) > 40) coloured += 1;
  }
  return [canvas.id, coloured];
})));
const faults = async () => {
  await page.evaluate(axe);
  const found = await page.evaluate(() => axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }));
  return found.violations.map((each) => `${each.impact} ${each.id}: ${each.nodes.slice(0, 3).map((node) => node.target.join(" ") + " " + (node.any[0] || {}).message).join(" | ")}`);
};

async function visit(file) {
  const opened = Date.now();
  await open(file);
  await settled();
  facts.ready_ms = Date.now() - opened;
  facts.title = await page.title();
  // As it opens: how long the page is, what stands on its first screen, and in which order its parts follow.
  facts.height = await page.evaluate(() => document.documentElement.scrollHeight);
  facts.first_screen = await page.evaluate(() => [".verdict", "#figures", ".next", "#sections", "canvas"].filter((part) => {
    const box = document.querySelector(part)?.getBoundingClientRect();
    return box && box.top >= 0 && box.bottom <= innerHeight;
  }));
  facts.order = await page.evaluate(() => [...document.querySelectorAll("main [id]")].map((node) => node.id));
  facts.folded = await page.evaluate(() => [...document.querySelectorAll("details[id]:not([open])")].map((node) => node.id));
  facts.dead_links = await page.evaluate(() => [...document.querySelectorAll('a[href^="#"]')].map((link) => link.hash).filter((hash) => !document.getElementById(hash.slice(1))));
  // A link into something folded opens it, from the keyboard too.
  if (facts.folded.includes("trust")) {
    await page.locator('#sections a[href="#trust"]').focus();
    await page.keyboard.press("Enter");
    await until(() => page.evaluate(() => document.getElementById("trust").open));
    facts.opened = await page.evaluate(() => document.getElementById("trust").open);
    await until(() => page.evaluate(() => document.querySelector("#sections [aria-current]").hash === "#trust"));
    facts.marked = await page.evaluate(() => document.querySelector("#sections [aria-current]").hash);
  }
  facts.cards = await page.evaluate(() => [...document.querySelectorAll("[id^=card-]")].map((node) => node.id.slice("card-".length)));
  facts.words = await page.evaluate(() => document.querySelector("main").textContent);
  if (file.endsWith(".opening.html")) return;
  await page.evaluate(() => { document.querySelectorAll("details").forEach((node) => { node.open = true; }); scrollTo(0, 0); });
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  await settled();
  facts.ink = await ink();
  facts.pwned = await page.evaluate(() => window.pwned === true);
  facts.elements = await page.evaluate(() => ({ scripts: document.scripts.length, images: document.images.length, frames: document.querySelectorAll("iframe,object,embed").length }));
  facts.text = await page.evaluate(() => document.body.innerText);
  facts.faults_light = await faults();
  facts.shown = await page.evaluate(() => ["bar", "charts", "errors", "load", "metrics", "requests"].filter((id) => document.getElementById(id)?.checkVisibility()));
  // Time charts none of whose points lies within their axes.
  facts.outside = await page.evaluate(() => [...document.querySelectorAll("canvas")].map((canvas) => Chart.getChart(canvas))
    .filter((chart) => chart.options.plugins.zoom.zoom.mode === "x" && !chart.data.datasets.some((set) => set.data.some((point) => Array.isArray(point) || (point && !Number.isNaN(point.y) && point.x >= chart.scales.x.min && point.x <= chart.scales.x.max))))
    .map((chart) => chart.canvas.id));
  // Chart -> series -> [how its legend calls it, how many points it has].
  facts.points = await page.evaluate(() => Object.fromEntries([...document.querySelectorAll("canvas")].map((canvas) => Chart.getChart(canvas))
    .map((chart) => [chart.canvas.id, Object.fromEntries(chart.data.datasets.filter((set) => set.series).map((set) => [set.series.key, [set.label, set.data.length]]))])));
  if (!(await page.locator("canvas:visible").count())) return;

  // Hands: drag, double click, keyboard.
  const RPS = "#chart-rps, #chart-compare_rps";
  const box = async (id) => {
    await page.locator(id).scrollIntoViewIfNeeded();
    let last;
    await until(async () => {
      const before = last;
      last = JSON.stringify(await page.locator(id).boundingBox());
      return last === before;
    });
    return JSON.parse(last);
  };
  const readouts = () => page.evaluate(() => [...document.querySelectorAll(".readout")].map((node) => node.textContent).filter(Boolean).length);
  // A page without time charts has nothing to zoom.
  if (await page.locator(RPS).count()) {
    facts.ranges_before = await ranges();
    const first = await box(RPS);
    const y = first.y + first.height / 2;
    let step = 0;
    await until(async () => { await page.mouse.move(first.x + first.width * 0.4 + (step++ % 2), y); return (await readouts()) >= 2; });
    facts.hovered = await readouts();
    await page.mouse.down();
    await page.mouse.move(first.x + first.width * 0.5, y, { steps: 4 });
    await page.mouse.move(first.x + first.width * 0.7, y, { steps: 4 });
    const dragged = Date.now();
    await page.mouse.up();
    await until(async () => JSON.stringify(await ranges()) !== JSON.stringify(facts.ranges_before));
    await settled();
    facts.zoom_ms = Date.now() - dragged;
    facts.ranges_zoomed = await ranges();
    const again = await box(RPS);
    await page.mouse.dblclick(again.x + again.width * 0.5, again.y + again.height / 2);
    await until(async () => JSON.stringify(await ranges()) === JSON.stringify(facts.ranges_before));
    await settled();
    facts.ranges_restored = await ranges();
    await page.locator(RPS).focus();
    await until(async () => {
      await page.keyboard.press("ArrowRight");
      facts.keyboard_readout = await page.evaluate(() => document.activeElement.closest("figure").querySelector(".readout").textContent);
      return facts.keyboard_readout;
    });
    await page.keyboard.press("+");
    await settled();
    facts.ranges_keyboard = await ranges();
    await page.keyboard.press("0");
    await settled();
  }

  // Legend and log scale of the first chart that has both.
  const card = page.locator("figure:has(.toggle)").first();
  await card.locator(".toggle").click();
  await card.locator(".legend button").first().click();
  await settled();
  facts.toggled = await card.evaluate((node) => {
    const chart = Chart.getChart(node.querySelector("canvas"));
    return { scale: chart.scales.y.type, first_series_shown: chart.isDatasetVisible(0) };
  });
  await card.locator(".toggle").click();
  await card.locator(".legend button").first().click();

  // A table sorts both ways; not-measured cells stay last.
  const table = page.locator("#metrics-table, #compare-table, #steps-table, #bench-table");
  // The figure itself: what stands in small letters below it is its interval.
  const third = () => table.locator("tbody tr td:nth-child(3)").evaluateAll((cells) => cells.map((cell) => cell.firstChild.textContent));
  await table.locator("thead button").nth(2).click();
  facts.sorted_down = await third();
  await table.locator("thead button").nth(2).click();
  facts.sorted_up = await third();

  // Details of a request and downloads, where the page has them.
  if (await page.locator("[data-request]").count()) {
    await page.locator("[data-request]").first().click();
    facts.details = await page.locator("#details").innerText();
    facts.faults_dialog = await faults();
    await page.keyboard.press("Escape");
    facts.details_closed = await page.evaluate(() => !document.getElementById("details").open);
  }
  facts.downloads = {};
  for (const button of await page.locator("#download-buttons button").all()) {
    const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
    facts.downloads[download.suggestedFilename()] = readFileSync(await download.path(), "utf8");
  }

  // The other language, the other theme, a phone.
  const look = () => page.evaluate(() => ({
    lang: document.documentElement.lang, heading: document.querySelector("main h2").innerText,
    chart: document.querySelector("canvas").getAttribute("aria-label"), background: getComputedStyle(document.body).backgroundColor,
    button: document.getElementById("language").innerText,
  }));
  facts.look_before = await look();
  await page.click("#language");
  await page.click("#theme");
  await settled();
  facts.look_after = await look();
  facts.ink_after = await ink();
  facts.faults_dark = await faults();
  await page.setViewportSize({ width: 390, height: 844 });
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth);
  await until(async () => (await wide()) <= 390);
  facts.phone_width = await wide();
  const metrics = () => page.evaluate(() => {
    const table = document.getElementById("metrics-table") ?? document.querySelector("table"), box = table.parentElement;
    return { cut: box.scrollWidth - box.clientWidth, names: table.querySelector("tbody th").getBoundingClientRect().width / box.clientWidth };
  });
  // On a phone: tables that go on sideways with no fade there, and from top to bottom what stands on the first screen.
  const unfaded = () => page.evaluate(() => [...document.querySelectorAll(".scroll")].filter((box) => box.checkVisibility() && box.scrollWidth - box.clientWidth > 1 && !(box.dataset.more || "").includes("right")).length);
  await until(async () => !(await unfaded()));
  facts.phone_unfaded = await unfaded();
  facts.phone_order = await page.evaluate(() => [".verdict h2", ".tile.wide", ".tile:not(.wide)", ".next", ".lead", "canvas"]
    .map((part) => [part, document.querySelector(part)?.getBoundingClientRect().top]).sort((a, b) => a[1] - b[1]).map(([part]) => part));
  facts.phone_names = (await metrics()).names;
  await page.setViewportSize({ width: 1440, height: 900 });
  facts.metrics_cut = (await metrics()).cut;
  await page.emulateMedia({ media: "print" });
  const pages = async () => (await page.pdf({ format: "A4" })).toString("latin1").match(/\/Type \/Page\b/g).length;
  facts.pdf_summary_pages = await pages();
  await page.evaluate(() => { document.documentElement.dataset.print = "all"; });
  facts.print_width = await page.evaluate(() => Math.max(...[...document.querySelectorAll("canvas")].map((canvas) => canvas.getBoundingClientRect().width / canvas.closest("figure").getBoundingClientRect().width)));
  facts.pdf_pages = await pages();
}

const seen = {};
for (const file of files) {
  facts = { requests: [], console: [] };
  try {
    await visit(file);
  } catch (error) {
    facts.broken = String(error);
  }
  await leave();
  seen[basename(file).split(".")[0]] = facts;
}
await browser.close();
process.stdout.write(JSON.stringify(seen), () => process.exit(0));
