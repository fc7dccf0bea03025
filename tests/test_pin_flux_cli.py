"""The flux CLI: URLs of its archive, its image, and the commands that install a release with it."""

from __future__ import annotations

import pytest

from fluxbump.discover.pins.kind import Context
from fluxbump.discover.pins.releases import flux_cli, flux_command
from fluxbump.model import FLUX, Note, Pin, Role
from fluxbump.text.live_code import TextFile
from tests.helpers import Cli, Repo, brief, find

BASE = "https://github.com/fluxcd/flux2/releases/download"
ARCHIVE = f"{BASE}/v2.4.0/flux_2.4.0_linux_amd64.tar.gz"
IMAGE = "ghcr.io/fluxcd/flux-cli"
DIGEST = "sha256:" + "ab" * 32
SHA = "cd" * 32
TWICE = ["1 flux-cli flux 2.4.0", "1 flux-cli flux 2.4.0"]
BY_VARIABLE = f"{BASE}/v${{V}}/flux_${{V}}_linux_amd64.tar.gz"


def pins(path: str, text: str) -> list[str]:
    found = flux_cli.find(TextFile(path, text), Context())
    return brief(one for one in found if isinstance(one, Pin))


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.sh", f"curl -sL {ARCHIVE} | tar xz\n", TWICE),
        ("Dockerfile", f"ADD {ARCHIVE} /tmp/\n", TWICE),
        ("a.sh", f"curl {BASE}/v2.4.0/flux_2.4.0_checksums.txt\n", TWICE),
        ("a.sh", f"curl {BASE}/v2.4.0/flux_2.4.0_${{OS}}_${{ARCH}}.tar.gz\n", TWICE),
        ("a.sh", f"curl -LO {ARCHIVE}\ntar xzf flux_2.4.0_linux_amd64.tar.gz\n",
         [*TWICE, "2 flux-cli flux 2.4.0"]),
        ("a.sh", f"curl -o /tmp/flux_2.4.0_linux_amd64.tar.gz {ARCHIVE}\n",
         [*TWICE, "1 flux-cli flux 2.4.0"]),
        ("a.sh", f"curl {ARCHIVE}\n# tar xzf flux_2.4.0_linux_amd64.tar.gz\n", TWICE),
        ("a.sh", f"curl {ARCHIVE} || curl https://example.org/flux_2.4.0_linux_amd64.tar.gz\n",
         TWICE),
        ("a.sh", "tar xzf flux_2.4.0_linux_amd64.tar.gz\n", []),
        ("m.go", f'var url = "{ARCHIVE}"\n', TWICE),
        ("a.sh", f"# curl {ARCHIVE}\n", []),
        ("README.md", f"curl {ARCHIVE}\n", []),
        ("a.sh", f"grep -q {ARCHIVE} x\n", []),
        ("a.sh", f"curl {BASE}/vX.Y.Z/flux_X.Y.Z_linux_amd64.tar.gz\n", []),
        ("a.sh", f"curl {BASE}/v2.4.0/crd-schemas.tar.gz\n", []),
        ("a.sh", f"curl {BY_VARIABLE}\n", ["1 flux-cli flux v${V} [variable]"]),
        ("ci.yml", f"image: {IMAGE}:v2.4.0\n", ["1 flux-cli flux 2.4.0"]),
        ("ci.yml", "image: docker.io/fluxcd/flux-cli:v2.4.0\n", ["1 flux-cli flux 2.4.0"]),
        ("Dockerfile", f"FROM {IMAGE}:v2.4.0 AS flux\n", ["1 flux-cli flux 2.4.0"]),
        ("Dockerfile", f"FROM {IMAGE}:${{V}}\n", ["1 flux-cli flux ${V} [variable]"]),
        ("ci.yml", f"image: {IMAGE}:latest\n", ["1 flux-cli flux latest [unpinned]"]),
        ("ci.yml", f"image: {IMAGE}:v2.4.0@{DIGEST}\n",
         [f"1 flux-cli flux v2.4.0@{DIGEST} [opaque]"]),
        ("ci.yml", f"image: {IMAGE}@{DIGEST}\n", [f"1 flux-cli flux {DIGEST} [opaque]"]),
        ("k.yaml", f"images:\n- name: {IMAGE}\n  newTag: v2.4.0\n", ["3 flux-cli flux 2.4.0"]),
        ("k.yaml", f"images: [{{name: {IMAGE}, newTag: 'v2.4.0'}}]\n", ["1 flux-cli flux 2.4.0"]),
        ("values.yaml", f"image:\n  repository: {IMAGE}\n  tag: v2.4.0\n",
         ["3 flux-cli flux 2.4.0"]),
        ("images.txt", f"# tools\n{IMAGE}:v2.4.0\n", ["2 flux-cli flux 2.4.0"]),
        ("notes.txt", f"Take {IMAGE}:v2.4.0 today.\n", []),
        ("ci.yml", "image: ghcr.io/other/flux-cli:v2.4.0\n", []),
        ("ci.yml", f"image: {IMAGE}:v2.4.0-arm64\n", []),
        ("a.sh", f"crane copy {IMAGE}:v2.4.0 local/flux-cli:v2.4.0\n",
         ["1 flux-cli flux 2.4.0", "1 flux-cli flux 2.4.0"]),
        ("c.yaml", f"- version: v2.4.0\n  access: {{imageReference: {IMAGE}:v2.4.0}}\n",
         ["2 flux-cli flux 2.4.0", "1 flux-cli flux 2.4.0"]),
        ("c.yaml", f"- version: v2.3.0\n  access: {{imageReference: {IMAGE}:v2.4.0}}\n",
         ["2 flux-cli flux 2.4.0"]),
    ],
)  # fmt: skip
def test_what_is_a_pin(path: str, text: str, expected: list[str]) -> None:
    assert pins(path, text) == expected


