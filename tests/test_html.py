"""The pages for a browser: what stands in them, and what a real browser makes of them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fixtures import generate
from fluxbump.check.verdict import Verdict
from fluxbump.fleet.repositories import FleetEntry, FleetOutcome, FleetResult
from fluxbump.flux.upgrade_path import Route
from fluxbump.model import FLUX, Finding, Form, Location, Pin, Severity
from fluxbump.reports.fleet import Summary
from fluxbump.reports.formats import html
from fluxbump.reports.html.diff import diff_section
from fluxbump.reports.html.elements import Node, markup, worded
from fluxbump.reports.html.fleet import fleet_page
from fluxbump.reports.html.path_page import RouteFacts, path_page
from fluxbump.reports.html.pins import PinMap, pins_section
from fluxbump.reports.html.style import CSS
from fluxbump.reports.table import Paint
from tests.browser import opened
from tests.helpers import Repo
from tests.test_matrix import Page, contrast

COMMANDS = {
    "check": ("check", "--no-render", "--output", "html"),
    "to": ("to", "2.5.1", "--dry-run", "--output", "html"),
    "refused": ("to", "2.8.5", "--dry-run", "--output", "html"),
    "path": ("path", "2.8.5", "--output", "html"),
}
PHONE = 390
"""CSS pixels: the width of the phones that are sold most."""
EVIL = "</title></style><script>document.title='evil'</script><img src=x onerror=alert(1)>\"'&"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("pages")
    index = generate.index(root / "charts")
    (root / "home").mkdir()
    repos = {
        state: Repo(generate.repository(root / state, state), root / "home", index)
        for state in ("incident", "aligned")
    }
    found = {}
    for name, arguments in COMMANDS.items():
        result = repos["incident" if name == "check" else "aligned"].fluxbump(*arguments)
        assert result.code == (1 if name in ("check", "refused") else 0), result.err
        found[name] = root / f"{name}.html"
        found[name].write_text(result.out, "utf-8")
    entries = [FleetEntry(name, f"https://git.example.org/{name}") for name in ("a", "b")]
    results = (
        FleetResult(entries[0], FleetOutcome.UP_TO_DATE, "all pins hold 2.4.0", "2.4.0", "2.4.0"),
        FleetResult(entries[1], FleetOutcome.FAILED, "no answer"),
    )
    found["fleet"] = root / "fleet.html"
    found["fleet"].write_text(fleet_page(Summary(results)), "utf-8")
    return found


NAMES = (*COMMANDS, "fleet")


# --- in a browser -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_page_fits_a_phone_and_asks_for_nothing(
    pages: dict[str, Path], tmp_path: Path, name: str
) -> None:
    with opened(pages[name], tmp_path, width=PHONE, dark=True) as view:
        assert view.value("document.documentElement.scrollWidth") <= PHONE
        assert view.complaints == []
        assert view.requests == [pages[name].as_uri()]
        assert view.value("getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 29)"


def test_a_page_is_light_for_who_prefers_that(pages: dict[str, Path], tmp_path: Path) -> None:
    with opened(pages["check"], tmp_path) as view:
        colour = view.value("getComputedStyle(document.body).backgroundColor")
        assert colour == "rgb(251, 251, 253)"
        rows = view.value("document.querySelectorAll('details table tbody tr').length")
        assert rows == 14


def test_the_policy_holds_whatever_gets_into_a_page(
    pages: dict[str, Path], tmp_path: Path, heard: tuple[str, list[str]]
) -> None:
    url, requests = heard
    added = (
        f"<script>document.title = 'evil'</script><img src='{url}/picture'>"
        f"<link rel=stylesheet href='{url}/style'><iframe src='{url}/frame'></iframe>"
        "<p id=p style='display: none'>here</p></body>"
    )
    page = tmp_path / "page.html"
    page.write_text(pages["check"].read_text("utf-8").replace("</body>", added), "utf-8")
    with opened(page, tmp_path / "profile") as view:
        assert view.value("document.title") == "fluxbump: Flux pins: check"
        assert view.value("getComputedStyle(document.querySelector('#p')).display") == "block"
        assert view.complaints != []
    assert requests == []


@pytest.fixture
def heard() -> Iterator[tuple[str, list[str]]]:
    """Yield a server on the loopback interface, and what it is asked."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that http.server calls
            paths.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", paths
        server.shutdown()
        thread.join()


def test_many_manifests_are_folded_and_what_is_said_of_them_is_not() -> None:
    def page(number: int) -> str:
        lines = ["Manifests to move before 2.8.5:", *(f"  m{n}.yaml:1" for n in range(number))]
        known = RouteFacts(manifests=[[*lines, "fluxbump moves them"]])
        return path_page(Route("2.4.0", "2.8.5", ()), known)

    few, many = page(20), page(300)
    assert "<li>m19.yaml:1</li>" in few
    assert "<summary>All 300 manifests</summary>" in many
    assert ("<details>" in few, "<details>" in many) == (False, True)
    assert "<p>fluxbump moves them</p>" in few
    assert "<li>fluxbump moves them</li>" not in many


def test_what_stands_in_backquotes_is_code() -> None:
    made = [part if isinstance(part, str) else (part.tag, part.text) for part in worded("a `b` c")]
    assert made == ["a ", ("code", "b"), " c"]
    assert worded("a name with one ` in it") == ["a name with one ` in it"]


