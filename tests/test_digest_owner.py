"""A digest belongs to one URL: it moves with that, stays with another, or the bump stops."""

from __future__ import annotations

import json
import re
from hashlib import sha512
from pathlib import Path

import pytest

from fixtures import manifests as made
from fluxbump.discover.digests import spellings as digests
from tests import linear
from tests.helpers import ARCHIVE, URL, Cli, assert_refused, find, repository, small

FLUX = URL.format("2.4.0")
V = URL.format("${FLUX_VERSION}")
OTHER_URL = "https://dl.k8s.io/release/v1.31.0/bin/linux/amd64/kubectl"
TARBALL = (
    "https://github.com/fluxcd/flux2/releases/download/"
    "v${FLUX_VERSION}/flux_${FLUX_VERSION}_linux_amd64.tar.gz"
)

# Each word in capitals becomes a digest of its own: OURS moves, OTHER stays, UNSURE stops the bump.
CASES: dict[str, tuple[str, str]] = {
    # by structure
    "two calls of Nix": (
        "a.nix",
        (
            f'{{\n a = fetchurl {{ url = "{FLUX}"; sha256 = "OURS"; }};\n'
            f' b = fetchurl {{ url = "{OTHER_URL}"; sha256 = "OTHER"; }};\n}}\n'
        ),
    ),
    "a source of Nix without a URL": (
        "a.nix",
        (
            f'{{\n a = fetchurl {{ url = "{FLUX}"; sha256 = "OURS"; }};\n'
            ' b = fetchFromGitHub { owner = "x"; repo = "y"; rev = "z"; hash = "OTHER"; };\n}\n'
        ),
    ),
    "what is built from a source": (
        "a.nix",
        (
            f'build {{\n src = fetchurl {{ url = "{FLUX}"; sha256 = "OURS"; }};\n'
            ' vendorHash = "OTHER";\n sha256 = "OTHER";\n}\n'
        ),
    ),
    "Bazel": (
        "a.bzl",
        (
            f'http_file(\n  name = "k",\n  urls = ["{OTHER_URL}"],\n  sha256 = "OTHER",\n)\n'
            f'http_file(\n  name = "f",\n  sha256 = "OURS",\n  executable = True,\n'
            f'  urls = [\n    "https://mirror.example.org/install.yaml",\n    "{FLUX}",\n  ],\n)\n'
        ),
    ),
    "Ansible": (
        "a.yml",
        (
            f"- get_url:\n    url: {OTHER_URL}\n    checksum: sha256:OTHER\n"
            f"- get_url:\n    url: {FLUX}\n    dest: /f\n    mode: '0644'\n    owner: root\n"
            "    checksum: sha256:OURS\n"
        ),
    ),
    "vendir": (
        "vendir.yml",
        (
            "directories:\n- path: a\n  contents:\n  - path: flux\n    http:\n"
            f"      url: {FLUX}\n      sha256: OURS\n  - path: kubectl\n    http:\n"
            f"      url: {OTHER_URL}\n      sha256: OTHER\n"
        ),
    ),
    "a list of downloads": (
        "a.yaml",
        f"files:\n- {{url: {FLUX}, sha256: OURS}}\n- {{url: {OTHER_URL}, sha256: OTHER}}\n",
    ),
    "JSON": (
        "a.json",
        f'[{{"url": "{OTHER_URL}", "sha256": "OTHER"}},\n {{"sha256": "OURS", "url": "{FLUX}"}}]\n',
    ),
    "Dockerfile": (
        "Dockerfile",
        (
            f"FROM x@sha256:OTHER\nADD --checksum=sha256:OTHER {OTHER_URL} /k\n"
            f"ADD --checksum=sha256:OURS {FLUX} /f\n"
        ),
    ),
    "Terraform": (
        "a.tf",
        (
            'locals {\n  flux_version = "2.4.0"\n  flux_sha = "OURS"\n  k_sha = "OTHER"\n}\n'
            f'data "http" "f" {{\n  url = "{URL.format("${local.flux_version}")}"\n'
            "  lifecycle {\n    postcondition {\n"
            "      condition = sha256(self.response_body) == local.flux_sha\n    }\n  }\n}\n"
            f'data "http" "k" {{\n  url = "{OTHER_URL}"\n  x = local.k_sha\n}}\n'
        ),
    ),
    # by name
    "variables": (
        "a.sh",
        (
            f"KUBECTL_VERSION=1.31.0\nKUBECTL_SHA256=OTHER\nFLUX_VERSION=2.4.0\nFLUX_SHA256=OURS\n"
            f"curl {V}\n"
        ),
    ),
    "defaults of Ansible": (
        "a.yml",
        (
            "flux_version: 2.4.0\nflux_sha256: OURS\nkubectl_version: v1.31.0\n"
            f"kubectl_sha256: OTHER\nurl: {URL.format('{{ flux_version }}')}\n"
        ),
    ),
    "defaults in a shell": (
        "a.sh",
        (
            'FLUX_VERSION="${FLUX_VERSION:-2.4.0}"\nFLUX_SHA256="${FLUX_SHA256:-OURS}"\n'
            'K_VERSION="${K_VERSION:-1}"\nK_SHA256="${K_SHA256:-OTHER}"\n'
            f"curl {V}\n"
        ),
    ),
    "variables of Terraform": (
        "a.tf",
        (
            'variable "k_version" {\n  default = "1"\n}\n'
            'variable "k_sha256" {\n  default = "OTHER"\n}\n'
            'variable "flux_version" {\n  type = string\n  default = "2.4.0"\n}\n'
            'variable "flux_sha256" {\n  type = string\n  default = "OURS"\n}\n'
            f'locals {{\n  u = "{URL.format("${var.flux_version}")}"\n}}\n'
        ),
    ),
    "environment of a workflow": (
        ".github/workflows/a.yml",
        (
            "env:\n  KUBECTL_URL: x\n  KUBECTL_SHA256: OTHER\n  FLUX_VERSION: 2.4.0\n"
            f"  FLUX_INSTALL_SHA256: OURS\njobs:\n  a:\n    steps:\n    - run: curl {V}\n"
        ),
    ),
    "by use": (
        "Dockerfile",
        (
            f"ARG FLUX_VERSION=2.4.0\nARG KSUM_SHA256=OTHER\nARG MANIFEST_SHA256=OURS\n"
            f'RUN curl -o i.yaml {V} \\\n && echo "$MANIFEST_SHA256  i.yaml" | sha256sum -c\n'
            f'RUN curl -o k {OTHER_URL} && echo "${{KSUM_SHA256}}  k" | sha256sum -c\n'
        ),
    ),
    # by the file that is checked
    "files": (
        "a.sh",
        (
            f"curl -fsSLo flux.yaml {FLUX}\ncurl -LO {OTHER_URL}\n"
            'echo "OTHER  kubectl" | sha256sum -c -\necho "OURS  flux.yaml" | shasum -a 256 -c\n'
        ),
    ),
    "here string": (
        "a.sh",
        f"curl -LO {OTHER_URL}\ncurl -LO {FLUX}\nsha256sum -c <<< 'OURS  install.yaml'\n",
    ),
    "here document": (
        "a.sh",
        (
            f"curl -LO {OTHER_URL}\ncurl -LO {FLUX}\nsha256sum -c <<EOF\nOTHER  kubectl\n"
            "OURS  install.yaml\nEOF\n"
        ),
    ),
    "one instruction": (
        "Dockerfile",
        (
            f"RUN curl -LO {OTHER_URL} && \\\n  curl -LO {FLUX} && \\\n"
            '  echo "OTHER kubectl" | shasum -c; \\\n echo "OURS *install.yaml" | sha256sum -c\n'
        ),
    ),
    "a test": (
        "a.sh",
        (
            f"curl -LO {OTHER_URL}\ncurl -LO {FLUX}\n"
            '[ "$(sha256sum install.yaml | cut -c1-64)" = "OURS" ]\n'
        ),
    ),
    # what cannot be told apart
    "two files through one variable": (
        "a.sh",
        f'curl -o "$x" {OTHER_URL}\ncurl -o "$x" {FLUX}\necho "UNSURE  $x" | sha256sum -c\n',
    ),
    "several near one URL": (
        "a.sh",
        f"curl {FLUX}\nA_SHA256=UNSURE\nB_SHA256=UNSURE\n",
    ),
    "far behind": (
        "a.sh",
        f"curl -o x {FLUX}\n" + "true\n" * 9 + 'check "UNSURE" sha256\n',
    ),
    "behind another URL": (
        "a.sh",
        f"curl -o x {FLUX}\n" + "true\n" * 9 + f"curl {OTHER_URL}\ncheck sha256 OTHER\n",
    ),
    "Zarf": (
        "zarf.yaml",
        (
            f"files:\n  - source: {OTHER_URL}\n    shasum: OTHER\n    target: k\n"
            f"  - source: {FLUX}\n    shasum: OURS\n    target: flux.yaml\n"
        ),
    ),
    "arguments of a function": (
        "a.sh",
        (
            "FLUX_SHA256=OURS\nK_SHA256=OTHER\n"
            'get() {\n  curl -o "$2" "$1"\n  echo "$3  $2" | sha256sum -c\n}\n'
            f'get "{OTHER_URL}" k "$K_SHA256"\nget "{FLUX}" f.yaml "$FLUX_SHA256"\n'
        ),
    ),
    "printf": (
        "a.sh",
        (
            "FLUX_VERSION=2.4.0\nK_VERSION=1\nFLUX_SHA256=OURS\nK_SHA256=OTHER\n"
            f'curl "{V}" \\\n  -o "$TMP/f.yaml"\ncurl {OTHER_URL} -o "$TMP/k"\n'
            'printf "%s  %s" "$FLUX_SHA256" "$TMP/f.yaml" | sha256sum -c\n'
            'printf "%s  %s" "$K_SHA256" "$TMP/k" | sha256sum -c\n'
        ),
    ),
    "a variable that two files share": (
        "a.sh",
        f"FLUX_VERSION=2.4.0\nFLUX_SHA256=UNSURE\ncurl {V}\ncurl {TARBALL}\n",
    ),
    "another file of the release": (
        "a.sh",
        (
            f"FLUX_VERSION=2.4.0\nCLI_SHA256=OURS\nY_SHA256=OURS\ncurl -o install.yaml {V}\n"
            f'curl -o f.tgz {TARBALL}\necho "$CLI_SHA256  f.tgz" | sha256sum -c\n'
            'echo "$Y_SHA256  install.yaml" | sha256sum -c\n'
        ),
    ),
}


