"""The gate beside the bash gate that it replaces, on hundreds of mutants of the monorepo.

What the bash gate rejects, the gate rejects too. Every mutant on which the two differ is in
`ONLY_THE_GATE` or `ONLY_BASH`, by name, under the reason why they do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path

import pytest

from fixtures import facts, generate, states
from fluxbump.check.check import Means, examine, judge
from fluxbump.check.gather import Renderer
from fluxbump.check.rules.rule import Render
from fluxbump.config.settings import Settings
from fluxbump.flux.chart_contents import Vendored
from fluxbump.git.overlay_snapshot import MemorySnapshot
from fluxbump.helm import archive
from fluxbump.helm.binary import Helm
from fluxbump.helm.chart_releases import ChartIndex, IndexSource
from fluxbump.helm.index import source as indexes
from fluxbump.helm.rendered import RenderedObject
from fluxbump.model import Chart, Snapshot
from tests import bash_gate
from tests import rendered as really
from tests.bash_gate import DEPENDENCY, INSTALL, MIRROR, D, F, N, Outside, R, V
from tests.tools import need_helm

CHART, VALUES = "platform/flux/chart/Chart.yaml", "platform/flux/chart/values.yaml"
VENDORED, CLOUD_INIT = "platform/flux/chart/charts/", bash_gate.CLOUD_INIT

TEXTS = {
    "caret": "^@", "tilde": "~@", "at-least": ">=@", "equals": "=@", "v": "v@", "zero": "@-0",
    "build": "@+build", "four-parts": "@.0", "leading-zero": "02.14.1", "two-parts": "2.14",
    "x-range": "2.14.x", "one-part": "2", "any": "*", "latest": "latest", "unknown": "9.9.9",
    "same-release": "2.14.0", "newer": "2.15.0", "variable": "${flux2}", "template": "{{ .flux2 }}",
    "null": "null", "tilde-null": "~", "empty": "", "or": "@ || %",
}  # fmt: skip


def packed(chart: str = "", *, name: str = "flux2") -> bytes:
    """Return an archive of 2.14.1 whose Chart.yaml is `chart` below its name."""
    text = f"apiVersion: v2\nname: {name}\n{chart}".encode()
    extra = {"Chart.yaml": text} if chart else None
    return generate.chart_archive("2.14.1", name=name, extra=extra)


def unpacked(chart: str = "", *, name: str = "flux2") -> dict[str, bytes]:
    """Return the same as a folder."""
    files = archive.read_chart(packed(chart, name=name)).files
    return {f"flux2/{path}": data for path, data in files.items()}


RIGHT, OLD = generate.chart_archive("2.14.1"), generate.chart_archive("2.13.0")
BOTH = "version: 2.14.1\nappVersion: @\n"
APP_VERSION = {
    "quoted": BOTH.replace("@", '"2.4.0"'),
    "single-quoted": BOTH.replace("@", "'2.4.0'"),
    "with-v": BOTH.replace("@", "v2.4.0"),
    "another": BOTH.replace("@", "2.3.0"),
    "comment-behind": BOTH.replace("@", "2.4.0 # not 2.3.0"),
    "comment-above": "#appVersion: 2.3.0\n" + BOTH.replace("@", "2.4.0"),
    "right-comment-above": "# appVersion: 2.4.0\n" + BOTH.replace("@", "2.3.0"),
    "duplicate-right-first": BOTH.replace("@", "2.4.0\nappVersion: 2.3.0"),
    "duplicate-right-last": BOTH.replace("@", "2.3.0\nappVersion: 2.4.0"),
    "missing": "version: 2.14.1\n",
    "empty": BOTH.replace("@", ""),
    "nested": "version: 2.14.1\nannotations:\n  appVersion: 2.4.0\n",
    "crlf": BOTH.replace("@", "2.4.0").replace("\n", "\r\n"),
    "tab": BOTH.replace("@", "\t2.4.0"),
    "no-space": BOTH.replace(" @", "2.4.0"),
    "quoted-key": 'version: 2.14.1\n"appVersion": 2.4.0\n',
    "on-the-next-line": BOTH.replace("@", "\n  2.4.0"),
    "another-version": "version: 2.13.0\nappVersion: 2.4.0\n",
}
TGZ, OTHER_TGZ = "flux2-2.14.1.tgz", "flux2-2.13.0.tgz"
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"
ARCHIVES: Mapping[str, Mapping[str, bytes]] = {
    "absent": {},
    "lies": {TGZ: OLD},
    "only-another": {OTHER_TGZ: OLD},
    "another-beside": {TGZ: RIGHT, OTHER_TGZ: OLD},
    "another-holds-it": {OTHER_TGZ: RIGHT},
    "named-without-version": {"flux2.tgz": RIGHT},
    "named-with-v": {"flux2-v2.14.1.tgz": RIGHT},
    "cut-short": {TGZ: RIGHT[:-200]},
    "emptied": {TGZ: b""},
    "text": {TGZ: b"not found\n"},
    "lfs-pointer": {TGZ: LFS},
    "garbage-behind": {TGZ: RIGHT + b"garbage"},
    "another-chart": {TGZ: packed(name="fluxcd")},
    "dotted-folder": {TGZ: packed(name="./flux2")},
    "no-chart-file": {TGZ: packed(name="flux2/flux2")},
    "unpacked": unpacked(),
    "unpacked-another-release": unpacked(BOTH.replace("@", "2.3.0")),
    "unpacked-another-version": unpacked("version: 2.14.0\nappVersion: 2.4.0\n"),
    "unpacked-another-chart": unpacked(name="fluxcd"),
    "unpacked-without-chart-file": {"flux2/values.yaml": b"{}\n"},
    "unpacked-old-beside": {TGZ: RIGHT, **unpacked("version: 2.13.0\nappVersion: 2.3.0\n")},
    **{f"app-version-{name}": {TGZ: packed(text)} for name, text in APP_VERSION.items()},
}

WHOLE: Mapping[str, Callable[[str], str | None]] = {
    "crlf": lambda text: text.replace("\n", "\r\n"),
    "cr": lambda text: text.replace("\n", "\r"),
    "byte-order-mark": lambda text: "\ufeff" + text,
    "no-final-newline": lambda text: text.rstrip("\n"),
    "spaces-behind": lambda text: text.replace("\n", "  \n"),
    "indented": lambda text: "".join(f"  {line}\n" for line in text.splitlines()),
    "indented-twice": lambda text: text.replace("\n  ", "\n      "),
    "tabs": lambda text: text.replace("\n  ", "\n\t"),
    "commented-out": lambda text: "".join(f"#{line}\n" for line in text.splitlines()),
    "document-start": lambda text: f"---\n{text}",
    "document-behind": lambda text: f"{text}---\nanother: document\n",
    "template": lambda text: f"{{{{- if true }}}}\n{text}{{{{- end }}}}\n",
    "emptied": lambda _: "",
    "deleted": lambda _: None,
    "doubled": lambda text: text + text,
    "latin-1": lambda text: f"{text}# caf\udce9\n",
}

TEMPLATE = "platform/flux/chart/templates/provenance.yaml"
UMBRELLA = "products/catalyst/chart/Chart.yaml"
RELEASE = "clusters/beta.example.org/bootstrap-kit/03-flux.yaml"
ELSEWHERE = {
    "template-broken": (TEMPLATE, "  upstream: {{", "  upstream: {{ if }} {{"),
    "template-fails": (TEMPLATE, "\ndata:\n", '\ndata: {{ fail "no" }}\n'),
    "controller-off": (VALUES, "  sourceController:\n", "  sourceController:\n    create: false\n"),
    "chart-without-api-version": (CHART, "apiVersion: v2\n", ""),
    "chart-without-name": (CHART, "name: bp-flux\n", ""),
    "chart-without-version": (CHART, "\nversion: 1.1.2\n", "\n"),
    "chart-behind": (CHART, "\nversion: 1.1.2\n", "\nversion: 1.1.1\n"),
    "blueprint-behind": ("platform/flux/blueprint.yaml", "version: 1.1.2", "version: 1.1.1"),
    "umbrella-behind": (UMBRELLA, "bp-flux\n    version: 1.1.2", "bp-flux\n    version: 1.1.1"),
    "release-behind": (RELEASE, 'version: "1.1.2"', "version: 1.1.1"),
    "values-kept": (RELEASE, "  upgrade:\n", "  upgrade:\n    preserveValues: true\n"),
}

SITES = {
    "dependency": (CHART, "dependencies:\n", 'charts"\n', DEPENDENCY, "2.14.1", "2.13.0"),
    "install": (CLOUD_INIT, "  - 'curl -fsSL", "apply -f -'\n", INSTALL, "2.4.0", "2.3.0"),
    "mirror": (VALUES, "catalystBlueprint:\n", "}\n", MIRROR, "2.14.1", "2.13.0"),
}
ORIGINAL = {**states.files(), VENDORED + TGZ: RIGHT, bash_gate.CACHED: OLD}


def replaced(path: str, old: str, new: str) -> dict[str, bytes]:
    text = ORIGINAL[path].decode()
    assert text.count(old) == 1, (path, old)
    return {**ORIGINAL, path: text.replace(old, new).encode()}


def between(site: str, new: str) -> dict[str, bytes]:
    path, start, end, *_ = SITES[site]
    text = ORIGINAL[path].decode()
    first = text.index(start)
    return replaced(path, text[first : text.index(end, first) + len(end)], new)


def mutants() -> Iterator[tuple[str, dict[str, bytes]]]:
    for site, (_, _, _, table, right, wrong) in SITES.items():
        for style, style_text in table.items():
            for word, one, other in (("right", right, wrong), ("wrong", wrong, right)):
                new = style_text.replace("@", one).replace("%", other)
                yield f"{site}/{word}/{style}", between(site, new)
    for site, plain in (("dependency", D + N + V + R), ("mirror", F)):
        for name, version in TEXTS.items():
            new = plain.replace("@", version).replace("@", "2.14.1").replace("%", "2.13.0")
            yield f"{site}/holds/{name}", between(site, new)
    others = {path: data for path, data in ORIGINAL.items() if path != VENDORED + TGZ}
    for name, vendored in ARCHIVES.items():
        yield f"archive/{name}", {**others, **{VENDORED + p: data for p, data in vendored.items()}}
    for path in (CHART, VALUES, CLOUD_INIT):
        rest = {other: data for other, data in ORIGINAL.items() if other != path}
        for name, change in WHOLE.items():
            text = change(ORIGINAL[path].decode())
            held = {} if text is None else {path: text.encode("utf-8", "surrogateescape")}
            yield f"{path.rpartition('/')[2]}/{name}", {**rest, **held}
    for name, (path, was, becomes) in ELSEWHERE.items():
        yield f"elsewhere/{name}", replaced(path, was, becomes)


MUTANTS = dict(mutants())

# --- where they differ ---------------------------------------------------------------------------

ONLY_THE_GATE = {
    "awk and grep take a comment for code": """
        dependency/right: bare-comment-holds-it right-only-in-comment
        dependency/wrong: bare-comment-above named-in-comment
        install/right: right-comment-above
        install/wrong: comment-above
        mirror/right: right-comment-above right-comment-behind
        mirror/wrong: comment-above comment-behind
    """,
    "the first match wins, whatever comes after it": """
        dependency/right: duplicate-right-first twice version-suffixed
        dependency/wrong: duplicate-right-last
        install/right: second-below second-latest second-on-the-line
        install/wrong: conditional second-above
        mirror/right: another-above another-below duplicate-upstream
        archive: app-version-duplicate-right-first
    """,
    "the second field of a line is not all of its value": """
        dependency/holds: or
    """,
    "tar takes one member of one archive, and nobody compares its version or digest": """
        archive: only-another another-beside another-holds-it named-with-v unpacked-old-beside
        archive: unpacked-another-version app-version-another-version app-version-quoted
        archive: app-version-comment-above app-version-comment-behind app-version-tab
    """,
    "the script does not look there": """
        elsewhere: blueprint-behind chart-behind release-behind umbrella-behind values-kept
    """,
}

ONLY_BASH = {
    "awk wants the name above the version, one of them on each line": """
        dependency/right: version-first flow-entry flow-list on-the-next-line
    """,
    "awk knows one way to write a key or a text in YAML": """
        dependency/right: single-quoted quoted-keys quoted-name space-before-colon tab-before-name
        mirror/right: flow-single-quoted json json-tight anchor tag alias
        Chart.yaml: cr crlf indented
        values.yaml: cr
    """,
    "awk wants the mirror on one line": """
        mirror/right: flow-lines one-line block block-quoted block-version-first block-indented
        mirror/right: block-comment
    """,
    "awk takes a comment for code": """
        dependency/right: comment-above bare-comment-above prose-above named-in-comment
        dependency/wrong: right-only-in-comment
        mirror/right: comment-above comment-behind
        mirror/wrong: right-comment-above right-comment-behind
    """,
    "grep takes a comment for code": """
        install/right: comment-above
        install/wrong: right-comment-above
    """,
    "the first match wins, where YAML takes the last, or another chart or key is first": """
        dependency/right: duplicate-right-last another-before
        dependency/wrong: duplicate-right-first version-suffixed
    """,
    "grep wants the release from one host, spelled one way": """
        install/right: http another-host enterprise capitals
    """,
    "the version is the same, with a sign before it that Helm does not need": """
        dependency/holds: equals v
        mirror/holds: equals v
    """,
    "helm misses another chart, which is not vendored: the gate says that it could not render": """
        dependency/right: another-behind other-chart-before
    """,
    "no chart depends on flux2, which is no fault where Flux is installed in another way": """
        Chart.yaml: commented-out deleted emptied
        dependency/right: another-alone entry-commented-out
        dependency/right: list-nested list-renamed name-renamed none
        dependency/wrong: another-alone another-repository emptied-below entry-commented-out
        dependency/wrong: list-nested list-renamed name-renamed none
    """,
    "no install URL of a release, which is no fault where Flux is installed in another way": """
        cloudinit-control-plane.tftpl: deleted emptied
        install/right: another-file capital-v doubled-slash
        install/right: fork four-parts main missing shell-variable
        install/right: split
        install/wrong: another-file capital-v commented-out commented-out-bare doubled-slash
        install/wrong: file-like fork four-parts main missing only-comment-behind split
    """,
    "no mirror is kept, which is no fault unless the base or the history has one": """
        mirror/right: removed version-removed version-renamed
        mirror/wrong: all-commented-out chart-removed chart-renamed commented-out removed
        mirror/wrong: version-removed version-renamed version-suffixed
        values.yaml: deleted emptied
    """,
}


def names(*lines: str) -> frozenset[str]:
    found = [line.strip().partition(": ") for text in lines for line in text.splitlines()]
    return frozenset(f"{site}/{style}" for site, _, styles in found for style in styles.split())


BY_GATE, BY_BASH = names(*ONLY_THE_GATE.values()), names(*ONLY_BASH.values())

NOT_VENDORED = names("""
    dependency/right: another-alone another-behind other-chart-before version-of-the-next
    dependency/wrong: another-before