def test_a_tag_that_is_no_release_is_noted() -> None:
    (note,) = flux_cli.find(TextFile("ci.yml", f"image: {IMAGE}:v2\n"), Context())
    assert isinstance(note, Note)
    assert "v2 is not a tag of a release" in note.message


COMMAND = "flux-command flux 2.4.0"


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.sh", "flux install --version v2.4.0\n", [f"1 {COMMAND}"]),
        ("a.sh", "flux install --version=v2.4.0 --export > x\n", [f"1 {COMMAND}"]),
        ("a.sh", "flux bootstrap git \\\n  --url=x \\\n  --version=2.4.0\n", [f"3 {COMMAND}"]),
        ("Makefile", 'x:\n\t@flux bootstrap github --version "v2.4.0"\n', [f"2 {COMMAND}"]),
        ("ci.yml", "- run: flux install -v v2.4.0\n", [f"1 {COMMAND}"]),
        ("a.sh", "flux install --version=$V\n", ["1 flux-command flux $V [variable]"]),
        ("a.sh", "flux install --version=latest\n", ["1 flux-command flux latest [unpinned]"]),
        ("a.sh", "flux install\n", []),
        ("a.sh", "flux --version\nnpm install --version 2.4.0\n", []),
        ("a.sh", "flux check --version 2.4.0 install\n", []),
        ("a.sh", "influx install --version 2.4.0\n", []),
        ("a.sh", "# flux install --version 2.4.0\n", []),
        ("README.md", "flux install --version 2.4.0\n", []),
    ],
)
def test_which_command_installs_a_release(path: str, text: str, expected: list[str]) -> None:
    found = flux_command.find(TextFile(path, text), Context())
    assert brief(one for one in found if isinstance(one, Pin)) == expected


@pytest.mark.parametrize("path", ["Dockerfile", "job.yaml"])
def test_a_command_may_be_a_list(path: str) -> None:
    key = "CMD" if path == "Dockerfile" else "command:"
    text = f'{key} ["flux", "install", "--version", "v2.4.0"]\n'
    assert brief(find({path: text}).pins) == [f"1 {COMMAND}"]


@pytest.mark.parametrize(
    ("use", "role"),
    [(f"curl {BY_VARIABLE}\n", Role.TOOL), ("flux install --version $V\n", Role.INSTALLS),
     (f"curl {BY_VARIABLE}\nflux install --version v$V\n", Role.INSTALLS)],
)  # fmt: skip
def test_a_variable_has_the_role_of_what_uses_it(use: str, role: Role) -> None:
    (pin,) = find({"a.sh": f"V=2.4.0\n{use}"}).pins
    assert (pin.kind, pin.track, pin.value, pin.role) == ("variable", FLUX, "2.4.0", role)


