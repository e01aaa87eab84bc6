"""The served site as people meet it: in Chromium, in both languages, on a phone and on a desktop."""

from __future__ import annotations

import html
import json
import re
import time
import urllib.error
import urllib.request
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest

from browser.visitor import BILINGUAL, DESKTOP, PHONE, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Route

    from browser.visitor import Scheme, Visitor


@pytest.mark.parametrize("path", BILINGUAL.values(), ids=BILINGUAL.keys())
def test_a_page_is_quiet_and_fits_a_phone(visitor: Visitor, path: str) -> None:
    page = visitor.open(path, PHONE)
    assert page.locator("h1").count() == 1
    assert page.locator("html").get_attribute("lang") == ("en" if path.startswith("/en/") else "vi")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


@pytest.mark.parametrize("path", BILINGUAL.values(), ids=BILINGUAL.keys())
def test_a_page_can_be_read_without_javascript(visitor: Visitor, path: str) -> None:
    plain = visitor.open(path.partition("?")[0], PHONE, java_script_enabled=False)
    assert plain.locator("h1").is_visible()
    if "/search/" in path:
        assert plain.locator("noscript .notice, .notice").first.is_visible()
    for region in plain.locator("main section, main figure, main table, main dl").all():
        # A closed list waits for a click, with and without script.
        assert region.is_visible() or region.locator("xpath=ancestor::details").count()


# --- what a page looks like ---------------------------------------------------------------------------------------

