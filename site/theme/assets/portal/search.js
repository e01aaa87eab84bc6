// Search in the visitor's browser: folds what was typed, loads only the shards and chunks that it needs.
// The index is made by scripts/portal/search_index.py; `terms` here and `search_terms` there must agree.

const ROOT = "/search-index/";
const SHOWN = 10;
// A pasted paragraph is not a query; its first words are.
const MAX_WORDS = 10;
const MAX_CHARACTERS = 300;
const WORD = /[0-9]+[a-z]+|[0-9]+(?:[.,][0-9]+)*|[a-z]+[0-9]*/g;
const GROUPED = /^[0-9]{1,3}(?:[.,][0-9]{3})+$/;
const POSSESSIVE = /['’]s(?![a-z0-9])/g;
const ENDINGS = [
  [/(?<=[a-z]{2})ies$/, "i"],
  [/(?<=[a-z]{4})y$/, "i"],
  [/(?<=[a-z]{2}[a-hj-rtv-z])s$/, ""],
];

// Each file is asked for and parsed once; one that could not be loaded is asked for again.
const loaded = new Map();

function load(path) {
  if (!loaded.has(path)) {
    const answer = fetch(ROOT + path).then((response) => {
      if (!response.ok) throw new Error(`${path}: ${response.status}`);
      return response.json();
    });
    answer.catch(() => loaded.delete(path));
    loaded.set(path, answer);
  }
  return loaded.get(path);
}

let names = null;

// The list of shards, fetched before the first letter is typed.
export async function prepare() {
  const index = await load("index.json");
  names ||= new Set(index.shards);
  return index;
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

// The shard that may hold a term: the one whose name is the longest beginning of it.
function shardOf(term) {
  for (let length = term.length; length; length--) {
    const name = term.slice(0, length);
    if (names.has(name)) return load(`shards/${name}.json`);
  }
  return {};
}

// Documents and their weights; of a term still being typed also those of the words that it begins.
async function weigh(term, open) {
  const shard = await shardOf(term);
  const weights = new Map();
  const add = (postings, factor) => {
    for (let i = 0; i < postings.length; i += 2) {
      weights.set(postings[i], Math.max(weights.get(postings[i]) || 0, factor * postings[i + 1]));
    }
  };
  if (Object.hasOwn(shard, term)) add(shard[term], 2);
  if (open) {
    const all = shard[`${term}*`];
    const words = all ? [] : Object.keys(shard).filter((word) => word.startsWith(term) && !/[_*]/.test(word));
    for (const postings of all ? [all] : words.map((word) => shard[word])) add(postings, 1);
  }
  return weights;
}

// Documents with the most words; of these first who says them side by side as they were typed, then the heaviest.
function rank(found) {
  const scores = new Map();
  for (const [weights, places] of found) {
    const together = countBits(places) - 1;
    for (const [document, weight] of weights) {
      const score = scores.get(document);
      if (score) {
        score.places |= places;
        score.together += together;
        score.weight += weight;
      } else scores.set(document, { document, places, together, weight });
    }
  }
  let most = 0;
  for (const score of scores.values()) most = Math.max(most, (score.words = countBits(score.places)));
  // Where some documents have every word, those that lack one are noise.
  const whole = [...scores.values()].filter((score) => score.words === most);
  whole.sort((a, b) => b.together - a.together || b.weight - a.weight || a.document - b.document);
  return whole.map((score) => score.document);
}

function countBits(number) {
  let count = 0;
  for (; number; number &= number - 1) count++;
  return count;
}

// Return how many documents were found and what is shown of the first; throw where a file cannot be loaded.
export async function search(query, language, isStale = () => false) {
  const words = terms(query.slice(0, MAX_CHARACTERS)).slice(0, MAX_WORDS);
  if (!words.length) return { total: 0, results: [] };
  const index = await prepare();
  const last = words.length - 1;
  const found = await Promise.all([
    ...words.map(async (word, i) => [await weigh(word, i === last), 1 << i]),
    // Of a frequent word only the best documents are kept: who has the pair has both of its words.
    ...words.slice(1).map(async (word, i) => [await weigh(`${words[i]}_${word}`, false), 3 << i]),
  ]);
  if (isStale()) return { total: 0, results: [] };
  const ranked = rank(found);
  const results = await Promise.all(
    ranked.slice(0, SHOWN).map(async (document) => {
      const chunk = await load(`${language}/${Math.floor(document / index.chunk)}.json`);
      return choose(chunk[document % index.chunk], words);
    }),
  );
  return { total: ranked.length, results };
}

// How much of a query a figure says; nought where it shares no more with it than scattered words.
function measureMatch(words, [what, value, when]) {
  const own = terms(`${what} ${value} ${when}`);
  const hits = words.filter((word) => own.includes(word));
  const pairs = words.slice(1).filter((word, i) => own.some((one, place) => one === words[i] && own[place + 1] === word));
  const counts = pairs.length || hits.length === words.length || hits.some((word) => /[0-9]/.test(word));
  return counts ? hits.length + pairs.length : 0;
}

// A row is [address, title, [[what, value, when, anchor, doubts?], …], language of the title]: show the figure that the query
// speaks of; of no figure in particular, the first.
function choose([address, title, figures, language], words) {
  let [best, most] = [figures[0], 0];
  for (const figure of figures) {
    const match = measureMatch(words, figure);
    if (match > most) [best, most] = [figure, match];
  }
  const [what, value, when, anchor, doubts] = best || [];
  return { address: most ? `${address}#${anchor}` : address, title, language, figure: best && { what, value, when, doubts } };
}