def digested(text: str) -> tuple[str, dict[str, list[str]]]:
    """Put a digest of its own where a word stands, and say which stands where."""
    places: dict[str, list[str]] = {"OURS": [], "OTHER": [], "UNSURE": []}

    def digest(match: re.Match[str]) -> str:
        found = places[match[0]]
        found.append(f"{len(found)}{[*places].index(match[0])}" * 32)
        return found[-1]

    return re.sub(r"\b(?:OURS|OTHER|UNSURE)\b", digest, text), places


@pytest.mark.parametrize("name", CASES)
def test_whose_digest_it_is(name: str) -> None:
    path, template = CASES[name]
    text, places = digested(template)
    found = find({path: text})
    assert [pin.value for pin in found.pins if pin.kind == "digest"] == places["OURS"]
    lines = text.split("\n")
    noted = [lines[note.location.line - 1] for note in found.notes if "digest" in note.message]
    assert len(noted) == len(places["UNSURE"])
    assert all(digest in line for digest, line in zip(places["UNSURE"], noted, strict=True))


TASK = "- get_url:\n    url: {}\n    checksum: 'sha256:{{{{ flux_sum }}}}'\n"
ROLE = "roles/f/tasks/main.yml"


def test_a_digest_that_another_file_sets_stops_the_bump(
    tmp_path: Path, index: Path, cli: Cli
) -> None:
    files = small(**{ROLE: TASK.format(FLUX), "vars.yml": f"flux_sum: {'0' * 64}\n"})
    repo = repository(tmp_path / "repo", files, index)
    assert_refused(cli("to", "2.5.1", cwd=repo), 5, f"{ROLE}:3", "flux_sum, a variable")