""")
REFUSED = names("""
    dependency/right: tab-indented open-quote
    mirror/right: all-commented-out commented-out open parent-renamed parent-suffixed
    mirror/right: upstream-moved-out upstream-renamed upstream-suffixed
    archive: unpacked-another-chart unpacked-without-chart-file
    Chart.yaml: tabs template latin-1
    values.yaml: tabs commented-out template latin-1
    elsewhere: template-broken template-fails chart-without-name chart-without-version
""")
FETCHED_INSTEAD = names("archive: unpacked-another-chart")
LESS = names("elsewhere: controller-off")


# --- the two gates -------------------------------------------------------------------------------


def fetch(version: str) -> bytes | None:
    """Stand for `helm dependency build` with the index at hand."""
    known = any(chart.version == version for chart in facts.charts()["flux2"])
    return generate.chart_archive(version) if known else None


def rendered(name: str) -> str | None:
    """Return what helm makes of a mutant's chart, as listed above."""
    core = bash_gate.CONTROLLERS[1:] if name in LESS else bash_gate.CONTROLLERS
    text = "".join(f"metadata:\n  name: {controller}\n" for controller in core)
    return None if name in REFUSED | NOT_VENDORED else text


def bash(name: str, render: Callable[[bash_gate.Files], str | None] | None = None) -> int | None:
    """Return the case that fails; `render` is helm, or else what is listed."""
    outside = Outside(render or (lambda _: rendered(name)), fetch)
    return bash_gate.first_failure(MUTANTS[name], outside)


