// Before the first paint: what the page shall look like, so that nothing moves or changes colour later.
const page = document.documentElement;

// Controls that need scripts are shown at once; a browser without modules never gets them.
if ("noModule" in HTMLScriptElement.prototype) page.dataset.script = "";

try {
  const scheme = localStorage.getItem("scheme");
  if (scheme === "light" || scheme === "dark") page.dataset.scheme = scheme;
} catch {
  // Storage is closed: the system's own scheme stands.
}
