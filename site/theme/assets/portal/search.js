// Search in the visitor's browser: folds what was typed, loads only the shards and chunks that it needs.
// The index is made by scripts/portal/search_index.py; `terms` here and `search_terms` there must agree.

const ROOT = "/search-index/";
const SHOWN = 10;
const MAX_PREFIX_SHARDS = 6;
// A pasted paragraph is not a query; its first words are.
const MAX_WORDS = 10;
const WORD = /[0-9]+[a-z]+|[0-9]+(?:[.,][0-9]+)*|[a-z]+[0-9]*/g;
const GROUPED = /^[0-9]{1,3}(?:[.,][0-9]{3})+$/;
const POSSESSIVE = /['’]s(?![a-z0-9])/g;
const ENDINGS = [
  [/(?<=[a-z]{2})ies$/, "i"],
  [/(?<=[a-z]{4})y$/, "i"],
  [/(?<=[a-z]{2}[a-hj-rtv-z])s$/, ""],
];

const loaded = new Map();

function load(path) {
  if (!loaded.has(path)) {
    const answer = fetch(ROOT + path).then((response) => (response.ok ? response.json() : null));
    answer.catch(() => loaded.delete(path));
    loaded.set(path, answer);
  }
  return loaded.get(path);
}

export function fold(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").replace(/đ/g, "d").replace(/Đ/g, "D").toLowerCase();
}

export function terms(text) {
  return (fold(text).replace(POSSESSIVE, "").match(WORD) || []).map((word) => {
    if (GROUPED.test(word)) return word.replace(/[.,]/g, "");
    for (const [ending, singular] of ENDINGS) {
      if (ending.test(word)) return word.replace(ending, singular);
    }
    return word.replace(/,/g, ".");
  });
}

// The shards that may hold a term: the one whose name is the longest beginning of it; for a term still being
// typed also those whose names go on from it.
function shardsOf(term, names, open) {
  const exact = names.filter((name) => term.startsWith(name)).sort((a, b) => b.length - a.length)[0];
  const further = open ? names.filter((name) => name !== exact && name.startsWith(term)).slice(0, MAX_PREFIX_SHARDS) : [];
  return exact ? [exact, ...further] : further;
}

async function weigh(term, names, open) {
  const weights = new Map();
  const shards = await Promise.all(shardsOf(term, names, open).map((name) => load(`shards/${name}.json`)));
  for (const shard of shards) {
    for (const [word, postings] of Object.entries(shard || {})) {
      if (word !== term && !(open && word.startsWith(term) && !word.includes("_"))) continue;
      for (let i = 0; i < postings.length; i += 2) {
        const weight = word === term ? postings[i + 1] * 2 : postings[i + 1];
        weights.set(postings[i], Math.max(weights.get(postings[i]) || 0, weight));
      }
    }
  }
  return weights;
}

export async function search(query, language, isStale = () => false) {
  const words = terms(query).slice(0, MAX_WORDS);
  const index = await load("index.json");
  if (!words.length || !index) return { total: 0, results: [] };
  const last = words.length - 1;
  const found = await Promise.all(words.map((word, i) => weigh(word, index.shards, i === last)));
  const pairs = words.slice(1).map((word, i) => `${words[i]}_${word}`);
  const bonus = await Promise.all(pairs.map((pair) => weigh(pair, index.shards, false)));
  const scores = new Map();
  const add = (weights, ...places) => {
    for (const [document, weight] of weights) {
      const score = scores.get(document) || { words: new Set(), weight: 0 };
      for (const place of places) score.words.add(place);
      score.weight += weight;
      scores.set(document, score);
    }
  };
  found.forEach((weights, i) => add(weights, i));
  // Of a frequent word only the best documents are kept: who has the pair has both of its words.
  bonus.forEach((weights, i) => add(weights, i, i + 1));
  const ranked = [...scores.entries()].sort(
    ([a, x], [b, y]) => y.words.size - x.words.size || y.weight - x.weight || a - b,
  );
  // Where some documents have every word, those that lack one are noise.
  const most = ranked.length ? ranked[0][1].words.size : 0;
  const whole = ranked.filter(([, score]) => score.words.size === most);
  if (isStale()) return { total: 0, results: [] };
  const results = await Promise.all(
    whole.slice(0, SHOWN).map(async ([document]) => {
      const chunk = await load(`${language}/${Math.floor(document / index.chunk)}.json`);
      return chunk && chunk[document % index.chunk];
    }),
  );
  return { total: whole.length, results: results.filter(Boolean).map((row) => choose(row, words)) };
}

// A row is [address, title, [[what, value, when, anchor], …], language of the title]: show the figure that the query speaks of.
function choose([address, title, figures, language], words) {
  let best = null;
  let most = -1;
  for (const [what, value, when, anchor] of figures) {
    const own = new Set(terms(`${what} ${value} ${when}`));
    const hits = words.filter((word) => own.has(word)).length;
    if (hits > most) [best, most] = [{ what, value, when, anchor }, hits];
  }
  return { address: best && best.anchor && most > 0 ? `${address}#${best.anchor}` : address, title, language, figure: best };
}

function row(result) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = result.address;
  link.textContent = result.title;
  if (result.language !== document.documentElement.lang) link.lang = result.language;
  item.append(link);
  if (result.figure) {
    const line = document.createElement("p");
    const value = document.createElement("strong");
    value.textContent = result.figure.value;
    line.append(value, ` ${result.figure.what}, ${result.figure.when}`);
    item.append(line);
  }
  return item;
}

function attach(form) {
  const input = form.querySelector("input[name=q]");
  const list = document.getElementById(form.dataset.results);
  const status = document.getElementById(form.dataset.status);
  const language = document.documentElement.lang === "en" ? "en" : "vi";
  let turn = 0;
  async function show() {
    const mine = ++turn;
    const query = input.value.trim();
    const { total, results } = query ? await search(query, language, () => mine !== turn) : { total: 0, results: [] };
    if (mine !== turn) return;
    list.replaceChildren(...results.map(row));
    const words = total ? form.dataset.found : form.dataset.none;
    // A function: in a text, `$&` would be read as a command.
    status.textContent = query ? words.replace("{count}", total).replace("{query}", () => query) : "";
    if (form.dataset.address && window.history.replaceState) {
      const address = query ? `?q=${encodeURIComponent(query)}` : window.location.pathname;
      window.history.replaceState(null, "", address);
    }
  }
  input.addEventListener("input", show);
  form.addEventListener("submit", (event) => {
    if (form.dataset.address) {
      event.preventDefault();
      show();
    }
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") {
      const first = list.querySelector("a");
      if (first) {
        event.preventDefault();
        first.focus();
      }
    }
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") input.focus();
    if (!step) return;
    event.preventDefault();
    const links = [...list.querySelectorAll("a")];
    const next = links[links.indexOf(document.activeElement) + step];
    (next || (step < 0 ? input : document.activeElement)).focus();
  });
  const asked = new URLSearchParams(window.location.search).get("q");
  if (form.dataset.address && asked) input.value = asked;
  if (input.value) show();
}

document.querySelectorAll("form[data-search]").forEach(attach);
