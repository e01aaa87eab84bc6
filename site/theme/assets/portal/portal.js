// Extras of every page; without them everything can still be read and reached.

const root = document.documentElement;

function scheme() {
  return root.dataset.scheme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

// As long as metadata.yml gives the portal no public address, the addresses to copy are those of where the page came
// from: `make serve` may take any port. A public address is never touched.
const named = root.dataset.portal;
const origin = `${window.location.origin}/`;
if (named && named !== origin) {
  for (const place of document.querySelectorAll("main code, main .citation")) {
    const texts = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replaceAll(named, origin);
  }
  for (const link of document.querySelectorAll(`main a[href^="${named}"]`)) link.href = link.href.replace(named, origin);
}

for (const button of document.querySelectorAll("[data-scheme]")) {
  if (button === root) continue;
  button.addEventListener("click", () => {
    root.dataset.scheme = scheme() === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("scheme", root.dataset.scheme);
    } catch {
      // Storage is closed: the choice holds for this page.
    }
  });
}

// Who changes the language keeps what was asked for: query, filters, the row.
const twin = document.querySelector("a.language");
for (const event of ["click", "auxclick", "contextmenu"]) {
  twin?.addEventListener(event, () => {
    twin.search = window.location.search;
    twin.hash = window.location.hash;
  });
}

// On a phone the list of pages goes on to the right: begin where the reader is.
const here = document.querySelector(".site-nav [aria-current]");
if (here) here.closest("ul").scrollLeft = here.offsetLeft - here.closest("ul").clientWidth / 3;

for (const figure of document.querySelectorAll("figure.chart[data-hint]")) {
  const svg = figure.querySelector("svg");
  svg.setAttribute("role", "application");
  svg.setAttribute("aria-description", figure.dataset.hint);
  svg.tabIndex = 0;
  // A touch also focuses, and either may have loaded the script first: what came first counts.
  let first;
  const load = async (event) => {
    first ??= event;
    (await import("/assets/portal/chart.js")).attach(figure, first);
  };
  for (const name of ["pointerenter", "focus"]) svg.addEventListener(name, load, { once: true });
}

for (const button of document.querySelectorAll("[data-copy]")) {
  // Browsers open the clipboard to safe addresses only.
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    const target = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText(target ? target.textContent.trim() : window.location.href);
    const words = button.textContent;
    button.textContent = button.dataset.done;
    setTimeout(() => (button.textContent = words), 2000);
  });
}
