// Before the first paint: the colour scheme that the visitor chose here earlier, if any.
try {
  const scheme = localStorage.getItem("scheme");
  if (scheme === "light" || scheme === "dark") document.documentElement.dataset.scheme = scheme;
} catch {
  // Storage is closed: the system's own scheme stands.
}