def test_a_digest_beside_the_version_that_another_file_sets() -> None:
    url = URL.format("{{ flux_version }}")
    defaults = f"flux_version: 2.4.0\nflux_sum: {'0' * 64}  # sha256\n"
    found = find({ROLE: TASK.format(url), "roles/f/defaults/main.yml": defaults})
    assert [(pin.kind, str(pin.location)) for pin in found.pins] == [
        ("variable", "roles/f/defaults/main.yml:1"),
        ("digest", "roles/f/defaults/main.yml:2"),
    ]
    assert found.notes == ()


@pytest.mark.parametrize("value", ["{{ lookup('url', x) }}", "sha256:https://example.org/sums"])
def test_a_digest_that_is_looked_up_is_none(value: str) -> None:
    task = f'- get_url:\n    url: {FLUX}\n    checksum: "{value}"\n'
    assert find({"a.yml": task}).notes == ()


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    """A directory with the manifest of the release to go to."""
    manifest = tmp_path / "releases" / "v2.5.1" / "install.yaml"
    manifest.parent.mkdir(parents=True)
    manifest.write_bytes(made.install("2.5.1", like="2.5.1"))
    return manifest.parents[1]


def test_what_cannot_be_told_apart_stops_the_bump(
    tmp_path: Path, index: Path, cli: Cli, releases: Path
) -> None:
    text, _ = digested(CASES["several near one URL"][1])
    repo = repository(tmp_path / "repo", small(**{"a.sh": text}), index)
    result = cli("to", "2.5.1", "--releases", str(releases), cwd=repo)
    assert (result.code, result.out) == (5, "")
    assert "FLUX_SHA256" in result.err
    lines = result.err.splitlines()[-3:]
    assert lines == ["  2 places: a digest that may be of install.yaml", "    a.sh:2", "    a.sh:3"]
    assert repo.branches() == ["main"]
    repo.commit({"fluxbump.yaml": "run:\n  release_notes: null\n"})
    blocked = cli("run", "--dry-run", "--exit-code", "-q", "--output", "json", cwd=repo)
    report = json.loads(blocked.out)
    assert (blocked.code, report["outcome"]) == (21, "blocked")
    assert [(one["path"], one["line"]) for one in report["places"]] == [
        ("a.sh", 2),
        ("a.sh", 3),
    ]


