// Reads out the figures of a chart: of the mark that is pointed at or touched, or one after the other by arrow keys.
// Loaded by portal.js when somebody first comes to a chart; picture, sentence and table say the same without it.

// As far as a finger misses.
const REACH = 24;
const attached = new WeakSet();

function measureDistance(box, x, y) {
  return Math.hypot(Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom));
}

export function attach(figure, event) {
  if (attached.has(figure)) return;
  attached.add(figure);
  const svg = figure.querySelector("svg");
  const marks = [...svg.querySelectorAll("[data-said]")].sort((a, b) => a.dataset.place - b.dataset.place);
  const tip = document.createElement("p");
  tip.className = "chart__tip";
  tip.setAttribute("role", "status");
  figure.append(tip);
  let current = -1;

  function show(place) {
    if (place === current) return;
    marks[current]?.removeAttribute("data-current");
    current = place;
    const mark = marks[place];
    tip.textContent = mark ? mark.dataset.said : "";
    if (!mark) return;
    mark.setAttribute("data-current", "");
    const [box, frame] = [mark, figure].map((element) => element.getBoundingClientRect());
    const left = box.left + box.width / 2 - frame.left - tip.offsetWidth / 2;
    tip.style.left = `${Math.max(0, Math.min(left, frame.width - tip.offsetWidth))}px`;
    tip.style.top = `${box.top - frame.top - tip.offsetHeight - 4}px`;
  }

  function point({ clientX, clientY }) {
    const distances = marks.map((mark) => measureDistance(mark.getBoundingClientRect(), clientX, clientY));
    const nearest = distances.indexOf(Math.min(...distances));
    show(distances[nearest] <= REACH ? nearest : -1);
  }

  function step(key) {
    const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
    const last = marks.length - 1;
    if (key === "Escape") show(-1);
    else if (key === "Home") show(0);
    else if (key === "End") show(last);
    else if (key in steps) show(Math.max(0, Math.min(last, current + steps[key])));
    else return false;
    return true;
  }

  for (const name of ["pointermove", "pointerdown"]) svg.addEventListener(name, point);
  svg.addEventListener("pointerleave", ({ pointerType }) => pointerType === "touch" || show(-1));
  svg.addEventListener("blur", () => show(-1));
  svg.addEventListener("keydown", (pressed) => {
    if (!pressed.ctrlKey && !pressed.metaKey && !pressed.altKey && step(pressed.key)) pressed.preventDefault();
  });
  document.addEventListener("pointerdown", ({ target }) => svg.contains(target) || show(-1));
  document.addEventListener("keydown", ({ key }) => key === "Escape" && show(-1));
  if (event.type === "pointerenter") point(event);
}
