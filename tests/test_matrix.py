import json
import re
from html.parser import HTMLParser

import msgspec

from fluxbump.flux.stored_versions import Crd, CrdVersion, Table
from fluxbump.flux.tables import crds
from fluxbump.model import Step
from fluxbump.reports import matrix
from fluxbump.reports.html.matrix import matrix_page
from fluxbump.reports.matrix import Matrix, VersionState
from fluxbump.reports.table import Paint

TABLE = crds.crds()
FULL = matrix.matrix(TABLE)
STEPS = [Step("fluxbump releases", "the charts")]
PLAIN = Paint(enabled=False)


def states(one: Matrix, kind: str, version: str) -> str:
    (row,) = [row for row in one.rows if (row.kind, row.version) == (kind, version)]
    return "".join(state.letter for state in row.states)


def test_releases_with_equal_definitions_share_a_column() -> None:
    assert FULL.titles == (
        "2.0.0 .. 2.1.2",
        "2.2.0 .. 2.2.3",
        "2.3.0",
        "2.4.0 .. 2.5.1",
        "2.6.0 .. 2.6.4",
        "2.7.0 .. 2.7.5",
        "2.8.0 .. 2.8.8",
        "2.9.0 .. 2.9.4",
    )
    assert sum(len(some) for some in FULL.columns) == len(TABLE)
    every = matrix.matrix(TABLE, every=True)
    assert [title for (title,) in every.columns] == list(TABLE)
    assert {len(row.states) for row in every.rows} == {38}


def test_each_version_has_its_story() -> None:
    assert states(FULL, "Bucket", "v1") == "···SSSSS"
    assert states(FULL, "Bucket", "v1beta2") == "SSSdddxx"
    assert states(FULL, "Bucket", "v1beta1") == "ssddd" + "xxx"
    assert states(FULL, "HelmRelease", "v2beta2") == "·Sddddxx"
    assert states(FULL, "ArtifactGenerator", "v1beta1") == "·····SSS"


def test_each_release_stores_one_version_of_each_kind() -> None:
    for number, (release, *_) in enumerate(FULL.columns):
        stored = {r.crd: r.version for r in FULL.rows if r.states[number] is VersionState.STORAGE}
        assert stored == {name: crd.storage for name, crd in TABLE[release].items()}
        named = {
            (r.crd, r.version)
            for r in FULL.rows
            if r.states[number] not in (VersionState.REMOVED, VersionState.ABSENT)
        }
        assert named == {(n, v) for n, crd in TABLE[release].items() for v in crd.names}


def test_the_matrix_as_text() -> None:
    lines = matrix.text(FULL, STEPS, PLAIN).splitlines()
    assert lines[0].split("  ")[0] == "KIND"
    bucket = next(n for n, line in enumerate(lines) if line.startswith("Bucket"))
    assert lines[bucket].split() == ["Bucket", "v1", *"···SSSSS"]
    assert lines[bucket + 1].split() == ["v1beta2", *"SSSdddxx"]
    assert "  x  removed: an update is refused while it is still stored" in lines
    assert "unserved" not in matrix.text(FULL, STEPS, PLAIN)


def test_a_narrow_terminal_gets_several_tables() -> None:
    text = matrix.text(FULL, STEPS, Paint(enabled=False, width=80))
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    heads = [line.split()[2:] for line in lines if line.startswith("KIND")]
    assert len(heads) > 1
    whole = matrix.text(FULL, STEPS, PLAIN).splitlines()
    assert [word for head in heads for word in head] == whole[0].split()[2:]
    letters = [line.split()[2:] for line in lines if line.startswith("Bucket ")]
    assert "".join(letter for some in letters for letter in some) == "···SSSSS"


def test_the_matrix_ends_with_what_to_type() -> None:
    assert matrix.text(FULL, STEPS, PLAIN).endswith("\n\nnext: fluxbump releases  the charts")


def test_the_matrix_as_json() -> None:
    document = json.loads(matrix.json_text(FULL, STEPS))
    msgspec.convert(document, matrix.MatrixJson)
    assert list(document) == ["schema", "columns", "rows", "next"]
    assert document["next"] == [{"command": "fluxbump releases", "why": "the charts"}]
    assert document["schema"] == "fluxbump/matrix/v1"
    row = next(r for r in document["rows"] if (r["kind"], r["version"]) == ("Bucket", "v1"))
    assert row["cells"][2] == {"releases": ["2.3.0"], "state": "absent"}
    assert row["cells"][3] == {"releases": ["2.4.0", "2.5.0", "2.5.1"], "state": "storage"}
    assert [cell["releases"] for cell in row["cells"]] == document["columns"]


class Page(HTMLParser):
    """Checks that every tag is closed, and counts them."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_matrix_as_a_page() -> None:
    text = matrix_page(FULL)
    page = Page()
    page.feed(text)
    assert page.open == []
    tags = [tag for tag, _ in page.seen]
    assert not {"script", "link", "img", "iframe"} & set(tags)
    assert not re.search(r"https?:|url\(|@import", text)
    assert tags.count("td") == len(FULL.rows) * len(FULL.columns)
    assert tags.count("tbody") == len({row.crd for row in FULL.rows})
    spans = [int(some["rowspan"] or 0) for tag, some in page.seen if "rowspan" in some]
    assert sum(spans) == len(FULL.rows)
    assert "prefers-color-scheme: dark" in text
    for state in VersionState:
        assert f".{state} " in text or f".{state}," in text


def test_every_state_has_a_letter_and_colours_that_can_be_read() -> None:
    assert len({state.letter for state in VersionState}) == len(VersionState)
    light, dark = matrix_page(FULL).split("@media (prefers-color-scheme: dark)")[:2]
    for css in (light, dark):
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", css))
        for name in ("storage", "served", "deprecated", "removed"):
            assert contrast(colours[name], colours[f"{name}-ink"]) >= 4.5, name
        for name in ("ink", "soft"):
            assert contrast(colours["page"], colours[name]) >= 4.5, name


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_what_a_downloaded_release_calls_itself_is_escaped() -> None:
    crd = Crd("x.y", "<b>K\x1b</b>", '"&', (CrdVersion("<i>", False, True),))
    table: Table = {"1.0.0": {"x.y": crd}}
    one = matrix.matrix(table)
    assert [row.states for row in one.rows] == [(VersionState.UNSERVED,)]
    assert "<b>" not in matrix_page(one)
    assert "<i>" not in matrix_page(one)
    assert "&lt;b&gt;K\ufffd&lt;/b&gt;" in matrix_page(one)
    assert "\x1b" not in matrix.text(one, STEPS, PLAIN)
    assert "u  defined, but not served" in matrix.text(one, STEPS, PLAIN)
    assert matrix.matrix({}).rows == ()