CHECKED = f"curl -Lo f.tgz {ARCHIVE}\necho '{SHA}  f.tgz' | sha256sum -c\n"
DIGESTS = (
    f"image: {IMAGE}:v2.4.0@{DIGEST}\n",
    f"image: {IMAGE}@{DIGEST}\n",
    f"images:\n  - name: {IMAGE}\n    newTag: v2.4.0\n    digest: {DIGEST}\n",
)


@pytest.mark.parametrize("text", DIGESTS)
def test_an_image_with_a_digest_stays_and_is_listed(text: str, repo: Repo, cli: Cli) -> None:
    repo.commit({"k.yaml": text})
    done = cli("to", "2.5.1", cwd=repo)
    assert done.code == 0, done.err
    assert "k.yaml:" in done.out
    assert "that digest decides what is taken" in done.out
    assert repo.show("fluxbump/flux-2.5.1", "k.yaml") == text


VARIABLE = f"V=2.4.0\ncurl -Lo f.tgz {BY_VARIABLE}\necho '{SHA}  f.tgz' | sha256sum -c\n"
INSTALL = "flux install --version v2.4.0\n"


@pytest.mark.parametrize("text", [CHECKED, VARIABLE])
def test_a_digest_of_the_archive_does_not_stay_behind(text: str, repo: Repo, cli: Cli) -> None:
    repo.commit({"a.sh": text, "b.sh": INSTALL})
    refused = cli("to", "2.5.1", cwd=repo)
    assert refused.code == 5
    line = 1 + text.splitlines().index(f"echo '{SHA}  f.tgz' | sha256sum -c")
    assert f"a.sh:{line}" in refused.err
    assert "linux_amd64.tar.gz" in refused.err


def catalog(*releases: str) -> str:
    lines = (f'  "{BASE}/v{it}/flux_{it}_linux_amd64.tar.gz" = "{SHA}"\n' for it in releases)
    return f"sha256sums = {{\n{''.join(lines)}}}\n"


def test_a_catalog_of_releases_is_a_note() -> None:
    inventory = find({"flux.hcl": catalog("2.2.3", "2.3.0", "2.4.0")})
    assert inventory.pins == ()
    assert [f"{note.location} {note.message}" for note in inventory.notes] == [
        "flux.hcl:2 the file lists 3 releases of Flux, from 2.2.3 to 2.4.0, as a catalog does"
    ]


def test_two_releases_in_a_file_may_be_a_mistake() -> None:
    inventory = find({"flux.hcl": catalog("2.3.0", "2.4.0")})
    assert {pin.value for pin in inventory.pins} == {"2.3.0", "2.4.0"}


def test_an_image_in_what_helm_rendered_is_a_note() -> None:
    job = "kind: Job\nmetadata:\n  labels:\n    helm.sh/chart: {}-2.15.0\nspec:\n"
    job += f"  template: {{{{spec: {{{{containers: [{{{{image: '{IMAGE}:v2.5.1'}}}}]}}}}}}}}\n"
    inventory = find({"deploy/job.yaml": job.format("flux2")})
    assert inventory.pins == ()
    (note,) = inventory.notes
    assert (
        note.message == "helm made this manifest of the chart flux2, and the other manifests stay"
    )
    assert note.advice == "Render the chart of the new release"
    assert brief(find({"deploy/job.yaml": job.format("podinfo")}).pins) == ["6 flux-cli flux 2.5.1"]


@pytest.mark.parametrize("role", ["tool", "installs"])
def test_a_tag_of_the_target_before_a_digest_has_nothing_to_become(
    role: str, repo: Repo, cli: Cli
) -> None:
    """What the advice says is done: version and digest are those of the release."""
    image = IMAGE if role == "tool" else "ghcr.io/fluxcd/source-controller"
    tag = "v2.5.1" if role == "tool" else "v1.5.0"
    repo.commit({"a.yaml": f"containers:\n- image: {image}:{tag}@{DIGEST}\n"})
    result = cli("to", "2.5.1", cwd=repo)
    assert result.code == 0, result.err
    assert "must become" not in result.out + result.err
