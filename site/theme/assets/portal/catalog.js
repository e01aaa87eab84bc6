// Filters of the catalogue: kept in the address, applied in the browser; without script the plain lists stay.

const panel = document.querySelector("[data-filter]");

if (panel) {
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

  const apply = () => {
    const chosen = fields.filter((field) => field.value);
    let shown = 0;
    for (const card of cards) {
      const fits = chosen.every((field) => (card.dataset[field.name] || "").split(" ").includes(field.value));
      card.hidden = !fits;
      if (fits) shown += 1;
    }
    for (const group of groups) group.hidden = !group.querySelector("[data-card]:not([hidden])");
    status.textContent = count(shown);
    const query = new URLSearchParams(chosen.map((field) => [field.name, field.value])).toString();
    const address = window.location.pathname + (query ? `?${query}` : "") + window.location.hash;
    window.history.replaceState(null, "", address);
  };

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
