// The search box: shows what `search` finds while somebody types, and leads through it by keyboard.

import { prepare, search } from "/assets/portal/search.js";

// What comes sooner needs no word that it is coming.
const PATIENCE = 150;
const MAX_ECHO = 80;

function makeRow(result) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = result.address;
  link.textContent = result.title;
  link.dir = "auto";
  if (result.language !== document.documentElement.lang) link.lang = result.language;
  item.append(link);
  if (result.figure) {
    const line = document.createElement("p");
    const value = document.createElement("strong");
    value.textContent = result.figure.value;
    line.append(value, ` ${result.figure.what}, ${result.figure.when}`);
    if (result.figure.doubts) {
      const flag = document.createElement("span");
      flag.className = "flag";
      flag.textContent = result.figure.doubts;
      line.append(" ", flag);
    }
    item.append(line);
  }
  return item;
}

// Who speaks to the computer may press `/` unawares, so it can be turned off (WCAG 2.2, 2.1.4); where that
// cannot be kept there is no shortcut.
function readShortcut() {
  try {
    return localStorage.getItem("shortcut") || "on";
  } catch {
    return "";
  }
}

function offerShortcut(line) {
  const button = line.querySelector("button");
  const label = () => (button.textContent = readShortcut() === "on" ? button.dataset.off : button.dataset.on);
  button.addEventListener("click", () => {
    localStorage.setItem("shortcut", readShortcut() === "on" ? "off" : "on");
    label();
  });
  label();
  line.hidden = !readShortcut();
}

function attach(form) {
  const input = form.querySelector("input[name=q]");
  const list = document.getElementById(form.dataset.results);
  const status = document.getElementById(form.dataset.status);
  const language = document.documentElement.lang === "en" ? "en" : "vi";
  const isPage = Boolean(form.dataset.address);
  let turn = 0;

  function tell(words, query, count = 0) {
    const said = query.length > MAX_ECHO ? `${query.slice(0, MAX_ECHO)}…` : query;
    // A function: in a text, `$&` would be read as a command.
    status.textContent = words.replace("{count}", count).replace("{query}", () => said);
  }

  function keepAddress(query) {
    if (!isPage) return;
    try {
      const address = query ? `?q=${encodeURIComponent(query)}` : window.location.pathname;
      window.history.replaceState(null, "", address);
    } catch {
      // Browsers refuse many changes in a row, and half a character; the next one comes through.
    }
  }

  function showRows(results) {
    // Who went down the old results is not left nowhere.
    if (list.contains(document.activeElement)) input.focus();
    list.replaceChildren(...results.map(makeRow));
  }

  async function show() {
    const mine = ++turn;
    const isStale = () => mine !== turn;
    const query = input.value.trim();
    list.ariaBusy = "true";
    const waiting = setTimeout(() => isStale() || tell(form.dataset.loading, query), PATIENCE);
    try {
      const { total, results } = query ? await search(query, language, isStale) : { total: 0, results: [] };
      if (isStale()) return;
      showRows(results);
      tell(query && (total > 1 ? form.dataset.found : total ? form.dataset.one : form.dataset.none), query, total);
    } catch {
      if (isStale()) return;
      showRows([]);
      tell(form.dataset.failed, query);
    } finally {
      clearTimeout(waiting);
      if (!isStale()) {
        list.ariaBusy = "false";
        keepAddress(query);
      }
    }
  }

  function focusResult(event, step) {
    const stops = [input, ...list.querySelectorAll("a")];
    const next = stops[stops.indexOf(document.activeElement) + step];
    if (!next || !step) return;
    event.preventDefault();
    next.focus();
  }

  input.addEventListener("input", show);
  // The list of shards is loaded while the first letters are still being typed.
  input.addEventListener("focus", () => prepare().catch(() => {}), { once: true });
  form.addEventListener("submit", (event) => {
    if (!isPage) return;
    event.preventDefault();
    show();
  });
  for (const element of [input, list]) {
    element.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Escape" && element === list) input.focus();
      else focusResult(event, { ArrowDown: 1, ArrowUp: -1 }[event.key] || 0);
    });
  }
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey || readShortcut() !== "on") return;
    event.preventDefault();
    input.focus();
    input.select();
  });
  const asked = new URLSearchParams(window.location.search).get("q");
  if (isPage && asked) input.value = asked;
  if (isPage) prepare().catch(() => {});
  if (input.value) show();
}

document.querySelectorAll("form[data-search]").forEach(attach);
document.querySelectorAll(".search-shortcut").forEach(offerShortcut);
