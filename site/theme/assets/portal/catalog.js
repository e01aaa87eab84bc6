// Filters of the catalogue: kept in the address, applied in the browser; without script the plain lists stay.
// A long catalogue has several pages: what fits is found in an index and taken from the pages on which it stands.

const panel = document.querySelector("[data-filter]");
// Cards that are shown at once.
const SHOWN = 24;

// Each file is asked for once; one that could not be loaded is asked for again.
const loaded = new Map();

function load(address, read) {
  if (!loaded.has(address)) {
    const answer = fetch(address).then((response) => {
      if (!response.ok) throw new Error(`${address}: ${response.status}`);
      return response.text();
    });
    loaded.set(address, answer.then(read));
    loaded.get(address).catch(() => loaded.delete(address));
  }
  return loaded.get(address);
}

function readCards(html) {
  return [...new DOMParser().parseFromString(html, "text/html").querySelectorAll("[data-card]")];
}

function makeFinder(list) {
  const found = document.querySelector("[data-found]");
  const whole = document.querySelector("[data-whole]");
  const more = found.querySelector("[data-more]");
  let fits = [];
  let size = 1;

  const takeCard = async (place) => {
    const number = Math.floor(place / size) + 1;
    const cards = await load(number === 1 ? list : `${list}page-${number}/`, readCards);
    return document.importNode(cards[place % size], true);
  };

  return {
    async find(chosen) {
      const facets = await load(panel.dataset.facets, JSON.parse);
      const sets = facets.sets.map((set) => chosen.every((field) => set[field.name].includes(field.value)));
      return { size: facets.size, fits: facets.datasets.flatMap((set, place) => (sets[set] ? [place] : [])) };
    },
    // Return what is to be shown next, whole before anything is.
    take: (result, start) => {
      ({ size, fits } = result);
      return Promise.all(result.fits.slice(start, start + SHOWN).map(takeCard));
    },
    show(cards, start) {
      const rows = found.querySelector("ul");
      if (start) rows.append(...cards);
      else rows.replaceChildren(...cards);
      more.hidden = rows.children.length >= fits.length;
      found.hidden = !rows.children.length;
      whole.hidden = true;
    },
    reset() {
      found.hidden = true;
      whole.hidden = false;
    },
    onMore(next) {
      more.addEventListener("click", () => next(found.querySelector("ul").children.length));
    },
  };
}

if (panel) {
  const finder = panel.dataset.facets ? makeFinder(panel.dataset.list) : null;
  const cards = [...document.querySelectorAll("[data-card]")];
  const groups = [...document.querySelectorAll("[data-group]")];
  const fields = [...panel.querySelectorAll("select")];
  const status = document.getElementById(panel.dataset.status);

  // An address that somebody typed may name what there is not: such a filter stays open.
  const read = () => {
    const asked = new URLSearchParams(window.location.search);
    for (const field of fields) {
      const value = asked.get(field.name) || "";
      field.value = [...field.options].some((option) => option.value === value) ? value : "";
    }
  };

  // Where code lists are among the entries, how many: elsewhere the portal counts datasets alone.
  const count = (shown) => {
    if (!shown) return panel.dataset.none;
    if (shown === 1) return panel.dataset.one;
    const lists = cards.filter((card) => !card.hidden && card.dataset.kind === "reference").length;
    const parts = panel.dataset.parts.replace("{datasets}", shown - lists).replace("{lists}", lists);
    return panel.dataset.words.replace("{count}", shown) + (lists && lists < shown ? parts : "");
  };

  let turn = 0;
  // Of a long catalogue; whoever chooses again meanwhile sees that alone.
  const applyToAll = async (chosen, start = 0) => {
    const mine = ++turn;
    if (!chosen.length) {
      finder.reset();
      status.textContent = "";
      return;
    }
    if (!start) status.textContent = panel.dataset.loading;
    try {
      const result = await finder.find(chosen);
      const next = await finder.take(result, start);
      if (mine !== turn) return;
      finder.show(next, start);
      status.textContent = count(result.fits.length);
    } catch {
      if (mine === turn) status.textContent = panel.dataset.failed;
    }
  };

  const applyHere = (chosen) => {
    let shown = 0;
    for (const card of cards) {
      const fits = chosen.every((field) => (card.dataset[field.name] || "").split(" ").includes(field.value));
      card.hidden = !fits;
      if (fits) shown += 1;
    }
    for (const group of groups) group.hidden = !group.querySelector("[data-card]:not([hidden])");
    status.textContent = count(shown);
  };

  const apply = () => {
    const chosen = fields.filter((field) => field.value);
    if (finder) applyToAll(chosen);
    else applyHere(chosen);
    const query = new URLSearchParams(chosen.map((field) => [field.name, field.value])).toString();
    const address = window.location.pathname + (query ? `?${query}` : "") + window.location.hash;
    window.history.replaceState(null, "", address);
  };

  finder?.onMore((start) => applyToAll(fields.filter((field) => field.value), start));
  panel.addEventListener("input", apply);
  panel.querySelector("[data-reset]").addEventListener("click", () => {
    for (const field of fields) field.value = "";
    apply();
  });
  window.addEventListener("pageshow", () => {
    read();
    apply();
  });
}
