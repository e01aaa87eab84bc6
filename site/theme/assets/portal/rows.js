// Permanent links to figures beyond those that the page shows: the row is fetched, put below the others, led to.
// The files are made by scripts/portal/pages/later_rows.py.

const table = document.querySelector("table[data-later]");
const template = document.querySelector("template[data-row]");
const status = document.getElementById("later-status");
const ANCHOR = /^#(o-[0-9a-f]{16})$/;

async function fetchRow(anchor) {
  const file = anchor.slice(2, 2 + Number(table.dataset.digits));
  const answer = await fetch(`${table.dataset.later}${file}.${document.documentElement.lang}.json`);
  const rows = answer.ok ? await answer.json() : {};
  return Object.hasOwn(rows, anchor) ? rows[anchor] : null;
}

function makeRow(anchor, texts) {
  const row = template.content.firstElementChild.cloneNode(true);
  row.id = anchor;
  row.querySelector(".permalink").href = `#${anchor}`;
  row.querySelector("a[data-slot=source]").href = texts.href;
  for (const slot of row.querySelectorAll("[data-slot]")) {
    slot.textContent = texts[slot.dataset.slot] || "";
    slot.hidden = !slot.textContent;
  }
  if (texts.language) row.querySelector("[data-slot=note]").lang = texts.language;
  return row;
}

async function follow() {
  const anchor = (ANCHOR.exec(window.location.hash) || [])[1];
  if (!anchor || document.getElementById(anchor)) return;
  const texts = await fetchRow(anchor).catch(() => null);
  status.hidden = Boolean(texts);
  if (!texts || document.getElementById(anchor)) return;
  table.tBodies[0].append(makeRow(anchor, texts));
  // The same address once more: now the browser finds its target, marks it and scrolls there.
  if (window.location.hash === `#${anchor}`) window.location.replace(`#${anchor}`);
}

if (table && template) {
  window.addEventListener("hashchange", follow);
  follow();
}