def test_hostile_names_are_text(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(hostile(), "utf-8")
    with opened(page, tmp_path / "profile", width=PHONE) as view:
        assert view.value("document.querySelectorAll('script, img').length") == 0
        assert view.value("document.title") == "fluxbump: Flux pins: check"
        assert view.value("document.querySelector('article p').textContent") == EVIL
        assert view.value("document.querySelector('article .place').textContent") == f"{EVIL}:1:1"
        assert view.value("document.documentElement.scrollWidth") <= PHONE
        assert view.complaints == []


def hostile() -> str:
    place = Location(EVIL, 1)
    pin = Pin("install-url", FLUX, place, 0, 5, EVIL, Form.EXACT, EVIL)
    found = Finding("FB103", Severity.ERROR, EVIL, place)
    pins = PinMap([pin], {FLUX: EVIL}, {}, {FLUX: EVIL}, frozenset({place}))
    verdict = Verdict(EVIL, ("FB103",), (found,))
    return html.render(verdict, {}, Paint(enabled=False), pins=pins)


# --- as text ----------------------------------------------------------------------------------


class Outline(Page):
    """What a page is made of; every tag is closed."""

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_complete_in_itself(pages: dict[str, Path], name: str) -> None:
    outline = Outline()
    outline.feed(pages[name].read_text("utf-8"))
    assert outline.open == []
    tags = [tag for tag, _ in outline.seen]
    assert not {"script", "link", "img", "iframe", "a", "form"} & set(tags)
    assert all("style" not in attributes for _, attributes in outline.seen)
    assert tags.count("h1") == 1
    headings = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == 1
    drawings = [attributes for tag, attributes in outline.seen if tag == "svg"]
    assert all(attributes["role"] == "img" for attributes in drawings)
    assert tags.count("svg") == (2 if name in ("to", "refused") else 1)
    policies = [a["content"] for t, a in outline.seen if t == "meta" and "http-equiv" in a]
    assert len(policies) == 1
    assert str(policies[0]).startswith("default-src 'none'; style-src 'sha256-")


def test_the_incident(pages: dict[str, Path]) -> None:
    text = pages["check"].read_text("utf-8")
    assert "2 errors, 22 warnings" in text
    assert "FB205 deprecated-api · 18 findings" in text
    assert text.index("FB103 version-agreement") < text.index("FB205 deprecated-api")
    assert "<code>fluxbump to 2.4.0</code>" in text
    assert "ships 2.3.0" in text
    assert text.count("✗ 2.13.0 · 1 pin") == text.count("✗ 2.4.0 · 1 pin") == 1
    assert text.count('class="edge broken"') == 2


def test_a_bump_shows_its_route_and_its_patch(pages: dict[str, Path]) -> None:
    text = pages["to"].read_text("utf-8")
    assert "The bump to Flux 2.5.1 passes its checks" in text
    assert "13 pins in 11 files, 3 mapping rows." in text
    assert "2.14.1 → 2.15.0" in text
    assert re.search(r'<span class="del">- +version: "?2\.14\.1', text)
    assert re.search(r'<span class="add">\+ +version: "?2\.15\.0', text)
    refused = pages["refused"].read_text("utf-8")
    assert "The bump to Flux 2.8.5 is refused" in refused
    assert "fluxbump created no branch." in refused
    assert refused.index("What stops the bump") < refused.index("<h2>Route</h2>")


def test_a_route_that_is_none_says_why() -> None:
    found = Route("2.4.0", "2.3.0", problem="no release with a chart leads around Bucket v1")
    text = path_page(found, RouteFacts())
    assert "No safe route from Flux 2.4.0 to 2.3.0" in text
    assert "no release with a chart leads around Bucket v1" in text
    assert 'class="edge broken"' in text


def test_a_fleet_names_the_worst_first(pages: dict[str, Path]) -> None:
    text = pages["fleet"].read_text("utf-8")
    assert "1 of 2 repositories done, 1 failed." in text
    rows = re.findall(r'data-label="Repository">(\w)<', text)
    assert rows == ["b", "a"]


def test_a_graph_of_many_places_says_what_it_leaves_out() -> None:
    pins = [
        Pin("install-url", FLUX, Location(f"c{n}/a.yaml", 1), 0, 5, "2.4.0", Form.EXACT, "a")
        for n in range(75)
    ]
    text = written(pins_section(PinMap(pins, {FLUX: "2.4.0"}, {}, {}, frozenset())))
    assert text.count('class="box"') == 60
    assert "and 15 more places, in the table below" in text
    assert text.count('data-label="Place"') == 75


def test_a_long_patch_says_what_it_leaves_out() -> None:
    lines = ["diff --git a/x b/x", "--- a/x", "+++ b/x", "@@ -1 +1 @@", *["+a"] * 4_006]
    text = written(diff_section("\n".join(lines)))
    assert text.count('class="add"') == 3_996
    assert "10 more lines" in text
    assert diff_section("") is None


def written(section: Node | None) -> str:
    assert section is not None
    return markup(section)


def test_text_on_every_ground_can_be_read() -> None:
    light, dark = CSS.split("@media (prefers-color-scheme: dark)")[:2]
    for css in (light, dark):
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", css))
        pairs = [("added", "ink"), ("dropped", "ink"), ("head", "ink"), ("head", "soft")]
        for ground, ink in [*pairs, ("page", "removed-ink")]:
            assert contrast(colours[ground], colours[ink]) >= 4.5, (ground, ink)