def gate(name: str, index: ChartIndex, render: Renderer | None = None) -> set[str]:
    """Return the codes of the errors; `render` is helm, or else what is listed."""

    def stub(chart: Chart, _: Snapshot, __: tuple[Vendored, ...]) -> Callable[[], Render]:
        return partial(pretend, chart)

    def pretend(chart: Chart) -> Render:
        if name in NOT_VENDORED:
            return Render(chart.path, not_run="a dependency is missing")
        if name in REFUSED - FETCHED_INSTEAD:
            return Render(chart.path, "v4", error="refused")
        core = bash_gate.CONTROLLERS[1:] if name in LESS else bash_gate.CONTROLLERS
        objects = tuple(RenderedObject("apps/v1", "Deployment", one) for one in core)
        return Render(chart.path, "v4", objects)

    examined = examine(
        MemorySnapshot(MUTANTS[name]), Settings(), index, means=Means(render or stub)
    )
    return {finding.code for finding in judge(examined).errors}


@pytest.fixture(scope="session")
def source(index: Path) -> IndexSource:
    return indexes.open_source(str(index), web=pytest.fail)


@pytest.fixture(scope="session")
def charts(source: IndexSource) -> ChartIndex:
    return source.load()


def test_there_are_enough_mutants() -> None:
    assert len(MUTANTS) > 400
    assert len({tuple(sorted(files.items())) for files in MUTANTS.values()}) > 400