_SHIFT = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((one) => { sum += one.value; }))
    .observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(sum), 100)));
})"""


_WHERE = """brand => [...brand.children].map((one) => {
  const box = one.getBoundingClientRect();
  return [one.tagName, box.left, box.top, box.width, box.height];
})"""


def delay(route: Route) -> None:
    """Answer as a slow line does: long after the page was painted for the first time."""
    time.sleep(0.3)
    route.continue_()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/catalog/",
        "/en/catalog/online_public_services_by_level/",
        "/en/targets/",
        "/quality/",
        "/search/?q=dich+vu+cong",
    ],
)
def test_nothing_moves_while_a_page_loads(visitor: Visitor, path: str) -> None:
    page = visitor.take_window(PHONE)
    page.route(re.compile(r"/(portal|catalog|search)\.js$"), delay)
    page.goto(visitor.portal + path, wait_until="networkidle")
    if "?q=" in path:
        page.locator("#results a").first.wait_for()
    assert page.evaluate(_SHIFT) == 0


@pytest.mark.parametrize("path", ["/", "/en/catalog/", "/no-such-page/"])
@pytest.mark.parametrize("width", [320, 360, 560, 1280])
@pytest.mark.parametrize("missing", ["tools", "tool language", "tool scheme"])
def test_the_header_stands_still_while_it_arrives(visitor: Visitor, path: str, width: int, missing: str) -> None:
    def cut(route: Route) -> None:
        answer = route.fetch()
        begun, tag, _ = answer.text().partition(f'class="{missing}')
        assert tag
        route.fulfill(response=answer, body=begun)

    page = visitor.take_window((width, 740))
    page.goto(visitor.portal + path)
    whole = page.locator(".site-header .brand").evaluate(_WHERE)
    page.route(visitor.portal + path, cut)
    page.reload()
    assert page.locator("main").count() == 0
    assert not page.locator(".tools").is_visible()
    assert page.locator(".site-header .brand").evaluate(_WHERE) == whole


def test_a_page_that_moves_is_noticed(visitor: Visitor) -> None:
    page = visitor.open("/about/", PHONE)
    page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('afterbegin', '<h2>' + 'Dài '.repeat(99) + '</h2>')"
    )
    assert page.evaluate(_SHIFT) > 0


def test_the_footer_of_a_short_page_stands_at_the_bottom(visitor: Visitor) -> None:
    page = visitor.open("/no-such-page/", DESKTOP)
    assert page.locator(".site-footer").evaluate("one => one.getBoundingClientRect().bottom") == DESKTOP[1]


@pytest.mark.parametrize("path", ["/quality/", "/en/developers/", "/sources/plvn_2022/"])
def test_the_page_that_is_open_is_seen_in_the_navigation_of_a_phone(visitor: Visitor, path: str) -> None:
    page = visitor.open(path, PHONE)
    left, right = page.locator(".site-nav [aria-current]").evaluate(
        "one => { const box = one.getBoundingClientRect(); return [box.left, box.right]; }"
    )
    assert left >= 0
    assert right <= PHONE[0]


def test_a_figure_is_never_cut_inside_a_word(visitor: Visitor) -> None:
    page = visitor.open("/en/catalog/", DESKTOP)
    page.set_viewport_size({"width": 1000, "height": 800})
    for figure in page.locator(".card__figure strong").all():
        lines = figure.evaluate(
            "one => { one.style.whiteSpace = 'pre-line'; one.textContent = one.textContent.split(' ').join('\\n');"
            " return [one.scrollWidth, one.clientWidth, one.offsetHeight, one.textContent.split('\\n').length,"
            " parseFloat(getComputedStyle(one).lineHeight)]; }"
        )
        width, room, height, words, line = lines
        assert width <= room
        assert round(height / line) == words


def test_promises_are_drawn_where_their_figures_lie(visitor: Visitor) -> None:
    page = visitor.open("/targets/", PHONE)
    promise = page.locator(".promise--not_met", has_text="19,8%")
    track = promise.locator(".track__picture").bounding_box()
    reached = promise.locator(".track__reached").bounding_box()
    goal = promise.locator(".track__goal").evaluate("one => one.getBoundingClientRect().left")
    assert track
    assert reached
    assert round(100 * reached["width"] / track["width"], 1) == 19.8
    assert abs(100 * (goal - track["x"]) / track["width"] - 30) < 1
    unknown = page.locator(".promise--no_data")
    assert unknown.locator(".track").count() > 5
    assert unknown.locator(".track__reached").count() == 0


def test_on_paper_a_dark_page_is_dark_ink_on_white(visitor: Visitor) -> None:
    page = visitor.open("/catalog/dti_score_and_rank/", DESKTOP, "dark")
    page.emulate_media(media="print", color_scheme="dark")
    look = "one => { const style = getComputedStyle(one); return [style.color, style.backgroundColor]; }"
    assert page.locator("body").evaluate(look) == ["rgb(26, 43, 51)", "rgba(0, 0, 0, 0)"]
    for hidden in (".site-nav", ".tools", ".downloads", ".site-map"):
        assert page.locator(hidden).is_hidden()
    assert page.locator("#table + .table-scroll table").is_visible()


# --- sharing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "beginning"),
    [
        ("address", "{portal}/en/catalog/dti_score_and_rank/"),
        (
            "share-figure",
            "In 2022, Kiên Giang province's rank in the Digital Transformation Index (DTI) stood at rank 32",
        ),
        ("citation", "Kiên Giang Open Data Portal."),
        ("bibtex", "@misc{dti_score_and_rank,"),
        ("embed", '<iframe src="{portal}/en/embed/dti_score_and_rank/"'),
    ],
)
def test_what_others_need_can_be_copied(visitor: Visitor, target: str, beginning: str) -> None:
    page = visitor.open("/en/catalog/dti_score_and_rank/", permissions=["clipboard-read", "clipboard-write"])
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    button = page.locator(f"[data-copy={target}]")
    button.click()
    wait_until(page, "one => one.textContent === 'Copied'", button.element_handle())
    assert page.evaluate("navigator.clipboard.readText()").startswith(beginning.replace("{portal}", visitor.portal))


def test_addresses_to_copy_lead_back_to_a_portal_on_any_port(visitor: Visitor) -> None:
    """metadata.yml names port 8000 of this machine, which no test uses; nobody else could open that address either."""
    page = visitor.open("/catalog/dti_score_and_rank/")
    said = page.locator("#share-figure").inner_text()
    assert "127.0.0.1:8000" not in page.locator("main").inner_text()
    page.goto(said.rpartition(" ")[2])
    assert page.url.startswith(visitor.portal)
    assert "hạng 32" in page.locator("tr:target").inner_text()
    page.goto(f"{visitor.portal}/embed/dti_score_and_rank/")
    assert page.locator(".embed__more a").get_attribute("href") == "/catalog/dti_score_and_rank/"
    assert "127.0.0.1:8000" not in visitor.open("/developers/").locator("main").inner_text()


@pytest.mark.parametrize("name", ["dti_score_and_rank", "environmental_monitoring_stations", "telephone_subscriptions"])
def test_an_embed_fits_the_frame_that_its_code_makes(visitor: Visitor, name: str) -> None:
    code = visitor.open(f"/catalog/{name}/").locator("#embed").text_content()
    height = re.search(r'height="(\d+)"', code or "")
    assert height
    frame = visitor.open(f"/embed/{name}/", (PHONE[0] - 20, int(height[1])))
    assert frame.evaluate("document.documentElement.scrollHeight") <= int(height[1])


@pytest.mark.parametrize("path", ["/", "/catalog/", "/catalog/dti_score_and_rank/", "/no-such-page/"])
def test_without_scripts_no_control_is_shown_that_needs_them(visitor: Visitor, path: str) -> None:
    page = visitor.open(path, PHONE, java_script_enabled=False)
    controls = page.locator(".needs-script")
    assert controls.count() > 0
    assert all(control.is_hidden() for control in controls.all())


@pytest.mark.parametrize("path", ["/", "/en/catalog/dti_score_and_rank/", "/embed/online_public_services_by_level/"])
def test_a_strict_policy_stands_on_every_page_and_holds(visitor: Visitor, path: str) -> None:
    page = visitor.open(path)
    policy = page.locator("meta[http-equiv='Content-Security-Policy']").get_attribute("content")
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    ran = page.evaluate(
        "() => { const one = document.createElement('script'); one.textContent = 'window.broken = true';"
        " document.body.append(one); return Boolean(window.broken); }"
    )
    assert not ran
    assert len(visitor.complaints) == 2  # the policy stands in a header and, for files read from disk, in the page
    assert all("violates the following Content Security Policy directive" in one for one in visitor.complaints)
    visitor.complaints.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_home_page_leads_to_figures(visitor: Visitor, scheme: Scheme) -> None:
    page = visitor.open("/", DESKTOP, scheme)
    card = page.locator(".card", has_text="Chỉ số chuyển đổi số")
    assert card.locator("strong").inner_text() == "hạng 32"
    card.locator("a").first.click()
    page.wait_for_url("**/catalog/dti_score_and_rank/")
    assert page.locator(".headline__value").inner_text() == "hạng 32"
    assert "32/63" in page.locator(".headline__source").inner_text()


def test_numbers_and_dates_speak_the_language_of_the_page(visitor: Visitor) -> None:
    page = visitor.open("/catalog/civil_status_records_digitised/", PHONE)
    assert page.locator(".headline__value").inner_text() == "1.738.517"
    assert "15/3/2025" in page.locator(".headline__what").inner_text()
    page.locator("a.language").click()
    page.wait_for_url("**/en/catalog/civil_status_records_digitised/")
    assert page.locator(".headline__value").inner_text() == "1,738,517"
    assert "15 March 2025" in page.locator(".headline__what").inner_text()


def test_a_figure_has_a_permanent_link_that_highlights_it(visitor: Visitor) -> None:
    page = visitor.open("/sources/bc_40_2021/")
    page.locator("tr", has_text="43:137").locator("a").last.click()
    page.wait_for_url("**/catalog/online_public_services_by_level/#o-*")
    row = page.locator("tr:target")
    assert "422" in row.inner_text()
    ground = "one => getComputedStyle(one).backgroundColor"
    assert row.evaluate(ground) != page.locator("table.figures tbody tr:not(:target)").first.evaluate(ground)


def test_the_table_without_javascript_holds_every_figure(visitor: Visitor) -> None:
    page = visitor.open("/catalog/fisheries_production/", PHONE, java_script_enabled=False)
    assert page.locator("table.figures tbody tr").count() == 14
    assert page.locator(".download-bar a").first.get_attribute("href") == (
        "/data/fisheries_production/fisheries_production.xlsx"
    )


def test_another_site_may_show_an_embed_but_no_page(visitor: Visitor) -> None:
    page = visitor.open("/embed/online_public_services_by_level/")
    frames = {
        path: page.request.get(visitor.portal + path).headers.get("x-frame-options")
        for path in ("/", "/embed/pci_score_and_rank/")
    }
    assert frames == {"/": "SAMEORIGIN", "/embed/pci_score_and_rank/": None}


class LinkFinder(HTMLParser):
    """Collects addresses and anchors of one page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"href", "src"} and value and tag != "base":
                self.links.add(html.unescape(value))
            if name == "id" and value:
                self.anchors.add(value)


