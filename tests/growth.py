"""Inputs that grow: what each kind of text is made of, again and again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from fluxbump.check import check
from fluxbump.config.settings import Settings
from fluxbump.discover import inventory
from fluxbump.discover.scope import Scope
from fluxbump.errors import FluxbumpError
from fluxbump.git.overlay_snapshot import MemorySnapshot
from tests.fuzz.targets import TARGETS, base_files
from tests.helpers import COMMUNITY, URL, chart_index

_INSTALL = URL.format("2.4.0")
_DIGEST = "sha256:" + "a" * 64
_HELM = "helm upgrade flux fc/flux2 --version"
_TERRAFORM = (
    f'resource "helm_release" "a%" {{\n chart = "flux2"\n repository = "{COMMUNITY}"\n'
    " version = %\n}\n"
)

Grow = Callable[[int], str]
"""Makes a text of about so many characters."""


def again(unit: str, head: str = "", tail: str = "") -> Grow:
    """Repeat a unit between a head and a tail."""
    return lambda size: head + unit * (size // len(unit)) + tail


def numbered(unit: str) -> Grow:
    """Repeat a unit with the number of the repetition."""
    return lambda size: "".join(unit.replace("%", str(n)) for n in range(size // len(unit)))


REPOSITORY: Mapping[str, tuple[str, Grow]] = {
    "words on a line": ("a.map", again("now 2.13.0 ", "flux2 bp-flux ")),
    "names on a line": ("x.sh", again("flux2 bp-flux ")),
    "mentions in lines": ("README.md", again("flux\nflux\n2.3\n")),
    "headings": ("README.md", again("## flux 2.3\n")),
    "quotes in Markdown": ("README.md", again("> flux 2.3\n")),
    "remarks": ("x.sh", again("# flux 2.3.0\n")),
    "remarks that never close": ("x.go", again("/* flux2 ")),
    "HTML remarks that never close": ("README.md", again("<!-- flux2 ")),
    "rows of a table": ("README.md", again("| 2.14.1 | 2.4.0 | flux2 |\n")),
    "cells of a row": ("README.md", again("| 2.14.1 | 2.4.0 | flux2 ")),
    "install URLs on a line": ("x.sh", again(f"{_INSTALL} ")),
    "install URLs in lines": ("x.sh", again(f"curl {_INSTALL} | kubectl apply -f -\n")),
    "digests beside URLs on a line": ("x.yaml", again(f"{_DIGEST} {_INSTALL} ")),
    "digests in lines": ("x.sh", again(f"{_DIGEST}  flux2 2.4.0\n", f"curl {_INSTALL}\n")),
    "commands of helm on a line": ("x.sh", again("helm upgrade flux fc/flux2 --version 2.14.1 ")),
    "commands of helm in lines": ("x.sh", again("helm upgrade flux fc/flux2 --version 2.14.1\n")),
    "continued lines": ("x.sh", again("helm upgrade flux fc/flux2 \\\n")),
    "commands of flux on a line": ("x.sh", again("flux install --version=2.4.0 ")),
    "calls of a function": ("x.sh", again(
        "f 2.14.1\n", "f() { helm install flux2 --version $1; }\n"
    )),
    "assignments": ("x.sh", numbered("V%=2.14.1\nhelm upgrade flux fc/flux2 --version $V%\n")),
    "a chain of assignments": ("x.sh", lambda size: "V0=2.14.1\n" + "".join(
        f"V{n}=$V{n - 1}\n" for n in range(1, size // 12)
    ) + f"helm upgrade flux fc/flux2 --version $V{size // 12 - 1}\n"),
    "a chain of ARG": ("Dockerfile", lambda size: "FROM alpine\nARG V0=2.4.0\n" + "".join(
        f"ARG V{n}=$V{n - 1}\n" for n in range(1, size // 16)
    ) + f"RUN curl {URL.format('${V' + str(size // 16 - 1) + '}')}\n"),
    "a variable set again and again": ("x.sh", again(
        "A=$A\n", "A=2.4.0\n", f"curl {URL.format('$A')}\n"
    )),
    "stages": ("Dockerfile", again("FROM ghcr.io/fluxcd/flux-cli:v2.4.0 AS x\n")),
    "heredocs that never close": ("x.sh", again("cat <<EOF flux2\n")),
    "heredocs of Terraform": ("x.tf", again("a = <<EOF\nflux2\n")),
    "blocks that never close": ("x.tf", again('resource "helm_release" "flux2" {\n')),
    "blocks": ("x.tf", again(
        f'resource "helm_release" "flux2" {{\n chart = "flux2"\n repository = "{COMMUNITY}"\n'
        ' version = "2.14.1"\n}\n'
    )),
    "escaped quotes": ("x.tf", again('\\"', 'flux2 = "')),
    "escaped quotes in a script": ("x.sh", again('\\"', 'flux2 "')),
    "quotes that never close": ("app.ts", again("'flux2 \" ` ")),
    "object literals": ("app.ts", again('new HelmChart({chart: "flux2", version: "2.14.1"}) ')),
    "brackets that never close": ("app.ts", again("(flux2 [ { ")),
    "brackets of two kinds": (
        "app.ts", lambda size: "flux2" + "(" * (size // 2) + "]" * (size // 2)
    ),
    "backslashes": ("x.sh", again("\\", "flux2 2.14.1 ")),
    "blanks": ("x.sh", again(" ", "flux2", "2.14.1")),
    "tabs in lines": ("README.md", again("\t\n", "flux2", "2.14.1")),
    "templates that never close": ("chart/templates/x.yaml", again("{{ flux2 ")),
    "templates": ("chart/templates/x.yaml", again("{{ flux2 }} 2.14.1\n")),
    "templates on a line": ("chart/templates/x.yaml", again(
        "{{ a }} ", "kind: HelmRelease\n", "flux2\n"
    )),
    "templates of Terraform on a line": ("x.yaml.tftpl", again(
        "%{ a } ", "kind: HelmRelease\n", "flux2\n"
    )),
    "substitutions that never close": ("x.sh", again("${A:-${flux2 $(")),
    "statements of Jinja": ("play.yaml", again("{% if flux2 %}\n")),
    "documents": ("x.yaml", again("---\nflux2: 2.14.1\n")),
    "releases": ("x.yaml", again(
        "---\nkind: HelmRelease\nspec: {chart: {spec: {chart: bp-flux, version: 1.1.2}}}\n"
    )),
    "keys with a remark": ("x.yaml", numbered("k%: 2.14.1 # flux2\n")),
    "aliases": ("x.yaml", again("- *a\n", "a: &a flux2\nb:\n")),
    "merges of merges": ("x.yaml", lambda size: "k0: &k0 {chart: flux2}\n" + "".join(
        f"k{n}: &k{n} {{<<: *k{n - 1}, version: 2.14.1}}\n" for n in range(1, size // 40)
    )),
    "merged mappings": ("x.yaml", numbered("k%: {<<: *a, chart: flux2, version: 2.14.1}\n")),
    "a merged mapping that is large": ("x.yaml", lambda size: "a: &a\n" + "".join(
        f"  k{n}: flux2\n" for n in range(size // 24)
    ) + "".join(f"m{n}: {{<<: *a}}\n" for n in range(size // 32))),
    "a flow mapping": ("x.yaml", again("flux2: 2.14.1, ", "{", "}")),
    "JSON": ("x.json", again('{"flux2": "2.14.1"}, ', "[", "{}]")),
    "block scalars": ("x.yaml", numbered(
        "k%: |\n  helm upgrade flux fc/flux2 --version 2.14.1\n"
    )),
    "a list of patches": ("k/kustomization.yaml", again(
        "  - op: replace\n    path: /spec/chart/spec/version\n    value: 1.1.2 # flux2\n",
        "patches:\n",
    )),
    "images": ("k/kustomization.yaml", again(
        "  - {name: ghcr.io/fluxcd/helm-controller, newTag: v1.1.0}\n", "images:\n"
    )),
    "images on a line": ("x.sh", again("ghcr.io/fluxcd/source-controller:v1.4.1 ")),
    "sources of Kustomize": ("k/kustomization.yaml", again(
        "  - https://github.com/fluxcd/flux2/manifests/install?ref=v2.4.0\n", "resources:\n"
    )),
    "dependencies": ("other/Chart.yaml", again(
        f"  - {{name: flux2, version: 2.14.1, repository: {COMMUNITY}}}\n",
        "name: x\nversion: 1.0.0\ndependencies:\n",
    )),
    "releases of helmfile": ("helmfile.yaml", again(
        "  - {name: flux, chart: fc/flux2, version: 2.14.1}\n", "releases:\n"
    )),
    "steps of a workflow": (".github/workflows/x.yaml", again(
        "      - uses: fluxcd/flux2/action@v2.4.0\n", "jobs:\n  a:\n    steps:\n"
    )),
    "patches in one file": ("k/kustomization.yaml", numbered(
        "- target: {kind: HelmRelease, name: bp-flux}\n  patch: |-\n    - op: replace\n"
        "      path: /spec/chart/spec/version\n      value: 1.1.%\n"
    )),
    "patches by path": ("k/kustomization.yaml", lambda size: "patches:\n" + "".join(
        f"- target: {{kind: HelmRelease, name: bp-flux}}\n  path: p{n}.yaml\n"
        for n in range(size // 60)
    )),
    "install URLs of a program": ("main.go", again(f'apply("{_INSTALL}") ')),
    "install URLs of a program in lines": ("a.py", again(f'apply("{_INSTALL}")\n')),
    "brackets of a program": ("main.go", again("[(", f'u = "{_INSTALL}" // flux2 ')),
    "modules": ("go.mod", again("require github.com/fluxcd/flux2/v2 v2.4.0\n", "module x\n")),
    "tools": (".tool-versions", again("flux2 2.4.0\n")),
    "tables of mise": ("mise.toml", again('[tools]\nflux2 = "2.4.0"\n')),
    "rules of make": ("Makefile", numbered("V% := 2.4.0\n$(V%): flux2\n")),
    "remarks of Renovate": ("x.sh", again("# renovate: depName=fluxcd/flux2\nX=2.4.0\n")),
    "remarks of Renovate on a line": ("x.sh", again(
        "depName=flux2 depName=fluxcd/flux2 1.0.0 ", "# renovate: datasource=helm "
    )),
    "commands of tools on a line": ("x.sh", again("arkade get flux asdf install flux2 choco ")),
    "URLs of controllers on a line": ("x.sh", again(
        "github.com/fluxcd/source-controller//config/default?ref=v1.4.1 "
    )),
    "values of the CLI on a line": ("x.sh", again("flux2 --set cli.tag=v2.4.0,x.tag=1 ")),
    "entries of the chart": ("x.yaml", again(
        f"- {{name: flux2, url: {COMMUNITY}, version: 2.14.1}}\n"
    )),
    "features of a dev container": ("devcontainer.json", again('"x/flux:1": {"version": ')),
    "line breaks of old": ("x.sh", again("flux2 2.14.1\r")),
    "objects of operators": ("x.yaml", again(
        "---\nkind: FluxInstance\nspec: {distribution: {version: 2.4.0}}\n"
    )),
    "many pins of a variable that is set often": ("x.sh", lambda size:
        "A=2.14.1\n" * (size // 20) + f"{_HELM} $A\n" * (size // 80)
    ),
    "places that disagree": ("x.sh", again(f"{_HELM} 2.14.1\n{_HELM} 2.15.0\n")),
    "functions": ("x.sh", numbered(f"f%() {{ {_HELM} $1; }}\nf% 2.14.1\n")),
    "functions that never end": ("x.sh", numbered(f"f%() {{\n{_HELM} $1\nf% 2.14.1\n")),
    "parameters of a function": ("x.sh", again(
        f"{_HELM} $1\n", "f() {\n", "}\nf 2.14.1\n"
    )),
    "variables of Terraform": ("x.tf", lambda size: "".join(
        f'variable "v{n}" {{\n default = "2.14.1"\n}}\n{_TERRAFORM.replace("%", f"var.v{n}")}'
        for n in range(size // 200)
    )),
    "local values of Terraform": ("x.tf", lambda size: "".join(
        f'locals {{\n v{n} = "2.14.1"\n}}\n{_TERRAFORM.replace("%", f"local.v{n}")}'
        for n in range(size // 200)
    )),
}  # fmt: skip
"""By what it is: the path of a file beside the smallest repository, and what it holds."""

LONG: Mapping[str, tuple[str, Grow]] = {
    "variables of commands": (
        "x.sh", numbered("V%=2.14.1\nhelm upgrade flux fc/flux2 --version $V%\n")
    ),
    "variables of URLs": ("x.sh", numbered(f"V%=2.4.0\ncurl {URL.format('$V%')}\n")),
    "repositories of commands": ("x.sh", numbered(
        "helm repo add r% https://r%.example.org\nhelm upgrade a r%/flux2 --version 2.14.1\n"
    )),
}  # fmt: skip
"""The same for what a quick step takes long of: it shows in a text of hundreds of kilobytes."""

BOUNDED: Mapping[str, tuple[str, Grow]] = {
    "many variables from one that is set often": ("x.sh", lambda size: "".join(
        f"A{n}=$B\n{_HELM} $A{n}\n" for n in range(size // 1_000)
    ) + "B=2.14.1\n" * (size // 10)),
    "objects of Terraform that never end": ("x.tf", again(
        "locals {\n v = {\n", _TERRAFORM.replace("%", "local.v.k")
    )),
}  # fmt: skip
"""The same for what makes many steps of a text: its budget ends the search, and it is named."""

PARSED: Mapping[str, tuple[str, Grow]] = {
    "a flow mapping": ("yaml", again("a: 1, ", "{", "}")),
    "a flow mapping that never closes": ("yaml", again("a: 1, ", "{")),
    "what the fast parser refuses": ("yaml", again("a: http://x?y, ", "{", "}")),
    "keys": ("yaml", numbered("k%: 1\n")),
    "anchors": ("yaml", numbered("k%: &k% 1\n")),
    "aliases": ("yaml", again("- *a\n", "- &a 1\n")),
    "merges of merges": ("yaml", lambda size: "k0: &k0 {a: b}\n" + "".join(
        f"k{n}: &k{n} {{<<: *k{n - 1}}}\n" for n in range(1, size // 24)
    )),
    "documents": ("yaml", again("---\na\n")),
    "question marks": ("yaml", again("? a\n")),
    "dashes": ("yaml", again("- ", tail="a")),
    "indents": ("yaml", lambda size: "".join(
        " " * n + "a:\n" for n in range(int((2 * size) ** 0.5))
    )),
    "pins": ("config", again("  - {path: a, track: flux, key: b}\n", "pins:\n")),
    "unknown keys": ("config", numbered("k%: 1\n")),
    "repositories": ("fleet", numbered("  - https://git.example.org/team/r%.git\n")),
    "repositories of a fleet": ("fleet", lambda size: "repositories:\n" + "".join(
        f"  - https://git.example.org/team/r{n}.git\n" for n in range(size // 42)
    )),
    "entries": ("index", lambda size: "entries:\n  flux2:\n" + "".join(
        f"  - {{appVersion: 2.4.0, name: flux2, version: 2.14.{n}, urls: [a]}}\n"
        for n in range(size // 60)
    )),
    "charts": ("index", lambda size:
        "entries:\n  flux2:\n  - {version: 2.14.1, appVersion: 2.4.0}\n" + "".join(
            f"  c{n}:\n  - {{version: 1.0.0}}\n" for n in range(size // 30)
    )),
    "entries of JSON": ("index", again(
        '{"version": "2.14.1"}, ', '{"entries": {"flux2": [', "{}]}}"
    )),
    "keys of JSON": ("index", lambda size: "{" + "".join(
        f'"k{n}": 1, ' for n in range(size // 10)
    ) + '"a": 1, "a": 1}'),
    "names in an archive": ("archive", numbered("k%: 1\n")),
    "locked dependencies": ("lock", again("- {name: a, version: 1.0.0, repository: b}\n",
        "dependencies:\n")),
    "CRDs": ("manifests", again(
        "---\nkind: CustomResourceDefinition\nspec: {group: a.toolkit.fluxcd.io, versions: []}\n"
    )),
    "actions of a template": ("manifests", again("{{ a }}\n", "CustomResourceDefinition\n")),
    "open actions of a template": ("manifests", again("{{ a ", "CustomResourceDefinition\n")),
    "lists in lists": ("manifests", again(
        "kind: List\nitems: [] # CustomResourceDefinition\n---\n"
    )),
    "objects of a cluster": ("cluster", again('{"kind": "Deployment"} ')),
    "items of a list": ("cluster", again('{"kind": "Deployment"}, ', '{"items": [', "{}]}")),
    "challenges": ("registry", again("Bearer realm=x, ")),
    "quotes of challenges": ("registry", again('\\"', 'Bearer realm="')),
    "tags": ("registry", again('"2.14.1", ', '{"name": "x", "tags": [', '"1"]}')),
    "tags of git": ("machine", again(f"{'a' * 40}\trefs/tags/v2.5.1\n")),
    "words of a server": ("machine", again("remote: x\nfatal: y\n")),
    "checksums": ("machine", again(f"{'a' * 64}  flux_2.4.0_linux_amd64.tar.gz\n")),
    "variables of a CI": ("machine", again("A=b\n", "https://git.example.org/a\n")),
    "links of a forge": ("forge", again('<a>; rel="x", ', "200\nlink: ", "\n\n[]")),
    "words of a forge": ("forge", again('{"message": "x"}, ', "422\n\n[", "1]")),
    "notes": ("words", again("* [a](https://x.example.org) by @b in #1\n")),
    "brackets of notes": ("words", again("[![<a ")),
    "ticks of notes": ("words", again("` ")),
    "ranges": ("words", again(">=2.4.0 || ", tail="1.0.0")),
    "digits": ("words", again("9")),
    "lines of code": ("code", again("flux v2.3.0\n")),
}  # fmt: skip
"""By what it is: a target of fuzzing, and what it reads."""


_INSTALL_FLUX = b"helm upgrade flux fc/flux2 --version 2.14.1\n"


_KUSTOMIZATION = b"patches:\n- path: p.yaml\n  target: {kind: HelmRelease}\n"
_PATCH = b"- op: replace\n  path: /spec/chart/spec/version\n  value: 1.1.2\n"


def _chart(name: str, dependency: str, repository: str) -> bytes:
    return (
        f"name: {name}\nversion: 1.0.0\n"
        f'dependencies:\n- {{name: {dependency}, version: 2.14.1, repository: "{repository}"}}\n'
    ).encode()


TREES: Mapping[str, Callable[[int], tuple[dict[str, bytes], dict[str, str]]]] = {
    "folders in folders": lambda n: (
        {"d/" * depth + "x.sh": _INSTALL_FLUX for depth in range(1, n)}, {}
    ),
    "charts": lambda n: (
        {f"c{number}/Chart.yaml": _chart(f"c{number}", "flux2", COMMUNITY)
         for number in range(1, n)}, {}
    ),
    "scripts with a variable": lambda n: (
        {f"s{number}.sh": f"{_HELM} $A\n".encode() for number in range(n)}
        | {".env": b"A=2.14.1\n"}, {}
    ),
    "folders with a variable": lambda n: (
        {f"d{number}/s.sh": f"{_HELM} $A\n".encode() for number in range(n)}
        | {f"d{number}/.env": b"A=2.14.1\n" for number in range(n)}, {}
    ),
    "modules of Terraform": lambda n: (
        {f"m{number}/x.tf": _TERRAFORM.replace("%", "var.v").encode() + b'variable "v" {}\n'
         for number in range(n)}
        | {"y.tf": "".join(
            f'module "m{number}" {{\n source = "./m{number}"\n v = "2.14.1"\n}}\n'
            for number in range(n)
        ).encode()}, {}
    ),
    "a chain of charts": lambda n: (
        {f"u{number}/Chart.yaml": _chart(f"u{number}", f"u{number - 1}", "")
         for number in range(1, n)}
        | {"u0/Chart.yaml": _chart("u0", "flux2", COMMUNITY)}, {}
    ),
    "kustomizations": lambda n: (
        {f"k{number}/kustomization.yaml": _KUSTOMIZATION for number in range(n)}
        | {f"k{number}/p.yaml": _PATCH for number in range(n)}, {}
    ),
    "a chain of links": lambda n: (
        {}, {f"l{number}/Chart.yaml": f"../l{number + 1}/Chart.yaml" for number in range(n)}
    ),
    "links to folders of links": lambda n: (
        {}, {f"l{number}": "/".join(f"l{other}" for other in range(number + 1, number + 40))
             for number in range(n)}
    ),
    "links from deep folders": lambda n: (
        {}, {"d/" * depth + "x.yaml": "../" * depth + "chart/Chart.yaml" for depth in range(1, n)}
    ),
}  # fmt: skip
"""By what it is: files and links beside the smallest repository, so many of them."""

BOUNDED_TREES: Mapping[str, Callable[[int], tuple[dict[str, bytes], dict[str, str]]]] = {
    "scripts with a variable that is set often": lambda n: (
        {f"s{number}.sh": f"{_HELM} $A\n".encode() for number in range(n)}
        | {".env": b"A=2.14.1\n" * n}, {}
    ),
    "files that may set a variable": lambda n: (
        {f"m{number}.mk": b"A=1\n" for number in range(n)}
        | {"x.sh": ("".join(f"A=$B{number}\n" for number in range(n)) + f"{_HELM} $A\n").encode()},
        {},
    ),
    "templates of Terraform": lambda n: (
        {f"t{number}.tftpl": f"{_HELM} ${{v}}\n".encode() for number in range(n)}
        | {"x.tf": "".join(
            f'x = templatefile("t{number}.tftpl", {{v = "2.14.1"}})\n' for number in range(n)
        ).encode()}, {}
    ),
}  # fmt: skip
"""The same for files that make many steps of one of them."""


def reads_tree(files: Mapping[str, bytes], links: Mapping[str, str]) -> None:
    """Find the pins of a repository with such files and links, and judge it by all rules."""
    snapshot = MemorySnapshot({**base_files(), **files}, linked=links)
    with suppress(FluxbumpError):
        check.judge(check.examine(snapshot, Settings(), chart_index()))


def given_up(files: Mapping[str, str]) -> set[str]:
    """Return which of such files a search for pins names because it takes too long."""
    snapshot = MemorySnapshot({**base_files(), **{p: t.encode() for p, t in files.items()}})
    found = inventory.discover(snapshot, Scope())
    return {problem.location.path for problem in found.unreadable if not problem.within_budget}


def reads_repository(path: str, text: str) -> None:
    """Find the pins of a repository with such a file, and judge it by all rules."""
    TARGETS["judge"](path, text.encode())