def test_one_beside_a_url_that_is_there_already_stops_nothing(
    tmp_path: Path, index: Path, cli: Cli, releases: Path
) -> None:
    text, _ = digested(f"curl {URL.format('2.5.1')}\nA_SHA256=UNSURE\nB_SHA256=UNSURE\n")
    repo = repository(tmp_path / "repo", small(**{"a.sh": text}), index)
    result = cli("to", "2.5.1", "--align", "--releases", str(releases), cwd=repo)
    assert result.code == 0, result.err
    assert repo.show("fluxbump/flux-2.5.1", "a.sh") == text


@pytest.mark.parametrize("encoding", ["hex", "upper", "sri", "base64", "nix"])
def test_a_sha512_moves(
    tmp_path: Path, index: Path, cli: Cli, releases: Path, encoding: str
) -> None:
    old, new = (
        digests.spelled(sha512(data).digest(), "sha512")[encoding]
        for data in (b"abc", (releases / "v2.5.1" / "install.yaml").read_bytes())
    )
    text = f'fetchurl {{\n  url = "{FLUX}";\n  hash = "{old}";\n}}\n'
    repo = repository(tmp_path / "repo", small(**{"a.nix": text}), index)
    result = cli("to", "2.5.1", "--releases", str(releases), cwd=repo)
    assert result.code == 0, result.err
    wanted = text.replace("2.4.0", "2.5.1").replace(old, new)
    assert repo.show("fluxbump/flux-2.5.1", "a.nix") == wanted


def test_a_sha512_of_the_archive_stops_the_bump(tmp_path: Path, index: Path, cli: Cli) -> None:
    text = f'x = {{ url = "{ARCHIVE.format("2.14.1")}"; sha512 = "{"0" * 128}"; }};\n'
    repo = repository(tmp_path / "repo", small(**{"a.nix": text}), index)
    assert_refused(cli("to", "2.5.1", cwd=repo), 5, "a.nix:1", "no sha512")


def test_many_digests_are_read_once() -> None:
    def text(count: int) -> str:
        return (
            "RUN a \\\n" * 6 * count
            + f" curl {FLUX} \\\n"
            + "".join(f" echo {n:064x} sha256 f{n} \\\n" for n in range(count))
        )

    linear.assert_linear(lambda text: find({"Dockerfile": text}), text, 50)