def fetch(address: str) -> tuple[int, str, str]:
    """Return status, media type and text; loopback only."""
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:  # noqa: S310 - our own server
            kind = answer.headers.get_content_type()
            return answer.status, kind, answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return error.code, "", ""


def test_every_internal_link_of_the_site_resolves(portal: str) -> None:
    """Follow every link of the static site; of the API's pages only those that the site itself names."""
    waiting, anchors, wanted, broken = [portal + "/", portal + "/en/"], {}, set(), []
    seen = set(waiting)
    while waiting:
        address = waiting.pop()
        status, kind, text = fetch(address)
        if status != 200:
            broken.append((status, address))
        if kind != "text/html" or "/datasette/" in address:
            continue
        finder = LinkFinder()
        finder.feed(text)
        anchors[address] = finder.anchors
        for link in finder.links:
            if link.startswith(("mailto:", "data:", "https://", "http://")) and not link.startswith(portal):
                continue
            target, fragment = urldefrag(urljoin(address, link))
            if fragment:
                wanted.add((target, fragment, address))
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    assert broken == []
    lost = [one for one in wanted if one[0] in anchors and one[1] not in anchors[one[0]]]
    assert lost == []
    assert len(anchors) > 180, "the walk did not reach the whole site"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/en/",
        "/catalog/dti_score_and_rank/",
        "/data/dti_score_and_rank/dti_score_and_rank.csv",
        "/datasette/opendata/dti_score_and_rank.json?_shape=objects",
        "/datasette/opendata/observations.json?dataset=dti_score_and_rank",
    ],
)
def test_the_promised_addresses_answer(portal: str, path: str) -> None:
    status, _, text = fetch(portal + path)
    assert status == 200
    assert text


@pytest.mark.parametrize("query", ["chuyen+doi+so", "chuy%E1%BB%83n+%C4%91%E1%BB%95i+s%E1%BB%91"])
def test_the_api_searches_with_and_without_accents(portal: str, query: str) -> None:
    _, _, text = fetch(f"{portal}/datasette/opendata/datasets.json?_shape=array&_search={query}")
    assert "dti_score_and_rank" in {row["name"] for row in json.loads(text)}


def test_the_api_shows_the_words_of_the_descriptor(portal: str) -> None:
    _, _, text = fetch(f"{portal}/datasette/opendata/dti_score_and_rank")
    assert "Chỉ số chuyển đổi số (DTI) của tỉnh" in text
    assert re.search(r"Con số đúng từng ký tự như trong tài liệu", text)
    assert urlsplit(portal).netloc not in text.replace("127.0.0.1", "")
