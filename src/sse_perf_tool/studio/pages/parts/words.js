// The texts of the page: words.json has key -> [English, Chinese].
const LANGUAGES = ["en", "zh"];
let words = {};
let at = 0;

export async function loadWords() {
  words = await (await fetch("/static/words.json")).json();
}

export const language = () => LANGUAGES[at];

export function setLanguage(name) {
  at = Math.max(0, LANGUAGES.indexOf(name));
  document.documentElement.lang = at ? "zh-CN" : "en";
}

export const knows = (key) => key in words;

// The text of a key.  {name} is replaced by a value, {name:one|more} by what stands with a number of one, or of more.
export function say(key, values = {}) {
  const text = (words[key] || [key, key])[at];
  return text.replace(/\{(\w+)(?::([^|}]*)\|([^}]*))?\}/g, (place, name, one, more) => {
    if (one !== undefined) return Number(values[name]) === 1 ? one : more;
    return values[name] ?? place;
  });
}

// The text of a key when there is one, else what was asked for: names that a newer server may add.
export const named = (prefix, name) => (knows(prefix + name) ? say(prefix + name) : String(name));
