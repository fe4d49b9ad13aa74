// Visits pages of the studio with a server that is made up: every answer stands in the scene.  Prints what was seen as JSON.
// node visit_pages.mjs SCENES.json PAGES_FOLDER ASSETS_FOLDER CHROMIUM [PICTURES_FOLDER]
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join } from "node:path";

const require = createRequire(import.meta.url);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [scenesFile, pages, assets, executablePath, pictures] = process.argv.slice(2);
const { scenes, api: common, policy } = JSON.parse(readFileSync(scenesFile, "utf8"));
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml" };
const PATIENCE_MS = 120_000;
if (pictures) mkdirSync(pictures, { recursive: true });

let scene = null;
let seen = null;

function fileOf(path) {
  if (path.startsWith("/static/lib/")) return join(assets, path.slice("/static/lib/".length));
  if (path === "/static/palette.css") return join(assets, "../templates/palette.css");
  if (path.startsWith("/static/")) return join(pages, path.slice("/static/".length));
  return join(pages, "index.html");
}

// Without a job the stream tells which one runs.  Streams stay open, as those of the server do.
function stream(url, response) {
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  const { running, queue } = { ...common, ...scene.api }["GET /api/state"];
  response.write(`event: state\ndata: ${JSON.stringify({ running: running ?? null, queue: queue ?? [], changed: null })}\n\n`);
  if (url.search) response.write(scene.events || "");
}

function serveFile(path, response) {
  const file = fileOf(path);
  if (!existsSync(file)) { response.writeHead(404).end(); return; }
  response.writeHead(200, { "Content-Type": TYPES[extname(file)] || "text/plain", "Content-Security-Policy": policy, "Cache-Control": "max-age=600", "X-Content-Type-Options": "nosniff" });
  response.end(readFileSync(file));
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://localhost");
  if (!url.pathname.startsWith("/api/")) { serveFile(url.pathname, response); return; }
  const parts = [];
  for await (const part of request) parts.push(part);
  const name = `${request.method} ${url.pathname}`;
  const body = parts.length ? JSON.parse(Buffer.concat(parts).toString()) : null;
  seen.asked.push({ name, search: url.search, body, match: request.headers["if-match"] ?? null });
  if (url.pathname === "/api/events") { stream(url, response); return; }
  const found = { ...common, ...scene.api }[name];
  if (found === "gone") { request.socket.destroy(); return; }
  const [status, said] = Array.isArray(found) ? found : found === undefined ? [404, { error: { code: "not_found", message: `${name}: not in the scene` } }] : [200, found];
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(status === 204 ? "" : JSON.stringify(said));
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const HOST = `http://127.0.0.1:${server.address().port}`;
const browser = await chromium.launch({ executablePath, timeout: PATIENCE_MS, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--process-per-site", "--disable-background-networking"] });

// One tab for each language, which no scene can change: a window and its processes take longer than a scene.
const tabs = new Map();
async function tabOf({ width = 1440, height = 900, dark = false, zh = false }) {
  if (!tabs.has(zh)) tabs.set(zh, await newTab(zh ? "zh-CN" : "en-GB"));
  const page = tabs.get(zh);
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: dark ? "dark" : "light" });
  return page;
}

async function newTab(locale) {
  const context = await browser.newContext({ locale, timezoneId: "UTC", reducedMotion: "reduce" });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS / 6);
  page.on("console", (message) => { if (message.type() === "error" && !/Failed to load resource/.test(message.text())) seen.console.push(message.text()); });
  page.on("pageerror", (error) => seen.console.push(String(error)));
  page.on("request", (request) => { if (!request.url().startsWith(HOST)) seen.foreign.push(request.url()); });
  return page;
}

// What one page keeps is not there for the next.
async function leave(page) {
  await page.evaluate(() => { if (location.origin !== "null") { sessionStorage.clear(); localStorage.clear(); } }); // a page that did not load has none
  await page.goto("about:blank");
}

async function visit(page) {
  await page.goto(HOST + scene.path);
  await page.waitForFunction(() => document.documentElement.dataset.ready === "true");
  for (const [what, target, value] of scene.steps || []) {
    if (what === "click") await page.locator(target).first().click();
    if (what === "fill") await page.locator(target).first().fill(value);
    if (what === "press") await page.keyboard.press(target);
    if (what === "see") await page.locator(target).first().waitFor();
    if (what === "choose") await page.locator(target).first().selectOption(value);
  }
  await page.waitForFunction(() => document.documentElement.dataset.ready === "true");
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  if (pictures) {
    await page.waitForTimeout(250);
    // The page on its own: what scrolls away is in the picture too, an open dialog as one sees it.
    const dialog = await page.locator("dialog[open]").count();
    await page.screenshot({ path: join(pictures, `${scene.name}.png`), fullPage: !dialog && scene.whole !== false });
  }
  const facts = await page.evaluate(() => ({
    text: document.body.innerText,
    title: document.title,
    overflow: document.documentElement.scrollWidth - innerWidth,
    pwned: window.pwned === true,
    // What no one has a word for shows as its key.
    keys: [...document.querySelectorAll("body *")].filter((node) => !node.childElementCount && !node.closest("code, pre, bdi")).map((node) => node.textContent.trim()).filter((text) => /^[a-z_]+\.[a-z_0-9]+$/.test(text) && text !== "config.yaml"),
    places: [...document.querySelectorAll("body *")].filter((node) => !node.childElementCount && !node.closest("code, pre, bdi")).map((node) => node.textContent).filter((text) => /\{\w+\}|undefined|NaN|\[object/.test(text)),
    path: location.pathname + location.search,
  }));
  let faults = [];
  if (scene.axe) {
    await page.evaluate(axe);
    const found = await page.evaluate(() => axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }));
    faults = found.violations.map((each) => `${each.impact} ${each.id}: ${each.nodes.slice(0, 3).map((node) => node.target.join(" ") + " " + (node.any[0] || node.all[0] || {}).message).join(" | ")}`);
  }
  return { ...facts, ...seen, faults };
}

const facts = {};
for (scene of scenes) {
  seen = { asked: [], foreign: [], console: [] };
  const page = await tabOf(scene);
  try {
    facts[scene.name] = await visit(page);
  } catch (error) {
    facts[scene.name] = { broken: String(error) };
  }
  await leave(page);
}
await browser.close();
process.stdout.write(JSON.stringify(facts), () => process.exit(0));