def test_every_explained_mutant_exists_and_is_explained_once() -> None:
    explained = [names(text) for text in (*ONLY_THE_GATE.values(), *ONLY_BASH.values())]
    assert sum(map(len, explained)) == len(BY_GATE | BY_BASH)
    assert MUTANTS.keys() >= BY_GATE | BY_BASH | REFUSED | NOT_VENDORED | LESS


@pytest.mark.parametrize("name", MUTANTS)
def test_the_gate_rejects_what_bash_rejects(name: str, charts: ChartIndex) -> None:
    case, codes = bash(name), gate(name, charts)
    assert (name in BY_BASH) == bool(case and not codes), f"case {case}, no errors"
    assert (name in BY_GATE) == bool(codes and not case), codes


# --- with the real helm --------------------------------------------------------------------------


@cache
def rendered_charts() -> tuple[tuple[bash_gate.Files, bool], ...]:
    """Return the charts that reach helm, and whether it is listed as refusing them."""
    found: dict[object, tuple[bash_gate.Files, bool]] = {}
    for name in MUTANTS:

        def keep(chart: bash_gate.Files, name: str = name) -> str | None:
            found.setdefault(frozenset(chart.items()), (chart, rendered(name) is None))
            return rendered(name)

        bash(name, keep)
    return tuple(found.values())


