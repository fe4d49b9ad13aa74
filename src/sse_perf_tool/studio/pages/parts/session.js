// What the whole page knows: the state of the server, and the language and theme of the reader.
import { get } from "./api.js";
import { setLanguage, language } from "./words.js";

export let state = null;
const listeners = new Set();
export const onState = (listener) => listeners.add(listener);

export async function refresh() {
  state = await get("/api/state");
  listeners.forEach((listener) => listener(state));
  return state;
}

// What the event stream says of jobs is newer than what was asked for last.
export function jobsChanged({ running, queue }) {
  if (!state) return;
  Object.assign(state, { running, queue });
  listeners.forEach((listener) => listener(state));
}

const kept = (name) => { try { return localStorage.getItem(`studio.${name}`); } catch { return null; } };
const keep = (name, value) => { try { if (value === null) localStorage.removeItem(`studio.${name}`); else localStorage.setItem(`studio.${name}`, value); } catch { /* a browser that keeps nothing: the choice is of this visit */ } };

export const keptLanguage = () => kept("language");
export function chooseLanguage(name) {
  keep("language", name);
  setLanguage(name);
}

export const theme = () => kept("theme") || "system";
export function chooseTheme(name) {
  keep("theme", name === "system" ? null : name);
  showTheme();
}
export function showTheme() {
  const name = theme();
  if (name === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
}
export const isDark = () => (theme() === "system" ? matchMedia("(prefers-color-scheme: dark)").matches : theme() === "dark");
export const other = () => (language() === "zh" ? "en" : "zh");
