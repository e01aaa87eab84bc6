// Extras of every page; without them everything can still be read and reached.

const root = document.documentElement;

function scheme() {
  return root.dataset.scheme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

for (const button of document.querySelectorAll("[data-scheme]")) {
  if (button === root) continue;
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.scheme = scheme() === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("scheme", root.dataset.scheme);
    } catch {
      // Storage is closed: the choice holds for this page.
    }
  });
}

for (const figure of document.querySelectorAll("figure.chart[data-hint]")) {
  const svg = figure.querySelector("svg");
  svg.setAttribute("role", "application");
  svg.setAttribute("aria-description", figure.dataset.hint);
  svg.tabIndex = 0;
  const load = async (event) => (await import("/assets/portal/chart.js")).attach(figure, event);
  for (const name of ["pointerenter", "focus"]) svg.addEventListener(name, load, { once: true });
}

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const target = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText(target ? target.textContent.trim() : window.location.href);
    const words = button.textContent;
    button.textContent = button.dataset.done;
    setTimeout(() => (button.textContent = words), 2000);
  });
}
