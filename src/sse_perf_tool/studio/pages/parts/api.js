// Talks to the server.  Every refusal becomes a `Refusal`, a server that does not answer a `Gone`.
import { language } from "./words.js";

export class Refusal extends Error {
  constructor(status, body, etag) {
    const error = body.error || {};
    super(error.message || `HTTP ${status}`);
    Object.assign(this, { status, body, etag, code: error.code || "", field: error.field || "", hint: error.hint || "" });
  }
}

export class Gone extends Error {}

const listeners = new Set();
let reached = true;
let last = 0;

// `listener(reached, status)` is called when the server stops to answer, answers again, or no longer knows this browser.
export const onReach = (listener) => listeners.add(listener);

function reach(now, status = 0) {
  const same = now === reached && (status === 401) === (last === 401);
  [reached, last] = [now, status];
  if (same) return;
  listeners.forEach((listener) => listener(now, status));
}

async function ask(method, path, { body, etag, headers } = {}) {
  const all = { "Accept-Language": language(), ...headers };
  if (body !== undefined) all["Content-Type"] = "application/json";
  if (etag !== undefined) all["If-Match"] = etag;
  try {
    const answer = await fetch(path, { method, headers: all, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store" });
    reach(answer.status !== 401, answer.status);
    return answer;
  } catch {
    reach(false);
    throw new Gone();
  }
}

export async function call(method, path, options) {
  const answer = await ask(method, path, options);
  const text = await answer.text();
  let found = {};
  try { found = text ? JSON.parse(text) : {}; } catch { found = {}; }
  if (!answer.ok) throw new Refusal(answer.status, found, answer.headers.get("ETag"));
  return found;
}

export const get = (path) => call("GET", path);
export const post = (path, body, options = {}) => call("POST", path, { body, ...options });
export const query = (values) => new URLSearchParams(Object.entries(values).filter(([, value]) => value !== "" && value !== null && value !== undefined)).toString();
