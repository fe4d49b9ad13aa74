// Uses a studio as somebody does who has never seen it: first use, demo, reload in mid-run, stop, compare, Chinese, many tabs.
// Prints what was seen as JSON.  node use_studio.mjs LINK CHROMIUM
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { chromium } = require("playwright-core");
const [link, executablePath] = process.argv.slice(2);
const origin = new URL(link).origin;
const PATIENCE_MS = 90_000;
const facts = { foreign: [], console: [], failed: [], places: [], keys: [] };

const browser = await chromium.launch({ executablePath, timeout: PATIENCE_MS, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--process-per-site", "--disable-background-networking"] });
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB", reducedMotion: "reduce" });
context.setDefaultTimeout(PATIENCE_MS);
const streams = new Set();
context.on("request", (request) => {
  if (!request.url().startsWith(origin)) facts.foreign.push(request.url());
  if (request.url().includes("/api/events")) streams.add(request);
});
for (const ended of ["requestfinished", "requestfailed"]) context.on(ended, (request) => streams.delete(request));
context.on("response", (response) => { if (response.status() >= 500) facts.failed.push(`${response.status()} ${response.url()}`); });
// Those of tabs that are still there: a tab that closes says nothing of its own.
const open = () => [...streams].filter((request) => !request.frame().page().isClosed()).length;
const watch = (page) => {
  page.on("console", (message) => { if (message.type() === "error") facts.console.push(message.text()); });
  page.on("pageerror", (error) => facts.console.push(String(error)));
  return page;
};
const ready = (page) => page.waitForFunction(() => document.documentElement.dataset.ready === "true");
const text = (page) => page.evaluate(() => document.body.innerText);
// Names in place of words, and values that are none: on no page at any time; but in the help of flags, which has such names.
async function look(page) {
  await ready(page);
  const found = await page.evaluate(() => {
    const leaves = [...document.querySelectorAll("body *")].filter((node) => !node.childElementCount && !node.closest("code, pre, bdi, details .hint")).map((node) => node.textContent.trim());
    return { keys: leaves.filter((each) => /^[a-z_]+\.[a-z_0-9]+$/.test(each) && each !== "config.yaml"), places: leaves.filter((each) => /\{\w+\}|undefined|NaN|\[object/.test(each)) };
  });
  facts.keys.push(...found.keys);
  facts.places.push(...found.places);
  return text(page);
}
const counted = async (page) => (await page.locator("tbody tr td:nth-child(3)").allInnerTexts()).reduce((sum, each) => sum + Number(each), 0);
const runs = (page, least) => page.waitForFunction((most) => [...document.querySelectorAll("tbody tr td:nth-child(3)")].reduce((sum, each) => sum + Number(each.textContent), 0) >= most, least);

const byHand = (page, body) => page.evaluate(async (asked) => (await (await fetch("/api/jobs", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(asked) })).json()).id, body);

try {
  const page = watch(await context.newPage());
  await page.goto(link);
  facts.first = await look(page);
  facts.address = page.url();

  await page.locator("#demo").click();
  await page.waitForURL("**/results/*");
  facts.result = await look(page);
  facts.report = await page.evaluate(async () => { const answer = await fetch(document.getElementById("report").getAttribute("href")); return [answer.status, (await answer.text()).slice(0, 15)]; });

  // One that does not end by itself, so that nothing below has to hurry.
  const endless = `${origin}/jobs/${await byHand(page, { kind: "bench", demo: true, runs: 1000, context_tiers: [0] })}`;
  await page.goto(endless);
  await runs(page, 3);
  facts.before_reload = await counted(page);
  await page.reload();
  await runs(page, facts.before_reload);
  facts.after_reload = await counted(page);

  // Seven tabs share one stream: with one each, the seventh would wait for a connection for ever.
  const tabs = [];
  for (let number = 0; number < 6; number += 1) {
    const tab = watch(await context.newPage());
    await tab.goto(`${origin}/run`);
    tabs.push(tab);
  }
  await Promise.all(tabs.map((tab) => tab.locator("#now").waitFor()));
  facts.streams = open();
  facts.tabs = await Promise.all([page, ...tabs].map((tab) => tab.locator("#now").innerText()));
  // One that comes later sees what came before it; and when the tab with the stream closes, another one goes on.
  const late = watch(await context.newPage());
  await late.addInitScript(() => { const own = setTimeout; window.setTimeout = (task, ms, ...rest) => own(task, ms === 60000 ? 1 : ms, ...rest); }); // its minute is short
  await late.goto(endless);
  await runs(late, facts.before_reload);
  const seen = await counted(late);
  await Promise.all([page, ...tabs].map((tab) => tab.close()));
  await runs(late, seen + 2);
  facts.late = [seen, await counted(late)];
  facts.streams_after = open();
  // A tab that nobody looks at has no stream, and goes on behind the last event that it had when it is looked at again.
  const look_away = (hidden) => late.evaluate((value) => { Object.defineProperty(document, "hidden", { value, configurable: true }); document.dispatchEvent(new Event("visibilitychange")); }, hidden);
  const gone = context.waitForEvent("requestfailed", (request) => request.url().includes("/api/events"));
  await look_away(true);
  await gone;
  facts.hidden = [open(), await counted(late)];
  const back = late.waitForRequest((request) => request.url().includes("/api/events"));
  await look_away(false);
  facts.resumed_after = Number(new URL((await back).url()).searchParams.get("after"));
  await runs(late, facts.hidden[1] + 2);
  facts.streams_again = open();
  await late.locator("#cancel").click();
  await late.waitForURL("**/results/*");
  facts.cancelled = await look(late);

  await late.locator("#again").click();
  await late.waitForURL("**/jobs/*");
  await runs(late, 1);
  await late.locator("#cancel").click();
  await late.waitForURL("**/results/*");

  await late.locator("[data-page=history]").click();
  await late.locator("tbody input[type=checkbox]:not(:disabled)").nth(1).waitFor();
  facts.history = await look(late);
  facts.jobs = await late.evaluate(async () => (await (await fetch("/api/jobs")).json()).jobs.map((job) => job.state).reverse());
  for (const box of (await late.locator("tbody input[type=checkbox]:not(:disabled)").all()).slice(0, 2)) await box.check();
  await late.locator("#compare").click();
  await late.waitForURL("**/compare?*");
  facts.compare = await look(late);

  await late.locator("#language").click();
  await late.waitForFunction(() => document.documentElement.lang === "zh-CN" && document.documentElement.dataset.ready === "true");
  facts.compare_zh = await look(late);
  facts.zh = {};
  for (const name of ["run", "load", "capacity", "history", "providers", "keys", "settings"]) {
    await late.locator(`[data-page=${name}]`).click();
    await late.waitForFunction((path) => location.pathname === path && document.documentElement.dataset.ready === "true", `/${name}`);
    await look(late);
    facts.zh[name] = await late.locator("main").innerText();
  }
} catch (error) {
  facts.broken = String(error);
}
await browser.close();
process.stdout.write(JSON.stringify(facts), () => process.exit(0));
