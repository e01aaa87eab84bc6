// Search in the visitor's browser: folds what was typed, loads only the shards and chunks that it needs.
// The index is made by scripts/portal/pages/search_index.py; `terms` here and `search_terms` in scripts/portal/words/search_term.py must agree.

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

function makeTerm(word) {
  if (GROUPED.test(word)) return word.replace(/[.,]/g, "");
  for (const [ending, singular] of ENDINGS) {
    if (ending.test(word)) return word.replace(ending, singular);
  }
  return word.replace(/,/g, ".");
}

// Every term and, where its word was typed with accents, the term with these: `lúa` is `lua` and `lua~-00fa-`.
export function spell(text) {
  const folded = fold(text);
  let written = text.normalize("NFC").toLowerCase();
  if (written.length !== folded.length) written = folded;
  return [...folded.replace(POSSESSIVE, "  ").matchAll(WORD)].map(({ 0: word, index }) => {
    const term = makeTerm(word);
    const marks = Array.from(written.slice(index, index + word.length), (char) =>
      char < "\u0080" ? "-" : char.charCodeAt(0).toString(16).padStart(4, "0"),
    );
    return { term, accented: marks.some((mark) => mark !== "-") ? `${term}~${marks.join("")}` : "" };
  });
}

export function terms(text) {
  return spell(text).map(({ term }) => term);
}

// The shard that may hold a term: the one whose name is the longest beginning of it.
function shardOf(term) {
  for (let length = term.length; length; length--) {
    const name = term.slice(0, length);
    if (names.has(name)) return load(`shards/${name}.json`);
  }
  return {};
}

function addPostings(weights, postings, factor) {
  for (let i = 0; i < postings.length; i += 2) {
    weights.set(postings[i], Math.max(weights.get(postings[i]) || 0, factor * postings[i + 1]));
  }
}

// Documents and their weights; of a term still being typed also those of the words that it begins.
async function weigh(term, open) {
  const shard = await shardOf(term);
  const weights = new Map();
  if (Object.hasOwn(shard, term)) addPostings(weights, shard[term], 2);
  if (open) {
    const all = shard[`${term}*`];
    const words = all ? [] : Object.keys(shard).filter((word) => word.startsWith(term) && !/[_*~]/.test(word));
    for (const postings of all ? [all] : words.map((word) => shard[word])) addPostings(weights, postings, 1);
  }
  return weights;
}

// Who types accents means them: where some documents have the word as it was typed, those that share its letters alone
// are left out. While it is still being typed, words that begin as it does are had too, if one shard holds them all.
async function weighTyped({ term, accented }, open) {
  if (!accented) return { weights: await weigh(term, open), isExact: false };
  const [weights, shard] = await Promise.all([weigh(accented, false), shardOf(term)]);
  const isSplit = `${term}*` in shard;
  if (open && !isSplit) {
    const [, marks] = accented.split("~");
    for (const word of Object.keys(shard)) {
      const [letters, own] = word.split("~");
      if (own && letters.startsWith(term) && own.startsWith(marks)) addPostings(weights, shard[word], 1);
    }
  }
  return weights.size ? { weights, isExact: true } : { weights: await weigh(term, open && isSplit), isExact: false };
}

// Of the documents that have a pair, those that have both words as they were typed; a list that was cut proves nothing.
function keepAccented(weights, typed, most) {
  const lists = typed.filter((one) => one.isExact && one.weights.size < most).map((one) => one.weights);
  return new Map([...weights].filter(([document]) => lists.every((list) => list.has(document))));
}

// Documents with the most words; of these first who says them side by side as they were typed, then the heaviest. A code
// list has every word somewhere: it drives nothing out, and comes last unless it says the whole query side by side.
function rank(found, late, pairs) {
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
  for (const score of scores.values()) {
    score.words = countBits(score.places);
    if (score.document < late) most = Math.max(most, score.words);
  }
  // Where some documents have every word, those that lack one are noise.
  const whole = [...scores.values()].filter((score) => score.words >= most);
  for (const score of whole) {
    score.isList = score.document >= late;
    score.isLate = score.isList && !(pairs && score.together === pairs);
  }
  whole.sort((a, b) => a.isLate - b.isLate || b.together - a.together || a.isList - b.isList || b.weight - a.weight || a.document - b.document);
  return whole.map((score) => score.document);
}

function countBits(number) {
  let count = 0;
  for (; number; number &= number - 1) count++;
  return count;
}

// Return how many documents were found and what is shown of the first; throw where a file cannot be loaded.
export async function search(query, language, isStale = () => false) {
  const spelt = spell(query.slice(0, MAX_CHARACTERS)).slice(0, MAX_WORDS);
  const words = spelt.map(({ term }) => term);
  if (!words.length) return { total: 0, results: [] };
  const index = await prepare();
  const last = words.length - 1;
  const typed = await Promise.all(spelt.map((one, i) => weighTyped(one, i === last)));
  const found = await Promise.all([
    ...typed.map(({ weights }, i) => [weights, 1 << i]),
    // Of a frequent word only the best documents are kept: who has the pair has both of its words.
    ...words.slice(1).map(async (word, i) => {
      const pair = await weigh(`${words[i]}_${word}`, false);
      return [keepAccented(pair, typed.slice(i, i + 2), index.postings), 3 << i];
    }),
  ]);
  if (isStale()) return { total: 0, results: [] };
  const ranked = rank(found, index.late, words.length - 1);
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
  const isNumber = (word) => /[0-9]/.test(word);
  // Words of two parts of a name are no neighbours.
  const parts = [...what.split(" – "), value, when].map(terms);
  const hits = words.filter((word) => parts.flat().includes(word));
  const meet = (own, first, second) => own.some((one, place) => one === first && own[place + 1] === second);
  const pairs = words.slice(1).filter((word, i) => parts.some((own) => meet(own, words[i], word)));
  const counts = pairs.length || hits.length === words.length || hits.some(isNumber);
  // Levels 2, 3 and 4 are not level 4.
  const isBroader = hits.some(isNumber) && terms(what).some((word) => isNumber(word) && !words.includes(word));
  return counts ? hits.length + pairs.length - (isBroader ? 0.5 : 0) : 0;
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