@pytest.mark.parametrize("part", range(8))
def test_helm_does_what_is_listed(part: int, tmp_path: Path) -> None:
    helm = need_helm("helm4")
    for number, (chart, refused) in enumerate(rendered_charts()[part::8]):
        output = bash_gate.template(helm, tmp_path / str(number), chart)
        assert (output is None) == refused, chart["Chart.yaml"].decode()


@pytest.mark.parametrize(
    ("name", "version"),
    [(name, "helm4") for name in sorted(REFUSED | LESS)]
    + [(name, "helm3") for name in sorted(REFUSED | LESS) if name.startswith("elsewhere")],
)
def test_the_gate_rejects_what_helm_refuses(
    name: str, version: str, source: IndexSource, charts: ChartIndex, tmp_path: Path
) -> None:
    helm, known = need_helm(version), {str(one.version): one for one in charts.releases}
    chart = bash_gate.chart_of(MUTANTS[name])
    assert bash_gate.template(helm, tmp_path / "chart", chart) is None or name in LESS

    def render(
        chart: Chart, snapshot: Snapshot, vendored: tuple[Vendored, ...]
    ) -> Callable[[], Render]:
        def fetch(version: str) -> bytes:
            return source.archive(known[version])

        return partial(really.render, chart, snapshot, vendored, fetch, Helm(helm))

    assert gate(name, charts, render)
